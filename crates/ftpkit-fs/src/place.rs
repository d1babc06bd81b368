//! From a virtual path to an open directory and one name in it, so that what follows cannot be
//! led elsewhere by somebody who exchanges directories and links.

use std::{
    ffi::OsString,
    io,
    path::{Component, Path},
    sync::Arc,
};

use bytes::Bytes;
use cap_std::fs::{Dir, Metadata};
use ftpkit_storage::{ErrorKind, Result, VirtualPath};

use crate::{
    directory::Inner,
    error::Context as _,
    name::{self, Use, native},
};

/// One name in an open directory; `.` stands for the root.
pub(crate) struct Place {
    pub(crate) dir: Arc<Dir>,
    pub(crate) name: OsString,
}

impl Place {
    /// What is there, of a symbolic link itself.
    pub(crate) fn look(&self) -> io::Result<Option<Metadata>> {
        match self.dir.symlink_metadata(&self.name) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Inner {
    /// The place of a path; the last name is not followed and need not exist. `None` is the
    /// root.
    pub(crate) fn place(
        &self,
        path: &VirtualPath,
        purpose: Use,
        step: &'static str,
    ) -> Result<Option<Place>> {
        let relative = native(path, purpose).on(path, step)?;
        let (Some(parent), Some(name)) = (path.parent(), relative.file_name()) else {
            return Ok(None);
        };
        let dir = self.dir(&parent, step)?;
        let name = name.to_owned();
        Ok(Some(Place { dir, name }))
    }

    /// An open directory; a symbolic link to one within the root is followed.
    pub(crate) fn dir(&self, path: &VirtualPath, step: &'static str) -> Result<Arc<Dir>> {
        if path.is_root() {
            return Ok(Arc::clone(&self.root));
        }
        let relative = native(path, Use::Find).on(path, step)?;
        Ok(Arc::new(self.root.open_dir(&relative).on(path, step)?))
    }

    /// How deep below the root a directory lies; `None` if it is gone.
    pub(crate) fn depth(&self, path: &VirtualPath) -> Option<usize> {
        if path.is_root() {
            return Some(0);
        }
        // A path may lead through links to a place that is not as deep as it is long.
        let real = self.root.canonicalize(native(path, Use::Find).ok()?).ok()?;
        let names = real.components();
        Some(
            names
                .filter(|part| matches!(part, Component::Normal(_)))
                .count(),
        )
    }

    /// Where the symbolic link at a place leads, as far as clients are shown it.
    pub(crate) fn shown_target(
        &self,
        place: &Place,
        path: &VirtualPath,
    ) -> io::Result<Option<Bytes>> {
        let target = place.dir.read_link_contents(&place.name)?;
        Ok(name::shown_target(&target, || self.depth(&path.parent()?)))
    }

    /// The place of a path where a symbolic link at its end is followed, with what is there. A
    /// link that leads to nothing, or out of the root, is not found.
    pub(crate) fn target(
        &self,
        path: &VirtualPath,
        purpose: Use,
        step: &'static str,
    ) -> Result<(Place, Option<Metadata>)> {
        let Some(place) = self.place(path, purpose, step)? else {
            let place = Place {
                dir: Arc::clone(&self.root),
                name: ".".into(),
            };
            let metadata = self.root.dir_metadata().on(path, step)?;
            return Ok((place, Some(metadata)));
        };
        let there = place.look().on(path, step)?;
        if !there.as_ref().is_some_and(Metadata::is_symlink) {
            return Ok((place, there));
        }
        let relative = native(path, purpose).on(path, step)?;
        let real = self.root.canonicalize(&relative).on(path, step)?;
        let (Some(parent), Some(name)) = (real.parent(), real.file_name()) else {
            let (place, root) = self.target(&VirtualPath::root(), purpose, step)?;
            return Ok((place, root));
        };
        let dir = if parent == Path::new("") {
            Arc::clone(&self.root)
        } else {
            Arc::new(self.root.open_dir(parent).on(path, step)?)
        };
        let place = Place {
            dir,
            name: name.to_owned(),
        };
        match place.look().on(path, step)? {
            // It was exchanged while we looked.
            None => Err(ErrorKind::NotFound).on(path, step),
            Some(metadata) if metadata.is_symlink() => Err(ErrorKind::NotFound).on(path, step),
            there => Ok((place, there)),
        }
    }
}
