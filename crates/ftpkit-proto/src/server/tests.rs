//! The session as a whole: transcripts, and random steps.
#![allow(
    clippy::field_reassign_with_default,
    reason = "it is how users of the crate fill a structure that may grow"
)]

mod abort;
mod certificate;
mod commands;
mod digest;
mod ends;
mod hosts;
mod implicit;
mod injection;
mod login;
mod offers;
mod parts;
mod policy;
mod random;
mod rendezvous;
mod rig;
mod tls;
mod transfers;
