//! What every front end does at its door: limits on sessions, the delay of failed logins, and
//! the drain at shutdown. Who may log in is an `Authenticator`'s question, not the door's.

mod drain;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until, timeout, timeout_at},
};

pub use self::drain::DrainSignal;
use self::drain::{Drain, Phase};
use crate::{
    account::Account,
    attempt::{Attempt, Credential},
    authenticator::{AuthFailure, AuthFailureKind, Authenticator},
};

/// How long sessions may take to end once they were told to end at once.
const FORCED_END: Duration = Duration::from_secs(5);
/// Longer grace times are cut to this, so that no sum overflows.
const LONGEST_GRACE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The limits of a [`Door`]. 0 sessions means: no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoorLimits {
    /// How many sessions there may be at a time. 1,000 by default.
    pub sessions: usize,
    /// How many of them may come from one address: one IPv4 address, or one IPv6 network of
    /// 64 bits, which is what one subscriber has. 100 by default.
    pub sessions_per_address: usize,
    /// How long after its start a failed login is answered, whatever failed: an unknown name
    /// must not be told from a wrong password by the clock. 900 ms by default, so that the
    /// answer is there within a second.
    pub failure_delay: Duration,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            sessions: 1000,
            sessions_per_address: 100,
            failure_delay: Duration::from_millis(900),
        }
    }
}

/// Counts sessions, lets them in, and empties the house at shutdown.
///
/// One door may serve several front ends (an FTP and an SFTP server), which then share its
/// limits and its drain; clones are the same door.
///
/// ```
/// use ftpkit_accounts::{Door, DoorLimits, Refused};
/// let mut limits = DoorLimits::default();
/// limits.sessions = 1;
/// let door = Door::new(limits);
/// let peer = "192.0.2.7".parse().unwrap();
/// let session = door.enter(peer).unwrap();
/// assert_eq!(door.enter(peer).unwrap_err(), Refused::TooManySessions);
/// drop(session);
/// assert!(door.enter(peer).is_ok());
/// ```
#[derive(Clone)]
pub struct Door {
    shared: Arc<Shared>,
}

struct Shared {
    limits: DoorLimits,
    counts: Mutex<Counts>,
    drain: Arc<Drain>,
    emptied: Notify,
}

#[derive(Default)]
struct Counts {
    sessions: usize,
    /// How many there have been.
    entered: u64,
    by_address: HashMap<AddressKey, usize>,
    by_account: HashMap<Arc<str>, usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum AddressKey {
    V4([u8; 4]),
    V6Network([u8; 8]),
}

impl AddressKey {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::V6Network([a, b, c, d, e, f, g, h])
            }
        }
    }
}

fn over(count: usize, limit: usize) -> bool {
    limit != 0 && count >= limit
}

fn count_down<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: K) {
    if let Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() = entry.get().saturating_sub(1);
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

impl Shared {
    /// Held for a few map operations and never across an await.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Door {
    /// A door with these limits, open.
    #[must_use]
    pub fn new(limits: DoorLimits) -> Self {
        Self {
            shared: Arc::new(Shared {
                limits,
                counts: Mutex::default(),
                drain: Arc::new(Drain::new()),
                emptied: Notify::new(),
            }),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &DoorLimits {
        &self.shared.limits
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.shared.counts().sessions
    }

    /// Lets one more session in, from this address; it counts until the permit is dropped.
    ///
    /// # Errors
    /// [`Refused`] where a limit is reached or the door is closing.
    pub fn enter(&self, peer: IpAddr) -> Result<SessionPermit, Refused> {
        let key = AddressKey::of(peer);
        let limits = &self.shared.limits;
        let mut counts = self.shared.counts();
        if self.shared.drain.phase() != Phase::Open {
            return Err(Refused::Closing);
        }
        if over(counts.sessions, limits.sessions) {
            return Err(Refused::TooManySessions);
        }
        let of_address = counts.by_address.get(&key).copied().unwrap_or(0);
        if over(of_address, limits.sessions_per_address) {
            return Err(Refused::TooManyFromAddress);
        }
        counts.sessions += 1;
        counts.entered += 1;
        let number = counts.entered;
        *counts.by_address.entry(key).or_insert(0) += 1;
        drop(counts);
        Ok(SessionPermit {
            number,
            key,
            shared: Arc::clone(&self.shared),
        })
    }

    /// Asks the authenticator, and counts the session against its account.
    ///
    /// Every failure is answered at the same time after the attempt began, at
    /// [`failure_delay`](DoorLimits::failure_delay) (later only where the check itself took
    /// longer). Dropping the future gives the attempt up.
    ///
    /// A certificate without a password is no guess: where the authenticator refuses it, the
    /// answer is [`AuthFailureKind::PasswordNeeded`] at once, whatever was behind it (that is
    /// its source), and the front end does not count it among the failed logins.
    ///
    /// Nor is an SSH key a guess, of which clients try one after the other: its refusal comes at
    /// once too, as [`AuthFailureKind::WrongCredentials`] whatever was behind it.
    ///
    /// # Errors
    /// What the authenticator says, or [`AuthFailureKind::TooMany`] where the account has as
    /// many sessions as it may have.
    pub async fn authenticate(
        &self,
        authenticator: &dyn Authenticator,
        attempt: &Attempt,
    ) -> Result<Admission, AuthFailure> {
        let started = Instant::now();
        match authenticator.authenticate(attempt).await {
            Ok(account) => self.admit(account),
            Err(failure) => {
                let Some(kind) = told_at_once(attempt.credential()) else {
                    let delay = self.shared.limits.failure_delay.min(LONGEST_GRACE);
                    sleep_until(started + delay).await;
                    return Err(failure);
                };
                if failure.kind() == kind {
                    return Err(failure);
                }
                // Another kind could tell that the user exists.
                Err(AuthFailure::new(kind).with_source(failure))
            }
        }
    }

    fn admit(&self, account: Account) -> Result<Admission, AuthFailure> {
        let name = Arc::clone(account.shared_name());
        let mut counts = self.shared.counts();
        let count = counts.by_account.get(&name).copied().unwrap_or(0);
        if over(count, account.max_sessions()) {
            return Err(AuthFailureKind::TooMany.into());
        }
        *counts.by_account.entry(name).or_insert(0) += 1;
        drop(counts);
        Ok(Admission {
            account,
            shared: Arc::clone(&self.shared),
        })
    }

    /// What a session watches to learn that it should end.
    #[must_use]
    pub fn drain_signal(&self) -> DrainSignal {
        DrainSignal::new(Arc::clone(&self.shared.drain))
    }

    /// Closes the door and waits until all sessions have ended: nobody new is let in, the
    /// sessions are told to finish what they do within `grace`, then to end at once.
    ///
    /// Returns how many sessions had to be told to end at once. A second call may shorten the
    /// grace of the first, never lengthen it. Dropping the future leaves the door closed.
    pub async fn drain(&self, grace: Duration) -> usize {
        let until = self
            .shared
            .drain
            .begin(Instant::now() + grace.min(LONGEST_GRACE));
        if timeout_at(until, self.empty()).await.is_ok() {
            return 0;
        }
        let left = self.sessions();
        self.shared.drain.end();
        // A session that does not even drop in this time is stuck in foreign code.
        let _ = timeout(FORCED_END, self.empty()).await;
        left
    }

    /// Waits until there is no session.
    async fn empty(&self) {
        loop {
            let emptied = self.shared.emptied.notified();
            if self.sessions() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self::new(DoorLimits::default())
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("limits", &self.shared.limits)
            .field("sessions", &self.sessions())
            .field("phase", &self.shared.drain.phase())
            .finish()
    }
}

/// What a refusal is called that comes without delay; none where the credential can be guessed.
const fn told_at_once(credential: &Credential) -> Option<AuthFailureKind> {
    match credential {
        Credential::Password(_) => None,
        #[cfg(feature = "certificates")]
        Credential::Certificate(_) => Some(AuthFailureKind::PasswordNeeded),
        #[cfg(feature = "ssh-keys")]
        Credential::SshKey(_) => Some(AuthFailureKind::WrongCredentials),
    }
}

/// One session's place in the house; dropping it gives the place back.
#[must_use = "the place is given back when this is dropped"]
pub struct SessionPermit {
    number: u64,
    key: AddressKey,
    shared: Arc<Shared>,
}

impl SessionPermit {
    /// The session's number at this door, from 1, which no other session has or will have.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for SessionPermit {
    fn drop(&mut self) {
        let mut counts = self.shared.counts();
        count_down(&mut counts.by_address, self.key);
        counts.sessions = counts.sessions.saturating_sub(1);
        let empty = counts.sessions == 0;
        drop(counts);
        if empty {
            self.shared.emptied.notify_waiters();
        }
    }
}

impl fmt::Debug for SessionPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPermit")
            .field("number", &self.number)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// An account that a session is logged in to; it counts against the account's limit of
/// sessions until this is dropped.
#[must_use = "the session counts as logged in until this is dropped"]
pub struct Admission {
    account: Account,
    shared: Arc<Shared>,
}

impl Admission {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let name = Arc::clone(self.account.shared_name());
        count_down(&mut self.shared.counts().by_account, name);
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Admission").field(&self.account).finish()
    }
}

/// Why the door lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// There are as many sessions as there may be.
    #[error("too many sessions")]
    TooManySessions,
    /// There are as many sessions from this address as there may be.
    #[error("too many sessions from this address")]
    TooManyFromAddress,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closing,
}

#[cfg(test)]
mod tests;
