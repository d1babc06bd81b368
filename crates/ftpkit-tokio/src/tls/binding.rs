//! What binds data connections to their control connection: TLS sessions that serve one control
//! connection only.
//!
//! Whoever resumes a session with these has been on the same control connection before, or on a
//! data connection of it that had resumed one itself. Nothing in the protocol but this tells the
//! client that logged in from a stranger behind the same address who was quicker to connect.
//!
//! A handshake gives sessions away before anybody has judged it, to strangers too. So each
//! session remembers which handshake it is of, and is worth nothing before that one has proved
//! to be the client's.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rustls::server::{ProducesTickets, StoresServerSessions};

/// How many TLS 1.2 sessions without a ticket are kept of one control connection: its own, and
/// a few of its data connections.
const KEPT: usize = 4;
/// How many rows of handshakes of strangers are remembered.
const STRANGERS: usize = 64;

/// The tag that stands before what a ticket holds.
type Tag = [u8; 16];

/// The handshake of the control connection; those of data connections are numbered from 1.
const CONTROL: u64 = 0;

/// What all control connections of a server share.
#[derive(Debug)]
pub(super) struct Common {
    tickets: Arc<dyn ProducesTickets>,
    /// The ids of TLS 1.2 sessions, of all control connections there are.
    ids: Mutex<HashSet<Vec<u8>>>,
}

impl Common {
    pub(super) fn new(tickets: Arc<dyn ProducesTickets>) -> Arc<Self> {
        let ids = Mutex::default();
        Arc::new(Self { tickets, ids })
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<Vec<u8>>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a handshake of a data connection was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the client's.
    Proven,
    /// It may be anybody's, and that was enough.
    Unproven,
    /// It is a stranger's, or might be where it must not.
    Refused,
}

/// The TLS sessions of one control connection: those of all others are worth nothing here.
pub(super) struct Binding {
    common: Arc<Common>,
    tag: Tag,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The handshake that is under way, or was last.
    current: u64,
    /// The last one of a data connection.
    last: u64,
    /// That one was not judged yet.
    open: bool,
    /// The first handshake of a data connection that was proven; from then on those that were
    /// taken were proven too.
    proven_from: Option<u64>,
    /// The handshakes that were refused, or given up: in rows, each from its first to its last,
    /// so that a stranger who insists is one.
    refused: VecDeque<(u64, u64)>,
    /// Handshakes before this one are too old to know how they were judged.
    known_from: u64,
    /// The session of another control connection, or of a stranger, was shown.
    foreign: bool,
    sessions: VecDeque<Session>,
}

/// A TLS 1.2 session without a ticket.
struct Session {
    id: Vec<u8>,
    handshake: u64,
    value: Vec<u8>,
}

impl State {
    /// How the handshake was judged that a session is of.
    fn verdict(&self, handshake: u64) -> Verdict {
        if handshake == CONTROL {
            return Verdict::Proven;
        }
        let mut refused = self.refused.iter();
        let is_refused = refused.any(|(first, last)| (*first..=*last).contains(&handshake));
        if handshake < self.known_from || is_refused {
            return Verdict::Refused;
        }
        let is_judged = handshake < self.last || !self.open;
        match self.proven_from {
            Some(first) if is_judged && first <= handshake => Verdict::Proven,
            _ => Verdict::Unproven,
        }
    }

    /// Whether this session may be resumed; one of a stranger is noted.
    fn may_resume(&mut self, handshake: u64) -> bool {
        let verdict = self.verdict(handshake);
        self.foreign |= verdict == Verdict::Refused;
        verdict == Verdict::Proven
    }

    fn judge(&mut self, verdict: Verdict) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        match verdict {
            Verdict::Proven => {
                self.proven_from.get_or_insert(self.last);
            }
            Verdict::Unproven => {}
            Verdict::Refused => self.refuse(self.last),
        }
    }

    fn refuse(&mut self, handshake: u64) {
        if let Some((_, last)) = self.refused.back_mut()
            && last.checked_add(1) == Some(handshake)
        {
            *last = handshake;
            return;
        }
        if self.refused.len() == STRANGERS
            && let Some((_, oldest)) = self.refused.pop_front()
        {
            self.known_from = oldest.saturating_add(1);
        }
        self.refused.push_back((handshake, handshake));
    }
}

impl Binding {
    pub(super) fn new(common: &Arc<Common>, tag: Tag) -> Self {
        Self {
            common: Arc::clone(common),
            tag,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handshake of the control connection begins.
    pub(super) fn begin_control(&self) {
        self.state().current = CONTROL;
    }

    /// A handshake begins on a data connection. One that was never judged was given up.
    pub(super) fn begin_data(&self) {
        let mut state = self.state();
        state.judge(Verdict::Refused);
        state.last = state.last.saturating_add(1);
        state.current = state.last;
        state.open = true;
        state.foreign = false;
    }

    /// Whether the session of another control connection was shown in this handshake.
    pub(super) fn is_foreign(&self) -> bool {
        self.state().foreign
    }

    /// Whether the client has resumed a session on a data connection before.
    pub(super) fn has_resumed(&self) -> bool {
        self.state().proven_from.is_some()
    }

    /// Judges the handshake that has begun last.
    pub(super) fn judge(&self, verdict: Verdict) {
        self.state().judge(verdict);
    }
}

impl ProducesTickets for Binding {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.common.tickets.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let handshake = self.state().current.to_be_bytes();
        let plain = [&self.tag[..], &handshake, plain].concat();
        self.common.tickets.encrypt(&plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let plain = self.common.tickets.decrypt(cipher)?;
        let (tag, plain) = plain.split_first_chunk::<16>()?;
        let (handshake, plain) = plain.split_first_chunk::<8>()?;
        let mut state = self.state();
        if *tag != self.tag {
            state.foreign = true;
            return None;
        }
        let may_resume = state.may_resume(u64::from_be_bytes(*handshake));
        may_resume.then(|| plain.to_vec())
    }
}

/// For TLS 1.2 clients without tickets.
impl StoresServerSessions for Binding {
    fn put(&self, id: Vec<u8>, value: Vec<u8>) -> bool {
        let mut state = self.state();
        let mut ids = self.common.ids();
        // That of the control connection stays: it is always good.
        if state.sessions.len() == KEPT
            && let Some(oldest) = state.sessions.remove(1)
        {
            ids.remove(&oldest.id);
        }
        ids.insert(id.clone());
        let handshake = state.current;
        state.sessions.push_back(Session {
            id,
            handshake,
            value,
        });
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let mut state = self.state();
        let found = state.sessions.iter().find(|session| session.id == id);
        let Some(found) = found else {
            // Ids that nobody has given are no news: some clients of TLS 1.3 make them up.
            state.foreign |= self.common.ids().contains(id);
            return None;
        };
        let (handshake, value) = (found.handshake, found.value.clone());
        state.may_resume(handshake).then_some(value)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        let value = self.get(id)?;
        let mut state = self.state();
        state.sessions.retain(|session| session.id != id);
        self.common.ids().remove(id);
        Some(value)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        let mut ids = self.common.ids();
        for session in &self.state().sessions {
            ids.remove(&session.id);
        }
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What handshakes of data connections are worth behind these verdicts; the last of them
    /// is under way where there is one verdict less.
    fn standing(verdicts: &[Option<Verdict>]) -> Vec<Verdict> {
        let binding = Binding::new(&Common::new(super::super::ticketer().unwrap()), [7; 16]);
        for verdict in verdicts {
            binding.begin_data();
            if let Some(verdict) = verdict {
                binding.judge(*verdict);
            }
        }
        let state = binding.state();
        assert_eq!(state.verdict(CONTROL), Verdict::Proven);
        (1..=state.last).map(|n| state.verdict(n)).collect()
    }

    #[test]
    fn a_session_is_worth_what_its_handshake_was() {
        use Verdict::{Proven as P, Refused as R, Unproven as U};
        for (verdicts, expected) in [
            (&[Some(P)][..], &[P][..]),
            (&[Some(R)], &[R]),
            (&[Some(U), Some(U)], &[U, U]),
            // One that is under way is worth nothing yet; one that was given up, never.
            (&[None], &[U]),
            (&[Some(P), None], &[P, U]),
            (&[Some(P), None, Some(P)], &[P, R, P]),
            (&[None, Some(P)], &[R, P]),
            // What came before the first that was proven stays what it was.
            (&[Some(U), Some(R), Some(P), Some(R)], &[U, R, P, R]),
        ] {
            assert_eq!(standing(verdicts), expected, "{verdicts:?}");
        }
    }

    #[test]
    fn strangers_take_a_bounded_place() {
        let row = [Some(Verdict::Refused); 1000];
        let binding = Binding::new(&Common::new(super::super::ticketer().unwrap()), [7; 16]);
        for _ in 0..STRANGERS + 2 {
            for verdict in row.iter().flatten() {
                binding.begin_data();
                binding.judge(*verdict);
            }
            binding.begin_data();
            binding.judge(Verdict::Proven);
        }
        let state = binding.state();
        assert_eq!(state.refused.len(), STRANGERS);
        let proven = (1..=state.last).filter(|n| state.verdict(*n) == Verdict::Proven);
        // Those that are too old to know are worth nothing.
        assert_eq!(proven.count(), STRANGERS + 1);
        assert_eq!(state.verdict(1), Verdict::Refused);
    }

    #[test]
    fn ids_are_let_go_with_their_control_connection() {
        let common = Common::new(super::super::ticketer().unwrap());
        let one = Binding::new(&common, [1; 16]);
        let other = Binding::new(&common, [2; 16]);
        for n in 0..20 {
            one.begin_data();
            one.put(vec![n; 32], vec![n]);
            one.judge(Verdict::Proven);
        }
        assert_eq!(common.ids().len(), KEPT);
        assert_eq!(one.get(&[19; 32]), Some(vec![19]));
        other.begin_data();
        assert_eq!(other.get(&[19; 32]), None);
        assert!(other.is_foreign());
        other.begin_data();
        assert_eq!(other.get(&[99; 32]), None);
        assert!(!other.is_foreign());
        drop(one);
        assert!(common.ids().is_empty());
    }
}
