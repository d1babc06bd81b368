//! Windows, and what it lacks: modes, owners, synchronised directories.

use std::{
    ffi::OsString,
    fs::{File, Metadata},
    io,
    path::Path,
};

use cap_std::fs::{Dir, OpenOptions};
use ftpkit_storage::{Capabilities, ErrorKind, LocalFile, SetAttributes, Space};

pub(crate) const CAPABILITIES: Capabilities = Capabilities::WRITE
    .union(Capabilities::IN_PLACE)
    .union(Capabilities::ANY_ORDER)
    .union(Capabilities::ATOMIC_REPLACE)
    .union(Capabilities::CREATED)
    .union(Capabilities::SYMLINKS)
    .union(Capabilities::MAKE_SYMLINKS)
    .union(Capabilities::HARD_LINKS)
    .union(Capabilities::COPY)
    .union(Capabilities::SYNC);

pub(crate) const fn kind(_: &io::Error) -> ErrorKind {
    ErrorKind::Other
}

pub(crate) const fn mode(_: &mut OpenOptions, _mode: u32) {}

pub(crate) const fn no_wait(_: &mut OpenOptions) {}

pub(crate) const fn is_unlinked(_: &Metadata) -> bool {
    false
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    use std::os::windows::fs::FileExt as _;
    match file.seek_read(buf, offset) {
        // The end of the file is an error there.
        Err(error) if error.raw_os_error() == Some(38) => Ok(0),
        done => done,
    }
}

#[cfg(windows)]
pub(crate) fn write_at(file: &File, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt as _;
    while !data.is_empty() {
        let len = file.seek_write(data, offset)?;
        if len == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        data = data.get(len..).unwrap_or_default();
        offset += len as u64;
    }
    Ok(())
}

/// Sequential positions belong to the handle there, so it stays with us.
pub(crate) const fn lend(_: &File) -> Option<LocalFile<'_>> {
    None
}

/// None is lent, so there is none to have.
#[cfg(windows)]
pub(crate) fn own(file: LocalFile<'_>) -> io::Result<File> {
    Ok(file.try_clone_to_owned()?.into())
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can")]
pub(crate) const fn copy_part(
    _: &File,
    _from: u64,
    _target: &File,
    _at: u64,
    _length: u64,
) -> io::Result<u64> {
    Ok(0)
}

pub(crate) fn rename_new(from: &Dir, old: &OsString, to: &Dir, new: &OsString) -> io::Result<()> {
    if to.symlink_metadata(new).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    from.rename(old, to, new)
}

#[expect(clippy::unnecessary_wraps, reason = "other systems have modes")]
pub(crate) const fn set_file_mode(_: &File, _made: &Metadata, _wanted: u32) -> io::Result<()> {
    Ok(())
}

pub(crate) fn create_dir(dir: &Dir, name: &OsString, _umask: u32) -> io::Result<()> {
    dir.create_dir(name)
}

pub(crate) const fn take_owner(_: &File, _own: &Metadata, _: &cap_std::fs::Metadata) {}

pub(crate) const fn mode_of(_: &cap_std::fs::Metadata) -> u32 {
    0
}

/// The bits that a file can have, of those that there are elsewhere.
pub(crate) const PLAIN: u32 = 0o1777;

pub(crate) const fn can_set(change: &SetAttributes, is_dir: bool) -> bool {
    let times = change.modified.is_some() || change.accessed.is_some();
    change.created.is_none()
        && change.mode.is_none()
        && change.uid.is_none()
        && change.gid.is_none()
        && !(times && is_dir)
}

pub(crate) fn set_open_attributes(file: &File, change: &SetAttributes) -> io::Result<()> {
    let mut times = std::fs::FileTimes::new();
    if let Some(at) = change.modified {
        times = times.set_modified(at);
    }
    if let Some(at) = change.accessed {
        times = times.set_accessed(at);
    }
    file.set_times(times)
}

pub(crate) fn set_attributes(
    dir: &Dir,
    name: &OsString,
    _is_dir: bool,
    change: &SetAttributes,
) -> io::Result<()> {
    let file = dir.open_with(name, OpenOptions::new().write(true))?;
    set_open_attributes(&file.into_std(), change)
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can")]
pub(crate) const fn set_link_attributes(
    _: &Dir,
    _: &OsString,
    _: &SetAttributes,
) -> io::Result<()> {
    Ok(())
}

pub(crate) const fn can_set_link(_: &SetAttributes) -> bool {
    false
}

#[expect(clippy::unnecessary_wraps, reason = "other systems tell")]
pub(crate) const fn space<T>(_: &T) -> io::Result<Option<Space>> {
    Ok(None)
}

#[expect(clippy::unnecessary_wraps, reason = "other systems can")]
pub(crate) const fn sync_dir(_: &Dir) -> io::Result<()> {
    Ok(())
}

pub(crate) fn symlink(dir: &Dir, target: &Path, name: &OsString) -> io::Result<()> {
    dir.symlink_file(target, Path::new(name))
}
