//! The transfer parameters, and what one command leaves behind for the next.

use alloc::boxed::Box;

use super::OutOfOrder;
use crate::{
    automaton::{At, Taken, automaton},
    command::{ByteRange, HashAlgorithm, Row},
    facts::FactSet,
    text::PathArg,
};

/// The representation type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Type {
    /// A N, as RFC 959 sec. 5.1 has it at the start.
    #[default]
    Ascii,
    Image,
}

automaton! { Type "type":;
    Ascii => Image;
    Image => Ascii;
}

/// Which part of the file the next transfer means: REST's marker, or RANG's range.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Restart {
    #[default]
    Unset,
    From(Part),
}

automaton! { Restart "restart":;
    Unset => From;
    From => Unset;
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Part {
    /// REST: all from this offset on, which is not 0.
    Rest(u64),
    /// RANG.
    Range(ByteRange),
}

/// The first half of a command in two halves.
#[derive(Clone, Debug, Default)]
pub(super) enum Rename {
    #[default]
    Unset,
    /// RNFR or SITE CPFR named this.
    /// Boxed, since few sessions ever rename.
    From(Half, Box<PathArg>),
}

automaton! { Rename "rename":;
    Unset => From;
    From => Unset;
}

/// Which second half may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Half {
    /// RNTO.
    Rename,
    /// SITE CPTO.
    Copy,
}

/// Which commands may arrange a data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Arrangement {
    #[default]
    Any,
    /// EPSV ALL was sent.
    OnlyEpsv,
}

automaton! { Arrangement "arrangement":;
    Any => OnlyEpsv;
    OnlyEpsv => ;
}

/// The transfer parameters, and what one command leaves behind for the next.
#[derive(Debug)]
pub(in crate::server) struct Parameters {
    representation: At<Type>,
    facts: FactSet,
    arrangement: At<Arrangement>,
    restart: At<Restart>,
    rename: At<Rename>,
    /// ALLO's size.
    allocated: Option<u64>,
    /// What OPTS HASH chose.
    hash: Option<HashAlgorithm>,
}

impl Parameters {
    /// The defaults.
    pub(in crate::server) fn new(taken: &Taken) -> Self {
        Self {
            representation: At::first(Type::default(), taken),
            facts: FactSet::ALL,
            arrangement: At::first(Arrangement::default(), taken),
            restart: At::first(Restart::default(), taken),
            rename: At::first(Rename::default(), taken),
            allocated: None,
            hash: None,
        }
    }

    /// Back to the defaults (AUTH, REIN); EPSV ALL holds as long as the connection does.
    pub(in crate::server) fn reset(&mut self) {
        self.representation.go(Type::default());
        self.facts = FactSet::ALL;
        self.restart.go(Restart::default());
        self.rename.go(Rename::default());
        self.allocated = None;
        self.hash = None;
    }

    /// A command of this row begins: what it does not use is void. RNFR's name is for RNTO
    /// alone, CPFR's for CPTO, which SITE looks after itself. The part of a file is for a
    /// transfer, RANG's for HASH too, and outlives the commands that set its data connection
    /// up, since clients send them on either side of REST and a marker that is lost in silence
    /// ruins a file. ALLO's size is for an upload, and outlives all that prepares one.
    pub(in crate::server) fn begin(&mut self, row: Row) {
        if !matches!(row, Row::Rnto | Row::Site) {
            self.rename.go(Rename::Unset);
        }
        let arranges = matches!(
            row,
            Row::Port | Row::Pasv | Row::Eprt | Row::Epsv | Row::Lprt | Row::Lpsv | Row::Pret
        );
        let stores = matches!(row, Row::Stor | Row::Appe | Row::Stou);
        let by_range = matches!(self.restart.state(), Restart::From(Part::Range(_)));
        if !(arranges || stores || row == Row::Retr || row == Row::Hash && by_range) {
            self.restart.go(Restart::Unset);
        }
        if !(arranges || stores || matches!(row, Row::Type | Row::Rest)) {
            self.allocated = None;
        }
    }

    pub(in crate::server) const fn is_ascii(&self) -> bool {
        matches!(self.representation.state(), Type::Ascii)
    }

    pub(in crate::server) fn set_ascii(&mut self, ascii: bool) {
        self.representation
            .go(if ascii { Type::Ascii } else { Type::Image });
    }

    pub(in crate::server) const fn facts(&self) -> FactSet {
        self.facts
    }

    pub(in crate::server) const fn set_facts(&mut self, facts: FactSet) {
        self.facts = facts;
    }

    pub(in crate::server) const fn is_epsv_all(&self) -> bool {
        matches!(self.arrangement.state(), Arrangement::OnlyEpsv)
    }

    pub(in crate::server) fn set_epsv_all(&mut self) {
        self.arrangement.go(Arrangement::OnlyEpsv);
    }

    /// REST; 0 is the same as none.
    pub(in crate::server) fn set_marker(&mut self, marker: u64) {
        if marker > 0 {
            self.restart.go(Restart::From(Part::Rest(marker)));
        }
    }

    /// RANG.
    pub(in crate::server) fn set_range(&mut self, range: ByteRange) {
        self.restart.go(Restart::From(Part::Range(range)));
    }

    pub(in crate::server) fn take_part(&mut self) -> Option<Part> {
        match self.restart.go(Restart::Unset) {
            Restart::Unset => None,
            Restart::From(part) => Some(part),
        }
    }

    /// RNFR or CPFR was answered: the other half may come.
    pub(in crate::server) fn set_half(&mut self, half: Half, from: PathArg) {
        self.rename.go(Rename::From(half, Box::new(from)));
    }

    /// What the first half named; whatever it was is void now.
    pub(in crate::server) fn take_half(&mut self, half: Half) -> Result<PathArg, OutOfOrder> {
        match self.rename.go(Rename::Unset) {
            Rename::From(first, from) if first == half => Ok(*from),
            Rename::From(..) | Rename::Unset => Err(OutOfOrder),
        }
    }

    /// ALLO.
    pub(in crate::server) const fn allocate(&mut self, bytes: Option<u64>) {
        self.allocated = bytes;
    }

    /// How many bytes ALLO has announced.
    pub(in crate::server) const fn allocated(&self) -> Option<u64> {
        self.allocated
    }

    /// How many bytes ALLO announced for the upload that begins.
    pub(in crate::server) const fn take_allocated(&mut self) -> Option<u64> {
        self.allocated.take()
    }

    /// What OPTS HASH chose.
    pub(in crate::server) const fn hash(&self) -> Option<HashAlgorithm> {
        self.hash
    }

    /// OPTS HASH.
    pub(in crate::server) const fn set_hash(&mut self, algorithm: HashAlgorithm) {
        self.hash = Some(algorithm);
    }
}
