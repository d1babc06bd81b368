//! `cargo xtask compare growth`: what ftpkit's server costs as something grows by powers of ten:
//! sessions, the entries of a directory, the size of a file, transfers beside each other.
//!
//! The clients are those of the comparison of servers. Each run has a server of its own, which
//! nobody has called before, and each round takes all steps in turn. What comes out are curves, and
//! of each whether it bends upward: whether the last step costs more per unit than the middle one.

mod chart;
mod curve;
mod steps;

use std::{path::Path, time::Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value, json};

use super::{
    super::{
        Options, build,
        data::Site,
        peer, process,
        report::{self, Results},
        scenario::Direction,
        usage::{Machine, Peak, Processes, memory},
    },
    peers::{Kind, Peer, Programs},
    run::{self, Live},
    scenarios::{Scenario, Work},
};
use curve::{Line, Sample};
use steps::{Content, Growth, Step};

/// Files that a server has open beside those of its sessions, at most.
const OTHER_FILES: u64 = 1000;

/// Measures, prints and writes what was asked for.
pub(in super::super) fn measure(options: &Options, ftpkit: &Path) -> anyhow::Result<()> {
    let programs = Programs {
        ftpkit: ftpkit.to_owned(),
        load: build::load()?,
        libunftp: Default::default(),
        peers: peer::peers(),
    };
    for name in ["server.pem", "server.key"] {
        let file = programs.tls(name);
        ensure!(
            file.exists(),
            "{} is missing: run crates/ftpkit-test/peers/install {} as root",
            file.display(),
            programs.peers.display()
        );
    }
    let only = options.only.as_deref();
    let chosen: Vec<Growth> = steps::all(options.quick)
        .into_iter()
        .filter(|growth| only.is_none_or(|only| growth.name.contains(only)))
        .collect();
    ensure!(!chosen.is_empty(), "nothing that grows has such a name");
    let mut results = Results::new("growth", "", options)?;
    results.version("ftpkit", programs.version(Kind::Ftpkit)?);
    let out = options.out();
    std::fs::create_dir_all(&out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut measured = Vec::new();
    for growth in &chosen {
        let lines = lines(growth, &programs, options)?;
        let mut curves = Vec::new();
        for curve in &growth.curves {
            print!("{}", curve.table(growth.what, &lines));
            chart::draw(curve, growth, &lines, &out)?;
            curves.push(curve.json(&lines));
        }
        let mut value = Map::new();
        value.insert("growth".to_owned(), growth.name.into());
        value.insert("what".to_owned(), growth.what.into());
        for name in ["commit", "changed", "command", "runs"] {
            let about = results.about().get(name).cloned().unwrap_or_default();
            value.insert(name.to_owned(), about);
        }
        let lines: Vec<Value> = lines.iter().map(Line::json).collect();
        value.insert("lines".to_owned(), lines.into());
        value.insert("curves".to_owned(), curves.into());
        measured.push(value.into());
    }
    let mut value = results.about();
    if only.is_some() {
        keep_others(&mut measured, &out)?;
    }
    value.insert("growths".to_owned(), measured.into());
    report::save("growth", &value, &out)?;
    eprintln!("written: {}/growth.json and charts", out.display());
    Ok(())
}

/// Keeps what an earlier run has written of what was not measured now, in the usual order.
fn keep_others(measured: &mut Vec<Value>, directory: &Path) -> anyhow::Result<()> {
    let Ok(text) = std::fs::read_to_string(directory.join("growth.json")) else {
        return Ok(());
    };
    let earlier: Value = serde_json::from_str(&text)?;
    for growth in earlier["growths"].as_array().into_iter().flatten() {
        let is_same = |new: &Value| new["growth"] == growth["growth"];
        if !measured.iter().any(is_same) {
            measured.push(growth.clone());
        }
    }
    let names = steps::all(false).map(|growth| growth.name);
    measured.sort_by_key(|growth| names.iter().position(|name| growth["growth"] == *name));
    Ok(())
}

/// Takes all steps of all lines, round after round.
fn lines(growth: &Growth, programs: &Programs, options: &Options) -> anyhow::Result<Vec<Line>> {
    let site = Site::new(&options.data)?;
    for step in growth.series.iter().flat_map(|(_, steps)| steps) {
        if let Some(set) = step.scenario.set() {
            match growth.content {
                Content::Random => set.make(&site.root())?,
                Content::Holes => set.make_holes(&site.root())?,
            }
        }
    }
    let mut lines: Vec<Line> = growth
        .series
        .iter()
        .map(|(name, steps)| Line::new(name, false, steps.iter().map(|step| step.x)))
        .collect();
    let has_control = growth.curves.iter().any(|curve| curve.has_control);
    let mut control = has_control.then(|| {
        let steps = lines.first().map_or(&[][..], |line| &line.points);
        Line::new(CONTROL, true, steps.iter().map(|point| point.x))
    });
    // The round before the first is not counted: the system may have to find memory for it.
    for turn in 0..=options.runs() {
        if let (Some(line), Some((_, steps))) = (&mut control, growth.series.first()) {
            for (step, point) in steps.iter().zip(&mut line.points) {
                let sample = read_directory(step, &site, turn)?;
                if turn > 0 {
                    point.samples.push(sample);
                }
            }
        }
        for ((name, steps), line) in growth.series.iter().zip(&mut lines) {
            for (step, point) in steps.iter().zip(&mut line.points) {
                let (growth, x, runs) = (growth.name, step.x, options.runs());
                eprint!("\r\x1b[K{growth}: {name}, {x}: run {turn} of {runs}");
                let sample = sample(step, programs, &site, turn);
                let sample = sample.with_context(|| format!("{growth}, {name}, at {x}"))?;
                if turn > 0 {
                    point.samples.push(sample);
                }
            }
        }
    }
    eprintln!();
    lines.extend(control);
    Ok(lines)
}

/// The name of the system alone.
const CONTROL: &str = "system alone";

/// Reads a directory and asks for the facts of all that is in it, as a listing must, again and
/// again for as long as the clients list.
fn read_directory(step: &Step, site: &Site, turn: usize) -> anyhow::Result<Sample> {
    let Work::List(_, set, seconds) = &step.scenario.work else {
        bail!("there is no directory");
    };
    let directory = site.root().join(set.directory());
    let (machine, own) = (Machine::now()?, Processes::now()?);
    let started = Instant::now();
    let mut operations = 0;
    let seconds = loop {
        for entry in directory.read_dir()? {
            entry?.metadata()?;
            operations += 1;
        }
        let elapsed = started.elapsed().as_secs_f64();
        if elapsed >= *seconds {
            break elapsed;
        }
    };
    let (machine_after, own_after) = (Machine::now()?, Processes::now()?);
    let this = std::process::id();
    let cpu = own_after.used_by(this).0 - own.used_by(this).0;
    Ok(Sample {
        turn,
        seconds,
        operations,
        bytes: 0,
        memory: 0.0,
        server_cpu: 0.0,
        client_cpu: cpu,
        foreign_cpu: (machine_after.busy - machine.busy - cpu).max(0.0),
        stolen_cpu: machine_after.stolen - machine.stolen,
    })
}

/// Takes a step once, with a server that nobody has called yet.
fn sample(step: &Step, programs: &Programs, site: &Site, turn: usize) -> anyhow::Result<Sample> {
    let scenario = &step.scenario;
    run::clear(scenario, site)?;
    let peer = Peer {
        kind: Kind::Ftpkit,
        is_tls: scenario.is_tls,
        programs,
    };
    let fresh = Live::start(peer, site)?;
    let root = fresh.started.process.id();
    allow_files(root, scenario.clients)?;
    let mut command = run::clients(scenario, peer, fresh.started.port, site, false);
    if let Work::Move(..) = scenario.work {
        command.args(["--times", &step.times.to_string()]);
    }
    let log = site.private().join("clients.log");
    let mut clients = super::load::Clients::start(&mut command, log)?;
    let is_idle = matches!(scenario.work, Work::Idle);
    let (held, peak) = (memory(root)?, Peak::new(root)?);
    let (used, machine) = (fresh.meter.used()?, Machine::now()?);
    let worked = clients.work();
    let said = || format!("the server said {:?}", fresh.started.process.printed());
    let told = worked.with_context(said)?;
    let (used_after, machine_after) = (fresh.meter.used()?, Machine::now()?);
    let memory = if is_idle {
        memory(root)? - held
    } else {
        peak.above()?
    };
    clients.leave().with_context(said)?;
    check_uploads(step, site)?;
    let server_cpu = used_after - used;
    let known = server_cpu + told.client_cpu;
    Ok(Sample {
        turn,
        seconds: told.seconds,
        operations: told.operations,
        bytes: told.bytes,
        memory,
        server_cpu,
        client_cpu: told.client_cpu,
        foreign_cpu: (machine_after.busy - machine.busy - known).max(0.0),
        stolen_cpu: machine_after.stolen - machine.stolen,
    })
}

/// Lets a process open a file for each of so many sessions, whatever the shell allows.
fn allow_files(id: u32, sessions: usize) -> anyhow::Result<()> {
    let needed = sessions as u64 + OTHER_FILES;
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits"))?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let mut fields = line.context("no limit of files")?.split_ascii_whitespace();
    let mut allowed = || fields.find_map(|field| field.parse::<u64>().ok());
    // What is no number is no limit.
    let (soft, hard) = (allowed().unwrap_or(needed), allowed().unwrap_or(needed));
    if soft >= needed {
        return Ok(());
    }
    let (id, hard) = (id.to_string(), hard.max(needed));
    let files = format!("--nofile={needed}:{hard}");
    process::output(Path::new("prlimit"), &["--pid", &id, &files])
        .with_context(|| format!("a server may not open {needed} files"))
        .map(|_| ())
}

/// Whether all arrived that was put, which then goes at once.
fn check_uploads(step: &Step, site: &Site) -> anyhow::Result<()> {
    let Scenario {
        work: Work::Move(Direction::Put, set),
        ..
    } = &step.scenario
    else {
        return Ok(());
    };
    let mut files = 0;
    for entry in site.uploads().join("0").read_dir()? {
        let entry = entry?;
        let (found, name) = (entry.metadata()?.len(), entry.file_name());
        ensure!(
            found == set.size(),
            "{name:?} has {found} bytes, not {}",
            set.size()
        );
        files += 1;
    }
    ensure!(files == step.times, "{files} of {} arrived", step.times);
    site.clear(0)
}

impl Sample {
    fn json(&self) -> Value {
        json!({
            "turn": self.turn,
            "seconds": self.seconds,
            "operations": self.operations,
            "bytes": self.bytes,
            "memory_kib": self.memory,
            "server_cpu": self.server_cpu,
            "client_cpu": self.client_cpu,
            "foreign_cpu": self.foreign_cpu,
            "stolen_cpu": self.stolen_cpu,
        })
    }
}
