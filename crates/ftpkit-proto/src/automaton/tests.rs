//! The tables say what they should, and are held to.

use std::{collections::BTreeSet, string::ToString, vec::Vec};

use super::{At, Taken, automata, automaton};
use crate::{Instant, Transitions, client, server};

automata! { Lamp Match }

#[derive(Debug, Default, PartialEq)]
enum Lamp {
    #[default]
    Off,
    On {
        bright: bool,
    },
}

automaton! { Lamp "lamp":;
    Off => On;
    On => Off On;
}

#[derive(Debug)]
enum Match {
    Struck,
    Burnt,
}

automaton! { Match "match": Struck;
    Struck => Burnt;
    Burnt => Over;
}

fn taken(taken: &Taken) -> Vec<std::string::String> {
    let transitions = taken.so_far();
    let all = transitions.iter().filter(|one| one.taken);
    all.map(|one| one.to_string()).collect()
}

#[test]
fn what_is_done_is_counted() {
    let account = Taken::of(AUTOMATA);
    let mut lamp = At::first(Lamp::Off, &account);
    assert!(taken(&account).is_empty());
    // To stay is nothing where the table does not have it.
    lamp.go(Lamp::Off);
    assert!(taken(&account).is_empty());
    assert_eq!(lamp.go(Lamp::On { bright: true }), Lamp::Off);
    assert_eq!(taken(&account), ["lamp: Off -> On"]);
    lamp.go(Lamp::On { bright: false });
    assert_eq!(taken(&account), ["lamp: Off -> On", "lamp: On -> On"]);
    // Lent and given back is no transition but this one; lent and kept is one.
    let lent = lamp.lend();
    lamp.go(lent);
    assert_eq!(taken(&account).len(), 2);
    let _kept = lamp.lend();
    lamp.settle();
    assert_eq!(taken(&account).len(), 3);

    let mut wood = At::begin(Match::Struck, &account);
    assert_eq!(taken(&account)[3..], ["match: - -> Struck"]);
    wood.go(Match::Burnt);
    drop(wood);
    let end = [
        "match: - -> Struck",
        "match: Struck -> Burnt",
        "match: Burnt -> -",
    ];
    assert_eq!(taken(&account)[3..], end);

    let mut all = account.so_far();
    let none = Taken::of(AUTOMATA).so_far();
    assert!(none.iter().all(|one| !one.taken));
    all.merge(&none);
    assert!(all.iter().all(|one| one.taken));
}

#[test]
#[should_panic(expected = "match: Burnt -> Struck is not in the table")]
fn what_is_not_legal_panics() {
    let mut wood = At::begin(Match::Struck, &Taken::of(AUTOMATA));
    wood.go(Match::Burnt);
    wood.go(Match::Struck);
}

#[test]
#[should_panic(expected = "match: Struck -> - is not in the table")]
fn an_end_that_is_not_legal_panics_when_it_is_asked_for() {
    let account = Taken::of(AUTOMATA);
    drop(At::begin(Match::Struck, &account));
    account.so_far();
}

/// No table has a transition twice, and each state can be come to and, but for the last, left.
#[test]
fn the_tables_of_both_roles_are_in_order() {
    let here = "192.0.2.9:40000".parse().unwrap();
    let now = Instant::START;
    let client = client::Connection::new(client::Config::default(), now, here);
    let config = alloc::sync::Arc::new(server::Config::default());
    let server = server::Connection::new(config, now, here, here);
    let check = |transitions: Transitions| {
        let all: Vec<_> = transitions.iter().collect();
        let named: BTreeSet<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), all.len(), "a transition stands there twice");
        let mut automata = BTreeSet::new();
        for one in all.chunk_by(|a, b| a.automaton == b.automaton) {
            let name = one[0].automaton;
            assert!(automata.insert(name), "{name} stands there twice");
            // Where it begins is left first, or entered from nowhere.
            let first = one[0].from;
            for transition in one {
                let from = transition.from;
                let entered = one
                    .iter()
                    .any(|other| other.to == from && other.from != from);
                assert!(entered || from == first, "{name} never comes to {from}");
            }
        }
        automata.len()
    };
    assert!(check(client.transitions()) > 5);
    assert!(check(server.transitions()) > 5);
}
