//! The command `ftpkit`.
fn main() {}
