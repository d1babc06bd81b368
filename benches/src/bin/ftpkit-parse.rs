//! One parser of listings, and how many lines it parses: `cargo xtask compare parse` starts this
//! for each of them in turn.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use clap::Parser;
use ftpkit_benches::listing::{COUNT, Contender, Form};

/// Parses a listing again and again, and prints a line of JSON that tells how many lines and bytes
/// that were, in how many seconds, and with how much processor time.
#[derive(Debug, Parser)]
#[command(name = "ftpkit-parse")]
struct Options {
    /// Which parser.
    #[arg(long)]
    parser: Contender,

    /// What the lines look like.
    #[arg(long)]
    form: Form,

    /// For how long; the last listing is parsed to its end.
    #[arg(long)]
    seconds: f64,
}

fn main() -> anyhow::Result<()> {
    let Options {
        parser,
        form,
        seconds,
    } = Options::parse();
    // What a parser does once, as with its patterns, is done here too.
    parser.check(form)?;
    let listing = form.listing();
    let (mut lines, mut bytes) = (0, 0);
    let (cpu, started) = (cpu(), Instant::now());
    let elapsed = loop {
        let mut found = 0;
        parser.parse(form, black_box(&listing), |name, size| {
            black_box((name, size));
            found += 1;
        })?;
        anyhow::ensure!(found == COUNT, "{parser} has found {found} files");
        lines += found;
        bytes += listing.len();
        let elapsed = started.elapsed();
        if elapsed.as_secs_f64() >= seconds {
            break elapsed;
        }
    };
    let cpu = self::cpu().zip(cpu).map(|(after, before)| after - before);
    let told = serde_json::json!({
        "lines": lines,
        "bytes": bytes,
        "seconds": elapsed.as_secs_f64(),
        "cpu": cpu.as_ref().map(Duration::as_secs_f64),
    });
    println!("{told}");
    Ok(())
}

/// The processor time of this program, where the system tells.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn cpu() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

#[cfg(not(unix))]
const fn cpu() -> Option<Duration> {
    None
}
