//! An FTP and FTPS client for tokio: typed listings, transfers that finish, passive and active
//! mode.
//!
//! [`Client::connect`] takes a URL, [`Client::builder`] everything else. A transfer is awaited
//! as a whole ([`Client::download_to`], [`Client::upload`]), or read and written by hand
//! ([`Client::reader`], [`Client::writer`]); either way its end counts only when the server
//! has confirmed it.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ftpkit_client::Result<()> {
//! use ftpkit_client::Client;
//!
//! let mut client = Client::connect("ftp://ftp.example.org/pub").await?;
//! let mut listing = client.list("").await?;
//! while let Some(entry) = listing.next().await {
//!     println!("{}", entry?.name());
//! }
//! # Ok(()) }
//! ```
//!
//! `ftpes://` and `ftps://` reach servers under TLS ([`tls`]), and never fall back to clear text.
//!
//! The protocol trace goes to `tracing` at the level `debug`, target `ftpkit::wire`, with the
//! passwords left out.

mod builder;
mod client;
mod error;
mod list;
mod path;
mod remote;
mod session;
pub mod tls;
mod transfer;

pub use builder::{ClientBuilder, Family};
pub use client::Client;
pub use error::{Error, ErrorKind, Result, Step};
pub use ftpkit_proto as proto;
pub use ftpkit_proto::{
    client::{BadLearned, Config, DataMode, Learned, Resumption, Timeouts, Transferred},
    listing::Entry,
};
pub use list::Listing;
pub use remote::{Remote, RemoteConfig};
pub use session::Trace;
pub use tls::TlsMode;
pub use transfer::{
    Download, DownloadTo, OpenReader, OpenWriter, Progress, Reader, Transfer, Upload, UploadFrom,
    Writer,
};
