//! SFTP: a store behind the server machine's questions, and both machines joined in virtual time.

mod pair;
mod store;

pub use pair::{Report, session};
pub use store::SftpStore;
