//! What every server front end does, whatever its protocol: it listens on addresses, gives each
//! caller a session within the limits of a [`Door`](ftpkit_accounts::Door), tells an
//! [`Observer`], and ends all sessions at a shutdown.
//!
//! It is for those who write a front end; those who serve files take `ftpkit-server` (FTP) or
//! `ftpkit-ssh` (SFTP). A front end implements [`Front`] and is served by a [`Host`]:
//!
//! ```
//! use std::sync::Arc;
//! use ftpkit_accounts::{Door, Refused};
//! use ftpkit_host::{Addresses, Caller, Front, Host, ServerEvent};
//! use tokio::{io::AsyncWriteExt as _, net::TcpStream};
//!
//! struct Hello(Door);
//!
//! impl Front for Hello {
//!     type Entry = ();
//!     fn door(&self) -> &Door {
//!         &self.0
//!     }
//!     fn observe(&self, event: &ServerEvent<'_>) {
//!         println!("{event:?}");
//!     }
//!     async fn session(self: Arc<Self>, caller: Caller<()>) {
//!         let mut stream = caller.stream;
//!         let _ = stream.write_all(b"hello\r\n").await;
//!     }
//!     fn turn_away(&self, (): (), stream: TcpStream, _: Refused) {
//!         drop(stream);
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut addresses = Addresses::new();
//! addresses.add((), "127.0.0.1:0");
//! let host = Host::new(Hello(Door::default()), addresses.bind()?);
//! println!("listening on {:?}", host.local_addrs(()));
//! # let stop = async {};
//! host.serve_until(stop, std::time::Duration::from_secs(30)).await;
//! # Ok(()) }
//! ```

mod addresses;
mod callers;
mod host;
mod observer;
mod spread;

pub use addresses::{Addresses, BindError};
pub use host::{Caller, Front, Host, ServerHandle};
pub use observer::{Observer, ServerEvent, SessionOrigin, TransferKind};

/// How a transfer ended.
pub use ftpkit_proto::server::End;
