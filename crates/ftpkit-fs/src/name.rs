//! Virtual names as native ones, and which of them a client may not use.

use std::{
    borrow::Cow,
    ffi::OsString,
    path::{Component, Path},
};

use bytes::Bytes;
use ftpkit_storage::{ErrorKind, VirtualPath};

use crate::temporary;

/// What a path is for, which decides how a name that nobody may use is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To find what is there.
    Find,
    /// To give something this name.
    Make,
}

/// The native path, relative to the root.
pub(crate) fn native(path: &VirtualPath, purpose: Use) -> Result<Cow<'_, Path>, ErrorKind> {
    let refused = match purpose {
        Use::Find => ErrorKind::NotFound,
        Use::Make => ErrorKind::InvalidName,
    };
    if path
        .components()
        .any(|name| temporary::is_reserved(name) || !is_plain(name))
    {
        return Err(refused);
    }
    match path.as_bytes() {
        [b'/'] => Ok(Cow::Borrowed(Path::new("."))),
        [b'/', relative @ ..] | relative => from_bytes(relative).ok_or(refused),
    }
}

#[cfg(unix)]
pub(crate) fn from_bytes(relative: &[u8]) -> Option<Cow<'_, Path>> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    Some(Cow::Borrowed(Path::new(OsStr::from_bytes(relative))))
}

#[cfg(not(unix))]
pub(crate) fn from_bytes(relative: &[u8]) -> Option<Cow<'_, Path>> {
    std::str::from_utf8(relative)
        .ok()
        .map(|text| Cow::Borrowed(Path::new(text)))
}

/// Whether the system takes these bytes as a plain name: Windows gives some a meaning.
fn is_plain(name: &[u8]) -> bool {
    if cfg!(not(windows)) {
        return true;
    }
    let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
    let stem = stem.trim_ascii().to_ascii_uppercase();
    let device = matches!(
        &stem[..],
        b"CON" | b"PRN" | b"AUX" | b"NUL" | b"CONIN$" | b"CONOUT$"
    ) || matches!(&stem[..], [b'C', b'O', b'M', _] | [b'L', b'P', b'T', _]);
    !device
        && !name.ends_with(b".")
        && !name.ends_with(b" ")
        // The short name of a reserved one would lead around its refusal.
        && !name.contains(&b'~')
        && !name
            .iter()
            .any(|b| b.is_ascii_control() || br#"\/:*?"<>|"#.contains(b))
}

/// A native name as bytes; `None` if it has none that lead back to it.
#[cfg(unix)]
pub(crate) fn bytes(name: OsString) -> Option<Bytes> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(name.into_vec().into())
}

/// A native name as bytes; `None` if it has none that lead back to it.
#[cfg(not(unix))]
pub(crate) fn bytes(name: OsString) -> Option<Bytes> {
    name.into_string().ok().map(Bytes::from)
}

/// The target of a symbolic link as clients see it, in a directory that lies `depth` below the
/// root; `None` if it leads out of the root, since where that lies is nobody's business. The depth
/// is asked for only where it counts.
pub(crate) fn shown_target(target: &Path, depth: impl FnOnce() -> Option<usize>) -> Option<Bytes> {
    if target.has_root() || target.is_absolute() {
        return None;
    }
    let climbs = target.components().any(|part| part == Component::ParentDir);
    if climbs {
        let mut depth = depth()?;
        for part in target.components() {
            match part {
                Component::ParentDir => depth = depth.checked_sub(1)?,
                Component::Normal(_) => depth += 1,
                Component::CurDir => {}
                Component::Prefix(_) | Component::RootDir => return None,
            }
        }
    }
    bytes(target.as_os_str().to_owned())
}

/// The target of a new symbolic link.
pub(crate) fn link_target(target: &[u8]) -> Result<Cow<'_, Path>, ErrorKind> {
    let native = from_bytes(target).ok_or(ErrorKind::InvalidName)?;
    if target.is_empty() || target.len() > VirtualPath::MAX_LEN || target.contains(&0) {
        return Err(ErrorKind::Invalid);
    }
    if native.has_root() || native.is_absolute() {
        return Err(ErrorKind::Denied);
    }
    let mut names = target.split(|&b| b == b'/');
    if names.any(|name| {
        temporary::is_reserved(name) || !matches!(name, b"." | b"..") && !is_plain(name)
    }) {
        return Err(ErrorKind::InvalidName);
    }
    Ok(native)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_leads_out_is_not_shown() {
        for (target, depth, shown) in [
            ("file", 0, true),
            ("d/./file", 0, true),
            ("..", 0, false),
            ("..", 1, true),
            ("../file", 1, true),
            ("../../file", 1, false),
            ("d/../file", 0, true),
            ("d/../../srv/root/file", 0, false),
            ("../../..", 3, true),
            ("/", 3, false),
            ("/srv/root/file", 3, false),
        ] {
            let bytes = shown_target(Path::new(target), || Some(depth));
            let expected = shown.then(|| Bytes::from(target));
            assert_eq!(bytes, expected, "{target} at {depth}");
        }
        assert_eq!(shown_target(Path::new("../x"), || None), None);
    }

    #[test]
    fn no_name_of_a_temporary_file_is_for_clients() {
        for name in [
            "/.ftpkit-0123456789abcdef.part",
            "/d/.ftpkit-x.part",
            "/.FTPKIT-x.PART/below",
        ] {
            let path = VirtualPath::try_from(name).unwrap();
            assert_eq!(native(&path, Use::Find).unwrap_err(), ErrorKind::NotFound);
            assert_eq!(
                native(&path, Use::Make).unwrap_err(),
                ErrorKind::InvalidName
            );
            let target = &name.as_bytes()[1..];
            assert_eq!(link_target(target).unwrap_err(), ErrorKind::InvalidName);
        }
        for name in ["/", "/.ftpkit", "/ftpkit-x.part", "/.ftpkit-x.parts"] {
            let path = VirtualPath::try_from(name).unwrap();
            let native = native(&path, Use::Make).unwrap();
            assert!(native.is_relative(), "{native:?}");
        }
    }
}
