//! Which way to a data connection a transfer tries next, and what a connection remembers of it
//! (RFC 959 sec. 3.3, RFC 1639, RFC 2428). Nothing here sends, listens or connects.

use super::config::{Config, DataMode};
use crate::features::Features;

/// A way to a data connection, by its command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Epsv,
    Pasv,
    Lpsv,
    Eprt,
    Port,
    Lprt,
}

impl Way {
    pub(super) const ALL: [Self; 6] = [
        Self::Epsv,
        Self::Pasv,
        Self::Lpsv,
        Self::Eprt,
        Self::Port,
        Self::Lprt,
    ];

    /// Its command.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Epsv => "EPSV",
            Self::Pasv => "PASV",
            Self::Lpsv => "LPSV",
            Self::Eprt => "EPRT",
            Self::Port => "PORT",
            Self::Lprt => "LPRT",
        }
    }

    /// Whether the server listens.
    pub(super) const fn is_passive(self) -> bool {
        matches!(self, Self::Epsv | Self::Pasv | Self::Lpsv)
    }
}

/// What was seen to work on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Worked {
    /// The command that led to a connection at last.
    pub(super) passive: Option<Way>,
    /// The command that the server took at last.
    pub(super) active: Option<Way>,
    /// Whether the last connection that was made is the server's; none: none was made.
    pub(super) called: Option<bool>,
}

impl Worked {
    /// The server took the command, or was reached at the address that it told.
    pub(super) const fn did(&mut self, way: Way) {
        if way.is_passive() {
            self.passive = Some(way);
            self.called = Some(false);
        } else {
            self.active = Some(way);
        }
    }

    /// The server has called.
    pub(super) const fn called(&mut self) {
        self.called = Some(true);
    }

    /// With what was seen on an earlier connection, where this one has not shown it.
    pub(super) fn or(self, before: Self) -> Self {
        Self {
            passive: self.passive.or(before.passive),
            active: self.active.or(before.active),
            called: self.called.or(before.called),
        }
    }
}

/// What a plan is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grounds<'a> {
    pub(super) config: &'a Config,
    pub(super) worked: Worked,
    /// What an earlier connection has seen.
    pub(super) before: Worked,
    pub(super) features: Option<&'a Features>,
    /// Whether EPSV ALL is in force.
    pub(super) only_epsv: bool,
    /// Whether the server's address is of IPv4.
    pub(super) peer_v4: bool,
    /// Whether the address that this side announces is of IPv4.
    pub(super) own_v4: bool,
}

/// The ways that a transfer tries, each once.
#[derive(Debug, Default)]
pub(super) struct Plan {
    now: Option<Way>,
    left: [Option<Way>; 4],
}

type Half = [Option<Way>; 2];

impl Plan {
    pub(super) fn new(grounds: Grounds<'_>) -> Self {
        let passive = grounds.passive();
        let active = grounds.active();
        let left = match grounds.config.data_mode {
            // No other way is allowed, whatever this side would rather do.
            _ if grounds.only_epsv => chain([Some(Way::Epsv), None], [None; 2]),
            DataMode::Passive => chain(passive, [None; 2]),
            DataMode::Active => chain(active, [None; 2]),
            DataMode::Auto if grounds.worked.or(grounds.before).called == Some(true) => {
                chain(active, passive)
            }
            DataMode::Auto => chain(passive, active),
        };
        Self { now: None, left }
    }

    /// The way that is tried now.
    pub(super) const fn way(&self) -> Option<Way> {
        self.now
    }

    /// Whether there is another one.
    pub(super) fn has_more(&self) -> bool {
        self.left.iter().any(Option::is_some)
    }

    /// Turns to the next way.
    pub(super) fn turn(&mut self) -> Option<Way> {
        self.now = self.left.iter_mut().find_map(Option::take);
        self.now
    }

    /// Drops the ways that differ from the present one in their command only; whether there
    /// are others.
    pub(super) fn skip_alike(&mut self) -> bool {
        let passive = self.now.map(Way::is_passive);
        for way in &mut self.left {
            way.take_if(|way| Some(way.is_passive()) == passive);
        }
        self.has_more()
    }

    /// Drops all that are left.
    pub(super) fn forget(&mut self) {
        self.left = [None; 4];
    }
}

impl Grounds<'_> {
    /// PASV has no form for an IPv6 address.
    fn passive(&self) -> Half {
        let old = match self.peer_v4 {
            true => Some(Way::Pasv),
            false => self.config.long_addresses.then_some(Way::Lpsv),
        };
        let listed = self.lists(Features::epsv);
        order(
            Way::Epsv,
            old,
            listed,
            self.worked.passive,
            self.before.passive,
        )
    }

    /// PORT has none either.
    fn active(&self) -> Half {
        let old = match self.own_v4 {
            true => Some(Way::Port),
            false => self.config.long_addresses.then_some(Way::Lprt),
        };
        let listed = self.lists(Features::eprt);
        order(
            Way::Eprt,
            old,
            listed,
            self.worked.active,
            self.before.active,
        )
    }

    /// Whether the server lists the command, or lists nothing at all.
    fn lists(&self, feature: fn(&Features) -> bool) -> bool {
        self.features
            .is_none_or(|features| features.is_empty() || feature(features))
    }
}

/// The present form and the old one of a command, what worked in front. What stands before
/// that has failed on this connection, and is left out; what failed on an earlier one comes last.
fn order(
    present: Way,
    old: Option<Way>,
    listed: bool,
    worked: Option<Way>,
    before: Option<Way>,
) -> Half {
    let half = match old {
        Some(old @ (Way::Pasv | Way::Port)) if !listed => [Some(old), Some(present)],
        _ => [Some(present), old],
    };
    match half {
        [_, second @ Some(_)] if second == worked => [second, None],
        [first, second @ Some(_)] if worked.is_none() && second == before => [second, first],
        half => half,
    }
}

const fn chain(first: Half, second: Half) -> [Option<Way>; 4] {
    let ([a, b], [c, d]) = (first, second);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;
    use std::vec::Vec;

    const PASV: [Way; 2] = [Way::Epsv, Way::Pasv];
    const PORT: [Way; 2] = [Way::Eprt, Way::Port];

    fn ways(grounds: Grounds<'_>) -> Vec<Way> {
        let mut plan = Plan::new(grounds);
        core::iter::from_fn(|| plan.turn()).collect()
    }

    fn grounds(config: &Config) -> Grounds<'_> {
        Grounds {
            config,
            worked: Worked::default(),
            before: Worked::default(),
            features: None,
            only_epsv: false,
            peer_v4: true,
            own_v4: true,
        }
    }

    fn config(mode: DataMode, long: bool) -> Config {
        Config {
            data_mode: mode,
            long_addresses: long,
            ..Config::default()
        }
    }

    #[test]
    fn by_mode_and_family() {
        use Way::{Eprt, Epsv, Lprt, Lpsv, Pasv, Port};
        for (mode, v4, long, expected) in [
            (DataMode::Passive, true, false, &[Epsv, Pasv][..]),
            (DataMode::Passive, true, true, &[Epsv, Pasv]),
            (DataMode::Passive, false, false, &[Epsv]),
            (DataMode::Passive, false, true, &[Epsv, Lpsv]),
            (DataMode::Active, true, false, &[Eprt, Port]),
            (DataMode::Active, false, false, &[Eprt]),
            (DataMode::Active, false, true, &[Eprt, Lprt]),
            (DataMode::Auto, true, false, &[Epsv, Pasv, Eprt, Port]),
            (DataMode::Auto, false, false, &[Epsv, Eprt]),
            (DataMode::Auto, false, true, &[Epsv, Lpsv, Eprt, Lprt]),
        ] {
            let config = config(mode, long);
            let grounds = Grounds {
                peer_v4: v4,
                own_v4: v4,
                ..grounds(&config)
            };
            assert_eq!(ways(grounds), expected, "{mode:?} {v4} {long}");
            let only_epsv = Grounds {
                only_epsv: true,
                ..grounds
            };
            assert_eq!(ways(only_epsv), [Epsv], "{mode:?} {v4} {long}");
        }
    }

    #[test]
    fn what_worked_is_remembered() {
        let auto = config(DataMode::Auto, false);
        let mut grounds = grounds(&auto);
        grounds.worked.did(Way::Epsv);
        assert_eq!(ways(grounds), [PASV, PORT].concat());
        grounds.worked.did(Way::Port);
        assert_eq!(ways(grounds), [Way::Epsv, Way::Pasv, Way::Port]);
        grounds.worked.called();
        assert_eq!(ways(grounds), [Way::Port, Way::Epsv, Way::Pasv]);
        grounds.worked.did(Way::Pasv);
        assert_eq!(ways(grounds), [Way::Pasv, Way::Port]);
    }

    #[test]
    fn what_worked_before_comes_first_and_what_failed_last() {
        let auto = config(DataMode::Auto, false);
        let mut grounds = grounds(&auto);
        grounds.before.did(Way::Pasv);
        grounds.before.did(Way::Port);
        grounds.before.called();
        let expected = [Way::Port, Way::Eprt, Way::Pasv, Way::Epsv];
        assert_eq!(ways(grounds), expected);
        // What this connection shows counts more.
        grounds.worked.did(Way::Epsv);
        assert_eq!(
            ways(grounds),
            [PASV.as_slice(), &[Way::Port, Way::Eprt]].concat()
        );
    }

    #[test]
    fn what_is_not_listed_comes_second() {
        let auto = config(DataMode::Auto, false);
        let listing = |lines: &'static [&'static str]| -> Features {
            lines.iter().map(|line| Text::from_static(line)).collect()
        };
        for (features, expected) in [
            (listing(&[]), [PASV, PORT].concat()),
            (listing(&["EPSV", "EPRT"]), [PASV, PORT].concat()),
            (
                listing(&["SIZE"]),
                [Way::Pasv, Way::Epsv, Way::Port, Way::Eprt].to_vec(),
            ),
        ] {
            let grounds = Grounds {
                features: Some(&features),
                ..grounds(&auto)
            };
            assert_eq!(ways(grounds), expected);
            // Over IPv6 there is no old form to begin with.
            let long = config(DataMode::Auto, true);
            let v6 = Grounds {
                config: &long,
                peer_v4: false,
                own_v4: false,
                ..grounds
            };
            let expected = [Way::Epsv, Way::Lpsv, Way::Eprt, Way::Lprt];
            assert_eq!(ways(v6), expected);
        }
    }

    #[test]
    fn ways_alike_are_skipped_together() {
        let auto = config(DataMode::Auto, false);
        let mut plan = Plan::new(grounds(&auto));
        assert_eq!(plan.way(), None);
        assert_eq!(plan.turn(), Some(Way::Epsv));
        assert!(plan.skip_alike());
        assert_eq!(plan.turn(), Some(Way::Eprt));
        assert!(plan.has_more());
        assert!(!plan.skip_alike());
        assert!(!plan.has_more());
        assert_eq!(plan.turn(), None);
        let mut plan = Plan::new(grounds(&auto));
        plan.forget();
        assert_eq!(plan.turn(), None);
    }
}
