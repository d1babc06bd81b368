//! Runs the scenarios: each server once to check what it moves, then all of them in turn.

use std::{fs, process::Command};

use anyhow::{Context as _, ensure};

use super::super::{
    Options,
    data::{Set, Site},
    peer::{Server as _, Started, metered},
    report::{Figure, Measured, Results, Row},
    runner::{NO_RIVAL, Run},
    scenario::Direction,
    usage::{Machine, Meter, Processes, memory, settle},
};
use super::{
    configuration::PASSWORD,
    load::{Clients, Told},
    peers::{Kind, Peer, Programs},
    scenarios::{self, Scenario, Work},
};

/// A server that runs, and what counts its work.
pub(super) struct Live<'a> {
    pub(super) peer: Peer<'a>,
    pub(super) started: Started,
    pub(super) meter: Meter,
}

impl<'a> Live<'a> {
    pub(super) fn start(peer: Peer<'a>, site: &Site) -> anyhow::Result<Self> {
        let (started, meter) = metered(peer.name(), peer.start(site))?;
        Ok(Self {
            peer,
            started,
            meter,
        })
    }
}

/// Runs all that were asked for, and adds what they gave to the results.
pub(super) fn all(
    programs: &Programs,
    site: &Site,
    options: &Options,
    results: &mut Results,
) -> anyhow::Result<()> {
    let only = options.only.as_deref();
    let chosen: Vec<Scenario> = scenarios::all(options.quick)
        .into_iter()
        .filter(|scenario| only.is_none_or(|only| scenario.name.contains(only)))
        .collect();
    ensure!(!chosen.is_empty(), "no scenario has such a name");
    for is_tls in [false, true] {
        let of_security = |scenario: &&Scenario| scenario.is_tls == is_tls;
        let mut rates = chosen.iter().filter(of_security).peekable();
        if rates.peek().is_none() {
            continue;
        }
        // All run from the start; one that nobody calls uses nothing.
        let live = Kind::ALL
            .into_iter()
            .map(|kind| {
                let peer = Peer {
                    kind,
                    is_tls,
                    programs,
                };
                Live::start(peer, site)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        if let Some(first) = live.first() {
            results.note("processor time", first.meter.about());
        }
        for scenario in rates {
            results.add(measure(scenario, &live, site, options)?);
        }
    }
    let order: Vec<&str> = chosen.iter().map(|scenario| scenario.name).collect();
    let place = |measured: &Measured| order.iter().position(|name| *name == measured.scenario);
    results.measured.sort_by_key(place);
    site.clear(0)
}

/// A scenario with all its servers.
fn measure(
    scenario: &Scenario,
    live: &[Live<'_>],
    site: &Site,
    options: &Options,
) -> anyhow::Result<Measured> {
    if let Some(set) = scenario.set() {
        set.make(&site.root())?;
    }
    let (figure, unit) = scenario.figure();
    let mut runs: Vec<(&Live<'_>, Vec<Run>)> = live
        .iter()
        .filter(|live| scenario.servers.contains(&live.peer.kind))
        .map(|live| (live, Vec::new()))
        .collect();
    let servers = runs.len();
    let mut checked = vec![0.0; servers];
    for turn in 0..=options.runs() {
        eprint!("\r{}: run {turn} of {}  ", scenario.name, options.runs());
        let best = checked.iter().copied().fold(0.0, f64::max);
        for at in 0..servers {
            // Nobody always runs first, or behind the same.
            let at = (at + turn) % servers;
            let (live, runs) = &mut runs[at];
            let is_rival = checked[at] * NO_RIVAL > best || figure == Figure::Memory;
            if turn > 1 && !is_rival && turn % 3 != 0 && live.peer.kind != Kind::Ftpkit {
                continue;
            }
            let run = match figure {
                Figure::Rate => once(scenario, live, site, turn),
                Figure::Memory => hold(scenario, live.peer, site, turn),
            };
            let run = run.with_context(|| {
                let said = live.started.process.printed();
                let name = live.peer.name();
                format!(
                    "{}, by the server {name}, which said {said:?}",
                    scenario.name
                )
            })?;
            if turn == 0 {
                checked[at] = run.amount / run.seconds;
            } else {
                runs.push(run);
            }
        }
    }
    eprintln!();
    let rows = runs.into_iter().map(|(live, runs)| Row {
        name: live.peer.name().to_owned(),
        runs,
    });
    let mut measured = Measured {
        scenario: scenario.name.to_owned(),
        group: scenario.group.to_owned(),
        figure,
        streams: scenario.clients,
        unit: unit.to_owned(),
        rows: rows.collect(),
        about: serde_json::Map::new(),
    };
    measured.put_best_first(Kind::Ftpkit.name());
    Ok(measured)
}

/// The command of the clients.
pub(super) fn clients(
    scenario: &Scenario,
    peer: Peer<'_>,
    port: u16,
    site: &Site,
    check: bool,
) -> Command {
    let mut command = Command::new(&peer.programs.load);
    command
        .args(["--port", &port.to_string(), "--user", peer.kind.user()])
        .args(["--password", PASSWORD])
        .args(["--clients", &scenario.clients.to_string()]);
    if scenario.is_tls {
        command.arg("--tls");
    }
    if scenario.quick_ack {
        command.arg("--quick-ack");
    }
    let files = |command: &mut Command, set: &Set, directory: &str| {
        command
            .args(["--directory", directory])
            .args(["--count", &set.names().len().to_string()])
            .args(["--size", &set.size().to_string()]);
    };
    match &scenario.work {
        Work::Move(Direction::Get, set) => {
            files(command.arg("get"), set, &set.directory());
            if check {
                command
                    .arg("--verify")
                    .arg(site.root().join(set.directory()));
            }
        }
        Work::Move(Direction::Put, set) => {
            files(command.arg("put"), set, "up");
            command
                .arg("--source")
                .arg(site.root().join(set.directory()));
        }
        Work::Sessions(seconds) => {
            command.args(["sessions", "--seconds", &seconds.to_string()]);
        }
        Work::Command(line, set, code, seconds) => {
            let path = set.as_ref().map(|set| format!(" {}/file", set.directory()));
            let line = format!("{line}{}", path.unwrap_or_default());
            command
                .args(["commands", "--line", &line, "--code", &code.to_string()])
                .args(["--seconds", &seconds.to_string()]);
        }
        Work::Burst(count) => {
            command.args(["burst", "--count", &count.to_string()]);
        }
        Work::List(verb, set, seconds) => {
            command
                .args(["list", "--line", &format!("{verb} {}", set.directory())])
                .args(["--entries", &set.names().len().to_string()])
                .args(["--seconds", &seconds.to_string()]);
        }
        Work::Idle => {
            command.arg("idle");
        }
        Work::Held(Direction::Get, set) => {
            let path = format!("{}/file", set.directory());
            command.args(["hold-get", "--path", &path]);
        }
        Work::Held(Direction::Put, _) => {
            command.args(["hold-put", "--directory", "up"]);
        }
    }
    command
}

/// Empty directories for what is put.
pub(super) fn clear(scenario: &Scenario, site: &Site) -> anyhow::Result<()> {
    if !matches!(
        scenario.work,
        Work::Move(Direction::Put, _) | Work::Held(Direction::Put, _)
    ) {
        return Ok(());
    }
    site.clear(scenario.clients)
}

/// Runs a scenario once with a server.
fn once(scenario: &Scenario, live: &Live<'_>, site: &Site, turn: usize) -> anyhow::Result<Run> {
    clear(scenario, site)?;
    let root = live.started.process.id();
    let before_all = Processes::now()?.descendants(root);
    let check = turn == 0;
    let mut command = clients(scenario, live.peer, live.started.port, site, check);
    let log = site.private().join("clients.log");
    let mut clients = Clients::start(&mut command, log)?;
    let (used, machine) = (live.meter.used()?, Machine::now()?);
    let told = clients.work()?;
    if matches!(scenario.work, Work::Sessions(_)) {
        // What sessions leave behind is theirs.
        settle(root, before_all)?;
    }
    let (used_after, machine_after) = (live.meter.used()?, Machine::now()?);
    clients.leave()?;
    // None of them is in the way of the next.
    settle(root, before_all)?;

    if let Work::Move(Direction::Put, set) = &scenario.work {
        for number in 0..scenario.clients {
            let there = site.uploads().join(number.to_string());
            set.check_sizes(&there)?;
            if check {
                set.check_content(&site.root(), &there)?;
            }
        }
    }
    let (server_cpu, machines) = (used_after - used, [machine, machine_after]);
    let amount = amount(scenario, told);
    Ok(counted(turn, amount, told, server_cpu, &machines))
}

/// A run from what its clients told, and what the machine did before and after.
fn counted(
    turn: usize,
    amount: f64,
    told: Told,
    server_cpu: f64,
    [before, after]: &[Machine; 2],
) -> Run {
    let known = server_cpu + told.client_cpu;
    Run {
        turn,
        amount,
        seconds: told.seconds,
        bytes: told.bytes,
        server_cpu,
        client_cpu: told.client_cpu,
        foreign_cpu: (after.busy - before.busy - known).max(0.0),
        stolen_cpu: after.stolen - before.stolen,
    }
}

fn amount(scenario: &Scenario, told: Told) -> f64 {
    match scenario.work {
        Work::Move(_, Set::Big(_)) => told.bytes as f64 / 1e6,
        _ => told.operations as f64,
    }
}

/// Opens sessions or transfers with a server that nobody has called yet, and looks at its memory.
fn hold(scenario: &Scenario, peer: Peer<'_>, site: &Site, turn: usize) -> anyhow::Result<Run> {
    clear(scenario, site)?;
    let fresh = Live::start(peer, site)?;
    let root = fresh.started.process.id();
    let mut command = clients(scenario, peer, fresh.started.port, site, false);
    let log = site.private().join("clients.log");
    let mut clients = Clients::start(&mut command, log)?;
    let (before, used, machine) = (memory(root)?, fresh.meter.used()?, Machine::now()?);
    let told = clients.work()?;
    let (after, used_after, machine_after) = (memory(root)?, fresh.meter.used()?, Machine::now()?);
    ensure!(
        fs::exists(format!("/proc/{root}"))?,
        "the server has ended: {}",
        fresh.started.process.printed()
    );
    clients.leave()?;
    let (server_cpu, machines) = (used_after - used, [machine, machine_after]);
    let amount = (after - before) / scenario.clients as f64;
    Ok(counted(turn, amount, told, server_cpu, &machines))
}
