//! Entries to a NAME that fits into a packet.

use alloc::vec::Vec;

use super::{event::Entry, handles::Listing};
use crate::{LongName, packet::Name};

/// What a NAME takes beside its names: type, id and their number.
const HEAD: usize = 9;

impl Listing {
    /// Takes as many entries out as fit into a packet of `most` bytes. One that fits into none is
    /// left out, since nobody could be told of it.
    pub(super) fn fill(&mut self, most: usize) -> Vec<Name> {
        let room = most.saturating_sub(HEAD);
        let (mut names, mut used) = (Vec::new(), 0);
        while let Some(entry) = self.entries.front() {
            let name = name(entry, self.now);
            let length = name.wire_len();
            if length > room {
                self.entries.pop_front();
                continue;
            }
            if used + length > room {
                break;
            }
            used += length;
            names.push(name);
            self.entries.pop_front();
        }
        if self.entries.is_empty() {
            self.entries = Default::default();
        }
        names
    }
}

fn name(entry: &Entry, now: u64) -> Name {
    let line = LongName::new(&entry.name, &entry.attributes)
        .links(entry.links.max(1))
        .user(&entry.user)
        .group(&entry.group)
        .format(now);
    Name::new(entry.name.clone(), line, entry.attributes.clone())
}
