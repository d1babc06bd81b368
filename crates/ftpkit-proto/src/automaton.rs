//! What the automata of both roles have in common: a state that is left in one way only, and a
//! table of where it may go, which stands beside the automaton in the role's `state.rs`.
//!
//! To add a state, add the variant and its line in the table; to add a transition, add it to the
//! line. Under the feature `transitions` a state without a line does not compile, a transition
//! that is not in the table panics, and [`Transitions`] tells which ones were taken. Without it
//! [`At`] is its state and nothing else.

#[cfg(feature = "transitions")]
mod taken;
#[cfg(all(test, feature = "transitions"))]
mod tests;

use core::{fmt, mem, ops::Deref};

#[cfg(feature = "transitions")]
pub(crate) use taken::{Numbered, Table, Taken};
#[cfg(feature = "transitions")]
pub use taken::{Transition, Transitions};

/// The states of one axis, with a table of its transitions: what [`automaton`] declares.
pub(crate) trait Automaton {
    /// Its name in reports, its states, and what may follow what.
    #[cfg(feature = "transitions")]
    const TABLE: Table;

    /// The place of the present state among those of the table.
    #[cfg(feature = "transitions")]
    fn state(&self) -> u8;
}

/// No table: it is not looked into.
#[cfg(not(feature = "transitions"))]
pub(crate) struct Table;

/// Counts nothing.
#[cfg(not(feature = "transitions"))]
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken;

#[cfg(not(feature = "transitions"))]
impl Taken {
    pub(crate) const fn of(_automata: &[Table]) -> Self {
        Self
    }
}

/// An automaton of some role.
#[cfg(not(feature = "transitions"))]
pub(crate) trait Numbered: Automaton {}

/// Where an automaton stands. It is read like the state itself, and left by [`go`](Self::go).
pub(crate) struct At<A: Numbered> {
    state: A,
    #[cfg(feature = "transitions")]
    seen: taken::Seen<A>,
}

impl<A: Numbered> At<A> {
    /// An automaton that lives as long as its connection.
    #[cfg_attr(not(feature = "transitions"), expect(unused_variables))]
    pub(crate) fn first(state: A, taken: &Taken) -> Self {
        Self {
            #[cfg(feature = "transitions")]
            seen: taken::Seen::first(&state, taken),
            state,
        }
    }

    /// An automaton that begins here, and ends where it is dropped.
    #[cfg_attr(not(feature = "transitions"), expect(unused_variables))]
    pub(crate) fn begin(state: A, taken: &Taken) -> Self {
        Self {
            #[cfg(feature = "transitions")]
            seen: taken::Seen::begin(&state, taken),
            state,
        }
    }

    /// The state.
    pub(crate) const fn state(&self) -> &A {
        &self.state
    }

    /// Goes to this state; gives the one that is left. To stay in a state is a transition where
    /// the table has it, and nothing elsewhere.
    pub(crate) fn go(&mut self, to: A) -> A {
        #[cfg(feature = "transitions")]
        self.seen.go(&to);
        mem::replace(&mut self.state, to)
    }
}

impl<A: Numbered + Default> At<A> {
    /// Lends the state to a procedure that gives it back by [`go`](Self::go), or ends it.
    pub(crate) fn lend(&mut self) -> A {
        mem::take(&mut self.state)
    }

    /// What was lent and did not come back has ended: the automaton is in its default state.
    #[cfg_attr(
        not(feature = "transitions"),
        allow(
            clippy::needless_pass_by_ref_mut,
            reason = "what was seen is not kept then"
        )
    )]
    pub(crate) fn settle(&mut self) {
        #[cfg(feature = "transitions")]
        self.seen.go(&self.state);
    }
}

impl<A: Numbered> Deref for At<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}

impl<A: Numbered + fmt::Debug> fmt::Debug for At<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

/// Declares the table of an automaton: its name, where it begins, and for each state those that
/// may follow. `Over` is the end of an automaton that is shorter than its connection.
macro_rules! automaton {
    ($automaton:ident $name:literal: $($first:ident)*; $($from:ident => $($to:ident)*;)*) => {
        impl $crate::automaton::Automaton for $automaton {
            #[cfg(feature = "transitions")]
            const TABLE: $crate::automaton::Table = {
                #[expect(clippy::allow_attributes, reason = "not every automaton ends")]
                #[allow(dead_code)]
                enum Place { Over, $($from,)* }
                $crate::automaton::Table {
                    name: $name,
                    states: &["-", $(stringify!($from),)*],
                    legal: &[
                        $((0, Place::$first as u8),)*
                        $($((Place::$from as u8, Place::$to as u8),)*)*
                    ],
                }
            };

            #[cfg(feature = "transitions")]
            fn state(&self) -> u8 {
                enum Place { Over, $($from,)* }
                let _ = Place::Over;
                match self {
                    $(Self::$from { .. } => Place::$from as u8,)*
                }
            }
        }
    };
}
pub(crate) use automaton;

/// Lists all automata of a role, which gives each its number in reports.
macro_rules! automata {
    ($($automaton:ident)*) => {
        #[cfg(feature = "transitions")]
        #[derive(Clone, Copy)]
        enum Number { $($automaton,)* }

        /// The tables of all automata of the role.
        pub(super) const AUTOMATA: &[$crate::automaton::Table] = &[
            $(
                #[cfg(feature = "transitions")]
                <$automaton as $crate::automaton::Automaton>::TABLE,
            )*
        ];

        $(
            impl $crate::automaton::Numbered for $automaton {
                #[cfg(feature = "transitions")]
                const NUMBER: usize = Number::$automaton as usize;
            }
        )*
    };
}
pub(crate) use automata;
