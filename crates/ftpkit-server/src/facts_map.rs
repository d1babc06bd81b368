//! From a storage's metadata to the facts of the protocol, and times both ways. The facts'
//! wire form is the core's matter.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use ftpkit_proto::{
    Text,
    facts::{FactSet, Facts, Kind, Perm},
    time::Timestamp,
};
use ftpkit_storage::{Capabilities, Kind as StorageKind, Metadata, Storage};

const EPOCH: Timestamp = match Timestamp::from_unix(0, 0) {
    Some(epoch) => epoch,
    None => panic!("1970 has a wire form"),
};

/// What the present user may do at all, as the storage's capabilities tell; `perm` is made of
/// it (RFC 3659 sec. 7.5.5).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    file: Perm,
    directory: Perm,
    root: Perm,
}

impl Rights {
    pub(crate) fn of(storage: &Arc<dyn Storage>) -> Self {
        Self::new(storage.capabilities())
    }

    fn new(capabilities: Capabilities) -> Self {
        let (mut file, mut root) = (Perm::RETRIEVE, Perm::ENTER | Perm::LIST);
        let mut directory = root;
        if capabilities.contains(Capabilities::WRITE) {
            file |= Perm::DELETE | Perm::RENAME | Perm::STORE;
            if capabilities.contains(Capabilities::IN_PLACE) {
                file |= Perm::APPEND;
            }
            root |= Perm::CREATE | Perm::MAKE_DIRECTORY | Perm::PURGE;
            directory = root | Perm::DELETE | Perm::RENAME;
        }
        Self {
            file,
            directory,
            root,
        }
    }

    fn perm(self, kind: StorageKind, is_root: bool) -> Perm {
        match kind {
            StorageKind::Directory if is_root => self.root,
            StorageKind::Directory => self.directory,
            _ => self.file,
        }
    }
}

/// What LIST shows of these facts.
pub(crate) const LONG: FactSet = FactSet::TYPE
    .union(FactSet::SIZE)
    .union(FactSet::MODIFY)
    .union(FactSet::UNIX_MODE)
    .union(FactSet::UNIX_OWNER)
    .union(FactSet::UNIX_GROUP);

/// Makes the facts of many files: none that nobody wants to see, and what they have in common
/// once.
#[derive(Debug)]
pub(crate) struct FactsMap {
    rights: Rights,
    wanted: FactSet,
    owner: Number,
    group: Number,
}

impl FactsMap {
    pub(crate) fn new(rights: Rights, wanted: FactSet) -> Self {
        Self {
            rights,
            wanted,
            owner: Number::default(),
            group: Number::default(),
        }
    }

    /// The facts of a file; `is_root` for the root directory, which nobody renames or deletes.
    pub(crate) fn facts(&mut self, metadata: &Metadata, is_root: bool) -> Facts {
        let wants = |fact| self.wanted.contains(fact);
        let mut facts = Facts::default();
        facts.kind = Some(match metadata.kind {
            StorageKind::File => Kind::File,
            StorageKind::Directory => Kind::Directory,
            StorageKind::Symlink => Kind::Symlink,
            _ => Kind::Other,
        });
        facts.size = metadata.size;
        facts.modified = metadata.modified.and_then(timestamp);
        if wants(FactSet::CREATE) {
            facts.created = metadata.created.and_then(timestamp);
        }
        facts.perm = Some(self.rights.perm(metadata.kind, is_root));
        if wants(FactSet::UNIQUE) {
            facts.unique = metadata
                .unique
                .and_then(|(device, file)| unique(device, file));
        }
        facts.mode = metadata
            .mode
            .and_then(|mode| u16::try_from(mode & 0o7777).ok());
        if wants(FactSet::UNIX_OWNER) {
            facts.owner = self.owner.or_name(metadata.owner.as_ref(), metadata.uid);
        }
        if wants(FactSet::UNIX_GROUP) {
            facts.group = self.group.or_name(metadata.group.as_ref(), metadata.gid);
        }
        facts.links = metadata.links;
        facts.target = metadata
            .target
            .as_ref()
            .and_then(|target| Text::new(target.clone()).ok());
        facts
    }
}

/// What tells a file from all others: `DEVICEgFILE`, both hexadecimal.
fn unique(device: u64, file: u64) -> Option<Text> {
    let mut text = Vec::with_capacity(2 * 16 + 1);
    hexadecimal(&mut text, device);
    text.push(b'g');
    hexadecimal(&mut text, file);
    Text::new(text).ok()
}

/// Formatting in the usual way is what costs most in a line of MLSD.
fn hexadecimal(text: &mut Vec<u8>, number: u64) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4).max(1);
    text.extend((0..digits).rev().map(|place| {
        // Cannot truncate: a digit.
        let digit = (number >> (4 * place) & 15) as u8;
        digit + if digit < 10 { b'0' } else { b'a' - 10 }
    }));
}

/// All facts of a file; `is_root` for the root directory, which nobody renames or deletes.
pub(crate) fn facts(metadata: &Metadata, rights: Rights, is_root: bool) -> Facts {
    FactsMap::new(rights, FactSet::ALL).facts(metadata, is_root)
}

/// The number of a user or a group that was shown last: most files of a directory have the same.
#[derive(Debug, Default)]
struct Number {
    number: u32,
    text: Option<Text>,
}

impl Number {
    /// The name where it is known and can stand in a line, else the number.
    fn or_name(&mut self, name: Option<&Bytes>, number: Option<u32>) -> Option<Text> {
        if let Some(Ok(name)) = name.map(|name| Text::new(name.clone())) {
            return Some(name);
        }
        let number = number?;
        if self.text.is_none() || self.number != number {
            self.number = number;
            self.text = Text::try_from(number.to_string()).ok();
        }
        self.text.clone()
    }
}

/// The time of a clock that a wire form exists for; of one that is not set, the start of 1970.
pub(crate) fn now() -> Timestamp {
    timestamp(SystemTime::now()).unwrap_or(EPOCH)
}

/// `None` outside the years that have a wire form.
pub(crate) fn timestamp(time: SystemTime) -> Option<Timestamp> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => {
            Timestamp::from_unix(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())
        }
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).ok()?.checked_neg()?;
            match before.subsec_nanos() {
                0 => Timestamp::from_unix(seconds, 0),
                nanos => Timestamp::from_unix(seconds.checked_sub(1)?, 1_000_000_000 - nanos),
            }
        }
    }
}

/// `None` where the system cannot hold the time.
pub(crate) fn system_time(time: Timestamp) -> Option<SystemTime> {
    let seconds = Duration::from_secs(time.unix_seconds().unsigned_abs());
    let whole = if time.unix_seconds() < 0 {
        UNIX_EPOCH.checked_sub(seconds)
    } else {
        UNIX_EPOCH.checked_add(seconds)
    };
    whole?.checked_add(Duration::from_nanos(u64::from(time.nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_the_same() {
        for (seconds, nanos) in [
            (0, 0),
            (1, 1),
            (-1, 0),
            (-1, 999_999_999),
            (1_700_000_000, 123_000_000),
            (-62_167_219_200, 0),
            (253_402_300_799, 0),
        ] {
            let time = Timestamp::from_unix(seconds, nanos).unwrap();
            // A system whose clock cannot go there says so.
            if let Some(system) = system_time(time) {
                assert_eq!(timestamp(system), Some(time));
            }
        }
        let far = UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40));
        assert_eq!(far.and_then(timestamp), None);
    }

    #[test]
    fn what_is_unique_is_hexadecimal() {
        for (device, file) in [(0, 0), (0x1f, 10), (9, 16), (u64::MAX, 1 << 63), (15, 0xa0)] {
            let expected = Text::try_from(format!("{device:x}g{file:x}")).unwrap();
            assert_eq!(unique(device, file), Some(expected));
        }
    }

    #[test]
    fn what_cannot_be_written_is_not_permitted() {
        let all = Rights::new(Capabilities::ALL);
        let none = Rights::new(Capabilities::NONE);
        let (file, directory) = (Metadata::file(1), Metadata::directory());
        let perm = |metadata, rights, root| facts(metadata, rights, root).perm.unwrap();
        assert_eq!(perm(&file, none, false), Perm::RETRIEVE);
        assert_eq!(perm(&directory, none, false), Perm::ENTER | Perm::LIST);
        assert!(perm(&file, all, false).contains(Perm::APPEND | Perm::DELETE | Perm::STORE));
        assert!(perm(&directory, all, false).contains(Perm::DELETE | Perm::PURGE));
        assert!(!perm(&directory, all, true).contains(Perm::DELETE));
        assert!(!perm(&directory, all, true).contains(Perm::RENAME));
        let in_one_go = Rights::new(Capabilities::WRITE);
        assert!(!perm(&file, in_one_go, false).contains(Perm::APPEND));
    }

    #[test]
    fn names_come_before_numbers_and_what_breaks_a_line_is_left_out() {
        let mut metadata = Metadata::new(StorageKind::Symlink);
        metadata.uid = Some(1000);
        metadata.group = Some(Bytes::from_static(b"staff"));
        metadata.gid = Some(50);
        metadata.target = Some(Bytes::from_static(b"a\r\nb"));
        metadata.mode = Some(0o120_777);
        let facts = facts(&metadata, Rights::new(Capabilities::NONE), false);
        assert_eq!(facts.owner, Some(Text::from_static("1000")));
        assert_eq!(facts.group, Some(Text::from_static("staff")));
        assert_eq!(facts.target, None);
        assert_eq!(facts.mode, Some(0o777));
    }
}
