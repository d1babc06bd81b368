//! Every length and number that a peer can write: what fits is read as it is, and what does not
//! is refused. Nothing wraps, and nothing is cut.
//!
//! Each field is one [`Field`] of a table; every number of [`numbers`] is put into each.

mod commands;
mod listings;
mod replies;
mod times;

use std::fmt;

/// A place for a number in a command, a reply, a listing, or elsewhere.
struct Field {
    name: &'static str,
    /// The smallest and the largest number that may stand there.
    least: u128,
    most: u128,
    /// Puts the number there and gives what was read.
    read: Read,
}

type Read = Box<dyn Fn(u128) -> Option<u128>>;

const U64: u128 = u64::MAX as u128;

fn field(
    name: &'static str,
    least: u128,
    most: u128,
    read: impl Fn(u128) -> Option<u128> + 'static,
) -> Field {
    let read = Box::new(read);
    Field {
        name,
        least,
        most,
        read,
    }
}

/// All to 2^16, and three around every power of 2 to 2^65 and of 10 to 10^20. Under miri, which
/// is some hundred times slower, those where widths end.
fn numbers() -> Vec<u128> {
    let powers: Vec<u128> = if cfg!(miri) {
        [8, 16, 32, 64, 65].map(|n| 1 << n).into()
    } else {
        let twos = (0..=65).map(|n| 1 << n);
        twos.chain((0..=20).map(|n| 10u128.pow(n))).collect()
    };
    let (all, around) = if cfg!(miri) { (1, 1) } else { (1 << 16, 3) };
    let mut numbers: Vec<u128> = (0..=all).collect();
    for power in powers {
        numbers.extend(power.saturating_sub(around)..=power + around);
    }
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Puts every number into every field.
fn check(fields: &[Field]) {
    let numbers = numbers();
    for field in fields {
        for number in &numbers {
            let fits = (field.least..=field.most).contains(number);
            let found = (field.read)(*number);
            assert_eq!(found, fits.then_some(*number), "{}: {number}", field.name);
        }
    }
}

/// The text with the number in place of its `#`.
fn with(template: &str, number: impl fmt::Display) -> String {
    template.replace('#', &number.to_string())
}

#[test]
fn the_numbers_are_those_that_matter() {
    let numbers = numbers();
    for number in [0, 1, 255, 256, 65_535, 65_536, U64, U64 + 1, (1 << 65) + 1] {
        assert!(numbers.contains(&number), "{number}");
    }
}
