//! An FTP server for tokio over any ftpkit storage.
//!
//! A [`Server`] is built, bound and served; who may log in and what is served are an
//! [`Authenticator`](ftpkit_accounts::Authenticator) and the
//! [`Storage`](ftpkit_storage::Storage) of each account.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use ftpkit_accounts::Users;
//! use ftpkit_server::Server;
//! use ftpkit_storage::Memory;
//!
//! let users = Users::builder().user("alice", "secret", Arc::new(Memory::new())).build()?;
//! let server = Server::builder().listen("127.0.0.1:0").authenticator(users).bind().await?;
//! println!("listening on ftp://{}/", server.local_addrs()[0]);
//! # let stop = async {};
//! server.serve_until(stop).await; // such as Ctrl-C
//! # Ok(()) }
//! ```

mod builder;
mod facts_map;
mod observer;
mod server;
mod session;
mod storage_map;

pub use builder::{BuildError, ServerBuilder};
pub use observer::{Observer, ServerEvent, TransferKind};
pub use server::{Server, ServerHandle};
