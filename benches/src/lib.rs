//! Benchmarks of ftpkit.
