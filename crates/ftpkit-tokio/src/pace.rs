//! Waiting awake: a peer on the same machine often answers sooner than a thread falls asleep and
//! is woken again, and then that is most of what an answer costs.
//! What belongs elsewhere: deadlines, which are the machine's, and how long it pays, which servers
//! and clients say.

use std::{
    cell::Cell,
    future::{Future as _, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use tokio::task;

/// How soon the peer answers, and whether it pays to stay awake until it does.
///
/// [`Driver::with_busy_wait`](crate::Driver::with_busy_wait) is what FTP has of it; this is for
/// sessions of other protocols. By default the wait is never awake. Time here is the system's, not
/// tokio's: paused time would never come to the end of a wait.
///
/// A thread stays awake for one session at a time. Where it serves several, the next one's news
/// come soon enough, and their peers want the processor meanwhile.
///
/// ```
/// use std::{future::poll_fn, task::Poll, time::Duration};
/// use ftpkit_tokio::Pace;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let mut answers = 3;
/// # let mut ask = || { answers -= 1; if answers > 0 { Poll::Pending } else { Poll::Ready(()) } };
/// let mut pace = Pace::new(Duration::from_millis(5), true);
/// pace.told();
/// poll_fn(|cx| {
///     let answer = ask();
///     if answer.is_pending() {
///         pace.wait(cx);
///     }
///     answer
/// })
/// .await;
/// pace.heard();
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Pace {
    /// How long to stay awake, in nanoseconds.
    limit: u32,
    /// The last answer came within the limit.
    quick: bool,
    /// Since when the peer has something to answer to.
    told: Option<Instant>,
    session: u64,
    /// One more connection of a session, which may end before it does.
    is_beside: bool,
}

/// How long a thread serves one session until it stays awake for it, where it served another one
/// before. Of several that are busy each speaks more often than that.
const ALONE: Duration = Duration::from_millis(1);

/// What the sessions of a thread did last.
#[derive(Clone, Copy)]
enum Last {
    Nothing,
    /// This one was the last to tell its peer something.
    Spoke {
        session: u64,
        /// Since when it is, where it follows on another one.
        since: Option<Instant>,
    },
    /// It is over, and its peer may begin another one until then.
    Over {
        until: Instant,
    },
}

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(Last::Nothing) };
}

/// Whether what is sent to this peer is copied by the processors of this machine.
pub(crate) fn is_on_this_machine(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

/// The number of the next session.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Last {
    /// This session speaks now.
    fn speaks(session: u64, now: Instant) {
        let since = match LAST.get() {
            Self::Spoke { session: last, .. } if last == session => return,
            Self::Spoke { .. } => Some(now),
            Self::Nothing | Self::Over { .. } => None,
        };
        LAST.set(Self::Spoke { session, since });
    }

    /// Whether this session was the last to speak.
    fn is_of(self, this: u64) -> bool {
        matches!(self, Self::Spoke { session, .. } if session == this)
    }

    /// Whether, besides, no other one of the thread has spoken for [`ALONE`].
    fn is_alone(self, this: u64) -> bool {
        let Self::Spoke { session, since } = self else {
            return false;
        };
        session == this && since.is_none_or(|since| since.elapsed() >= ALONE)
    }
}

impl Pace {
    /// Stays awake for no longer than this, which is at most 4 s; zero is never. `quick` says what
    /// to expect of a peer that has said nothing yet.
    #[must_use]
    pub fn new(limit: Duration, quick: bool) -> Self {
        Self {
            limit: u32::try_from(limit.as_nanos()).unwrap_or(u32::MAX),
            quick: quick && !limit.is_zero(),
            told: None,
            is_beside: false,
            session: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The same for this peer: of one on this machine it is expected that it is quick.
    #[must_use]
    pub fn of_peer(limit: Duration, peer: SocketAddr) -> Self {
        Self::new(limit, is_on_this_machine(peer))
    }

    /// That of one more connection of the same session. Its peer is as quick, within this limit.
    #[cfg(feature = "_tls")]
    pub(crate) fn beside(&self, limit: Duration) -> Self {
        Self {
            session: self.session,
            is_beside: true,
            ..Self::new(limit, self.quick)
        }
    }

    /// Something was written to the peer.
    pub fn told(&mut self) {
        if self.limit > 0 {
            let now = Instant::now();
            self.told = Some(now);
            Last::speaks(self.session, now);
        }
    }

    /// The peer has said something.
    pub fn heard(&mut self) {
        if let Some(told) = self.told.take() {
            self.quick = self.is_within(told);
        }
    }

    /// To be called where the task is about to wait: has it polled again soon where the peer is
    /// expected to answer at once. Other tasks and the reactor have their turn before that.
    pub fn wait(&self, cx: &mut Context<'_>) {
        if self.quick
            && self.told.is_some_and(|told| self.is_within(told))
            && LAST.get().is_alone(self.session)
        {
            stay_awake(cx);
        }
    }

    /// For a stream under TLS, whose peer has its turn whenever nothing is there to be read: what
    /// has become of reading it.
    #[cfg(feature = "_tls")]
    pub(crate) fn follow<T>(&mut self, cx: &mut Context<'_>, read: &Poll<T>) {
        if read.is_pending() {
            self.wait(cx);
        } else {
            self.heard();
            self.told();
        }
    }

    /// Stays awake for the next session of a peer whose last one has just ended on this thread, for
    /// as long as for one of its answers. Not where there are others on the thread, or where it
    /// was slow.
    ///
    /// A server calls this when it has forgotten all of the session: whoever says goodbye and comes
    /// back at once need not wake it up.
    pub async fn linger() {
        poll_fn(|cx| match LAST.get() {
            Last::Over { until } if Instant::now() < until => {
                stay_awake(cx);
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
        .await;
    }

    fn is_within(&self, told: Instant) -> bool {
        told.elapsed() < self.limit()
    }

    const fn limit(&self) -> Duration {
        Duration::from_nanos(self.limit as u64)
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        let last = LAST.get();
        if self.is_beside || !last.is_of(self.session) {
            return;
        }
        let until = Instant::now().checked_add(self.limit());
        let is_expected = self.quick && last.is_alone(self.session);
        let over = until.filter(|_| is_expected);
        LAST.set(over.map_or(Last::Nothing, |until| Last::Over { until }));
    }
}

/// Has the task polled again, behind other tasks and the reactor.
fn stay_awake(cx: &mut Context<'_>) {
    // The peer may be waiting for this very processor.
    thread::yield_now();
    // Waking the task here would put it before the reactor, which has the news.
    let _ = pin!(task::yield_now()).poll(cx);
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Wake, Waker},
    };

    use super::*;

    /// So long that no test sees its end.
    const LONG: Duration = Duration::from_secs(4);

    /// Counts how often a task was woken.
    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wakes {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether a task that is polled like this is polled again although nothing happens.
    pub(crate) async fn is_polled_again(poll: impl FnOnce(&mut Context<'_>)) -> bool {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        poll(&mut Context::from_waker(&waker));
        assert_eq!(wakes.count(), 0, "before the reactor had its turn");
        task::yield_now().await;
        wakes.count() > 0
    }

    async fn stays_awake(pace: &Pace) -> bool {
        is_polled_again(|cx| pace.wait(cx)).await
    }

    /// As if the last session had begun to speak at this time.
    fn spoke(since: Option<Instant>) {
        let Last::Spoke { session, .. } = LAST.get() else {
            panic!("none did");
        };
        LAST.set(Last::Spoke { session, since });
    }

    #[tokio::test]
    async fn a_quick_peer_is_waited_for_awake() {
        let mut pace = Pace::new(LONG, true);
        assert!(!stays_awake(&pace).await, "it was asked nothing");
        pace.told();
        assert!(stays_awake(&pace).await);
        pace.heard();
        assert!(!stays_awake(&pace).await, "it is this side's turn");
        pace.told();
        assert!(stays_awake(&pace).await, "it was quick");
    }

    #[tokio::test]
    async fn a_slow_one_is_not_until_it_was_quick() {
        let mut pace = Pace::new(LONG, false);
        pace.told();
        assert!(!stays_awake(&pace).await, "nothing is known of it");
        pace.heard();
        pace.told();
        assert!(stays_awake(&pace).await, "it was quick");
        // As if it had taken longer than the limit.
        pace.told = Some(Instant::now().checked_sub(LONG).expect("a clock that runs"));
        assert!(!stays_awake(&pace).await, "the wait has an end");
        pace.heard();
        pace.told();
        assert!(!stays_awake(&pace).await, "it was slow");
    }

    #[tokio::test]
    async fn of_a_peer_on_this_machine_it_is_expected_that_it_is_quick() {
        for (peer, expected) in [
            ("127.0.0.1:21", true),
            ("[::1]:21", true),
            ("[::ffff:127.0.0.1]:21", true),
            ("192.0.2.1:21", false),
            ("[2001:db8::1]:21", false),
        ] {
            let mut pace = Pace::of_peer(LONG, peer.parse().unwrap());
            pace.told();
            assert_eq!(stays_awake(&pace).await, expected, "{peer}");
        }
    }

    #[tokio::test]
    async fn a_thread_stays_awake_for_one_session_at_a_time() {
        let mut one = Pace::new(LONG, true);
        one.told();
        assert!(stays_awake(&one).await);
        let mut other = Pace::new(LONG, true);
        other.told();
        assert!(!stays_awake(&one).await, "the other one spoke last");
        let is_behind = matches!(LAST.get(), Last::Spoke { since: Some(_), .. });
        assert!(is_behind, "another one");
        // However long the test takes from here.
        let now = Instant::now();
        spoke(now.checked_add(LONG));
        assert!(!stays_awake(&other).await, "the first one is there, too");
        other.told();
        assert!(!stays_awake(&other).await, "it spoke just now");
        spoke(now.checked_sub(ALONE));
        other.told();
        assert!(stays_awake(&other).await, "the first one is silent");
        drop(other);
        one.told();
        assert!(stays_awake(&one).await, "the other one is over");
    }

    /// Whether whoever has served the last session stays awake.
    async fn lingers() -> bool {
        let mut linger = pin!(Pace::linger());
        is_polled_again(|cx| {
            let _ = linger.as_mut().poll(cx);
        })
        .await
    }

    #[tokio::test]
    async fn the_next_session_of_a_quick_peer_is_waited_for_awake() {
        assert!(!lingers().await, "nobody was here");
        let mut pace = Pace::new(LONG, true);
        pace.told();
        assert!(!lingers().await, "it is not over");
        drop(pace);
        assert!(lingers().await);
        let until = Instant::now();
        LAST.set(Last::Over { until });
        assert!(!lingers().await, "it has an end");

        let mut next = Pace::new(LONG, true);
        next.told();
        drop(next);
        let mut next = Pace::new(LONG, true);
        next.told();
        assert!(!lingers().await, "it is there");
    }

    #[tokio::test]
    async fn nobody_lingers_for_a_slow_peer_or_beside_others() {
        for mut pace in [Pace::new(LONG, false), Pace::default()] {
            pace.told();
            drop(pace);
            assert!(!lingers().await);
        }
        let [mut one, mut other] = [Pace::new(LONG, true), Pace::new(LONG, true)];
        one.told();
        other.told();
        // However long the test takes from here.
        spoke(Instant::now().checked_add(LONG));
        drop(other);
        assert!(!lingers().await);
    }

    #[cfg(feature = "_tls")]
    #[tokio::test]
    async fn connections_of_a_session_do_not_keep_each_other_asleep() {
        let mut control = Pace::new(LONG, true);
        control.told();
        let mut data = control.beside(LONG);
        data.told();
        assert!(stays_awake(&data).await);
        assert!(stays_awake(&control).await);
        drop(data);
        assert!(stays_awake(&control).await);
        assert!(!lingers().await, "the session is not over");

        let mut slow = Pace::new(LONG, false).beside(LONG);
        slow.told();
        assert!(!stays_awake(&slow).await, "as its session's peer");
        let mut never = control.beside(Duration::ZERO);
        never.told();
        assert!(!stays_awake(&never).await);
    }

    #[tokio::test]
    async fn without_a_limit_it_always_sleeps() {
        for mut pace in [Pace::default(), Pace::new(Duration::ZERO, true)] {
            for _ in 0..2 {
                pace.told();
                assert!(!stays_awake(&pace).await);
                pace.heard();
            }
        }
    }
}
