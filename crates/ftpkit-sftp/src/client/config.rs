//! What a client machine does, and how much it keeps under way: [`Config`].

use crate::packet::{MAX_RECEIVED, MAX_SENT, SymlinkOrder};

/// The settings of one client connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// In which order the paths of a SYMLINK are sent. OpenSSH's by default; a server that is
    /// known to keep to the draft needs the other.
    pub symlink_order: SymlinkOrder,
    /// How many READ or WRITE requests of one transfer may be under way at once; 64 by default.
    /// A transfer begins with fewer and works its way up.
    pub max_in_flight: u32,
    /// How many bytes of one transfer may be under way at once; 8 MiB by default. It also bounds
    /// what a download keeps because something before it is missing.
    pub max_bytes: u64,
    /// The most that one READ or WRITE asks for, in bytes; 255 KiB by default. A server without
    /// `limits@openssh.com` is asked for 32 KiB at most, which every server takes (sec. 3).
    pub max_block: u32,
    /// The longest packet that is sent, in bytes; 256 KiB by default. A server's limit holds too.
    pub max_sent: usize,
    /// The longest WRITE that is sent, with all that stands around its payload, in bytes; not
    /// bounded by default. Where the transport cuts what it carries into packets of its own, one
    /// that fits saves both sides half-empty ones.
    pub max_write: usize,
    /// The longest packet that is taken, in bytes; 257 KiB by default.
    pub max_received: usize,
    /// How many READDIR of one listing may be under way at once; 4 by default.
    pub max_readdirs: u32,
    /// How many requests may be submitted and not done at once; 1024 by default. What is over
    /// it fails with [`Reason::TooManyRequests`](super::Reason::TooManyRequests).
    pub max_requests: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            symlink_order: SymlinkOrder::OpenSsh,
            max_in_flight: 64,
            max_bytes: 8 * 1024 * 1024,
            max_block: 255 * 1024,
            max_sent: MAX_SENT,
            max_write: usize::MAX,
            max_received: MAX_RECEIVED,
            max_readdirs: 4,
            max_requests: 1024,
        }
    }
}
