//! The driver under a toy machine over loopback: every request, every way to end.

mod control;
mod data;
mod toy;
