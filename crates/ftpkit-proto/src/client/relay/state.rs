//! The transitions of a relay; those of its connections stand in `client/state.rs`.

use crate::automaton::{automata, automaton};

automata! { Relaying }

/// What becomes of an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relaying {
    /// There is none.
    Idle,
    /// Both connections are wanted.
    Leasing,
    /// The servers are asked one after the other: TYPE, SSCN, PASV, PORT, REST.
    Arranging,
    /// The source was told to send; its first answer is awaited for a while.
    Sending,
    /// The destination was told to store.
    Storing,
    /// Something went wrong: what runs is stopped, and what is due is awaited.
    Stopping,
    /// SSCN is taken back.
    Clearing,
}

automaton! { Relaying "relay":;
    Idle => Leasing;
    Leasing => Arranging Stopping;
    Arranging => Sending Stopping;
    Sending => Storing Stopping;
    Storing => Stopping Clearing;
    Stopping => Arranging Clearing;
    Clearing => Idle;
}
