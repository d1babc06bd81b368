//! The time of day, for people.

use std::time::SystemTime;

use ftpkit::proto::time::{Civil, Timestamp};

/// The date and time in UTC; none where the clock makes no sense.
pub(crate) fn now() -> Option<Civil> {
    civil(SystemTime::now())
}

/// A moment in UTC.
pub(crate) fn civil(time: SystemTime) -> Option<Civil> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let seconds = i64::try_from(since.as_secs()).ok()?;
    Timestamp::from_unix(seconds, 0).map(Timestamp::civil)
}
