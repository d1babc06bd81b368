//! What an SFTP server knows of a file as a storage tells it, and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ftpkit_sftp::packet::{Attributes, FileType, Mode, Statvfs};
use ftpkit_storage::{ErrorKind, Kind, Metadata, Result, SetAttributes, Space};

/// What is known. Where the server does not say what it is, it is a file: nothing else can be
/// read and written.
pub(super) fn metadata(attributes: &Attributes) -> Metadata {
    let mut metadata = Metadata::new(match attributes.file_type() {
        Some(FileType::Regular) | None => Kind::File,
        Some(FileType::Directory) => Kind::Directory,
        Some(FileType::Symlink) => Kind::Symlink,
        Some(_) => Kind::Other,
    });
    metadata.size = attributes.size;
    metadata.mode = attributes.mode.map(Mode::permissions);
    metadata.uid = attributes.owner.map(|owner| owner.uid);
    metadata.gid = attributes.owner.map(|owner| owner.gid);
    metadata.accessed = attributes.times.map(|times| time(times.accessed));
    metadata.modified = attributes.times.map(|times| time(times.modified));
    metadata
}

/// Refuses what SFTP cannot set, before anything is changed.
pub(super) fn check_settable(wanted: &SetAttributes) -> Result<()> {
    let times = [wanted.accessed, wanted.modified];
    let is_told = |time: &SystemTime| seconds(*time).is_some();
    if wanted.created.is_some() || !times.iter().flatten().all(is_told) {
        return Err(ErrorKind::Unsupported.into());
    }
    Ok(())
}

/// Whether what is to be set cannot be said without knowing what is there: SFTP sets both times,
/// and both numbers of the owner, or none.
pub(super) fn needs_others(wanted: &SetAttributes) -> bool {
    wanted.accessed.is_some() != wanted.modified.is_some()
        || wanted.uid.is_some() != wanted.gid.is_some()
}

/// What is to be set, with the other halves of pairs from what is there.
pub(super) fn wire(wanted: &SetAttributes, there: &Attributes) -> Attributes {
    let mut wire = Attributes::default();
    wire.size = wanted.size;
    wire.mode = wanted.mode.map(|mode| Mode(mode & 0o7777));
    if wanted.uid.is_some() || wanted.gid.is_some() {
        let other = there.owner.unwrap_or_default();
        let (uid, gid) = (wanted.uid, wanted.gid);
        wire = wire.with_owner(uid.unwrap_or(other.uid), gid.unwrap_or(other.gid));
    }
    if wanted.accessed.is_some() || wanted.modified.is_some() {
        let accessed = wanted.accessed.and_then(seconds);
        let modified = wanted.modified.and_then(seconds);
        let other = there.times;
        // A server that knows no times gets the one that is known for both.
        let known = accessed.or(modified).unwrap_or_default();
        wire = wire.with_times(
            accessed.unwrap_or_else(|| other.map_or(known, |times| times.accessed)),
            modified.unwrap_or_else(|| other.map_or(known, |times| times.modified)),
        );
    }
    wire
}

/// The space of a file system.
pub(super) fn space(told: &Statvfs) -> Space {
    let unit = told.fragment_size;
    let bytes = |count: u64| count.saturating_mul(unit);
    let mut space = Space::new(bytes(told.blocks), bytes(told.blocks_available));
    space.free = Some(bytes(told.blocks_free));
    space.block_size = Some(told.block_size);
    space.fragment_size = Some(unit);
    space.files = Some(told.files);
    space.files_free = Some(told.files_free);
    space.files_available = Some(told.files_available);
    space.id = Some(told.id);
    space.read_only = Some(told.flags & Statvfs::READ_ONLY != 0);
    space.name_max = Some(told.name_max);
    space
}

fn time(seconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// Whole seconds since 1970; `None` outside of what 32 bits can hold.
fn seconds(time: SystemTime) -> Option<u32> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u32::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_filled_from_what_is_there() {
        let there = Attributes::default().with_owner(1, 2).with_times(3, 4);
        for (wanted, needs, expected) in [
            (SetAttributes::new(), false, Attributes::default()),
            (
                SetAttributes::new().mode(0o100_640).size(9),
                false,
                Attributes::default().with_size(9).with_mode(Mode(0o640)),
            ),
            (
                SetAttributes::new().modified(time(7)),
                true,
                Attributes::default().with_times(3, 7),
            ),
            (
                SetAttributes::new().accessed(time(7)),
                true,
                Attributes::default().with_times(7, 4),
            ),
            (
                SetAttributes::new().accessed(time(7)).modified(time(8)),
                false,
                Attributes::default().with_times(7, 8),
            ),
            (
                SetAttributes::new().owner(5, 6),
                false,
                Attributes::default().with_owner(5, 6),
            ),
        ] {
            assert_eq!(needs_others(&wanted), needs, "{wanted:?}");
            assert_eq!(wire(&wanted, &there), expected, "{wanted:?}");
        }
        let mut group = SetAttributes::new();
        group.gid = Some(9);
        assert!(needs_others(&group));
        let expected = Attributes::default().with_owner(1, 9);
        assert_eq!(wire(&group, &there), expected);
    }

    #[test]
    fn a_server_without_times_gets_both_alike() {
        let wanted = SetAttributes::new().modified(time(7));
        let expected = Attributes::default().with_times(7, 7);
        assert_eq!(wire(&wanted, &Attributes::default()), expected);
    }

    #[test]
    fn what_32_bits_cannot_hold_is_refused() {
        let last = time(u32::MAX);
        assert!(check_settable(&SetAttributes::new().modified(last)).is_ok());
        for wrong in [
            SetAttributes::new().modified(last + Duration::from_secs(1)),
            SetAttributes::new().accessed(UNIX_EPOCH - Duration::from_secs(1)),
            SetAttributes::new().created(last),
        ] {
            let error = check_settable(&wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{wrong:?}");
        }
    }
}
