//! The driver under a toy machine over loopback: every request, every way to end.

mod control;
mod data;
#[cfg(feature = "_tls")]
mod tls;
mod toy;
