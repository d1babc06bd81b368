//! The questions that need no data connection: logins, changes, queries and surveys. Opening
//! and committing files is in `transfer`, digests in `digest`, COMB in `combine`.

use std::error::Error as _;

use ftpkit_accounts::{Admission, Attempt, AuthFailureKind};
use ftpkit_host::{Front as _, SessionOrigin};
use ftpkit_proto::{
    PathArg, Text,
    command::FactValue,
    facts::Facts,
    server::{Change, Described, Purpose, Query, Refusal, RefusalKind, Space, Survey},
};
use ftpkit_storage::{
    Capabilities, Entry, ErrorKind, Existing, Metadata, SetAttributes, VirtualPath, collect_entries,
};

use super::{
    Progress, combine,
    paths::{Place, shown},
};
use crate::{facts_map, server::Shared, storage_map::refusal};

/// May this user log in?
pub(super) async fn login(
    shared: &Shared,
    origin: SessionOrigin,
    attempt: &Attempt,
) -> Result<Admission, Refusal> {
    let answer = shared
        .door
        .authenticate(&*shared.authenticator, attempt)
        .await;
    answer.map_err(|failure| {
        let user = attempt.name().escape_ascii();
        if failure.kind() == AuthFailureKind::PasswordNeeded {
            // No login has failed yet: the client is asked for its password.
            tracing::debug!(%user, reason = ?failure.source(), "not by the certificate alone");
            return RefusalKind::LoginFailed.into();
        }
        tracing::info!(%user, %failure, "login failed");
        shared.observe(&origin.login_failed(attempt.name(), &failure));
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

pub(super) async fn change(
    place: &Place,
    change: Change,
    progress: &Progress,
) -> Result<Changed, Refusal> {
    let (path, is_cwd) = carry_out(place, change, progress).await?;
    Ok(Changed {
        path: shown(&path)?,
        cwd: is_cwd.then_some(path),
    })
}

async fn carry_out(
    place: &Place,
    change: Change,
    progress: &Progress,
) -> Result<(VirtualPath, bool), Refusal> {
    let storage = place.storage();
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
        Change::MakeDirectories(argument) => {
            let path = place.resolve(Some(&argument))?;
            make_directories(place, &path).await?;
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
        Change::SetFacts { path, facts } => {
            let path = place.resolve(Some(&path))?;
            let mut attributes = SetAttributes::new();
            attributes.modified = facts.modified.map(time).transpose()?;
            attributes.created = facts.created.map(time).transpose()?;
            attributes.mode = facts.mode.map(u32::from);
            attributes.uid = facts.owner.as_ref().map(number).transpose()?;
            attributes.gid = facts.group.as_ref().map(number).transpose()?;
            set(place, &path, &attributes).await?;
            path
        }
        Change::MakeSymlink { target, link } => {
            let link = place.resolve(Some(&link))?;
            let made = storage.symlink(target.as_bytes(), &link).await;
            made.map_err(|e| refusal(&e))?;
            link
        }
        Change::Copy { from, to } => {
            let (from, to) = (place.resolve(Some(&from))?, place.resolve(Some(&to))?);
            storage.copy(&from, &to).await.map_err(|e| refusal(&e))?;
            to
        }
        Change::Combine { target, parts } => {
            let target = place.resolve(Some(&target))?;
            let parts: Result<Vec<_>, _> =
                parts.iter().map(|part| place.resolve(Some(part))).collect();
            combine::combine(storage, &target, parts?, progress).await?;
            target
        }
        _ => return Err(RefusalKind::Unsupported.into()),
    };
    Ok((path, false))
}

/// Makes a directory and those above it that are missing; one that is there already is as good.
async fn make_directories(place: &Place, path: &VirtualPath) -> Result<(), Refusal> {
    let mut missing = Vec::new();
    let mut at = path.clone();
    loop {
        match place.storage().metadata(&at).await {
            Ok(found) if found.is_directory() => break,
            Ok(_) => return Err(RefusalKind::NotADirectory.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(refusal(&error)),
        }
        let Some(above) = at.parent() else {
            break;
        };
        missing.push(std::mem::replace(&mut at, above));
    }
    for directory in missing.iter().rev() {
        match place.storage().create_dir(directory).await {
            Ok(()) => {}
            // Somebody else was quicker.
            Err(error) if error.kind() == ErrorKind::Exists => {}
            Err(error) => return Err(refusal(&error)),
        }
    }
    place
        .storage()
        .may_enter(path)
        .await
        .map_err(|e| refusal(&e))
}

/// Owners and groups are known by their numbers.
fn number(value: &FactValue) -> Result<u32, Refusal> {
    let number = value.as_text().to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| RefusalKind::Unsupported.into())
}

async fn enter(place: &Place, path: &VirtualPath) -> Result<(), Refusal> {
    place
        .storage()
        .may_enter(path)
        .await
        .map_err(|e| refusal(&e))
}

async fn set(place: &Place, path: &VirtualPath, attributes: &SetAttributes) -> Result<(), Refusal> {
    let done = place.storage().set_attributes(path, attributes).await;
    done.map_err(|e| refusal(&e))
}

fn time(at: ftpkit_proto::time::Timestamp) -> Result<std::time::SystemTime, Refusal> {
    facts_map::system_time(at).ok_or_else(|| RefusalKind::Invalid.into())
}

pub(super) async fn query(place: &Place, query: Query) -> Result<Described, Refusal> {
    let path = place.resolve(query.path.as_ref())?;
    let metadata = match query.purpose {
        Purpose::Size | Purpose::Modified | Purpose::Copy => {
            let metadata = metadata(place, &path).await?;
            if metadata.is_directory() {
                return Err(RefusalKind::IsADirectory.into());
            }
            metadata
        }
        Purpose::Rename => {
            let writable = place.storage().capabilities().contains(Capabilities::WRITE);
            if path.is_root() || !writable {
                return Err(RefusalKind::Denied.into());
            }
            // The name itself is renamed, not what it leads to.
            let found = place.storage().symlink_metadata(&path).await;
            found.map_err(|e| refusal(&e))?
        }
        _ => metadata(place, &path).await?,
    };
    let facts = facts_map::facts(&metadata, place.rights(), path.is_root());
    Ok(Described::new(shown(&path)?, facts))
}

/// What is known of a file; of a link that leads nowhere, what is known of the link.
pub(super) async fn metadata(place: &Place, path: &VirtualPath) -> Result<Metadata, Refusal> {
    let found = match place.storage().metadata(path).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            place.storage().symlink_metadata(path).await
        }
        found => found,
    };
    found.map_err(|e| refusal(&e))
}

/// How much this user can still store there.
pub(super) async fn space(place: &Place, space: Space) -> Result<u64, Refusal> {
    let path = place.resolve(space.path.as_ref())?;
    if !metadata(place, &path).await?.is_directory() {
        return Err(RefusalKind::NotADirectory.into());
    }
    let space = place
        .storage()
        .space(&path)
        .await
        .map_err(|e| refusal(&e))?;
    Ok(space.available)
}

pub(super) async fn survey(place: &Place, survey: Survey) -> Result<Vec<(Text, Facts)>, Refusal> {
    let path = place.resolve(Some(&survey.path))?;
    let rights = place.rights();
    let metadata = metadata(place, &path).await?;
    if !metadata.is_directory() {
        let name = Text::from(survey.path);
        return Ok(vec![(name, facts_map::facts(&metadata, rights, false))]);
    }
    let pages = place.storage().list(&path).await.map_err(|e| refusal(&e))?;
    let entries = collect_entries(pages, survey.limit).await;
    let told = |entry: Entry| {
        let facts = facts_map::facts(&entry.metadata, rights, false);
        // An entry's name can hold nothing that breaks a line.
        Text::new(entry.name).ok().map(|name| (name, facts))
    };
    let entries = entries.map_err(|e| refusal(&e))?;
    Ok(entries.into_iter().filter_map(told).collect())
}
