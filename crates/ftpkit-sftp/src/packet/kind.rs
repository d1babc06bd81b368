//! What a packet is ([`PacketType`]), and which request it belongs to ([`RequestId`]).

use core::fmt;

/// The first byte of a packet (sec. 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketType(u8);

macro_rules! types {
    ($($name:ident = $number:literal, $doc:literal;)*) => {
        impl PacketType {
            $(#[doc = $doc] pub const $name: Self = Self($number);)*

            /// The name in the draft, without `SSH_FXP_`; none for a type that version 3 has not.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

types! {
    INIT = 1, "The client's first packet.";
    VERSION = 2, "The server's answer to it.";
    OPEN = 3, "Opens a file.";
    CLOSE = 4, "Closes a handle.";
    READ = 5, "Reads from a file.";
    WRITE = 6, "Writes to a file.";
    LSTAT = 7, "Attributes by path, of a link itself.";
    FSTAT = 8, "Attributes by handle.";
    SETSTAT = 9, "Sets attributes by path.";
    FSETSTAT = 10, "Sets attributes by handle.";
    OPENDIR = 11, "Opens a directory.";
    READDIR = 12, "Reads from a directory.";
    REMOVE = 13, "Removes a file.";
    MKDIR = 14, "Makes a directory.";
    RMDIR = 15, "Removes a directory.";
    REALPATH = 16, "Makes a path absolute and plain.";
    STAT = 17, "Attributes by path, of what a link points to.";
    RENAME = 18, "Renames, and never overwrites.";
    READLINK = 19, "Reads a symbolic link.";
    SYMLINK = 20, "Makes a symbolic link.";
    STATUS = 101, "How a request ended.";
    HANDLE = 102, "The handle of what was opened.";
    DATA = 103, "What was read.";
    NAME = 104, "Names with their attributes.";
    ATTRS = 105, "Attributes.";
    EXTENDED = 200, "A request by its name.";
    EXTENDED_REPLY = 201, "The answer to one.";
}

impl PacketType {
    /// The type with this number, known or not.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "packet type {}", self.0),
        }
    }
}

impl fmt::Debug for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The number by which a client tells its requests apart; the response repeats it (sec. 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "any number is an id")]
pub struct RequestId(pub u32);

impl RequestId {
    /// The id behind this one; behind the last comes 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
