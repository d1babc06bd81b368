//! The options of the program: a server, and what is asked of it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A load for an FTP server on this machine.
#[derive(Debug, Parser)]
#[command(name = "ftpkit-load")]
pub(crate) struct Options {
    /// The server's port on 127.0.0.1.
    #[arg(long)]
    pub(crate) port: u16,

    /// Who logs in.
    #[arg(long)]
    pub(crate) user: String,

    /// With which password.
    #[arg(long)]
    pub(crate) password: String,

    /// AUTH TLS, and PROT P on data connections, in TLS 1.3 with AES-256-GCM.
    #[arg(long)]
    pub(crate) tls: bool,

    /// How many clients work at the same time.
    #[arg(long, default_value_t = 1)]
    pub(crate) clients: usize,

    /// Acknowledge replies at once. Without it the system may wait for 40 ms, and with it those
    /// servers that leave small writes to Nagle's algorithm.
    #[arg(long)]
    pub(crate) quick_ack: bool,

    #[command(subcommand)]
    pub(crate) work: Work,
}

/// What the clients do.
#[derive(Debug, Subcommand)]
pub(crate) enum Work {
    /// Each downloads all files of a set.
    Get {
        #[command(flatten)]
        set: Set,
        /// How often, one time after the other.
        #[arg(long, default_value_t = 1)]
        times: u32,
        /// Compare what comes with the files of this directory.
        #[arg(long)]
        verify: Option<PathBuf>,
    },
    /// Each uploads all files of a set, into a directory named after its number.
    Put {
        #[command(flatten)]
        set: Set,
        /// How often, one time after the other: from the second time on, to names that end with a
        /// dash and the number of times before.
        #[arg(long, default_value_t = 1)]
        times: u32,
        /// Where the files are here.
        #[arg(long)]
        source: PathBuf,
    },
    /// Each logs in, asks for its directory and leaves, again and again.
    Sessions {
        /// For how long.
        #[arg(long)]
        seconds: f64,
    },
    /// Each sends a command as soon as the last one is answered.
    Commands {
        /// The command.
        #[arg(long)]
        line: String,
        /// The code that the reply must have.
        #[arg(long)]
        code: u16,
        /// For how long.
        #[arg(long)]
        seconds: f64,
    },
    /// Each sends so many NOOPs at once, and then reads the replies.
    Burst {
        /// How many.
        #[arg(long)]
        count: u64,
    },
    /// Each lists a directory again and again.
    List {
        /// The command, with its path.
        #[arg(long)]
        line: String,
        /// How many lines must come at least: some servers list `.` and `..` too.
        #[arg(long)]
        entries: u64,
        /// For how long; the last listing is read to its end.
        #[arg(long)]
        seconds: f64,
    },
    /// Each is a session that does nothing.
    Idle,
    /// Each is a download that stops when a little has come.
    HoldGet {
        /// The file.
        #[arg(long)]
        path: String,
    },
    /// Each is an upload that stops when a little has gone.
    HoldPut {
        /// Where the uploads go.
        #[arg(long)]
        directory: String,
    },
}

/// Files of one size in one directory of the server.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The directory on the server.
    #[arg(long)]
    pub(crate) directory: String,
    /// How many files: one is called `file`, more of them `f00000` and so on.
    #[arg(long)]
    pub(crate) count: u32,
    /// How many bytes each has.
    #[arg(long)]
    pub(crate) size: u64,
}

impl Set {
    pub(crate) fn name(&self, at: u32) -> String {
        match self.count {
            1 => "file".to_owned(),
            _ => format!("f{at:05}"),
        }
    }
}
