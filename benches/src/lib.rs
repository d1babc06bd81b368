//! What the benchmarks of ftpkit share.

pub mod listing;
