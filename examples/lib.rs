//! Examples of ftpkit.
