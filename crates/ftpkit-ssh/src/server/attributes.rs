//! Attributes of SFTP from what a storage knows, and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ftpkit_sftp::{
    packet::{Attributes, FileType, Mode, Statvfs},
    server::Entry,
};
use ftpkit_storage::{Kind, Metadata, SetAttributes, Space};

/// What is shown where a storage knows no permissions: all may read, and its owner write.
const fn usual_permissions(kind: Kind) -> u32 {
    match kind {
        Kind::Directory => 0o755,
        Kind::Symlink => 0o777,
        _ => 0o644,
    }
}

/// What a client is told of a file. Type, size, owner and times are always there: clients look
/// at the mode to tell directories from files, and some take what is missing for an error.
pub(super) fn told(metadata: &Metadata) -> Attributes {
    let file_type = match metadata.kind {
        Kind::File => FileType::Regular,
        Kind::Directory => FileType::Directory,
        Kind::Symlink => FileType::Symlink,
        _ => FileType::CharacterDevice,
    };
    let permissions = metadata
        .mode
        .unwrap_or_else(|| usual_permissions(metadata.kind));
    let modified = seconds(metadata.modified);
    let accessed = metadata.accessed.map_or(modified, |at| seconds(Some(at)));
    Attributes::default()
        .with_size(metadata.size.unwrap_or(0))
        .with_owner(metadata.uid.unwrap_or(0), metadata.gid.unwrap_or(0))
        .with_mode(file_type.with_permissions(permissions))
        .with_times(accessed, modified)
}

/// An entry of a directory.
pub(super) fn entry(entry: ftpkit_storage::Entry) -> Entry {
    let metadata = entry.metadata;
    let mut told = Entry::new(entry.name, told(&metadata));
    told.links = metadata.links.unwrap_or(0);
    told.user = metadata.owner.unwrap_or_default();
    told.group = metadata.group.unwrap_or_default();
    told
}

/// What a client wants set. Names of extended attributes are ignored, as OpenSSH does.
pub(super) fn wanted(attributes: &Attributes) -> SetAttributes {
    let mut wanted = SetAttributes::new();
    wanted.size = attributes.size;
    wanted.mode = attributes.mode.map(Mode::permissions);
    if let Some(owner) = attributes.owner {
        wanted = wanted.owner(owner.uid, owner.gid);
    }
    if let Some(times) = attributes.times {
        wanted = wanted
            .accessed(time(times.accessed))
            .modified(time(times.modified));
    }
    wanted
}

/// The unit in which space is told where the storage knows none.
const FRAGMENT: u64 = 4096;

/// The space of a storage, as `statvfs@openssh.com` tells it. What is unknown is zero.
pub(super) fn told_space(space: &Space) -> Statvfs {
    let unit = space.fragment_size.unwrap_or(FRAGMENT).max(1);
    let mut told = Statvfs::default();
    told.fragment_size = unit;
    told.block_size = space.block_size.unwrap_or(unit);
    told.blocks = space.total / unit;
    told.blocks_available = space.available / unit;
    told.blocks_free = space.free.unwrap_or(space.available) / unit;
    told.files = space.files.unwrap_or(0);
    told.files_free = space.files_free.or(space.files_available).unwrap_or(0);
    told.files_available = space.files_available.unwrap_or(told.files_free);
    told.id = space.id.unwrap_or(0);
    if space.read_only == Some(true) {
        told.flags |= Statvfs::READ_ONLY;
    }
    told.name_max = space.name_max.unwrap_or(255);
    told
}

fn time(seconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// Seconds since 1970, within what 32 bits can hold.
fn seconds(time: Option<SystemTime>) -> u32 {
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let since = since.unwrap_or_default().as_secs();
    u32::try_from(since).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_known_is_told() {
        let mut metadata = Metadata::file(42);
        metadata.mode = Some(0o4755);
        (metadata.uid, metadata.gid) = (Some(7), Some(8));
        metadata.modified = Some(time(1_000));
        metadata.accessed = Some(time(u32::MAX) + Duration::from_secs(9));
        let expected = Attributes::default()
            .with_size(42)
            .with_owner(7, 8)
            .with_mode(Mode(0o104_755))
            .with_times(u32::MAX, 1_000);
        assert_eq!(told(&metadata), expected);
    }

    #[test]
    fn what_is_unknown_gets_a_usual_value() {
        for (kind, mode) in [
            (Kind::File, 0o100_644),
            (Kind::Directory, 0o040_755),
            (Kind::Symlink, 0o120_777),
            (Kind::Other, 0o020_644),
        ] {
            let told = told(&Metadata::new(kind));
            let expected = Attributes::default()
                .with_size(0)
                .with_owner(0, 0)
                .with_mode(Mode(mode))
                .with_times(0, 0);
            assert_eq!(told, expected, "{kind:?}");
        }
        let mut metadata = Metadata::file(0);
        metadata.modified = Some(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(
            told(&metadata).times,
            Some(Default::default()),
            "before 1970"
        );
    }

    #[test]
    fn space_is_told_in_its_unit() {
        let mut space = Space::new(10_000, 5_000);
        let told = told_space(&space);
        assert_eq!(
            (told.fragment_size, told.blocks, told.blocks_free),
            (4096, 2, 1)
        );
        assert_eq!((told.flags, told.name_max), (0, 255));
        (space.fragment_size, space.free) = (Some(1000), Some(6_000));
        (space.read_only, space.files_available) = (Some(true), Some(3));
        let told = told_space(&space);
        assert_eq!(
            (told.blocks, told.blocks_free, told.blocks_available),
            (10, 6, 5)
        );
        assert_eq!((told.files_free, told.files_available), (3, 3));
        assert_eq!(told.flags, Statvfs::READ_ONLY);
    }

    #[test]
    fn what_is_wanted_is_set_and_nothing_else() {
        assert!(wanted(&Attributes::default()).is_empty());
        let all = Attributes::default()
            .with_size(1)
            .with_owner(2, 3)
            .with_mode(Mode(0o100_640))
            .with_times(4, 5);
        let expected = SetAttributes::new()
            .size(1)
            .owner(2, 3)
            .mode(0o640)
            .accessed(time(4))
            .modified(time(5));
        assert_eq!(wanted(&all), expected);
    }
}
