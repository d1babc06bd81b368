//! The methods of [`Storage`] as requests of SFTP.

use async_trait::async_trait;
use bytes::Bytes;
use ftpkit_sftp::{
    client::{Existing as OnTarget, Outcome, Request},
    packet::{Attributes, Mode, OpenFlags, StatusCode},
};
use ftpkit_storage::{
    Access, Capabilities, EntryStream, Error as StorageError, ErrorKind, Existing, File, Metadata,
    Names, OpenOptions, Result, SetAttributes, Space, Storage, VirtualPath,
};
use futures::{StreamExt as _, stream};

use super::{
    Inner, Opened, Remote, attributes,
    file::{RemoteFile, Role, Staged},
    odd,
    pages::Pages,
    temporary, told,
};
use crate::client::{
    error::{Error, Step},
    session::Feed,
};

impl Inner {
    /// What is asked of the server on behalf of a change.
    async fn change(&self, request: Request, step: Step) -> Result<Outcome, Error> {
        let client = self.client().await?;
        let mut running = client.link.begin(request, Feed::None);
        let done = running.outcome(step).await;
        done.map_err(|error| error.with_host(&self.host))
    }

    async fn open(
        &self,
        path: Bytes,
        flags: OpenFlags,
        mode: Option<u32>,
    ) -> Result<Opened, Error> {
        let mut attributes = Attributes::default();
        attributes.mode = mode.map(Mode);
        let step = if flags.contains(OpenFlags::WRITE) {
            Step::Upload
        } else {
            Step::Download
        };
        let request = Request::Open {
            path: path.clone(),
            flags,
            attributes,
        };
        let opened = Opened::open(&self.client().await?, step, request).await;
        opened.map_err(|error| error.with_host(&self.host).with_path(&path))
    }

    async fn set(
        &self,
        path: &VirtualPath,
        wanted: &SetAttributes,
        follow: bool,
    ) -> Result<(), Error> {
        self.settled(path).await;
        let there = match (attributes::needs_others(wanted), follow) {
            (false, _) => Attributes::default(),
            (true, true) => self.stat(path).await?,
            (true, false) => self.lstat(path).await?,
        };
        let attributes = attributes::wire(wanted, &there);
        let path = self.name(path);
        let request = match follow {
            true => Request::Setstat { path, attributes },
            false => Request::Lsetstat { path, attributes },
        };
        self.change(request, Step::SetAttributes).await.map(drop)
    }

    /// Looks at the target of an upload; gives the mode of the file that it will replace.
    pub(super) async fn before_commit(&self, staged: &Staged) -> Result<Option<u32>> {
        let target = &staged.target;
        let found = self
            .ask(|client| async move { client.symlink_metadata(target).await })
            .await;
        match found.map(|found| attributes::metadata(&found)) {
            Ok(_) if staged.new.is_some() => Err(ErrorKind::Exists.into()),
            Ok(found) if found.is_directory() => Err(ErrorKind::IsADirectory.into()),
            Ok(found) => Ok(found.mode),
            Err(error) if super::error_kind(&error) == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(error)),
        }
    }

    /// Gives a complete upload its name.
    pub(super) async fn name_upload(&self, staged: &Staged) -> Result<()> {
        let existing = match staged.new {
            Some(_) => OnTarget::Keep,
            None => OnTarget::ReplaceInTwoSteps,
        };
        let renamed = self.rename_on_server(&staged.temporary, &staged.target, existing);
        let Err(error) = renamed.await else {
            return Ok(());
        };
        if error.status() == Some(StatusCode::Failure) {
            // Somebody was faster.
            self.before_commit(staged).await?;
        }
        Err(told(error))
    }

    async fn rename_on_server(
        &self,
        from: &Bytes,
        to: &Bytes,
        existing: OnTarget,
    ) -> Result<(), Error> {
        let client = self.client().await?;
        client.rename(from, to, existing).await
    }
}

impl Remote {
    async fn open_read(&self, path: &VirtualPath) -> Result<RemoteFile> {
        let inner = &self.0;
        // Some servers open a directory and fail later.
        if inner.look(path, true).await?.is_directory() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let opened = inner.open(inner.name(path), OpenFlags::READ, None).await;
        match opened {
            Ok(opened) => Ok(RemoteFile::new(inner, path, Role::Read, opened)),
            Err(error) => Err(inner.missing(path, error).await),
        }
    }

    async fn open_write(&self, path: &VirtualPath, options: &OpenOptions) -> Result<RemoteFile> {
        let inner = &self.0;
        let access = options.access();
        let found = match inner.look(path, true).await {
            Ok(_) if access == Access::CreateNew => return Err(ErrorKind::Exists.into()),
            Ok(found) if found.is_directory() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A link that leads to nothing is no name for a new file.
                if inner.lstat(path).await.is_ok() {
                    return Err(match access {
                        Access::CreateNew => ErrorKind::Exists.into(),
                        _ => error,
                    });
                }
                None
            }
            Err(error) => return Err(error),
        };
        let size = found.as_ref().and_then(|found| found.size);
        let mode = options.made_mode().filter(|_| found.is_none());
        let mut flags = OpenFlags::WRITE;
        if options.is_readable() {
            flags = flags | OpenFlags::READ;
        }
        let wrong = |error| inner.missing(path, error);
        match access {
            Access::Replace | Access::CreateNew => {
                let is_there = found.is_some();
                self.open_upload(path, is_there, options, flags, mode).await
            }
            Access::Append => {
                let flags = flags | OpenFlags::CREATE;
                let opened = match inner.open(inner.name(path), flags, mode).await {
                    Ok(opened) => opened,
                    Err(error) => return Err(wrong(error).await),
                };
                let role = Role::InPlace { each: false };
                let file = RemoteFile::new(inner, path, role, opened);
                Ok(file.starting_at(size.unwrap_or(0)))
            }
            Access::WriteAt(_) | Access::Update if found.is_none() => {
                Err(ErrorKind::NotFound.into())
            }
            Access::WriteAt(offset) => {
                if size.is_some_and(|size| size < offset) {
                    return Err(ErrorKind::BeyondEnd.into());
                }
                let opened = match inner.open(inner.name(path), flags, None).await {
                    Ok(opened) => opened,
                    Err(error) => return Err(wrong(error).await),
                };
                let role = Role::InPlace { each: false };
                let file = RemoteFile::new(inner, path, role, opened);
                file.set_attributes(&SetAttributes::new().size(offset))
                    .await?;
                Ok(file.starting_at(offset))
            }
            Access::Update => {
                let opened = match inner.open(inner.name(path), flags, None).await {
                    Ok(opened) => opened,
                    Err(error) => return Err(wrong(error).await),
                };
                let role = Role::InPlace { each: true };
                Ok(RemoteFile::new(inner, path, role, opened))
            }
            _ => Err(ErrorKind::Unsupported.into()),
        }
        .map(|file| file.readable(options.is_readable()))
    }

    /// Opens an upload that is named at its commit.
    async fn open_upload(
        &self,
        path: &VirtualPath,
        is_there: bool,
        options: &OpenOptions,
        flags: OpenFlags,
        mode: Option<u32>,
    ) -> Result<RemoteFile> {
        let inner = &self.0;
        let is_new = options.access() == Access::CreateNew;
        let new = if is_new {
            let reserved = inner.reserved.take(path);
            Some(reserved.ok_or_else(|| StorageError::from(ErrorKind::Exists))?)
        } else {
            None
        };
        let flags = flags | OpenFlags::CREATE;
        if inner.config.direct_uploads {
            let flags = flags
                | if is_new {
                    OpenFlags::EXCLUSIVE
                } else {
                    OpenFlags::TRUNCATE
                };
            return match inner.open(inner.name(path), flags, mode).await {
                Ok(opened) => {
                    let role = Role::InPlace { each: false };
                    Ok(RemoteFile::new(inner, path, role, opened))
                }
                Err(error) => Err(inner.unmade(path, error).await),
            };
        }
        let target = if is_there {
            inner.behind_links(path).await.map_err(told)?
        } else {
            inner.name(path)
        };
        let temporary = temporary(&target);
        let flags = flags | OpenFlags::EXCLUSIVE;
        match inner.open(temporary.clone(), flags, mode).await {
            Ok(opened) => {
                let role = Role::Staged(Staged {
                    temporary,
                    target,
                    new,
                });
                Ok(RemoteFile::new(inner, path, role, opened))
            }
            Err(error) => Err(inner.missing(path, error).await),
        }
    }

    async fn check_rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
        existing: Existing,
    ) -> Result<bool> {
        if from.is_root() || to.is_root() {
            return Err(ErrorKind::Denied.into());
        }
        let moved = self.0.look(from, false).await?;
        if from == to {
            return Ok(false);
        }
        if to.starts_with(from) && moved.is_directory() {
            return Err(ErrorKind::Invalid.into());
        }
        match self.0.look(to, false).await {
            Ok(found)
                if existing == Existing::Keep || found.is_directory() || moved.is_directory() =>
            {
                Err(ErrorKind::Exists.into())
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Storage for Remote {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let found = self.0.look(path, true).await;
        found.map_err(|error| error.at(path).during("stat"))
    }

    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let wrong = |error: StorageError| error.at(path).during("stat");
        let mut found = self.0.look(path, false).await.map_err(wrong)?;
        if found.is_symlink() {
            found.target = self.read_link(path).await.ok();
        }
        Ok(found)
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        let inner = &self.0;
        let wrong = |error: StorageError| error.at(path).during("list");
        let pages = match Pages::start(inner, path).await {
            Err(error) if error.is_closed() => Pages::start(inner, path).await,
            started => started,
        };
        let pages = match pages {
            Ok(pages) => pages,
            Err(error) => {
                return Err(wrong(match inner.look(path, true).await {
                    Ok(found) if !found.is_directory() => {
                        StorageError::with_source(ErrorKind::NotADirectory, error)
                    }
                    Ok(_) => told(error),
                    Err(missing) => missing,
                }));
            }
        };
        let path = path.clone();
        let pages = stream::unfold(Some(pages), move |pages| {
            let path = path.clone();
            async move {
                let mut pages = pages?;
                match pages.next().await {
                    Ok(Some(page)) => Some((Ok(page), Some(pages))),
                    Ok(None) => None,
                    Err(error) => Some((Err(told(error).at(&path).during("list")), None)),
                }
            }
        });
        Ok(pages.boxed())
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        let opened = if path.is_root() {
            Err(ErrorKind::IsADirectory.into())
        } else if options.is_write() {
            self.open_write(path, &options).await
        } else {
            self.open_read(path).await
        };
        match opened {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(error.at(path).during("open")),
        }
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("create");
        if path.is_root() {
            return Err(wrong(ErrorKind::Exists.into()));
        }
        let request = Request::Mkdir {
            path: self.0.name(path),
            attributes: Attributes::default(),
        };
        match self.0.change(request, Step::CreateDir).await {
            Ok(_) => Ok(()),
            Err(error) => Err(wrong(self.0.unmade(path, error).await)),
        }
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("remove");
        if path.is_root() {
            return Err(wrong(ErrorKind::Denied.into()));
        }
        let request = Request::Rmdir(self.0.name(path));
        let Err(error) = self.0.change(request, Step::RemoveDir).await else {
            return Ok(());
        };
        if error.status().is_some() {
            let found = self.0.look(path, false).await.map_err(wrong)?;
            if !found.is_directory() {
                return Err(wrong(ErrorKind::NotADirectory.into()));
            }
            if self.list(path).await?.next().await.is_some() {
                return Err(wrong(StorageError::with_source(ErrorKind::NotEmpty, error)));
            }
        }
        Err(wrong(told(error)))
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("remove");
        if path.is_root() {
            return Err(wrong(ErrorKind::IsADirectory.into()));
        }
        self.0.settled(path).await;
        let request = Request::Remove(self.0.name(path));
        let Err(error) = self.0.change(request, Step::RemoveFile).await else {
            return Ok(());
        };
        if error.status().is_some()
            && self
                .0
                .look(path, false)
                .await
                .map_err(wrong)?
                .is_directory()
        {
            return Err(wrong(ErrorKind::IsADirectory.into()));
        }
        Err(wrong(told(error)))
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        let inner = &self.0;
        let wrong = |error: StorageError| error.at(from).during("rename");
        if !self.check_rename(from, to, existing).await.map_err(wrong)? {
            return Ok(());
        }
        let (old, new) = (inner.name(from), inner.name(to));
        let existing = match existing {
            Existing::Keep => OnTarget::Keep,
            Existing::Replace => OnTarget::ReplaceInTwoSteps,
        };
        let Err(error) = inner.rename_on_server(&old, &new, existing).await else {
            return Ok(());
        };
        if error.status().is_some() {
            inner.look(from, false).await.map_err(wrong)?;
        }
        Err(wrong(inner.unmade(to, error).await))
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(from).during("copy");
        if !self.0.can(Capabilities::COPY) {
            return Err(wrong(ErrorKind::Unsupported.into()));
        }
        if from == to {
            return self.metadata(from).await.map(drop);
        }
        let source = self.open_read(from).await.map_err(wrong)?;
        let target = self.open_write(to, &OpenOptions::replace()).await;
        let target = target.map_err(|error| error.at(to).during("copy"))?;
        source.copy_all_to(&target).await.map_err(wrong)?;
        Box::new(target).commit().await.map(drop)
    }

    async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
        if !self.0.can(Capabilities::MAKE_SYMLINKS) {
            let error = StorageError::new(ErrorKind::Unsupported);
            return Err(error.at(link).during("link"));
        }
        let request = Request::Symlink {
            target: Bytes::copy_from_slice(target),
            link: self.0.name(link),
        };
        match self.0.change(request, Step::Link).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.0.unmade(link, error).await.at(link).during("link")),
        }
    }

    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(existing).during("link");
        if !self.0.can(Capabilities::HARD_LINKS) {
            return Err(wrong(ErrorKind::Unsupported.into()));
        }
        // Some systems would link a symbolic link or even a directory.
        if !self.0.look(existing, false).await.map_err(wrong)?.is_file() {
            return Err(wrong(ErrorKind::Denied.into()));
        }
        let request = Request::Hardlink {
            from: self.0.name(existing),
            to: self.0.name(link),
        };
        match self.0.change(request, Step::Link).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.0.unmade(link, error).await.at(link).during("link")),
        }
    }

    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        let wrong = |error: StorageError| error.at(path).during("read the link");
        let name = &self.0.name(path);
        let read = self
            .0
            .ask(|client| async move { client.read_link(name).await })
            .await;
        let error = match read {
            Ok(target) => return Ok(target),
            Err(error) => error,
        };
        let found = self.0.look(path, false).await.map_err(wrong)?;
        if found.is_symlink() {
            return Err(wrong(told(error)));
        }
        Err(wrong(StorageError::with_source(ErrorKind::Invalid, error)))
    }

    async fn set_attributes(&self, path: &VirtualPath, wanted: &SetAttributes) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("set attributes of");
        attributes::check_settable(wanted).map_err(wrong)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let Err(error) = self.0.set(path, wanted, true).await else {
            return Ok(());
        };
        if error.status().is_some() {
            let found = self.0.look(path, true).await.map_err(wrong)?;
            if wanted.size.is_some() && found.is_directory() {
                let error = StorageError::with_source(ErrorKind::IsADirectory, error);
                return Err(wrong(error));
            }
        }
        Err(wrong(told(error)))
    }

    async fn set_symlink_attributes(
        &self,
        path: &VirtualPath,
        wanted: &SetAttributes,
    ) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("set attributes of");
        attributes::check_settable(wanted).map_err(wrong)?;
        if !self.0.can(Capabilities::SYMLINK_ATTRIBUTES) || wanted.size.is_some() {
            return Err(wrong(ErrorKind::Unsupported.into()));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let Err(error) = self.0.set(path, wanted, false).await else {
            return Ok(());
        };
        if error.status().is_some() {
            self.0.look(path, false).await.map_err(wrong)?;
        }
        Err(wrong(told(error)))
    }

    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        let wrong = |error: StorageError| error.at(path).during("ask for the space of");
        let name = &self.0.name(path);
        let asked = self
            .0
            .ask(|client| async move { client.space(name).await })
            .await;
        match asked {
            Ok(told) => Ok(attributes::space(&told)),
            Err(error) => Err(wrong(self.0.missing(path, error).await)),
        }
    }

    async fn names(&self, users: &[u32], groups: &[u32]) -> Result<Names> {
        let wrong = |error: Error| told(error).during("ask for names");
        if !self.0.can(Capabilities::NAMES) {
            return Err(StorageError::new(ErrorKind::Unsupported).during("ask for names"));
        }
        if users.is_empty() && groups.is_empty() {
            return Ok(Names::default());
        }
        let request = Request::UsersGroups {
            uids: users.to_vec(),
            gids: groups.to_vec(),
        };
        let found = self.0.change(request, Step::Metadata).await;
        let Outcome::UsersGroups(found) = found.map_err(wrong)? else {
            return Err(wrong(odd(Step::Metadata)));
        };
        // An empty name stands for a number without one.
        let names = |names: Vec<Bytes>, count| {
            let names = names
                .into_iter()
                .map(|name| (!name.is_empty()).then_some(name));
            let mut names: Vec<_> = names.take(count).collect();
            names.resize(count, None);
            names
        };
        Ok(Names::new(
            names(found.users, users.len()),
            names(found.groups, groups.len()),
        ))
    }
}
