//! Which dialect a listing is of: points while the first lines wait, and a second thought for
//! every line that the dialect in force does not read. The rules stand in the module above.

use alloc::{boxed::Box, vec::Vec};

use super::{Context, Dialect, Entry, Miss, ReadLine, Weight};

/// A dialect at work on a listing.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) dialect: Dialect,
    reader: Box<dyn ReadLine>,
    points: u64,
}

impl Reader {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            reader: dialect.reader(),
            points: 0,
        }
    }

    /// Reads a line into an entry of which nothing is told, and tells how much that speaks for
    /// the dialect. The line itself is still to be put into it.
    #[inline]
    pub(super) fn read(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
    ) -> (Result<(), Miss>, Weight) {
        match self.reader.read_into(entry, line, context) {
            Ok(weight) => {
                entry.dialect = Some(self.dialect);
                (Ok(()), weight)
            }
            Err(Miss::Skip(reason)) => (Err(Miss::Skip(reason)), reason.weight()),
            Err(miss) => (Err(miss), Weight::NONE),
        }
    }
}

/// Readers of all dialects over the lines that wait.
#[derive(Debug)]
pub(super) struct Sample {
    readers: Vec<Reader>,
}

impl Sample {
    pub(super) fn new() -> Self {
        let readers = Dialect::ALL.iter().copied().map(Reader::new).collect();
        Self { readers }
    }

    /// Gives every dialect its points for a line.
    pub(super) fn score(&mut self, line: &[u8], context: &Context) {
        for reader in &mut self.readers {
            let (_, weight) = reader.read(&mut Entry::blank(), line, context);
            reader.points = reader.points.saturating_add(weight.0.into());
        }
    }

    /// The first of those with the most points, if any has at least so many.
    pub(super) fn best(&self, least: Weight) -> Option<Dialect> {
        let mut best: Option<&Reader> = None;
        for reader in &self.readers {
            if reader.points > best.map_or(0, |best| best.points) {
                best = Some(reader);
            }
        }
        best.filter(|best| best.points >= least.0.into())
            .map(|best| best.dialect)
    }

    /// Puts a dialect in force, for the lines that waited and those behind them.
    pub(super) fn choose(self, dialect: Dialect) -> Readers {
        let mut readers = self.readers.into_iter();
        let known = readers.find(|reader| reader.dialect == dialect);
        let mut readers = known.map_or_else(|| Readers::new(dialect), Readers::of);
        readers.chosen.reader.rewind();
        readers
    }
}

/// The dialect in force and, once they were needed, all the others.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) chosen: Reader,
    rivals: Vec<Reader>,
}

impl Readers {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self::of(Reader::new(dialect))
    }

    fn of(chosen: Reader) -> Self {
        Self {
            chosen,
            rivals: Vec::new(),
        }
    }

    /// Reads a line in the dialect in force; in another one, which is in force from then on,
    /// where only that one reads it surely, unless the dialect was told.
    #[inline]
    pub(super) fn read(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
        is_told: bool,
    ) -> Result<(), Miss> {
        let (result, weight) = self.chosen.read(entry, line, context);
        if weight >= Weight::FORM || is_told {
            return result;
        }
        self.ask_rivals(entry, line, context, result)
    }

    #[cold]
    fn ask_rivals(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
        result: Result<(), Miss>,
    ) -> Result<(), Miss> {
        if self.rivals.is_empty() {
            let others = Dialect::ALL.iter().copied();
            let others = others.filter(|dialect| *dialect != self.chosen.dialect);
            self.rivals = others.map(Reader::new).collect();
        }
        let mut best = None;
        let mut most = Weight::NONE;
        for rival in &mut self.rivals {
            let mut other = Entry::blank();
            let (result, weight) = rival.read(&mut other, line, context);
            if weight > most {
                most = weight;
                best = Some((rival, result, other));
            }
        }
        match best {
            Some((rival, other, read)) if most >= Weight::FORM => {
                core::mem::swap(&mut self.chosen, rival);
                *entry = read;
                other
            }
            // The first of two lines is not enough to change over, but it is no riddle either.
            Some((_, Err(known), _)) if result == Err(Miss::UNKNOWN) => Err(known),
            _ => result,
        }
    }
}
