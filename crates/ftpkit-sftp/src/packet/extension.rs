//! The extensions that this crate has types for: [`Extension`], their names and versions.

/// An extension of OpenSSH, as a server announces it and a client asks for it.
///
/// The version is text and must match to the byte: `statvfs@openssh.com` is `2`, and a client must
/// not use one that is announced with another (OpenSSH sec. 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extension {
    /// Renames over an existing file, as POSIX does.
    PosixRename,
    /// Space of the file system of a path.
    Statvfs,
    /// Space of the file system of an open file.
    Fstatvfs,
    /// Makes a hard link.
    Hardlink,
    /// Brings an open file to the disk.
    Fsync,
    /// Sets the attributes of a symbolic link itself.
    Lsetstat,
    /// How much the server takes.
    Limits,
    /// Makes a path absolute that may begin with `~`.
    ExpandPath,
    /// Copies from one open file to another, on the server.
    CopyData,
    /// The home directory of a user.
    HomeDirectory,
    /// The names of users and groups.
    UsersGroupsById,
}

impl Extension {
    /// All of them, in the order in which a server announces them.
    pub const ALL: [Self; 11] = [
        Self::PosixRename,
        Self::Statvfs,
        Self::Fstatvfs,
        Self::Hardlink,
        Self::Fsync,
        Self::Lsetstat,
        Self::Limits,
        Self::ExpandPath,
        Self::CopyData,
        Self::HomeDirectory,
        Self::UsersGroupsById,
    ];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PosixRename => "posix-rename@openssh.com",
            Self::Statvfs => "statvfs@openssh.com",
            Self::Fstatvfs => "fstatvfs@openssh.com",
            Self::Hardlink => "hardlink@openssh.com",
            Self::Fsync => "fsync@openssh.com",
            Self::Lsetstat => "lsetstat@openssh.com",
            Self::Limits => "limits@openssh.com",
            Self::ExpandPath => "expand-path@openssh.com",
            Self::CopyData => "copy-data",
            Self::HomeDirectory => "home-directory",
            Self::UsersGroupsById => "users-groups-by-id@openssh.com",
        }
    }

    /// Its version, as it is announced.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Statvfs | Self::Fstatvfs => "2",
            _ => "1",
        }
    }

    /// The extension with this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.name().as_bytes() == name)
    }
}

impl core::fmt::Display for Extension {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
