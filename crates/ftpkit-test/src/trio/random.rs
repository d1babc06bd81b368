//! Random sessions of a relay and two servers, each from a seed.

use std::time::Duration;

use ftpkit_proto::{
    client::{self, RelayConfig, Request, Side as End},
    server::{self, TlsPolicy},
};

use super::{Hosts, Trio};
use crate::{
    net::Conditions,
    store::{Answering, Store},
};

/// Numbers from a seed, the same everywhere (SplitMix64).
struct Chance(u64);

impl Chance {
    const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// True in one of so many cases.
    const fn one_of(&mut self, cases: u64) -> bool {
        self.below(cases) == 0
    }

    const fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }

    fn end(&mut self) -> End {
        match self.one_of(2) {
            true => End::Source,
            false => End::Destination,
        }
    }
}

fn conditions(chance: &mut Chance) -> Conditions {
    Conditions {
        fragment: chance.below(40) as usize,
        delay: chance.millis(50),
        data_delay: chance.millis(50),
        lose_data: chance.one_of(5).then(|| chance.below(6000) as usize),
        refuse: chance.below(3) as usize,
        ignore: chance.below(2) as usize,
        unbound: chance.below(2) as usize,
        stranger: chance.one_of(5),
        ..Conditions::default()
    }
}

fn answering(chance: &mut Chance) -> Vec<Answering> {
    let one = |chance: &mut Chance| match chance.below(9) {
        0 | 1 => Answering::After(chance.millis(200)),
        2 => Answering::After(Duration::from_secs(45)),
        _ => Answering::AtOnce,
    };
    (0..=chance.below(7)).map(|_| one(chance)).collect()
}

impl Trio {
    /// The session of this seed, from its logins to its end: some errands over some network,
    /// of which some are taken back, and connections that may be lost.
    ///
    /// # Panics
    /// When a rule of every session was broken, or what both servers have confirmed is not
    /// what the destination has; with the seed and the story.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        let chance = &mut Chance(seed);
        let content: Vec<u8> = (0..chance.below(6000)).map(|at| (at % 251) as u8).collect();
        let conditions = conditions(chance);
        let stores = [
            Store::new()
                .with_file("/f", &content[..])
                .answering(answering(chance)),
            Store::new().answering(answering(chance)),
        ];
        let mut relay = RelayConfig::default();
        relay.listens = chance.end();
        let mut server = server::Config::default();
        server.tls = TlsPolicy::Offered;
        server.dangerous_server_to_server = chance.one_of(2);
        let hosts =
            match chance.one_of(2) && (server.dangerous_server_to_server || chance.one_of(5)) {
                true => Hosts::Three,
                false => Hosts::One,
            };
        let mut client = client::Config::default();
        client.implicit_tls = chance.one_of(8);
        let mut trio = Self::of(hosts, conditions, stores, relay, client, &server);
        trio.tell(format_args!("seed {seed}"));
        let secured = chance.one_of(3);
        for end in End::ALL {
            if secured && !chance.one_of(20) {
                trio.submit(end, Request::Secure { protect_data: true });
            }
        }
        if chance.one_of(5) {
            trio.lose(chance.end(), chance.below(900) as usize);
        }
        trio.login();
        let mut errands = Vec::new();
        for number in 0..=chance.below(3) {
            let from = if chance.one_of(8) { "/none" } else { "/f" };
            let errand = trio.start(from, &format!("/g{number}"));
            errands.push(errand);
            let wait = chance.millis(3000);
            trio.wait(wait);
            if chance.one_of(3) {
                trio.abort(errand);
                if chance.one_of(5) {
                    trio.lose(chance.end(), chance.below(60) as usize);
                }
            }
        }
        trio.run();
        for (number, errand) in errands.into_iter().enumerate() {
            let stored = trio.store(End::Destination).file(&format!("/g{number}"));
            let as_told = !trio.is_transferred(errand) || stored == Some(&content[..]);
            assert!(as_told, "{errand:?} is not what was told\n{}", trio.story);
        }
        trio.finish();
        trio
    }
}
