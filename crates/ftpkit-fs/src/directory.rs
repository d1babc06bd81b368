//! [`LocalDirectory`], the storage.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use cap_std::fs::{Dir, OpenOptions as NativeOptions};
use ftpkit_storage::{
    Access, Capabilities, EntryStream, Error, ErrorKind, Existing, File, Metadata, NameStream,
    OpenOptions, Result, SetAttributes, Space, Storage, UploadPolicy, VirtualPath,
};

use crate::{
    builder::{Builder, Durability},
    error::Context as _,
    file::{Open, Reservation},
    list,
    metadata::describe,
    name::{self, Use, native},
    place::Place,
    sys,
    temporary::{self, Cleared},
};

/// A local directory as a [`Storage`].
///
/// It is opened once; from then on nothing outside it can be reached through it. Symbolic links
/// that stay inside work; one that leads outside, or is absolute, is like one that leads to
/// nothing: [`ErrorKind::NotFound`]. Files only: devices, sockets and queues are listed, but not
/// opened. Setuid and setgid bits of files are not kept.
///
/// An upload goes to a hidden file `.ftpkit-….part` beside its name, and is renamed at commit.
/// Such names do not exist as far as a client can tell. Names that hold CR or LF are left out of
/// listings, since no client could ask for them.
///
/// Calls that are quick on a local disk run in place; removing and copying files, further pages
/// of a listing and what waits for the disk go to tokio's blocking pool, if there is a runtime.
/// Clones share the open directory.
#[derive(Clone, Debug)]
pub struct LocalDirectory(Arc<Inner>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) policy: UploadPolicy,
    pub(crate) umask: u32,
    pub(crate) durability: Durability,
}

impl Settings {
    /// The mode of a new file.
    pub(crate) fn new_mode(self, options: &OpenOptions) -> u32 {
        options.made_mode().unwrap_or(0o666) & !self.umask
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) root: Arc<Dir>,
    pub(crate) settings: Settings,
    /// Names that uploads under way must find free at their commit.
    reserved: Mutex<HashSet<VirtualPath>>,
}

impl Inner {
    pub(crate) fn reserved(&self) -> MutexGuard<'_, HashSet<VirtualPath>> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what may take its time where it holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime
            .spawn_blocking(work)
            .await
            .map_err(|error| Error::with_source(ErrorKind::Unavailable, error)),
        Err(_) => Ok(work()),
    }
}

impl LocalDirectory {
    /// Opens a directory with the settings that [`Builder`] has if nothing is said.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(root).build()
    }

    /// Configures a directory.
    pub fn builder(root: impl Into<PathBuf>) -> Builder {
        Builder::new(root.into())
    }

    pub(crate) fn new(root: Dir, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            root: Arc::new(root),
            settings,
            reserved: Mutex::default(),
        }))
    }

    /// A directory in it as a storage of its own, with the same settings: nothing beside it can
    /// be reached, not even by a symbolic link.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADirectory`], [`ErrorKind::Denied`].
    pub fn subdirectory(&self, path: &VirtualPath) -> Result<Self> {
        let dir = self.0.dir(path, "open")?;
        let root = dir.try_clone().on(path, "open")?;
        Ok(Self::new(root, self.0.settings))
    }

    /// Removes what uploads of killed processes left behind, however much there is to look at,
    /// and tells how many files that were. Uploads under way, of whatever process, are not
    /// touched.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] if the runtime shuts down.
    pub async fn clean(&self) -> Result<usize> {
        let root = Arc::clone(&self.0.root);
        blocking(move || temporary::clean(&root, usize::MAX)).await
    }
}

impl Inner {
    fn open_reader(self: &Arc<Self>, path: &VirtualPath) -> Result<Open> {
        let relative = native(path, Use::Find).on(path, "open")?;
        let mut options = NativeOptions::new();
        options.read(true);
        sys::no_wait(&mut options);
        let file = self.root.open_with(&relative, &options);
        let file = file.map_err(|error| self.directory_or(&relative, error));
        let file = file.on(path, "open")?.into_std();
        let metadata = file.metadata().on(path, "open")?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory).on(path, "open");
        }
        if !metadata.is_file() {
            return Err(ErrorKind::Denied).on(path, "open");
        }
        Ok(Open::reader(self, path, file))
    }

    /// Not every system says that it is a directory that cannot be opened.
    fn directory_or(&self, relative: &Path, error: io::Error) -> io::Error {
        let denied = error.kind() == io::ErrorKind::PermissionDenied;
        if denied && self.root.metadata(relative).is_ok_and(|m| m.is_dir()) {
            return io::ErrorKind::IsADirectory.into();
        }
        error
    }

    /// Opens a file that is there, to write to it.
    fn open_there(&self, path: &VirtualPath, readable: bool) -> Result<std::fs::File> {
        let relative = native(path, Use::Find).on(path, "open")?;
        let mut options = NativeOptions::new();
        options.write(true).read(readable);
        sys::no_wait(&mut options);
        let file = self.root.open_with(&relative, &options);
        let file = file.map_err(|error| self.directory_or(&relative, error));
        let file = file.on(path, "open")?.into_std();
        if !file.metadata().on(path, "open")?.is_file() {
            return Err(ErrorKind::Denied).on(path, "open");
        }
        Ok(file)
    }

    /// Makes a file under its own name, where nothing has it.
    fn make(
        self: &Arc<Self>,
        path: &VirtualPath,
        place: Place,
        options: &OpenOptions,
    ) -> Result<Open> {
        let readable = options.is_readable();
        let mut native = NativeOptions::new();
        native.write(true).read(readable).create_new(true);
        let wanted = self.settings.new_mode(options);
        sys::mode(&mut native, wanted);
        let file = place.dir.open_with(&place.name, &native);
        let file = file.on(path, "open")?.into_std();
        let metadata = file.metadata().on(path, "open")?;
        sys::set_file_mode(&file, &metadata, wanted).on(path, "open")?;
        Ok(Open::in_place(self, path, file, 0, Some(place), readable))
    }

    fn open_append(self: &Arc<Self>, path: &VirtualPath, options: &OpenOptions) -> Result<Open> {
        let readable = options.is_readable();
        let there = |file: std::fs::File| {
            let end = file.metadata().on(path, "open")?.len();
            Ok(Open::in_place(self, path, file, end, None, readable))
        };
        let missing = match self.open_there(path, readable) {
            Ok(file) => return there(file),
            Err(error) if error.kind() == ErrorKind::NotFound => error,
            Err(error) => return Err(error),
        };
        let Some(place) = self.place(path, Use::Make, "open")? else {
            return Err(missing);
        };
        match self.make(path, place, options) {
            // Somebody was faster, or it is a link that leads to nothing.
            Err(error) if error.kind() == ErrorKind::Exists => {
                there(self.open_there(path, readable)?)
            }
            made => made,
        }
    }

    fn open_update(self: &Arc<Self>, path: &VirtualPath, readable: bool) -> Result<Open> {
        let file = self.open_there(path, readable)?;
        Ok(Open::in_place(self, path, file, 0, None, readable))
    }

    fn open_from(
        self: &Arc<Self>,
        path: &VirtualPath,
        offset: u64,
        readable: bool,
    ) -> Result<Open> {
        let file = self.open_there(path, readable)?;
        let size = file.metadata().on(path, "open")?.len();
        if offset > size {
            return Err(ErrorKind::BeyondEnd).on(path, "open");
        }
        if offset < size {
            file.set_len(offset).on(path, "open")?;
        }
        Ok(Open::in_place(self, path, file, offset, None, readable))
    }

    fn open_replace(
        self: &Arc<Self>,
        path: &VirtualPath,
        policy: UploadPolicy,
        options: &OpenOptions,
    ) -> Result<Open> {
        let (place, there) = self.target(path, Use::Make, "open")?;
        let place = match (&there, policy) {
            (Some(there), _) if there.is_dir() => {
                return Err(ErrorKind::IsADirectory).on(path, "open");
            }
            (Some(there), _) if !there.is_file() => {
                return Err(ErrorKind::Denied).on(path, "open");
            }
            (None, UploadPolicy::KeepPartial) => {
                let dir = Arc::clone(&place.dir);
                let name = place.name.clone();
                match self.make(path, place, options) {
                    // Somebody was faster: it is there now, so it is replaced.
                    Err(error) if error.kind() == ErrorKind::Exists => Place { dir, name },
                    made => return made,
                }
            }
            _ => place,
        };
        Open::upload(self, path, place, there.as_ref(), None, options).on(path, "open")
    }

    fn open_new(self: &Arc<Self>, path: &VirtualPath, options: &OpenOptions) -> Result<Open> {
        let place = self.place(path, Use::Make, "open")?;
        let place = place.ok_or(ErrorKind::Exists).on(path, "open")?;
        if place.look().on(path, "open")?.is_some() {
            return Err(ErrorKind::Exists).on(path, "open");
        }
        if self.settings.policy == UploadPolicy::KeepPartial {
            return self.make(path, place, options);
        }
        let reservation = Reservation::take(self, path).on(path, "open")?;
        Open::upload(self, path, place, None, Some(reservation), options).on(path, "open")
    }

    fn copy(self: &Arc<Self>, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let source = self.open_reader(from)?;
        let options = OpenOptions::replace();
        let target = self.open_replace(to, UploadPolicy::Atomic, &options)?;
        let (mut reader, mut writer) = (source.local(), target.local());
        io::copy(&mut reader, &mut writer).on(to, "copy")?;
        target.commit_here()?;
        Ok(())
    }

    fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        const STEP: &str = "remove";
        let place = self.place(path, Use::Find, STEP)?;
        let place = place.ok_or(ErrorKind::Denied).on(path, STEP)?;
        let error = match place.dir.remove_dir(&place.name) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => error,
            done => return done.on(path, STEP),
        };
        // It may be empty but for what clients do not see.
        let dir = place.dir.open_dir(&place.name).on(path, STEP)?;
        match temporary::clear(&dir).on(path, STEP)? {
            Cleared::Empty => place.dir.remove_dir(&place.name).on(path, STEP),
            Cleared::InUse => Err(ErrorKind::Busy).on(path, STEP),
            Cleared::NotEmpty => Err(error).on(path, STEP),
        }
    }

    fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        const STEP: &str = "remove";
        let place = self.place(path, Use::Find, STEP)?;
        let place = place.ok_or(ErrorKind::IsADirectory).on(path, STEP)?;
        place
            .dir
            .remove_file(&place.name)
            .map_err(|error| match place.look() {
                Ok(Some(there)) if there.is_dir() => io::ErrorKind::IsADirectory.into(),
                _ => error,
            })
            .on(path, STEP)
    }

    fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        const STEP: &str = "rename";
        let source = self.place(from, Use::Find, STEP)?;
        let source = source.ok_or(ErrorKind::Denied).on(from, STEP)?;
        let there = source.look().on(from, STEP)?;
        let there = there.ok_or(ErrorKind::NotFound).on(from, STEP)?;
        let target = self.place(to, Use::Make, STEP)?;
        let target = target.ok_or(ErrorKind::Exists).on(to, STEP)?;
        if from == to {
            return Ok(());
        }
        let taken = target.look().on(to, STEP)?;
        if taken.is_some_and(|taken| existing == Existing::Keep || taken.is_dir() || there.is_dir())
        {
            return Err(ErrorKind::Exists).on(to, STEP);
        }
        let (old, new) = (&source.name, &target.name);
        match existing {
            Existing::Keep => sys::rename_new(&source.dir, old, &target.dir, new),
            Existing::Replace => source.dir.rename(old, &target.dir, new),
        }
        .on(from, STEP)?;
        if self.settings.durability == Durability::Disk {
            sys::sync_dir(&source.dir).on(from, STEP)?;
            sys::sync_dir(&target.dir).on(to, STEP)?;
        }
        Ok(())
    }

    fn set_attributes(&self, path: &VirtualPath, change: &SetAttributes) -> Result<()> {
        const STEP: &str = "set attributes of";
        let (place, there) = self.target(path, Use::Find, STEP)?;
        let there = there.ok_or(ErrorKind::NotFound).on(path, STEP)?;
        if !sys::can_set(change, there.is_dir()) {
            return Err(ErrorKind::Unsupported).on(path, STEP);
        }
        if let Some(size) = change.size {
            if there.is_dir() {
                return Err(ErrorKind::IsADirectory).on(path, STEP);
            }
            self.open_there(path, false)?.set_len(size).on(path, STEP)?;
        }
        sys::set_attributes(&place.dir, &place.name, there.is_dir(), change).on(path, STEP)
    }

    fn set_symlink_attributes(&self, path: &VirtualPath, change: &SetAttributes) -> Result<()> {
        const STEP: &str = "set attributes of";
        let Some(place) = self.place(path, Use::Find, STEP)? else {
            return self.set_attributes(path, change);
        };
        let there = place.look().on(path, STEP)?;
        let there = there.ok_or(ErrorKind::NotFound).on(path, STEP)?;
        if !there.is_symlink() {
            return self.set_attributes(path, change);
        }
        if !sys::can_set_link(change) {
            return Err(ErrorKind::Unsupported).on(path, STEP);
        }
        sys::set_link_attributes(&place.dir, &place.name, change).on(path, STEP)
    }
}

#[async_trait]
impl Storage for LocalDirectory {
    fn capabilities(&self) -> Capabilities {
        sys::CAPABILITIES
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let relative = native(path, Use::Find).on(path, "stat")?;
        // What lies in the root itself and is no link can be looked at without being opened.
        if cfg!(unix) && path.components().count() == 1 {
            let metadata = self.0.root.symlink_metadata(&relative).on(path, "stat")?;
            if !metadata.is_symlink() {
                return Ok(describe(&metadata));
            }
        }
        let metadata = self.0.root.metadata(&relative).on(path, "stat")?;
        Ok(describe(&metadata))
    }

    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let Some(place) = self.0.place(path, Use::Find, "stat")? else {
            return self.metadata(path).await;
        };
        let there = place.look().on(path, "stat")?;
        let there = there.ok_or(ErrorKind::NotFound).on(path, "stat")?;
        let mut metadata = describe(&there);
        if metadata.is_symlink() {
            metadata.target = self.0.shown_target(&place, path).ok().flatten();
        }
        Ok(metadata)
    }

    async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
        // To look at it from within needs the right to go there; to open it does not.
        let within = self.0.dir(path, "enter")?.metadata(".");
        within.map(drop).on(path, "enter")
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        list::list(&self.0, path)
    }

    async fn list_names(&self, path: &VirtualPath) -> Result<NameStream> {
        list::names(&self.0, path)
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        let inner = &self.0;
        if options.is_write()
            && let Some(expected) = options.expected()
            && let Some(space) = sys::space(&inner.root).on(path, "open")?
            && expected > space.available
        {
            return Err(ErrorKind::NoSpace).on(path, "open");
        }
        let file = match options.access() {
            Access::Read => inner.open_reader(path)?,
            Access::Replace => inner.open_replace(path, inner.settings.policy, &options)?,
            Access::CreateNew => inner.open_new(path, &options)?,
            Access::Append => inner.open_append(path, &options)?,
            Access::WriteAt(offset) => inner.open_from(path, offset, options.is_readable())?,
            Access::Update => inner.open_update(path, options.is_readable())?,
            _ => return Err(ErrorKind::Unsupported).on(path, "open"),
        };
        Ok(Box::new(file))
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        let place = self.0.place(path, Use::Make, "create")?;
        let place = place.ok_or(ErrorKind::Exists).on(path, "create")?;
        sys::create_dir(&place.dir, &place.name, self.0.settings.umask).on(path, "create")
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        self.0.remove_dir(path)
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        // To give back the blocks of a large file takes its time.
        let (inner, path) = (Arc::clone(&self.0), path.clone());
        blocking(move || inner.remove_file(&path)).await?
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        if self.0.settings.durability == Durability::Process {
            return self.0.rename(from, to, existing);
        }
        let (inner, from, to) = (Arc::clone(&self.0), from.clone(), to.clone());
        blocking(move || inner.rename(&from, &to, existing)).await?
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (inner, from, to) = (Arc::clone(&self.0), from.clone(), to.clone());
        blocking(move || inner.copy(&from, &to)).await?
    }

    async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
        let target = name::link_target(target).on(link, "link")?;
        let place = self.0.place(link, Use::Make, "link")?;
        let place = place.ok_or(ErrorKind::Exists).on(link, "link")?;
        sys::symlink(&place.dir, &target, &place.name).on(link, "link")
    }

    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let source = self.0.place(existing, Use::Find, "link")?;
        let source = source.ok_or(ErrorKind::Denied).on(existing, "link")?;
        let there = source.look().on(existing, "link")?;
        let there = there.ok_or(ErrorKind::NotFound).on(existing, "link")?;
        if !there.is_file() {
            return Err(ErrorKind::Denied).on(existing, "link");
        }
        let place = self.0.place(link, Use::Make, "link")?;
        let place = place.ok_or(ErrorKind::Exists).on(link, "link")?;
        source
            .dir
            .hard_link(&source.name, &place.dir, &place.name)
            .on(link, "link")
    }

    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        const STEP: &str = "read the link";
        let place = self.0.place(path, Use::Find, STEP)?;
        let place = place.ok_or(ErrorKind::Invalid).on(path, STEP)?;
        let shown = self.0.shown_target(&place, path).on(path, STEP)?;
        shown.ok_or(ErrorKind::Denied).on(path, STEP)
    }

    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        self.0.set_attributes(path, attributes)
    }

    async fn set_symlink_attributes(
        &self,
        path: &VirtualPath,
        attributes: &SetAttributes,
    ) -> Result<()> {
        self.0.set_symlink_attributes(path, attributes)
    }

    #[cfg(all(unix, feature = "names"))]
    async fn names(&self, users: &[u32], groups: &[u32]) -> Result<ftpkit_storage::Names> {
        crate::people::names(users, groups).await
    }

    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        const STEP: &str = "ask for the space of";
        let metadata = self.metadata(path).await?;
        let dir = match path.parent() {
            Some(parent) if !metadata.is_directory() => self.0.dir(&parent, STEP)?,
            _ => self.0.dir(path, STEP)?,
        };
        let space = sys::space(&dir).on(path, STEP)?;
        space.ok_or(ErrorKind::Unsupported).on(path, STEP)
    }
}
