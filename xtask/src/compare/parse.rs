//! The comparison of parsers of listings: how many lines each parses in a second, alone in a
//! process that ends with its measurement (`benches/src`).

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Map, Value};

use super::{
    Options, build, process,
    report::{Figure, Measured, Results, Row},
    root,
    runner::Run,
    usage::Machine,
};

/// The lines, and who parses them; ftp-cmd-list-parse knows no facts.
const SCENARIOS: [(&str, &[&str]); 3] = [
    (
        "unix",
        &["suppaftp", "ftp-cmd-list-parse", "ftpkit", "ftpkit-owned"],
    ),
    (
        "dos",
        &["suppaftp", "ftp-cmd-list-parse", "ftpkit", "ftpkit-owned"],
    ),
    ("mlsd", &["suppaftp", "ftpkit", "ftpkit-owned"]),
];

/// The names of all scenarios, in their order.
pub(super) fn names() -> Vec<&'static str> {
    SCENARIOS.map(|(name, _)| name).to_vec()
}

/// Runs the comparison. The program checks what its parser finds before it takes time.
pub(super) fn compare(options: &Options) -> anyhow::Result<Results> {
    let program = build::parse()?;
    let mut results = Results::new("parse", "the best peer", options)?;
    for name in ["suppaftp", "ftp-cmd-list-parse", "ftpkit-proto"] {
        results.version(name, build::locked(name, root())?);
    }
    let seconds = if options.quick { "0.05" } else { "0.5" };
    let only = options.only.as_deref();
    let chosen = SCENARIOS.into_iter();
    let chosen: Vec<_> = chosen
        .filter(|(name, _)| only.is_none_or(|only| name.contains(only)))
        .collect();
    ensure!(!chosen.is_empty(), "no scenario has such a name");
    for (scenario, parsers) in chosen {
        let mut rows: Vec<Vec<Run>> = vec![Vec::new(); parsers.len()];
        for turn in 1..=options.runs() {
            eprint!("\r{scenario}: run {turn} of {}  ", options.runs());
            for at in 0..parsers.len() {
                // Nobody always runs first, or behind the same.
                let at = (at + turn) % parsers.len();
                let run = once(&program, parsers[at], scenario, seconds, turn);
                rows[at].push(run.with_context(|| format!("{}, {scenario}", parsers[at]))?);
            }
        }
        eprintln!();
        let rows = parsers.iter().zip(rows);
        let mut measured = Measured {
            scenario: scenario.to_owned(),
            group: String::new(),
            figure: Figure::Rate,
            streams: 1,
            unit: "million lines/s".to_owned(),
            rows: rows
                .map(|(name, runs)| Row {
                    name: (*name).to_owned(),
                    runs,
                })
                .collect(),
            about: Map::new(),
        };
        measured.put_best_first("ftpkit");
        results.add(measured);
    }
    Ok(results)
}

/// Runs one parser once.
fn once(
    program: &Path,
    parser: &str,
    form: &str,
    seconds: &str,
    turn: usize,
) -> anyhow::Result<Run> {
    let arguments = ["--parser", parser, "--form", form, "--seconds", seconds];
    let machine = Machine::now()?;
    let text = process::output(program, &arguments)?;
    let machine_after = Machine::now()?;
    let told: Value = serde_json::from_str(&text)?;
    let read = || {
        let cpu = told["cpu"].as_f64()?;
        Some(Run {
            turn,
            amount: told["lines"].as_f64()? / 1e6,
            seconds: told["seconds"].as_f64()?,
            bytes: told["bytes"].as_u64()?,
            server_cpu: 0.0,
            client_cpu: cpu,
            foreign_cpu: (machine_after.busy - machine.busy - cpu).max(0.0),
            stolen_cpu: machine_after.stolen - machine.stolen,
        })
    };
    read().with_context(|| format!("the parser said {text:?}"))
}
