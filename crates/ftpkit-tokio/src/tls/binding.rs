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

use super::stock::{Stock, Supply};

/// How many TLS 1.2 sessions without a ticket are kept of one control connection: its own, and
/// a few of its data connections.
const KEPT: usize = 4;
/// How many rows of handshakes are remembered that were not proven.
const ROWS: usize = 64;

/// The length of what stands at the end of a ticket and tells its age.
const TIMES: usize = 16;

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
    /// The first handshake of a data connection that was proven.
    proven_from: Option<u64>,
    /// The last one was proven.
    is_proven: bool,
    /// The client has a session that it can resume, for certain.
    can_resume: bool,
    /// The handshakes that were not proven, and what they were: in rows, each from its first to
    /// its last, so that a stranger who insists is one.
    others: VecDeque<(u64, u64, Verdict)>,
    /// Handshakes before this one are too old to know how they were judged.
    known_from: u64,
    /// The session of another control connection, or of a stranger, was shown.
    foreign: bool,
    /// The ticket that was shown in this handshake, and is good: its handshake, and what it holds.
    shown: Option<(u64, Vec<u8>)>,
    sessions: VecDeque<Session>,
    stock: Stock,
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
        let mut others = self.others.iter();
        let row = others.find(|(first, last, _)| (*first..=*last).contains(&handshake));
        if let Some((_, _, verdict)) = row {
            return *verdict;
        }
        if handshake < self.known_from {
            return Verdict::Unproven;
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
        self.is_proven = verdict == Verdict::Proven;
        if self.is_proven {
            self.proven_from.get_or_insert(self.last);
            return;
        }
        let handshake = self.last;
        if let Some((_, last, of_row)) = self.others.back_mut()
            && last.checked_add(1) == Some(handshake)
            && *of_row == verdict
        {
            *last = handshake;
            return;
        }
        if self.others.len() == ROWS
            && let Some((_, oldest, _)) = self.others.pop_front()
        {
            self.known_from = oldest.saturating_add(1);
        }
        self.others.push_back((handshake, handshake, verdict));
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

    /// The handshake of the control connection begins. The client reads its tickets on its way to
    /// the next reply.
    pub(super) fn begin_control(&self) -> Supply {
        let mut state = self.state();
        state.current = CONTROL;
        state.stock = Stock::default();
        let supply = state.stock.gives(CONTROL);
        state.stock.delivered();
        supply
    }

    /// A handshake begins on a data connection. One that was never judged was given up. Returns
    /// what it is to give.
    pub(super) fn begin_data(&self) -> Supply {
        let mut state = self.state();
        state.judge(Verdict::Refused);
        state.last = state.last.saturating_add(1);
        state.current = state.last;
        state.open = true;
        state.foreign = false;
        state.shown = None;
        let handshake = state.last;
        state.stock.gives(handshake)
    }

    /// Whether the session of another control connection was shown in this handshake.
    pub(super) fn is_foreign(&self) -> bool {
        self.state().foreign
    }

    /// Whether the client could resume a session now: it has done so before, and has got another
    /// since, or one that serves more than once.
    pub(super) fn can_resume(&self) -> bool {
        self.state().can_resume
    }

    /// Judges the handshake that has begun last. Its session was used up where `single_use`.
    pub(super) fn judge(&self, verdict: Verdict, single_use: bool) {
        let mut state = self.state();
        state.judge(verdict);
        if state.is_proven {
            state.can_resume = !single_use;
        }
    }

    /// The sessions of the last handshake go out where the client reads.
    pub(super) fn delivered(&self) {
        let mut state = self.state();
        state.can_resume |= state.is_proven;
        if state.is_proven {
            state.stock.delivered();
        }
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
        let state = self.state();
        let handshake = match &state.shown {
            Some((handshake, shown)) if is_renewal(shown, plain) => *handshake,
            _ => state.current,
        };
        drop(state);
        let plain = [&self.tag[..], &handshake.to_be_bytes(), plain].concat();
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
        let handshake = u64::from_be_bytes(*handshake);
        if !state.may_resume(handshake) {
            return None;
        }
        state.stock.shown(handshake);
        state.shown = Some((handshake, plain.to_vec()));
        Some(plain.to_vec())
    }
}

/// Whether one ticket holds the session of another: all but the time at its end is the same,
/// the secret above all.
///
/// TLS 1.2 renews a ticket before the client has answered, and a client that gives up then has
/// nothing but the new one. Without the secret, which it had to have before, it is worth nothing
/// to anybody. A ticket of TLS 1.3 has a secret of its own.
fn is_renewal(old: &[u8], new: &[u8]) -> bool {
    match (
        old.split_last_chunk::<TIMES>(),
        new.split_last_chunk::<TIMES>(),
    ) {
        (Some((old, _)), Some((new, _))) => old == new,
        _ => false,
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
                binding.judge(*verdict, true);
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
            // Each stays what it was.
            (&[Some(P), Some(U), Some(U), Some(P)], &[P, U, U, P]),
            (&[Some(U), Some(R), Some(P), Some(R)], &[U, R, P, R]),
        ] {
            assert_eq!(standing(verdicts), expected, "{verdicts:?}");
        }
    }

    #[test]
    fn strangers_take_a_bounded_place() {
        let row = [Some(Verdict::Refused); 1000];
        let binding = Binding::new(&Common::new(super::super::ticketer().unwrap()), [7; 16]);
        for _ in 0..ROWS + 2 {
            for verdict in row.iter().flatten() {
                binding.begin_data();
                binding.judge(*verdict, true);
            }
            binding.begin_data();
            binding.judge(Verdict::Proven, true);
        }
        let state = binding.state();
        assert_eq!(state.others.len(), ROWS);
        let proven = (1..=state.last).filter(|n| state.verdict(*n) == Verdict::Proven);
        // Those that are too old to know are worth nothing.
        assert_eq!(proven.count(), ROWS + 1);
        assert_eq!(state.verdict(1), Verdict::Unproven);
    }

    #[test]
    fn ids_are_let_go_with_their_control_connection() {
        let common = Common::new(super::super::ticketer().unwrap());
        let one = Binding::new(&common, [1; 16]);
        let other = Binding::new(&common, [2; 16]);
        for n in 0..20 {
            one.begin_data();
            one.put(vec![n; 32], vec![n]);
            one.judge(Verdict::Proven, true);
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
