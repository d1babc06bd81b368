//! The control connection below commands and replies: bytes to lines ([`framer`]), and the
//! Telnet that is in them ([`telnet`]; RFC 959 sec. 3, RFC 854).

pub mod framer;
pub mod telnet;

pub use framer::{Drained, Framed, Framer};
