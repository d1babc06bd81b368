//! Which dialect a listing is of: points while the first lines wait, and a second thought for
//! every line that the dialect in force does not read. The rules stand in the module above.

use alloc::{boxed::Box, vec::Vec};

use bytes::Bytes;

use super::{Context, Dialect, Entry, Miss, ReadLine, Weight};

/// A dialect at work on a listing.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) dialect: Dialect,
    reader: Box<dyn ReadLine>,
    points: u64,
}

/// What a dialect makes of a line, and how much that speaks for it.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) dialect: Dialect,
    pub(super) result: Result<Entry, Miss>,
    pub(super) weight: Weight,
}

impl Reader {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            reader: dialect.reader(),
            points: 0,
        }
    }

    pub(super) fn read(&mut self, line: &Bytes, context: &Context) -> Reading {
        let result = self.reader.read(line, context);
        let weight = match &result {
            Ok(_) => self.reader.weight(line),
            Err(Miss::Skip(reason)) => reason.weight(),
            Err(Miss::Unparsed(_)) => Weight::NONE,
        };
        Reading {
            dialect: self.dialect,
            result,
            weight,
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
    pub(super) fn score(&mut self, line: &Bytes, context: &Context) {
        for reader in &mut self.readers {
            let weight = reader.read(line, context).weight;
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
}

/// The dialect in force and, once they were needed, all the others.
#[derive(Debug)]
pub(super) struct Readers {
    pub(super) chosen: Reader,
    rivals: Vec<Reader>,
}

impl Readers {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            chosen: Reader::new(dialect),
            rivals: Vec::new(),
        }
    }

    /// Reads a line in the dialect in force; in another one, which is in force from then on,
    /// where only that one reads it surely.
    pub(super) fn read(&mut self, line: &Bytes, context: &Context) -> Reading {
        let reading = self.chosen.read(line, context);
        if reading.weight >= Weight::FORM {
            return reading;
        }
        if self.rivals.is_empty() {
            let others = Dialect::ALL.iter().copied();
            let others = others.filter(|dialect| *dialect != reading.dialect);
            self.rivals = others.map(Reader::new).collect();
        }
        let mut best: Option<(usize, Reading)> = None;
        for (at, rival) in self.rivals.iter_mut().enumerate() {
            let other = rival.read(line, context);
            if other.weight > best.as_ref().map_or(Weight::NONE, |(_, best)| best.weight) {
                best = Some((at, other));
            }
        }
        let Some((at, other)) = best else {
            return reading;
        };
        if other.weight >= Weight::FORM {
            if let Some(rival) = self.rivals.get_mut(at) {
                core::mem::swap(&mut self.chosen, rival);
            }
            return other;
        }
        // The first of two lines is not enough to change over, but it is no riddle either.
        let unknown = reading.result == Err(Miss::UNKNOWN);
        if unknown && other.result.is_err() {
            return other;
        }
        reading
    }
}
