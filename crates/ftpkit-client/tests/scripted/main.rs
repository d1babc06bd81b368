//! The client against servers that do exactly what a test says.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod connecting;
mod data;
#[cfg(not(feature = "_tls"))]
mod lean;
mod listing;
mod peer;
#[cfg(feature = "tls")]
mod secured;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_transfers;
mod transfers;
