//! Open files. Blocks are read and written in place, by position: a hop to another thread for
//! each would cost more than most of them.

use std::{
    fs::File as Local,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use ftpkit_storage::{
    Committed, ErrorKind, File, LocalFile, Metadata, Result, SetAttributes, VirtualPath,
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
    /// The writer set the mode, so it is not taken from what is replaced.
    mode_set: AtomicBool,
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

impl Open {
    pub(crate) fn reader(inner: &Arc<Inner>, path: &VirtualPath, file: Local) -> Self {
        Self::new(inner, path, file, Role::Reader)
    }

    pub(crate) fn in_place(
        inner: &Arc<Inner>,
        path: &VirtualPath,
        file: Local,
        start: u64,
        made_in: Option<Place>,
    ) -> Self {
        Self::new(inner, path, file, Role::InPlace { start, made_in })
    }

    /// A file under a temporary name, beside the name it will get.
    pub(crate) fn upload(
        inner: &Arc<Inner>,
        path: &VirtualPath,
        place: Place,
        replaced: Option<&cap_std::fs::Metadata>,
        exclusive: Option<Reservation>,
    ) -> io::Result<Self> {
        let umask = inner.settings.umask;
        // What is private stays so while it is being replaced.
        let mode = if replaced.is_some() {
            0o600
        } else {
            0o666 & !umask
        };
        let (temporary, file, metadata) = Temporary::create(&place.dir, mode)?;
        match replaced {
            Some(replaced) => sys::take_over(&file, &metadata, replaced, true)?,
            None => sys::set_new_file_mode(&file, &metadata, umask)?,
        }
        let upload = Upload {
            temporary,
            place,
            exclusive,
            mode_set: AtomicBool::new(false),
        };
        Ok(Self::new(inner, path, file, Role::Upload(Box::new(upload))))
    }

    fn new(inner: &Arc<Inner>, path: &VirtualPath, file: Local, role: Role) -> Self {
        Self {
            file,
            path: path.clone(),
            inner: Arc::clone(inner),
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
        self.commit_io(durable).on(&self.path, "commit")?;
        let size = self.file.metadata().on(&self.path, "commit")?.len();
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
        Ok(Committed::new(size))
    }

    /// What is to be done before the file gets its name.
    fn commit_io(&self, durable: bool) -> io::Result<()> {
        match &self.role {
            Role::Reader => return Ok(()),
            Role::InPlace { made_in, .. } => {
                if durable && let Some(place) = made_in {
                    sys::sync_dir(&place.dir)?;
                }
            }
            Role::Upload(upload) => {
                if let Some(replaced) = upload.place.look()?
                    && upload.exclusive.is_none()
                    && replaced.is_file()
                {
                    let with_mode = !upload.mode_set.load(Ordering::Relaxed);
                    sys::take_over(&self.file, &self.file.metadata()?, &replaced, with_mode)?;
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
        match self.role {
            Role::Reader => sys::read_at(&self.file, offset, buf).on(&self.path, "read"),
            _ => self.refuse("read"),
        }
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
        Ok(describe_open(&metadata))
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
        sys::set_open_attributes(&self.file, attributes).on(&self.path, STEP)?;
        if let Role::Upload(upload) = &self.role
            && attributes.mode.is_some()
        {
            upload.mode_set.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn sync(&self) -> Result<()> {
        let file = self.file.try_clone().on(&self.path, "sync")?;
        blocking(move || file.sync_all())
            .await?
            .on(&self.path, "sync")
    }

    fn as_local(&self) -> Option<LocalFile<'_>> {
        sys::lend(&self.file)
    }
}
