//! The clients: a program that prepares, works when it is told to, and stays until it is let go.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Clients that have logged in.
#[derive(Debug)]
pub(super) struct Clients {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    log: PathBuf,
}

/// What they say of their work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) seconds: f64,
    pub(super) bytes: u64,
    pub(super) operations: u64,
    pub(super) client_cpu: f64,
}

impl Clients {
    /// Starts them; they have logged in when this comes back, if the work needs that.
    pub(super) fn start(command: &mut Command, log: PathBuf) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("the clients cannot be started")?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut clients = Self {
            child,
            input: input.context("no input of the clients")?,
            output: BufReader::new(output.context("no output of the clients")?),
            log,
        };
        let line = clients.line()?;
        if line != "ready" {
            bail!("the clients said {line:?}");
        }
        Ok(clients)
    }

    /// Has them work.
    pub(super) fn work(&mut self) -> anyhow::Result<Told> {
        self.input.write_all(b"go\n")?;
        let line = self.line()?;
        let told: Value = serde_json::from_str(&line)?;
        let read = || {
            Some(Told {
                seconds: told["seconds"].as_f64()?,
                bytes: told["bytes"].as_u64()?,
                operations: told["operations"].as_u64()?,
                client_cpu: told["client_cpu"].as_f64()?,
            })
        };
        read().with_context(|| format!("the clients said {line:?}"))
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            // It ends by itself, having said why.
            let status = self.child.wait()?;
            let said = fs::read_to_string(&self.log).unwrap_or_default();
            bail!("the clients ended with {status}: {}", said.trim());
        }
        Ok(line.trim_end().to_owned())
    }

    /// Has them say goodbye.
    pub(super) fn leave(self) -> anyhow::Result<()> {
        let Self {
            mut child, input, ..
        } = self;
        drop(input);
        let status = child.wait()?;
        if !status.success() {
            bail!("the clients ended with {status}");
        }
        Ok(())
    }
}
