//! `cargo xtask compare`: ftpkit and its peers, measured in turn within one run.
//!
//! Each subject brings its servers, its clients and a table of scenarios; what
//! is here knows neither. A scenario is run once to check every byte of what it moved, then again
//! and again, each pairing of server and client in turn, so that a slow minute of the machine
//! meets all of them. What is compared are ratios within the run.

mod build;
mod chart;
mod client;
mod data;
mod ftpkit;
mod network;
mod openssh;
mod parse;
mod peer;
mod process;
mod report;
mod runner;
mod scenario;
mod server;
mod sftp;
mod usage;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

/// What is compared.
#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// SFTP: OpenSSH's sshd and sftp.
    Sftp(Options),
    /// FTP servers: vsftpd, ProFTPD, Pure-FTPd, pyftpdlib and libunftp.
    Server(Options),
    /// Parsers of listings: ftpkit-proto's, suppaftp's and ftp-cmd-list-parse's.
    Parse(Options),
    /// What ftpkit's server costs as sessions, entries, files and transfers grow.
    Growth(Options),
    /// FTP clients, with vsftpd: curl, lftp and suppaftp.
    Client(Options),
}

/// How it is compared.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Less data and few runs: to see that the comparison works, not to believe its figures.
    #[arg(long)]
    quick: bool,

    /// How often each pairing runs in each scenario [default: 5; with --quick: 3, but of FTP 1].
    #[arg(long, value_name = "N")]
    runs: Option<usize>,

    /// Only the scenarios whose name contains this.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,

    /// Where results go [default: benches/results; with --quick: target/compare].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Where the data lie; it should be in memory.
    #[arg(long, value_name = "DIR", default_value = "/dev/shm")]
    data: PathBuf,

    /// Measure this ftpkit instead of building one.
    #[arg(long, value_name = "FILE")]
    ftpkit: Option<PathBuf>,
}

impl Options {
    fn runs(&self) -> usize {
        self.runs.unwrap_or(if self.quick { 3 } else { 5 }).max(1)
    }

    /// The same, where a quick comparison has only so many.
    fn with_quick_runs(mut self, runs: usize) -> Self {
        if self.quick {
            self.runs.get_or_insert(runs);
        }
        self
    }

    /// The command as somebody else would give it: without what only fits this machine.
    fn command(&self, subject: &str) -> String {
        let mut command = format!("cargo xtask compare {subject}");
        if self.quick {
            command.push_str(" --quick");
        }
        if let Some(runs) = self.runs {
            command.push_str(&format!(" --runs {runs}"));
        }
        if let Some(only) = &self.only {
            command.push_str(&format!(" --only {only}"));
        }
        command
    }

    fn out(&self) -> PathBuf {
        match &self.out {
            Some(out) => out.clone(),
            None if self.quick => root().join("target/compare"),
            None => root().join("benches/results"),
        }
    }
}

/// Compares, and writes and prints what came out.
pub(crate) fn run(subject: Subject) -> anyhow::Result<()> {
    match subject {
        Subject::Sftp(options) => {
            let ftpkit = prepare(&options)?;
            finish(sftp::compare(&options, &ftpkit)?, &options, &[])
        }
        Subject::Server(options) => {
            let options = options.with_quick_runs(1);
            // While there is a network.
            server::build()?;
            let ftpkit = prepare(&options)?;
            let results = server::compare(&options, &ftpkit)?;
            finish(results, &options, &server::names())
        }
        Subject::Client(options) => {
            let options = options.with_quick_runs(1);
            client::build()?;
            let ftpkit = prepare(&options)?;
            let results = client::compare(&options, &ftpkit)?;
            finish(results, &options, &client::names())
        }
        Subject::Parse(options) => finish(parse::compare(&options)?, &options, &parse::names()),
        Subject::Growth(options) => {
            let options = options.with_quick_runs(1);
            // While there is a network.
            build::load()?;
            server::growth::measure(&options, &prepare(&options)?)
        }
    }
}

/// Gives the ftpkit that is measured, in a network that paces nothing.
fn prepare(options: &Options) -> anyhow::Result<PathBuf> {
    let ftpkit = match &options.ftpkit {
        Some(ftpkit) => ftpkit.clone(),
        None => build::ftpkit()?,
    };
    if network::needs_own() {
        match network::run_in_own(&ftpkit)? {}
    }
    Ok(ftpkit)
}

/// Writes and prints what came out. Of the scenarios of these names others are kept that an earlier
/// run has measured, where only some were asked for.
fn finish(mut results: report::Results, options: &Options, names: &[&str]) -> anyhow::Result<()> {
    print!("{}", report::table(&results));
    let out = options.out();
    std::fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    if options.only.is_some() && !names.is_empty() {
        results.keep_others(&out, names)?;
    }
    report::write(&results, &out)?;
    chart::write(&results, &out)?;
    eprintln!(
        "written: {}/{}.json and charts",
        out.display(),
        results.subject
    );
    Ok(())
}

/// The project's directory.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
