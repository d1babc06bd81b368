//! How a [`LocalDirectory`] is configured and opened.

use std::path::PathBuf;

use cap_std::{ambient_authority, fs::Dir};
use ftpkit_storage::{Error, ErrorKind, Result, UploadPolicy};

use crate::{LocalDirectory, directory::Settings, temporary};

/// What a committed upload survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// The end of the process, by whatever signal.
    #[default]
    Process,
    /// A loss of power too: file and directory are synchronised at commit, which decides the
    /// speed of small files on real disks.
    Disk,
}

/// Configures a [`LocalDirectory`]; made by [`LocalDirectory::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    root: PathBuf,
    settings: Settings,
    clean: bool,
}

impl Builder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            settings: Settings {
                policy: UploadPolicy::default(),
                umask: 0o022,
                durability: Durability::default(),
            },
            clean: true,
        }
    }

    /// What stays of an interrupted upload; [`UploadPolicy::Atomic`] if not said.
    #[must_use]
    pub const fn upload_policy(mut self, policy: UploadPolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// The permission bits that a new file (666) or directory (777) does not get, 022 if not
    /// said. The process's own umask has no part in it. Without effect on Windows.
    #[must_use]
    pub const fn umask(mut self, umask: u32) -> Self {
        self.settings.umask = umask & 0o777;
        self
    }

    /// What a committed upload survives; [`Durability::Process`] if not said.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// Whether [`build`](Self::build) removes what uploads of a killed process left behind, which
    /// it does if not said. It looks at no more than 100,000 entries;
    /// [`LocalDirectory::clean`] looks at all.
    #[must_use]
    pub const fn clean(mut self, clean: bool) -> Self {
        self.clean = clean;
        self
    }

    /// Opens the directory.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADirectory`] or [`ErrorKind::Denied`], with the
    /// local path in the source.
    pub fn build(self) -> Result<LocalDirectory> {
        let root = Dir::open_ambient_dir(&self.root, ambient_authority()).map_err(|error| {
            let kind = ErrorKind::from_io(error.kind());
            let shown = format!("{}: {error}", self.root.display());
            Error::with_source(kind, shown).during("open the root")
        })?;
        if self.clean {
            temporary::clean(&root, temporary::CLEAN_AT_START);
        }
        Ok(LocalDirectory::new(root, self.settings))
    }
}
