//! How many tickets of TLS 1.3 the client of a control connection has left, as far as the server
//! knows, and so how many it is to get.
//! What belongs elsewhere: what a ticket is worth (`binding`).

/// How many tickets a handshake gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Supply {
    /// One, for the one that it uses.
    One,
    /// Several. Some clients use a ticket once, and never read those that come over data
    /// connections to which they only send.
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

/// How many a client has in hand that gets one at a time: what it is given at first, and what it
/// keeps of that when it has used one of them. Many keep no more than eight.
const ENOUGH: usize = 2 * Supply::Full.tickets() - 1;

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
    /// What this handshake gives, which begins. Whether it is read is not known yet.
    pub(super) fn gives(&mut self, handshake: u64) -> Supply {
        let supply = match self.held {
            ..ENOUGH => Supply::Full,
            _ => Supply::One,
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

    /// A client that has got its first tickets, over the control connection.
    fn started() -> Stock {
        let mut stock = Stock::default();
        assert_eq!(stock.gives(0), Full);
        stock.delivered();
        stock
    }

    /// What each of these data connections gave to a client that uses each ticket once, the newest
    /// first; and how many it had then. It reads over some of them, which is told for downloads.
    fn row(ways: &[Way]) -> Vec<(Supply, usize)> {
        let mut stock = started();
        let mut has = vec![0; Full.tickets()];
        let mut row = Vec::new();
        for (handshake, way) in (1..).zip(ways) {
            let given = stock.gives(handshake);
            stock.shown(has.pop().expect("it can resume"));
            if *way != Way::Unread {
                has.extend(vec![handshake; given.tickets()]);
            }
            if *way == Way::Download {
                stock.delivered();
            }
            assert!(stock.held <= has.len(), "{row:?}");
            row.push((given, has.len()));
        }
        row
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Way {
        Download,
        /// An upload, over which it reads.
        Read,
        /// And one over which it does not.
        Unread,
    }
    use Way::{Download, Read, Unread};

    #[test]
    fn one_that_reads_gets_one_for_each_when_it_has_enough() {
        let row_of = |way| row(&[way; 100]);
        assert_eq!(row_of(Download)[..2], [(Full, 7), (One, 7)]);
        assert_eq!(row_of(Download)[2..], [(One, 7); 98]);
        // That it reads over uploads is known when it shows what they gave.
        assert_eq!(row_of(Read)[..3], [(Full, 7), (Full, 10), (Full, 13)]);
        assert_eq!(row_of(Read)[3..], [(One, 13); 97]);
    }

    #[test]
    fn one_that_does_not_read_while_it_uploads_has_enough_from_its_downloads() {
        let cycle = [Unread, Unread, Unread, Download];
        let rounds = row(&cycle.repeat(20));
        assert!(
            rounds[3..]
                .iter()
                .step_by(4)
                .all(|after| *after == (Full, 4))
        );
        // Behind many downloads it can do more in a row.
        let ways = [&[Download; 50][..], &[Unread; 7]].concat();
        assert_eq!(row(&ways)[56], (Full, 0));
    }

    #[test]
    fn one_without_any_gets_all() {
        let mut stock = Stock::default();
        assert_eq!(stock.gives(1), Full);
        assert_eq!(stock.gives(2), Full, "nobody knows whether it reads");
        stock.shown(7);
        assert_eq!(stock.gives(3), Full, "a ticket that is not known");
        stock.delivered();
        stock.delivered();
        assert_eq!(stock.gives(4), Full, "they are counted once");
        stock.delivered();
        assert_eq!(stock.gives(5), One);
    }
}
