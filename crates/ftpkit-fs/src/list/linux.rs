//! Directories on Linux: a buffer full of names for each call of the system, and one more call
//! for what is known of each name.

use std::{
    ffi::{CStr, OsStr},
    io,
    mem::MaybeUninit,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::{Buf as _, Bytes};
use cap_std::fs::Dir;
use ftpkit_storage::{Kind, Metadata};
use rustix::{
    fs::{
        AtFlags, FileType, Mode, OFlags, RawDir, Statx, StatxFlags, StatxTimestamp, makedev,
        openat, statx,
    },
    io::Errno,
};

use crate::metadata::describe;

/// Reads the names of a directory.
pub(super) struct Reader {
    file: OwnedFd,
    /// Grows behind the first page, which is all there is of most directories.
    buffer: Vec<MaybeUninit<u8>>,
    full: usize,
}

/// What a name of usual length takes in a buffer; the longest take 280.
const NAME: usize = 32;
/// How many names the first page has.
const FIRST: usize = 256;

impl Reader {
    /// For about so many names at a time.
    pub(super) fn open(dir: &Dir, names: usize) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let file = openat(dir, c".", flags, Mode::empty())?;
        let full = names.max(16) * NAME;
        let buffer = vec![MaybeUninit::uninit(); full.min(FIRST * NAME)];
        Ok(Self { file, buffer, full })
    }

    /// Gives the names that come next to `each`; `false` at the end.
    pub(super) fn names(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
        self.read(|name| each(name.to_bytes()))
    }

    /// Likewise for what is to be known of them; `false` at the end.
    pub(super) fn batch(&mut self) -> io::Result<(Batch, bool)> {
        let mut text = Vec::with_capacity(self.buffer.len() / 2);
        let mut names = 0;
        let more = self.read(|name| {
            text.extend_from_slice(name.to_bytes_with_nul());
            names += 1;
        })?;
        let text = Bytes::from(text);
        Ok((Batch { text, names }, more))
    }

    fn read(&mut self, mut each: impl FnMut(&CStr)) -> io::Result<bool> {
        let mut names = RawDir::new(&self.file, &mut self.buffer);
        loop {
            match names.next() {
                None => return Ok(false),
                Some(entry) => {
                    let entry = entry?;
                    let name = entry.file_name();
                    if !matches!(name.to_bytes(), b"." | b"..") {
                        each(name);
                    }
                }
            }
            if names.is_buffer_empty() {
                self.buffer.resize(self.full, MaybeUninit::uninit());
                return Ok(true);
            }
        }
    }
}

/// Names that were read, to be looked at.
pub(super) struct Batch {
    /// Each with a zero behind it.
    text: Bytes,
    names: usize,
}

impl Batch {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.names
    }

    /// Gives each name with what is known of it, of links themselves. The names share their
    /// memory.
    pub(super) fn look(mut self, dir: &Dir, mut each: impl FnMut(Bytes, io::Result<Metadata>)) {
        while let Ok(name) = CStr::from_bytes_until_nul(&self.text) {
            let (length, known) = (name.count_bytes(), look(dir, name));
            each(self.text.split_to(length), known);
            self.text.advance(1);
        }
    }
}

/// What is known of a name in an open directory, without following it.
fn look(dir: &Dir, name: &CStr) -> io::Result<Metadata> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    match statx(dir, name, flags, wanted) {
        Ok(known) => Ok(described(&known)),
        // An old system, or one that forbids the call.
        Err(Errno::NOSYS | Errno::PERM) => {
            let known = dir.symlink_metadata(OsStr::from_bytes(name.to_bytes()));
            known.map(|known| describe(&known))
        }
        Err(error) => Err(error.into()),
    }
}

#[inline]
fn described(known: &Statx) -> Metadata {
    let mode = u32::from(known.stx_mode);
    let mut metadata = Metadata::new(match FileType::from_raw_mode(mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Other,
    });
    metadata.size = Some(known.stx_size);
    metadata.modified = time(known.stx_mtime);
    metadata.accessed = time(known.stx_atime);
    let has_created = known.stx_mask & StatxFlags::BTIME.bits() != 0;
    metadata.created = time(known.stx_btime).filter(|_| has_created);
    metadata.mode = Some(mode & 0o7777);
    metadata.uid = Some(known.stx_uid);
    metadata.gid = Some(known.stx_gid);
    metadata.links = Some(u64::from(known.stx_nlink));
    let device = makedev(known.stx_dev_major, known.stx_dev_minor);
    metadata.unique = Some((device, known.stx_ino));
    metadata
}

/// `None` where this program's clock cannot go.
fn time(at: StatxTimestamp) -> Option<SystemTime> {
    let seconds = Duration::from_secs(at.tv_sec.unsigned_abs());
    let whole = if at.tv_sec < 0 {
        UNIX_EPOCH.checked_sub(seconds)
    } else {
        UNIX_EPOCH.checked_add(seconds)
    };
    whole?.checked_add(Duration::from_nanos(u64::from(at.tv_nsec)))
}
