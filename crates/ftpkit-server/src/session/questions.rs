//! The questions that need no data connection: logins, changes, queries and surveys. Opening
//! and committing files is in `transfer`.

use ftpkit_accounts::{Admission, Attempt, AuthFailureKind, Credential};
use ftpkit_proto::{
    PathArg, Text,
    facts::Facts,
    server::{Change, Described, Login, Purpose, Query, Refusal, RefusalKind, Survey},
};
use ftpkit_storage::{
    Capabilities, Entry, ErrorKind, Existing, Metadata, SetAttributes, VirtualPath, collect_entries,
};

use super::{
    Origin,
    paths::{Place, shown},
};
use crate::{facts_map, observer::ServerEvent, storage_map::refusal};

/// May this user log in?
pub(super) async fn login(origin: &Origin, login: Login) -> Result<Admission, Refusal> {
    let name = login.user.as_bytes();
    let credential = Credential::password(login.password.as_bytes());
    let attempt = Attempt::new(name, credential, origin.peer)
        .secured(login.secured)
        .virtual_host(login.host.as_ref().map(Text::as_bytes));
    let shared = &origin.shared;
    let answer = shared
        .door
        .authenticate(&*shared.authenticator, &attempt)
        .await;
    answer.map_err(|failure| {
        tracing::info!(user = %login.user, %failure, "login failed");
        shared.observe(&ServerEvent::LoginFailed {
            session: origin.session,
            peer: origin.peer,
            name,
            failure: &failure,
        });
        match failure.kind() {
            AuthFailureKind::TooMany => RefusalKind::TooMany.into(),
            _ => RefusalKind::LoginFailed.into(),
        }
    })
}

/// What a change led to: the path to tell, and the directory to be in.
pub(super) struct Changed {
    pub(super) path: PathArg,
    pub(super) cwd: Option<VirtualPath>,
}

pub(super) async fn change(place: &Place, change: Change) -> Result<Changed, Refusal> {
    let (path, is_cwd) = carry_out(place, change).await?;
    Ok(Changed {
        path: shown(&path)?,
        cwd: is_cwd.then_some(path),
    })
}

async fn carry_out(place: &Place, change: Change) -> Result<(VirtualPath, bool), Refusal> {
    let storage = &place.storage;
    let path = match change {
        Change::Directory(argument) => {
            let path = place.resolve_directory(argument.as_ref())?;
            enter(place, &path).await?;
            return Ok((path, true));
        }
        Change::Parent => {
            let path = place.cwd.parent().unwrap_or_else(VirtualPath::root);
            enter(place, &path).await?;
            return Ok((path, true));
        }
        Change::MakeDirectory(argument) => {
            let path = place.resolve(Some(&argument))?;
            storage.create_dir(&path).await.map_err(|e| refusal(&e))?;
            path
        }
        Change::RemoveDirectory(argument) => {
            let path = place.resolve(Some(&argument))?;
            storage.remove_dir(&path).await.map_err(|e| refusal(&e))?;
            path
        }
        Change::RemoveFile(argument) => {
            let path = place.resolve(Some(&argument))?;
            storage.remove_file(&path).await.map_err(|e| refusal(&e))?;
            path
        }
        Change::Rename { from, to } => {
            let (from, to) = (place.resolve(Some(&from))?, place.resolve(Some(&to))?);
            let renamed = storage.rename(&from, &to, Existing::Replace).await;
            renamed.map_err(|e| refusal(&e))?;
            to
        }
        Change::SetTimes {
            path,
            accessed,
            modified,
        } => {
            let path = place.resolve(Some(&path))?;
            let mut attributes = SetAttributes::new();
            attributes.modified = Some(time(modified)?);
            attributes.accessed = accessed.map(time).transpose()?;
            set(place, &path, &attributes).await?;
            path
        }
        Change::SetMode { path, mode } => {
            let path = place.resolve(Some(&path))?;
            set(place, &path, &SetAttributes::new().mode(mode.into())).await?;
            path
        }
        _ => return Err(RefusalKind::Unsupported.into()),
    };
    Ok((path, false))
}

async fn enter(place: &Place, path: &VirtualPath) -> Result<(), Refusal> {
    let found = place.storage.metadata(path).await;
    if found.map_err(|e| refusal(&e))?.is_directory() {
        Ok(())
    } else {
        Err(RefusalKind::NotADirectory.into())
    }
}

async fn set(place: &Place, path: &VirtualPath, attributes: &SetAttributes) -> Result<(), Refusal> {
    let done = place.storage.set_attributes(path, attributes).await;
    done.map_err(|e| refusal(&e))
}

fn time(at: ftpkit_proto::time::Timestamp) -> Result<std::time::SystemTime, Refusal> {
    facts_map::system_time(at).ok_or_else(|| RefusalKind::Invalid.into())
}

pub(super) async fn query(place: &Place, query: Query) -> Result<Described, Refusal> {
    let path = place.resolve(query.path.as_ref())?;
    let metadata = match query.purpose {
        Purpose::Size | Purpose::Modified => {
            let metadata = metadata(place, &path).await?;
            if metadata.is_directory() {
                return Err(RefusalKind::IsADirectory.into());
            }
            metadata
        }
        Purpose::Rename => {
            let writable = place.storage.capabilities().contains(Capabilities::WRITE);
            if path.is_root() || !writable {
                return Err(RefusalKind::Denied.into());
            }
            // The name itself is renamed, not what it leads to.
            let found = place.storage.symlink_metadata(&path).await;
            found.map_err(|e| refusal(&e))?
        }
        _ => metadata(place, &path).await?,
    };
    let facts = facts_map::facts(&metadata, place.rights(), path.is_root());
    Ok(Described::new(shown(&path)?, facts))
}

/// What is known of a file; of a link that leads nowhere, what is known of the link.
pub(super) async fn metadata(place: &Place, path: &VirtualPath) -> Result<Metadata, Refusal> {
    let found = match place.storage.metadata(path).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            place.storage.symlink_metadata(path).await
        }
        found => found,
    };
    found.map_err(|e| refusal(&e))
}

pub(super) async fn survey(place: &Place, survey: Survey) -> Result<Vec<(Text, Facts)>, Refusal> {
    let path = place.resolve(Some(&survey.path))?;
    let rights = place.rights();
    let metadata = metadata(place, &path).await?;
    if !metadata.is_directory() {
        let name = Text::from(survey.path);
        return Ok(vec![(name, facts_map::facts(&metadata, rights, false))]);
    }
    let pages = place.storage.list(&path).await.map_err(|e| refusal(&e))?;
    let entries = collect_entries(pages, survey.limit).await;
    let told = |entry: Entry| {
        let facts = facts_map::facts(&entry.metadata, rights, false);
        // An entry's name can hold nothing that breaks a line.
        Text::new(entry.name).ok().map(|name| (name, facts))
    };
    let entries = entries.map_err(|e| refusal(&e))?;
    Ok(entries.into_iter().filter_map(told).collect())
}
