//! How many tickets of TLS 1.3 the client of a control connection has left, as far as the server
//! knows, and so how many it is to get.
//! What belongs elsewhere: what a ticket is worth (`binding`).

/// How many tickets a handshake gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supply {
    /// One, for the one that it uses.
    One,
    /// As many as a client should have. Some use a ticket once, and never read those that come
    /// over data connections to which they only send.
    Full,
}

impl Supply {
    pub(super) const fn tickets(self) -> usize {
        match self {
            Self::One => 1,
            Self::Full => 4,
        }
    }
}

/// The tickets of one control connection.
#[derive(Debug, Default)]
pub(super) struct Stock {
    /// How many the client has for certain.
    held: usize,
    /// Those of the handshake that is under way, or was last, and those of the one before it, as
    /// long as nobody knows whether they are read.
    last: Option<Given>,
    before: Option<Given>,
}

#[derive(Debug)]
struct Given {
    handshake: u64,
    supply: Supply,
}

impl Stock {
    /// What this handshake gives, which begins. A client that may run short gets all it should
    /// have. Whether it reads them is not known yet.
    pub(super) fn gives(&mut self, handshake: u64) -> Supply {
        let runs_short = self.held.saturating_add(1) < Supply::Full.tickets();
        let supply = if runs_short {
            Supply::Full
        } else {
            Supply::One
        };
        self.before = self.last.replace(Given { handshake, supply });
        supply
    }

    /// The tickets of the last handshake are read for certain.
    pub(super) fn delivered(&mut self) {
        let given = self.last.take();
        self.add(given);
    }

    /// The client has shown a ticket of this handshake: it has read what came with it.
    pub(super) fn shown(&mut self, handshake: u64) {
        let of_before = |given: &mut Given| given.handshake == handshake;
        let given = self.before.take_if(of_before);
        self.add(given);
        self.held = self.held.saturating_sub(1);
    }

    fn add(&mut self, given: Option<Given>) {
        let tickets = given.map_or(0, |given| given.supply.tickets());
        self.held = self.held.saturating_add(tickets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Supply::{Full, One};

    /// A client with all it should have.
    fn stocked() -> Stock {
        let mut stock = Stock::default();
        assert_eq!(stock.gives(0), Full);
        stock.delivered();
        stock
    }

    /// How many tickets each of these data connections gave to a client that uses each ticket
    /// once, the newest first; and how many it had then. It reads over some of them.
    fn row(reads: &[bool]) -> Vec<(Supply, usize)> {
        let mut stock = stocked();
        let mut has = vec![0; Full.tickets()];
        let mut row = Vec::new();
        for (handshake, reads) in (1..).zip(reads) {
            let given = stock.gives(handshake);
            if let Some(of) = has.pop() {
                stock.shown(of);
            }
            if *reads {
                has.extend(vec![handshake; given.tickets()]);
            }
            row.push((given, has.len()));
        }
        row
    }

    #[test]
    fn one_that_reads_gets_one_for_each() {
        // Over connections from which it has to read.
        let mut stock = stocked();
        for handshake in 1..100 {
            assert_eq!(stock.gives(handshake), One);
            stock.shown(handshake - 1);
            stock.delivered();
        }
        // Over others, which is known when it shows what they gave.
        assert_eq!(row(&[true; 100]), [(One, 4); 100]);
    }

    #[test]
    fn one_that_does_not_read_gets_all_as_soon_as_it_runs_short() {
        let row = row(&[false, false, false, true, true]);
        assert_eq!(row, [(One, 3), (One, 2), (Full, 1), (Full, 4), (Full, 7)]);
    }

    #[test]
    fn one_without_any_gets_all() {
        let mut stock = Stock::default();
        assert_eq!(stock.gives(1), Full);
        assert_eq!(stock.gives(2), Full, "nobody knows whether it reads");
        stock.shown(7);
        assert_eq!(stock.gives(3), Full, "a ticket that is not known");
        stock.delivered();
        assert_eq!(stock.gives(4), One);
        stock.delivered();
        stock.delivered();
        (0..2).for_each(|_| stock.shown(4));
        assert_eq!(stock.gives(5), One, "it has three");
        stock.shown(4);
        assert_eq!(stock.gives(6), Full);
    }
}
