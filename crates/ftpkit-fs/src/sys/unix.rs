//! Unix: all that the standard library and cap-std leave to the system.

#[cfg(feature = "names")]
use std::os::unix::ffi::OsStrExt as _;
use std::{
    ffi::OsString,
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

#[cfg(feature = "names")]
use bytes::Bytes;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, Permissions, PermissionsExt as _};
use ftpkit_storage::{Capabilities, ErrorKind, LocalFile, SetAttributes, Space};
use rustix::{
    fs::{AtFlags, Gid, OFlags, StatVfsMountFlags, Timespec, Timestamps, UTIME_OMIT, Uid},
    io::Errno,
};

pub(crate) const CAPABILITIES: Capabilities = {
    let all = Capabilities::ALL
        .without(Capabilities::CHECKSUM)
        .without(Capabilities::SET_CREATED);
    if cfg!(feature = "names") {
        all
    } else {
        all.without(Capabilities::NAMES)
    }
};

/// The kind of an error that the standard library has no kind for.
pub(crate) fn kind(error: &io::Error) -> ErrorKind {
    match Errno::from_io_error(error) {
        Some(Errno::LOOP) => ErrorKind::NotFound,
        Some(Errno::NAMETOOLONG) => ErrorKind::InvalidName,
        // A queue without a reader, a socket.
        Some(Errno::NXIO) => ErrorKind::Denied,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => ErrorKind::Unavailable,
        _ => ErrorKind::Other,
    }
}

/// The mode to make a new file with, of which the process's umask takes its part.
pub(crate) fn mode(options: &mut OpenOptions, mode: u32) {
    options.mode(mode);
}

/// Opening must not wait for the other end of a queue, nor take a terminal.
pub(crate) fn no_wait(options: &mut OpenOptions) {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

pub(crate) fn is_unlinked(metadata: &Metadata) -> bool {
    metadata.nlink() == 0
}

pub(crate) fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read_at(buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

pub(crate) fn write_at(file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
    file.write_all_at(data, offset)
}

#[expect(clippy::unnecessary_wraps, reason = "not every system has descriptors")]
pub(crate) fn lend(file: &File) -> Option<LocalFile<'_>> {
    use std::os::fd::AsFd as _;
    Some(file.as_fd())
}

/// A descriptor of one's own for the same open file.
pub(crate) fn own(file: LocalFile<'_>) -> io::Result<File> {
    Ok(file.try_clone_to_owned()?.into())
}

/// Copies at most `length` bytes between two open files within the system, and tells how many
/// that were: 0 at the end, and where the system cannot.
pub(crate) fn copy_part(
    source: &File,
    from: u64,
    target: &File,
    at: u64,
    length: u64,
) -> io::Result<u64> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let (mut from, mut at) = (from, at);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        loop {
            let copied =
                rustix::fs::copy_file_range(source, Some(&mut from), target, Some(&mut at), length);
            match copied {
                Err(Errno::INTR) => {}
                Ok(copied) => return Ok(copied as u64),
                Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG | Errno::IO)) => {
                    return Err(error.into());
                }
                // Reading and writing works, or says what is wrong.
                Err(_) => return Ok(0),
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (source, from, target, at, length);
        Ok(0)
    }
}

/// Renames to a name that is free.
pub(crate) fn rename_new(from: &Dir, old: &OsString, to: &Dir, new: &OsString) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(from, old, to, new, RenameFlags::NOREPLACE) {
            // Not every file system can.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
    }
    if to.symlink_metadata(new).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    from.rename(old, to, new)
}

/// Gives a file its mode, if it has another one now: the process's umask may have taken its part.
pub(crate) fn set_file_mode(file: &File, made: &Metadata, wanted: u32) -> io::Result<()> {
    if made.mode() & 0o7777 != wanted {
        file.set_permissions(std::fs::Permissions::from_mode(wanted))?;
    }
    Ok(())
}

/// Makes a directory with a mode that does not depend on the process's umask.
pub(crate) fn create_dir(dir: &Dir, name: &OsString, umask: u32) -> io::Result<()> {
    use cap_std::fs::DirBuilderExt as _;
    let wanted = 0o777 & !umask;
    let mut builder = cap_std::fs::DirBuilder::new();
    builder.mode(wanted);
    dir.create_dir_with(name, &builder)?;
    let made = cap_std::fs::MetadataExt::mode(&dir.symlink_metadata(name)?);
    if made & 0o777 != wanted {
        // What the directory above hands down stays.
        let mode = made & 0o7000 | wanted;
        dir.set_permissions(name, Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Gives a replacement to the owner of the replaced file. Only the superuser can; for others the
/// file changes hands, as it would by a rename.
pub(crate) fn take_owner(file: &File, own: &Metadata, replaced: &cap_std::fs::Metadata) {
    use cap_std::fs::MetadataExt as Replaced;
    let (uid, gid) = (Replaced::uid(replaced), Replaced::gid(replaced));
    if (own.uid(), own.gid()) != (uid, gid) {
        let _ = std::os::unix::fs::fchown(file, Some(uid), Some(gid));
    }
}

/// The mode that what replaces this file gets.
pub(crate) fn mode_of(replaced: &cap_std::fs::Metadata) -> u32 {
    cap_std::fs::MetadataExt::mode(replaced) & PLAIN
}

/// The bits that a file can have: to run with its owner's rights is nothing to upload.
pub(crate) const PLAIN: u32 = 0o1777;

/// Changes all but the size of an open file.
pub(crate) fn set_open_attributes(file: &File, change: &SetAttributes) -> io::Result<()> {
    if change.uid.is_some() || change.gid.is_some() {
        std::os::unix::fs::fchown(file, change.uid, change.gid)?;
    }
    if let Some(mode) = change.mode {
        file.set_permissions(std::fs::Permissions::from_mode(mode & PLAIN))?;
    }
    if let Some(times) = times(change) {
        rustix::fs::futimens(file, &times)?;
    }
    Ok(())
}

/// Changes all but the size of what has this name and is no symbolic link.
pub(crate) fn set_attributes(
    dir: &Dir,
    name: &OsString,
    is_dir: bool,
    change: &SetAttributes,
) -> io::Result<()> {
    if change.uid.is_some() || change.gid.is_some() {
        let (uid, gid) = (change.uid.map(Uid::from_raw), change.gid.map(Gid::from_raw));
        rustix::fs::chownat(dir, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if let Some(mode) = change.mode {
        let bits = if is_dir { 0o7777 } else { PLAIN };
        dir.set_permissions(name, Permissions::from_mode(mode & bits))?;
    }
    if let Some(times) = times(change) {
        rustix::fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Changes a symbolic link itself.
pub(crate) fn set_link_attributes(
    dir: &Dir,
    name: &OsString,
    change: &SetAttributes,
) -> io::Result<()> {
    if change.uid.is_some() || change.gid.is_some() {
        let (uid, gid) = (change.uid.map(Uid::from_raw), change.gid.map(Gid::from_raw));
        rustix::fs::chownat(dir, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    if let Some(times) = times(change) {
        rustix::fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

/// Whether this system can change all of this of a symbolic link, which has no mode that counts.
pub(crate) const fn can_set_link(change: &SetAttributes) -> bool {
    change.created.is_none() && change.size.is_none() && change.mode.is_none()
}

/// Whether this system can change all of this.
pub(crate) const fn can_set(change: &SetAttributes, _is_dir: bool) -> bool {
    change.created.is_none()
}

fn times(change: &SetAttributes) -> Option<Timestamps> {
    if change.modified.is_none() && change.accessed.is_none() {
        return None;
    }
    Some(Timestamps {
        last_access: timespec(change.accessed),
        last_modification: timespec(change.modified),
    })
}

fn timespec(at: Option<SystemTime>) -> Timespec {
    let Some(at) = at else {
        return Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        };
    };
    let (seconds, nanos) = match at.duration_since(UNIX_EPOCH) {
        Ok(after) => (whole(after), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            match before.subsec_nanos() {
                0 => (-whole(before), 0),
                nanos => (-whole(before) - 1, 1_000_000_000 - nanos),
            }
        }
    };
    Timespec {
        tv_sec: seconds,
        tv_nsec: nanos.into(),
    }
}

fn whole(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn space(of: impl std::os::fd::AsFd) -> io::Result<Option<Space>> {
    let stat = rustix::fs::fstatvfs(of)?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    let mut space = Space::new(bytes(stat.f_blocks), bytes(stat.f_bavail));
    space.free = Some(bytes(stat.f_bfree));
    space.block_size = Some(stat.f_bsize);
    space.fragment_size = Some(stat.f_frsize);
    space.files = Some(stat.f_files);
    space.files_free = Some(stat.f_ffree);
    space.files_available = Some(stat.f_favail);
    space.id = Some(stat.f_fsid);
    space.read_only = Some(stat.f_flag.contains(StatVfsMountFlags::RDONLY));
    space.name_max = Some(stat.f_namemax);
    Ok(Some(space))
}

/// The name of a user.
#[cfg(feature = "names")]
pub(crate) fn user(id: u32) -> Option<Bytes> {
    uzers::get_user_by_uid(id).map(|user| Bytes::copy_from_slice(user.name().as_bytes()))
}

/// The name of a group.
#[cfg(feature = "names")]
pub(crate) fn group(id: u32) -> Option<Bytes> {
    uzers::get_group_by_gid(id).map(|group| Bytes::copy_from_slice(group.name().as_bytes()))
}

/// Synchronises a directory, so that its names survive a loss of power.
pub(crate) fn sync_dir(dir: &Dir) -> io::Result<()> {
    // The descriptor of a `Dir` may be one that only stands for a path.
    dir.open(".")?.sync_all()
}

pub(crate) fn symlink(dir: &Dir, target: &std::path::Path, name: &OsString) -> io::Result<()> {
    dir.symlink(target, std::path::Path::new(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_count_from_the_second_below() {
        for (nanos, expected) in [
            (0, (0, 0)),
            (-1, (-1, 999_999_999)),
            (-1_000_000_000, (-1, 0)),
            (-1_500_000_000, (-2, 500_000_000)),
            (2_000_000_003, (2, 3)),
        ] {
            let distance = Duration::from_nanos(i64::unsigned_abs(nanos));
            let at = if nanos < 0 {
                UNIX_EPOCH - distance
            } else {
                UNIX_EPOCH + distance
            };
            let spec = timespec(Some(at));
            assert_eq!((spec.tv_sec, spec.tv_nsec), expected, "{nanos}");
        }
    }
}
