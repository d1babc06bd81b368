//! The command `ftpkit`: reads the command line, runs one command, and turns what came of it
//! into an exit code: 0 done, 1 failed, 2 usage.

mod args;
mod certificate;
mod clock;
mod connect;
mod get;
mod inspect;
mod json;
mod line;
mod ls;
mod output;
mod passwd;
mod probe;
mod progress;
mod put;
mod remote;
mod serve;
mod several;
mod sftp;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command};

/// What was asked for makes no sense, as far as can be told only now: exit code 2.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

fn usage(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(message.into()))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    show_protocol(&cli);
    // One session of FTP is one task: with several threads each wake-up would pass through two.
    let mut builder = match cli.command.has_many_tasks() {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("cannot start")),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => serve::run(*serve).await,
            Command::Get(get) => get::run(get).await,
            Command::Put(put) => put::run(put).await,
            Command::Ls(ls) => ls::run(ls).await,
            Command::Rm(rm) => remote::rm(rm).await,
            Command::Mkdir(mkdir) => remote::mkdir(mkdir).await,
            Command::Mv(mv) => remote::mv(mv).await,
            Command::Probe(probe) => probe::run(probe).await,
            Command::Inspect(inspect) => inspect::run(&inspect),
            Command::Passwd(passwd) => passwd::run(&passwd),
        }
    });
    // A read of standard input cannot be cancelled and must not hold the process up.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Prints one line on standard error.
fn tell(error: &anyhow::Error) {
    // The errors of the client hold their causes in their own line.
    let has_all = error.is::<ftpkit::client::Error>() || error.is::<ftpkit::ssh::client::Error>();
    let line = match has_all {
        true => error.to_string(),
        false => format!("{error:#}"),
    };
    output::note(&line);
}

fn failed(error: &anyhow::Error) -> ExitCode {
    tell(error);
    if error.is::<Usage>() {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

fn show_protocol(cli: &Cli) {
    let filter = match (cli.verbose, &cli.command) {
        (0, Command::Serve(_)) => "warn",
        // A client's failure is told by its one line.
        (0, _) => return,
        (1, Command::Serve(_)) => "warn,ftpkit=debug,ftpkit_server=debug",
        (1, _) => "ftpkit::wire=debug",
        _ => "debug",
    };
    let shown = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(cli.verbose > 1);
    if matches!(cli.command, Command::Serve(_)) {
        shown.init();
    } else {
        // What was said, and nothing else.
        shown.with_level(cli.verbose > 1).without_time().init();
    }
}
