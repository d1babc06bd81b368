//! The account of transitions: which of the legal ones were taken, in one session or in many.

use alloc::sync::Arc;
use core::{
    fmt,
    marker::PhantomData,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::Automaton;

/// The transitions of one automaton; state 0 is before its beginning and behind its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) states: &'static [&'static str],
    pub(crate) legal: &'static [(u8, u8)],
}

impl Table {
    fn state(&self, place: u8) -> &'static str {
        self.states.get(usize::from(place)).unwrap_or(&"?")
    }
}

/// An automaton that stands in its role's list.
pub(crate) trait Numbered: Automaton {
    /// Its place in the list.
    const NUMBER: usize;
}

/// How many automata a role has at most.
const AUTOMATA: usize = 16;
/// How many legal transitions an automaton has at most.
const LEGAL: usize = 128;
/// How many transitions a word of the account holds.
const WORD: usize = usize::BITS as usize;
const WORDS: usize = AUTOMATA * LEGAL / WORD;

/// What was taken in one session. Its automata share it, and a driver may move it to another
/// thread together with the machine; none of them ever contend.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    account: Arc<Account>,
}

#[derive(Debug)]
struct Account {
    automata: &'static [Table],
    words: [AtomicUsize; WORDS],
    /// An automaton has ended, unlawfully, in this state; none: 0. A destructor does not panic.
    ended: AtomicUsize,
}

impl Taken {
    /// Nothing yet, of these automata.
    pub(crate) fn of(automata: &'static [Table]) -> Self {
        Self {
            account: Arc::new(Account {
                automata,
                words: [const { AtomicUsize::new(0) }; WORDS],
                ended: AtomicUsize::new(0),
            }),
        }
    }

    /// Notes a transition; false when it is not in the table.
    fn note<A: Numbered>(&self, from: u8, to: u8) -> bool {
        const { assert!(A::NUMBER < AUTOMATA && A::TABLE.legal.len() <= LEGAL) };
        let legal = A::TABLE.legal;
        let Some(at) = legal.iter().position(|legal| *legal == (from, to)) else {
            return from == to;
        };
        let bit = A::NUMBER * LEGAL + at;
        if let Some(word) = self.account.words.get(bit / WORD) {
            word.fetch_or(1 << (bit % WORD), Ordering::Relaxed);
        }
        true
    }

    /// Notes a transition.
    ///
    /// # Panics
    /// When it is not in the table.
    fn expect<A: Numbered>(&self, from: u8, to: u8) {
        assert!(
            self.note::<A>(from, to),
            "{}: {} -> {} is not in the table",
            A::TABLE.name,
            A::TABLE.state(from),
            A::TABLE.state(to)
        );
    }

    fn end<A: Numbered>(&self, from: u8) {
        if !self.note::<A>(from, 0) {
            let place = A::NUMBER * usize::from(u8::MAX) + usize::from(from);
            self.account.ended.store(place, Ordering::Relaxed);
        }
    }

    /// The account so far.
    ///
    /// # Panics
    /// When an automaton has ended where it may not.
    pub(crate) fn so_far(&self) -> Transitions {
        let ended = self.account.ended.load(Ordering::Relaxed);
        let table = self.account.automata.get(ended / usize::from(u8::MAX));
        if let (1.., Some(table)) = (ended, table) {
            let state = table.state((ended % usize::from(u8::MAX)) as u8);
            panic!("{}: {state} -> - is not in the table", table.name);
        }
        Transitions {
            automata: self.account.automata,
            words: self
                .account
                .words
                .each_ref()
                .map(|word| word.load(Ordering::Relaxed)),
        }
    }
}

/// Where an automaton was seen last.
pub(super) struct Seen<A: Numbered> {
    at: u8,
    ends: bool,
    taken: Taken,
    of: PhantomData<fn(A)>,
}

impl<A: Numbered> Seen<A> {
    pub(super) fn first(state: &A, taken: &Taken) -> Self {
        Self {
            at: state.state(),
            ends: false,
            taken: taken.clone(),
            of: PhantomData,
        }
    }

    pub(super) fn begin(state: &A, taken: &Taken) -> Self {
        taken.expect::<A>(0, state.state());
        let mut seen = Self::first(state, taken);
        seen.ends = true;
        seen
    }

    pub(super) fn go(&mut self, to: &A) {
        let to = to.state();
        self.taken.expect::<A>(self.at, to);
        self.at = to;
    }
}

impl<A: Numbered> Drop for Seen<A> {
    fn drop(&mut self) {
        if self.ends {
            self.taken.end::<A>(self.at);
        }
    }
}

/// Which of the legal transitions of a role's automata were taken, for tests that count them.
///
/// It is there under the feature `transitions`, with which the machines also panic on a transition that
/// is not legal. The accounts of several sessions of one role are put together by
/// [`merge`](Self::merge).
///
/// ```
/// use ftpkit_proto::{Instant, client::{Config, Connection}};
///
/// let peer = "192.0.2.1:21".parse().unwrap();
/// let client = Connection::new(Config::default(), Instant::START, peer);
/// let transitions = client.transitions();
/// assert!(transitions.iter().all(|transition| !transition.taken));
/// let first = transitions.iter().next().unwrap();
/// assert_eq!(first.to_string(), "session: Greeting -> Ready");
/// ```
#[derive(Clone)]
pub struct Transitions {
    automata: &'static [Table],
    words: [usize; WORDS],
}

/// One legal transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The automaton.
    pub automaton: &'static str,
    /// The state that is left; `-`: the automaton begins.
    pub from: &'static str,
    /// The state that is entered; `-`: the automaton ends.
    pub to: &'static str,
    /// Whether it was taken.
    pub taken: bool,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.automaton, self.from, self.to)
    }
}

impl Transitions {
    /// Adds what another session of the same role has taken.
    pub fn merge(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(other.words) {
            *word |= more;
        }
    }

    /// All legal transitions, automaton by automaton.
    pub fn iter(&self) -> impl Iterator<Item = Transition> {
        let automata = self.automata.iter().enumerate();
        automata.flat_map(move |(number, table)| {
            let legal = table.legal.iter().enumerate();
            legal.map(move |(at, (from, to))| {
                let bit = number * LEGAL + at;
                let word = self.words.get(bit / WORD).copied().unwrap_or(0);
                Transition {
                    automaton: table.name,
                    from: table.state(*from),
                    to: table.state(*to),
                    taken: word >> (bit % WORD) & 1 == 1,
                }
            })
        })
    }
}

impl fmt::Debug for Transitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = self.iter().filter(|transition| transition.taken);
        f.debug_list().entries(taken).finish()
    }
}
