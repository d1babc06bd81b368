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
//!
//! FTPS (feature `tls`, on by default) is served by a builder that is given a certificate:
//!
//! ```
//! # #[cfg(feature = "tls")]
//! # fn example(builder: ftpkit_server::ServerBuilder) -> Result<(), ftpkit_server::tls::TlsError> {
//! use ftpkit_proto::server::TlsPolicy;
//! use ftpkit_server::tls::{Identity, ServerTls};
//!
//! let tls = ServerTls::builder()
//!     .identity(Identity::from_pem_files("fullchain.pem", "privkey.pem")?)
//!     .build()?;
//! let builder = builder
//!     .tls(tls.clone()) // the clone is for `set_identity`, when the certificate is renewed
//!     .tls_policy(TlsPolicy::RequiredForData)
//!     .listen_implicit("0.0.0.0:990");
//! # Ok(()) }
//! ```

mod builder;
mod facts_map;
mod server;
mod session;
mod storage_map;

/// TLS: what a server shows and asks for.
#[cfg(feature = "_tls")]
pub use ftpkit_tokio::tls;

pub use builder::{BuildError, ServerBuilder};
pub use ftpkit_host::{End, Observer, ServerEvent, ServerHandle, TransferKind};
pub use server::Server;
