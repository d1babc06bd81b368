//! Time as an argument: the machines' own [`Instant`], moments in UTC, civil times with their
//! precision, and `time-val` (RFC 3659 sec. 2.3). No clock, no zones, no leap second table.

mod civil;
mod time_val;

pub use civil::{Civil, ListedTime, Precision};
pub use time_val::TimeVal;

use core::{
    fmt,
    num::NonZeroU64,
    ops::{Add, Sub},
    time::Duration,
};

/// A moment on the driver's clock: the time since the driver started it.
///
/// The core has no clock; each input brings the time along. All instants given to one
/// machine must come from one clock that does not run backwards.
///
/// It counts nanoseconds, up to 584 years after the start; what is later is that moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(
    /// The nanoseconds and one, so that a deadline that may be none takes no more room.
    NonZeroU64,
);

impl Instant {
    /// The start of the clock.
    pub const START: Self = Self(NonZeroU64::MIN);

    /// The moment this long after the start of the clock.
    #[must_use]
    pub const fn after_start(elapsed: Duration) -> Self {
        Self(NonZeroU64::MIN.saturating_add(nanos(elapsed)))
    }

    /// The time since the start of the clock.
    #[must_use]
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0.get() - 1)
    }

    /// The time from `earlier` to this moment, zero when `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(nanos(later)))
    }
}

/// The start of the clock.
impl Default for Instant {
    fn default() -> Self {
        Self::START
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Instant").field(&self.since_start()).finish()
    }
}

/// So many nanoseconds, or as many as fit.
const fn nanos(span: Duration) -> u64 {
    const IN_SECOND: u64 = 1_000_000_000;
    let whole = span.as_secs().saturating_mul(IN_SECOND);
    whole.saturating_add(span.subsec_nanos() as u64)
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

/// A moment in UTC, with fractions of a second where they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// The earliest moment with a wire form: year 0.
    const MIN_SECONDS: i64 = -62_167_219_200;
    /// The latest moment with a wire form: the last second of year 9999.
    const MAX_SECONDS: i64 = 253_402_300_799;

    /// The moment this many seconds and nanoseconds after 1970-01-01T00:00:00Z; `None` outside
    /// the years 0 to 9999, or with `nanos` of a second or more.
    #[must_use]
    pub const fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        if seconds < Self::MIN_SECONDS || seconds > Self::MAX_SECONDS || nanos >= 1_000_000_000 {
            return None;
        }
        Some(Self { seconds, nanos })
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// The nanoseconds of the second.
    #[must_use]
    pub const fn nanos(self) -> u32 {
        self.nanos
    }
}

impl Timestamp {
    /// The same moment without its fraction of a second.
    ///
    /// What goes to a peer goes without: not every peer reads fractions.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self {
            seconds: self.seconds,
            nanos: 0,
        }
    }

    /// The moment at which a calendar in UTC shows this.
    #[must_use]
    pub const fn from_civil(civil: Civil) -> Self {
        Self {
            seconds: civil.seconds_since_1970(),
            nanos: 0,
        }
    }

    /// What a calendar in UTC shows at this moment, without the fraction.
    #[must_use]
    pub const fn civil(self) -> Civil {
        Civil::from_seconds(self.seconds)
    }
}

impl From<Civil> for Timestamp {
    fn from(civil: Civil) -> Self {
        Self::from_civil(civil)
    }
}

/// ISO 8601, with the fraction where there is one.
///
/// ```
/// use ftpkit_proto::time::Timestamp;
/// let time = Timestamp::parse_time_val(b"20240615120000").unwrap();
/// assert_eq!(time.to_string(), "2024-06-15T12:00:00Z");
/// ```
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.civil().fmt(f)?;
        time_val::fraction(self.nanos, f)?;
        f.write_str("Z")
    }
}
