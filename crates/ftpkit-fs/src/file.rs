//! Open files. Blocks are read and written in place, by position: a hop to another thread for
//! each would cost more than most of them.

use std::{
    fs::File as Local,
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use ftpkit_storage::{
    Committed, ErrorKind, File, LocalFile, Metadata, OpenOptions, Result, SetAttributes, Space,
    VirtualPath, check_apart, copy_blocks,
};

use crate::{
    builder::Durability,
    directory::{Inner, blocking},
    error::Context as _,
    metadata::describe_open,
    place::Place,
    sys,
    temporary::Temporary,
};

pub(crate) struct Open {
    // Closed before the upload's name is removed: not every system removes open files.
    file: Local,
    path: VirtualPath,
    inner: Arc<Inner>,
    readable: bool,
    role: Role,
}

enum Role {
    Reader,
    /// It has its name already; the directory is kept to be synchronised.
    InPlace {
        start: u64,
        made_in: Option<Place>,
    },
    Upload(Box<Upload>),
}

/// A file that gets its name at commit.
struct Upload {
    temporary: Temporary,
    place: Place,
    /// The name must still be free at commit.
    exclusive: Option<Reservation>,
    /// The mode that the file has until commit: its owner can open it, or nobody could clean it.
    held_mode: u32,
    /// The mode that it gets at commit, unless it is taken from what is replaced.
    made_mode: u32,
    /// The mode that the writer has set, which goes before both; or [`UNSET`].
    set_mode: AtomicU32,
}

/// No mode.
const UNSET: u32 = u32::MAX;
/// What an upload's owner can do until it is committed.
const OWNER: u32 = 0o600;

impl Upload {
    fn set_mode(&self) -> Option<u32> {
        Some(self.set_mode.load(Ordering::Relaxed)).filter(|&mode| mode != UNSET)
    }
}

/// Keeps a name from a second upload that must not replace anything.
pub(crate) struct Reservation {
    inner: Arc<Inner>,
    path: VirtualPath,
}

impl Reservation {
    pub(crate) fn take(inner: &Arc<Inner>, path: &VirtualPath) -> Result<Self, ErrorKind> {
        if inner.reserved().insert(path.clone()) {
            Ok(Self {
                inner: Arc::clone(inner),
                path: path.clone(),
            })
        } else {
            Err(ErrorKind::Exists)
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.inner.reserved().remove(&self.path);
    }
}

/// How much the system copies before others have their turn.
const COPIED_AT_ONCE: u64 = 64 * 1024 * 1024;

impl Open {
    pub(crate) fn reader(inner: &Arc<Inner>, path: &VirtualPath, file: Local) -> Self {
        Self::new(inner, path, file, Role::Reader, true)
    }

    pub(crate) fn in_place(
        inner: &Arc<Inner>,
        path: &VirtualPath,
        file: Local,
        start: u64,
        made_in: Option<Place>,
        readable: bool,
    ) -> Self {
        let role = Role::InPlace { start, made_in };
        Self::new(inner, path, file, role, readable)
    }

    /// A file under a temporary name, beside the name it will get.
    pub(crate) fn upload(
        inner: &Arc<Inner>,
        path: &VirtualPath,
        place: Place,
        replaced: Option<&cap_std::fs::Metadata>,
        exclusive: Option<Reservation>,
        options: &OpenOptions,
    ) -> io::Result<Self> {
        let made_mode = match replaced {
            Some(replaced) => sys::mode_of(replaced),
            None => inner.settings.new_mode(options),
        };
        // What is private stays so while it is being replaced.
        let (first, held_mode) = (replaced.map(|_| OWNER), made_mode | OWNER);
        let readable = options.is_readable();
        let (temporary, file, metadata) =
            Temporary::create(&place.dir, first.unwrap_or(held_mode), readable)?;
        if let Some(replaced) = replaced {
            sys::take_owner(&file, &metadata, replaced);
        }
        sys::set_file_mode(&file, &metadata, held_mode)?;
        let upload = Upload {
            temporary,
            place,
            exclusive,
            held_mode,
            made_mode,
            set_mode: AtomicU32::new(UNSET),
        };
        let role = Role::Upload(Box::new(upload));
        Ok(Self::new(inner, path, file, role, readable))
    }

    fn new(
        inner: &Arc<Inner>,
        path: &VirtualPath,
        file: Local,
        role: Role,
        readable: bool,
    ) -> Self {
        Self {
            file,
            path: path.clone(),
            inner: Arc::clone(inner),
            readable,
            role,
        }
    }

    pub(crate) const fn local(&self) -> &Local {
        &self.file
    }

    fn refuse<T>(&self, step: &'static str) -> Result<T> {
        Err(ErrorKind::Denied).on(&self.path, step)
    }

    /// Commits on the calling thread.
    pub(crate) fn commit_here(self) -> Result<Committed> {
        let durable = self.inner.settings.durability == Durability::Disk;
        let own = self.file.metadata().on(&self.path, "commit")?;
        self.commit_io(&own, durable).on(&self.path, "commit")?;
        if let Role::Upload(upload) = self.role {
            let Upload {
                temporary,
                place,
                exclusive,
                ..
            } = *upload;
            match exclusive {
                Some(_reserved) => temporary.rename_new(&place.name),
                None => temporary.rename(&place.name),
            }
            .on(&self.path, "commit")?;
            if durable {
                sys::sync_dir(&place.dir).on(&self.path, "commit")?;
            }
        }
        Ok(Committed::new(own.len()))
    }

    /// Lets the system copy as much as it can, and tells how much that was.
    async fn copy_local(
        &self,
        from: u64,
        length: Option<u64>,
        target: LocalFile<'_>,
        at: u64,
    ) -> Result<u64> {
        let source = Arc::new(self.file.try_clone().on(&self.path, "copy")?);
        let target = Arc::new(sys::own(target).on(&self.path, "copy")?);
        let mut done: u64 = 0;
        loop {
            let left = length.map_or(COPIED_AT_ONCE, |length| (length - done).min(COPIED_AT_ONCE));
            let place = |start: u64| start.checked_add(done);
            let (Some(from), Some(at), 1..) = (place(from), place(at), left) else {
                return Ok(done);
            };
            let (source, target) = (Arc::clone(&source), Arc::clone(&target));
            // Between two parts the whole can be given up.
            let part = blocking(move || sys::copy_part(&source, from, &target, at, left)).await?;
            match part.on(&self.path, "copy")? {
                0 => return Ok(done),
                part => done += part,
            }
        }
    }

    /// What is to be done before the file, of which this is known, gets its name.
    fn commit_io(&self, own: &std::fs::Metadata, durable: bool) -> io::Result<()> {
        match &self.role {
            Role::Reader => return Ok(()),
            Role::InPlace { made_in, .. } => {
                if durable && let Some(place) = made_in {
                    sys::sync_dir(&place.dir)?;
                }
            }
            Role::Upload(upload) => {
                let mut mode = upload.made_mode;
                if let Some(replaced) = upload.place.look()?
                    && upload.exclusive.is_none()
                    && replaced.is_file()
                {
                    sys::take_owner(&self.file, own, &replaced);
                    mode = sys::mode_of(&replaced);
                }
                let mode = upload.set_mode().unwrap_or(mode);
                if mode != upload.held_mode {
                    sys::set_file_mode(&self.file, own, mode)?;
                }
            }
        }
        if durable {
            self.file.sync_all()?;
        }
        Ok(())
    }
}

#[async_trait]
impl File for Open {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if !self.readable {
            return self.refuse("read");
        }
        sys::read_at(&self.file, offset, buf).on(&self.path, "read")
    }

    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        match self.role {
            Role::Reader => self.refuse("write"),
            _ => sys::write_at(&self.file, offset, data).on(&self.path, "write"),
        }
    }

    fn start(&self) -> u64 {
        match self.role {
            Role::InPlace { start, .. } => start,
            _ => 0,
        }
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        let waits = self.inner.settings.durability == Durability::Disk
            && !matches!(self.role, Role::Reader);
        if waits {
            blocking(move || self.commit_here()).await?
        } else {
            self.commit_here()
        }
    }

    async fn metadata(&self) -> Result<Metadata> {
        let metadata = self.file.metadata().on(&self.path, "stat")?;
        let mut metadata = describe_open(&metadata);
        if let (Role::Upload(upload), Some(mode)) = (&self.role, &mut metadata.mode) {
            *mode = upload.set_mode().unwrap_or(upload.made_mode);
        }
        Ok(metadata)
    }

    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        const STEP: &str = "set attributes of";
        if !sys::can_set(attributes, false) {
            return Err(ErrorKind::Unsupported).on(&self.path, STEP);
        }
        if let Some(size) = attributes.size {
            if let Role::Reader = self.role {
                return self.refuse(STEP);
            }
            self.file.set_len(size).on(&self.path, STEP)?;
        }
        let mut now = attributes.clone();
        if let Role::Upload(upload) = &self.role
            && let Some(mode) = now.mode.take()
        {
            upload.set_mode.store(mode & sys::PLAIN, Ordering::Relaxed);
        }
        sys::set_open_attributes(&self.file, &now).on(&self.path, STEP)
    }

    async fn sync(&self) -> Result<()> {
        let file = self.file.try_clone().on(&self.path, "sync")?;
        blocking(move || file.sync_all())
            .await?
            .on(&self.path, "sync")
    }

    async fn space(&self) -> Result<Space> {
        const STEP: &str = "ask for the space of";
        let space = sys::space(&self.file).on(&self.path, STEP)?;
        space.ok_or(ErrorKind::Unsupported).on(&self.path, STEP)
    }

    async fn copy_range(
        &self,
        from: u64,
        length: Option<u64>,
        to: &dyn File,
        at: u64,
    ) -> Result<u64> {
        check_apart(self, to).await.on(&self.path, "copy")?;
        if !self.readable {
            return self.refuse("copy");
        }
        let mut done = 0;
        if let Some(target) = to.as_local() {
            done = self.copy_local(from, length, target, at).await?;
        }
        let place = |start: u64| start.checked_add(done).ok_or(ErrorKind::Invalid);
        let (from, at) = (place(from), place(at));
        let (from, at) = (from.on(&self.path, "copy")?, at.on(&self.path, "copy")?);
        let left = length.map(|length| length - done);
        Ok(done + copy_blocks(self, from, left, to, at).await?)
    }

    fn as_local(&self) -> Option<LocalFile<'_>> {
        sys::lend(&self.file)
    }
}
