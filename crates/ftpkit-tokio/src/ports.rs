//! The ports that passive data connections may use, taken in turn.
//! What belongs elsewhere: binding them (`data::listen`), listeners that are kept (`data::kept`).

use std::{
    fmt,
    ops::RangeInclusive,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::data::Kept;

/// The ports for passive data connections, shared by all sessions of a server: a range, or what
/// the system chooses.
///
/// Ports of a range are taken in turn, so that one that was just used rests as long as the range
/// allows: a late packet or a slow client of the transfer before does not meet the next one. Some
/// listeners are kept open from one transfer to the next, which saves most of what a small file
/// costs; each for some dozens of transfers.
#[derive(Debug)]
pub struct PassivePorts {
    first: u16,
    /// None: the system chooses.
    count: u32,
    cursor: AtomicU32,
    pub(crate) kept: Kept,
}

/// Why a range of ports was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what:?} is not a range of ports: FIRST-LAST with 1 <= FIRST <= LAST <= 65535 is wanted")]
pub struct BadPortRange {
    what: String,
}

impl PassivePorts {
    /// The ports from `first` to `last`, both included.
    ///
    /// # Errors
    /// When the range is empty or holds port 0.
    pub fn new(range: RangeInclusive<u16>) -> Result<Self, BadPortRange> {
        let (first, last) = range.into_inner();
        if first == 0 || first > last {
            return Err(BadPortRange {
                what: format!("{first}-{last}"),
            });
        }
        Ok(Self {
            first,
            count: u32::from(last - first) + 1,
            cursor: AtomicU32::new(0),
            kept: Kept::default(),
        })
    }

    /// Whatever ports the system chooses.
    #[must_use]
    pub fn any() -> Self {
        Self {
            first: 0,
            count: 0,
            cursor: AtomicU32::new(0),
            kept: Kept::default(),
        }
    }

    /// The range; none: the system chooses.
    #[must_use]
    pub fn range(&self) -> Option<RangeInclusive<u16>> {
        let last = self.count.checked_sub(1)?;
        Some(self.first..=self.port(last))
    }

    /// One round over the range, from where the last one stopped. Each port that is looked at
    /// moves the common cursor on.
    pub(crate) fn round(&self) -> impl Iterator<Item = u16> {
        (0..self.count).map(|_| {
            let turn = self
                .cursor
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |turn| {
                    Some((turn + 1) % self.count)
                })
                .unwrap_or_default();
            self.port(turn)
        })
    }

    fn port(&self, turn: u32) -> u16 {
        // A turn is below the count, and the last port of the range fits.
        self.first
            .saturating_add(u16::try_from(turn).unwrap_or(u16::MAX))
    }
}

impl fmt::Display for PassivePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.range() {
            Some(range) => write!(f, "{}-{}", range.start(), range.end()),
            None => f.write_str("any"),
        }
    }
}

impl FromStr for PassivePorts {
    type Err = BadPortRange;

    /// Reads `FIRST-LAST`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadPortRange {
            what: text.to_owned(),
        };
        let (first, last) = text.split_once('-').ok_or_else(bad)?;
        let first = first.trim().parse().map_err(|_| bad())?;
        let last = last.trim().parse().map_err(|_| bad())?;
        Self::new(first..=last).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ports_in_turn_and_wraps() {
        let ports = PassivePorts::new(50_000..=50_002).unwrap();
        assert_eq!(ports.round().next(), Some(50_000));
        assert_eq!(
            ports.round().collect::<Vec<_>>(),
            [50_001, 50_002, 50_000],
            "a round begins where the last one stopped and sees each port once"
        );
        assert_eq!(ports.round().next(), Some(50_001));
    }

    #[test]
    fn the_last_port_is_reached() {
        let ports = PassivePorts::new(65_534..=65_535).unwrap();
        assert_eq!(ports.round().collect::<Vec<_>>(), [65_534, 65_535]);
        assert_eq!(ports.range(), Some(65_534..=65_535));
    }

    #[test]
    fn ranges_as_text() {
        for (text, expected) in [
            ("50000-50100", Some(50_000..=50_100)),
            ("21 - 21", Some(21..=21)),
            ("1-65535", Some(1..=65_535)),
            ("0-5", None),
            ("5-4", None),
            ("5", None),
            ("5-65536", None),
            ("a-b", None),
            ("", None),
        ] {
            let parsed = text.parse::<PassivePorts>();
            assert_eq!(
                parsed.as_ref().ok().and_then(PassivePorts::range),
                expected,
                "{text}"
            );
            if let Ok(ports) = parsed {
                assert_eq!(
                    ports.to_string().parse::<PassivePorts>().unwrap().range(),
                    ports.range()
                );
            }
        }
    }
}
