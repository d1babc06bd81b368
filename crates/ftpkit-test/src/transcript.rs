//! What both sides said and did, in order, for people who look at a failed test.

use std::fmt;

use crate::net::Side;
use ftpkit_proto::Instant;

/// The lines of a session: `C:` and `S:` for what crossed the control connection, `c` and `s`
/// for what else the client's and the server's side did.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: Vec<(Instant, String)>,
}

impl Transcript {
    /// How many lines are kept; a session that goes on for longer has gone wrong at its start.
    const LIMIT: usize = 4000;

    pub(crate) fn wrote(&mut self, now: Instant, side: Side, bytes: &[u8]) {
        let head = match side {
            Side::Client => "C:",
            Side::Server => "S:",
        };
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r\n").unwrap_or(line);
            self.push(now, format!("{head} {}", line.escape_ascii()));
        }
    }

    pub(crate) fn did(&mut self, now: Instant, side: Side, what: impl fmt::Display) {
        let head = match side {
            Side::Client => 'c',
            Side::Server => 's',
        };
        self.push(now, format!("  {head} {what}"));
    }

    fn push(&mut self, now: Instant, line: String) {
        if self.lines.len() < Self::LIMIT {
            self.lines.push((now, line));
        }
    }

    /// The lines that crossed the control connection, without their times.
    pub fn said(&self) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .map(|(_, line)| line.as_str())
            .filter(|line| line.starts_with("C:") || line.starts_with("S:"))
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in &self.lines {
            writeln!(f, "{:>9.3} {line}", at.since_start().as_secs_f64())?;
        }
        Ok(())
    }
}
