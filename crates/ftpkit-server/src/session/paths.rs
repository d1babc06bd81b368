//! Where a user is: the storage, the login directory, the working directory; and how an
//! argument becomes a path of the storage.

use std::sync::Arc;

use ftpkit_accounts::Account;
use ftpkit_proto::{
    PathArg,
    server::{Refusal, RefusalKind},
};
use ftpkit_storage::{Storage, VirtualPath};

use crate::{facts_map::Rights, storage_map::path_refusal};

/// Where a user is. Cloning is cheap, so that work on the storage may keep one of its own.
#[derive(Clone)]
pub(super) struct Place {
    account: Account,
    pub(super) cwd: VirtualPath,
}

impl Place {
    /// In this directory of the account's storage.
    pub(super) const fn new(account: Account, cwd: VirtualPath) -> Self {
        Self { account, cwd }
    }

    pub(super) fn storage(&self) -> &Arc<dyn Storage> {
        self.account.storage()
    }

    /// The path that an argument means; `None` is the working directory.
    pub(super) fn resolve(&self, argument: Option<&PathArg>) -> Result<VirtualPath, Refusal> {
        match argument {
            Some(argument) => self.cwd.join(argument.as_bytes()).map_err(path_refusal),
            None => Ok(self.cwd.clone()),
        }
    }

    /// The directory that an argument of CWD means: `None` and `~` are the login directory.
    pub(super) fn resolve_directory(
        &self,
        argument: Option<&PathArg>,
    ) -> Result<VirtualPath, Refusal> {
        match argument {
            Some(argument) if argument.as_bytes() != b"~" => self.resolve(Some(argument)),
            _ => Ok(self.account.home().clone()),
        }
    }

    pub(super) fn rights(&self) -> Rights {
        Rights::of(self.storage())
    }
}

/// The path as the client sees it.
pub(super) fn shown(path: &VirtualPath) -> Result<PathArg, Refusal> {
    // Neither can hold what would break a line.
    PathArg::new(path.clone().into_bytes()).map_err(|_| Refusal::new(RefusalKind::NameNotAllowed))
}
