//! The tokio driver of ftpkit: control streams, data connections and pumps for both roles.
