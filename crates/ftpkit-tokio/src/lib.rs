//! The tokio driver of ftpkit: control streams, data connections and pumps for both roles.
//!
//! [`Driver`] carries out what a [`Machine`](ftpkit_proto::Machine) asks for over TCP, and
//! tells the role above what it must know as [`Step`]s. [`pump`] moves the payload of data
//! connections; [`Acceptor`] takes a server's callers.

mod acceptor;
mod clock;
mod control;
mod cork;
mod data;
mod driver;
mod pace;
mod ports;
pub mod pump;
#[cfg(feature = "_tls")]
pub mod tls;

pub use acceptor::Acceptor;
pub use clock::Clock;
pub use data::{DataOptions, DataStream};
pub use driver::{Beside, Driver, Ends, Step};
pub use pace::Pace;
pub use ports::{BadPortRange, PassivePorts};
