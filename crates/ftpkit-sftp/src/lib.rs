//! The SSH File Transfer Protocol (SFTP) version 3 without I/O: typed packets, and a machine a role.
//!
//! For those who write an SFTP server, client, proxy or fuzzer on a transport of their own: SSH
//! mostly, but any reliable stream of bytes does. Version 3 is draft-ietf-secsh-filexfer-02, the
//! one that OpenSSH and nearly everyone else speaks; OpenSSH's extensions have types too.
//!
//! ```text
//!   bytes ─► Framer ─► Bytes ─► ClientPacket::parse ─► Request   (a server)
//!                              ServerPacket::parse ─► Response  (a client)
//!   Request, Response ─► encode ─► Chunks ─► bytes
//! ```
//!
//! A payload is a slice of the packet that it came in, and goes out as the very `Bytes` that it
//! was handed over in. The [page of the packets](packet) has the rules that hold for all of them.
//!
//! Whoever writes a server or a client begins with its machine, [`server`] or [`client`], which
//! knows handles, order, limits and windows.
//!
//! # Packets alone
//!
//! ```
//! use bytes::Bytes;
//! use ftpkit_sftp::{
//!     Framer,
//!     packet::{
//!         Chunks, ClientPacket, Init, Name, Request, RequestId, Response, ServerPacket, Status,
//!         StatusCode, SymlinkOrder, Version,
//!     },
//! };
//!
//! fn answer(packet: ClientPacket) -> ServerPacket {
//!     match packet {
//!         ClientPacket::Init(_) => ServerPacket::Version(Version::new([])),
//!         ClientPacket::Request(id, Request::Realpath(_)) => {
//!             let home = Name::of_path(Bytes::from_static(b"/"));
//!             ServerPacket::Response(id, Response::Name(vec![home]))
//!         }
//!         ClientPacket::Request(id, _) => {
//!             let status = Status::from(StatusCode::OpUnsupported);
//!             ServerPacket::Response(id, status.into())
//!         }
//!     }
//! }
//!
//! // What a client writes,
//! let order = SymlinkOrder::default();
//! let mut sent = Chunks::default();
//! ClientPacket::Init(Init::default()).encode(&mut sent, order)?;
//! let realpath = Request::Realpath(Bytes::from_static(b"."));
//! ClientPacket::Request(RequestId(7), realpath).encode(&mut sent, order)?;
//!
//! // the server reads and answers,
//! let mut framer = Framer::default();
//! let mut answers = Chunks::default();
//! while let Some(chunk) = sent.next_chunk() {
//!     framer.push(&chunk);
//!     while let Some(packet) = framer.next_packet()? {
//!         answer(ClientPacket::parse(packet, order)?).encode(&mut answers)?;
//!     }
//! }
//!
//! // and the client reads the answers.
//! let mut framer = Framer::default();
//! while let Some(chunk) = answers.next_chunk() {
//!     framer.push(&chunk);
//! }
//! let version = ServerPacket::parse(framer.next_packet()?.unwrap())?;
//! assert_eq!(version, ServerPacket::Version(Version::new([])));
//! let name = ServerPacket::parse(framer.next_packet()?.unwrap())?;
//! let home = Name::of_path(Bytes::from_static(b"/"));
//! assert_eq!(name, ServerPacket::Response(RequestId(7), Response::Name(vec![home])));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod client;
mod framer;
mod longname;
pub mod packet;
pub mod server;
mod text;

pub use framer::{FrameError, Framer};
pub use longname::LongName;
