//! What differs between systems: positioned I/O, modes, times, locks and names that are taken.

#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(not(unix))]
pub(crate) use windows::*;
