//! Runs the scenarios: each pairing once to check what it moves, then all of them in turn.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::{
    Options,
    data::Site,
    peer::{Client, Server, Started, metered},
    process::Running,
    report::{Figure, Measured, Results, Row},
    scenario::{Direction, Pairing, Scenario},
    usage::{Machine, Meter, Processes, settle},
};

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A peer that is so many times slower than the best one is no rival: it takes part in every third
/// turn only, so that the turns of the others are not hours apart.
pub(super) const NO_RIVAL: f64 = 4.0;

/// One run of a pairing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// In which round it ran, from 1 on.
    pub(super) turn: usize,
    /// How much of the scenario's unit it moved, or how much of it was needed.
    pub(super) amount: f64,
    pub(super) seconds: f64,
    pub(super) bytes: u64,
    pub(super) server_cpu: f64,
    pub(super) client_cpu: f64,
    /// What everybody else used meanwhile.
    pub(super) foreign_cpu: f64,
    /// What the machine's host took meanwhile.
    pub(super) stolen_cpu: f64,
}

/// Runs all scenarios and adds what they gave to the results.
pub(super) fn run(
    servers: &[Box<dyn Server + '_>],
    clients: &[Box<dyn Client + '_>],
    scenarios: &[Scenario],
    site: &Site,
    options: &Options,
    results: &mut Results,
) -> anyhow::Result<()> {
    for server in servers {
        let name = format!("server {}", server.name());
        results.version(&name, server.version()?);
    }
    for client in clients {
        let name = format!("client {}", client.name());
        results.version(&name, client.version()?);
    }
    let chosen: Vec<&Scenario> = scenarios
        .iter()
        .filter(|scenario| {
            let only = options.only.as_deref();
            only.is_none_or(|only| scenario.name.contains(only))
        })
        .collect();
    ensure!(!chosen.is_empty(), "no scenario has such a name");
    // All run from the start; one that nobody calls uses nothing.
    let started: Vec<(Started, Meter)> = servers
        .iter()
        .map(|server| metered(server.name(), server.start(site)))
        .collect::<anyhow::Result<_>>()?;
    if let Some((_, meter)) = started.first() {
        results.note("server processor time", meter.about());
    }
    for scenario in chosen {
        scenario.load.set.make(&site.root())?;
        let mut rows: Vec<Vec<Run>> = vec![Vec::new(); scenario.pairings.len()];
        let mut checked = vec![0.0; scenario.pairings.len()];
        // The run before the first is not counted, and its files are read.
        for turn in 0..=options.runs() {
            eprint!("\r{}: run {turn} of {}  ", scenario.name, options.runs());
            let best = checked.iter().copied().fold(0.0, f64::max);
            for at in 0..scenario.pairings.len() {
                // Nobody always runs first, or behind the same.
                let at = (at + turn) % scenario.pairings.len();
                let pairing = scenario.pairings[at];
                let is_peer = scenario.compared.is_some_and(|one| one != pairing.client);
                let is_slow = checked[at] * NO_RIVAL < best;
                if is_peer && is_slow && turn > 1 && turn % 3 != 0 {
                    continue;
                }
                let (server, client) = (&started[pairing.server], &clients[pairing.client]);
                let run = once(scenario, server, client.as_ref(), site, turn);
                let run = run.with_context(|| {
                    format!(
                        "{}, from the server {} by the client {}",
                        scenario.name,
                        servers[pairing.server].name(),
                        client.name()
                    )
                })?;
                if turn > 0 {
                    rows[at].push(run);
                } else {
                    checked[at] = run.amount / run.seconds;
                }
            }
        }
        eprintln!();
        let (_, unit) = scenario.load.amount();
        let name = |pairing: &Pairing| {
            let (server, client) = (&servers[pairing.server], &clients[pairing.client]);
            format!("{} - {}", server.name(), client.name())
        };
        let rows = scenario.pairings.iter().zip(rows);
        let mut measured = Measured {
            scenario: scenario.name.to_owned(),
            group: String::new(),
            figure: Figure::Rate,
            streams: scenario.load.streams,
            unit: unit.to_owned(),
            about: serde_json::Map::new(),
            rows: rows
                .map(|(pairing, runs)| Row {
                    name: name(pairing),
                    runs,
                })
                .collect(),
        };
        let compared = |pairing: &&Pairing| Some(pairing.client) == scenario.compared;
        if let Some(pairing) = scenario.pairings.iter().find(compared) {
            measured.put_best_first(&name(pairing));
        }
        results.add(measured);
    }
    // Their files, 1 GiB each and more, are let go of before the results are written.
    site.clear(0)
}

/// Runs a scenario once.
fn once(
    scenario: &Scenario,
    (server, meter): &(Started, Meter),
    client: &dyn Client,
    site: &Site,
    turn: usize,
) -> anyhow::Result<Run> {
    let load = &scenario.load;
    site.clear(load.streams)?;
    let mut commands = (0..load.streams)
        .map(|stream| client.command(server, load, stream, site))
        .collect::<anyhow::Result<Vec<_>>>()?;

    let (this, that) = (std::process::id(), server.process.id());
    let before = Processes::now()?;
    let descendants = before.descendants(that);
    let server_before = meter.used()?;
    let machine = Machine::now()?;
    let start = Instant::now();
    let mut running = commands
        .iter_mut()
        .enumerate()
        .map(|(stream, command)| {
            let log = site.private().join(format!("client-{stream}.log"));
            Running::start(client.name(), command, log)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut ended = 0;
    while ended < running.len() {
        let Some(status) = running[ended].ended()? else {
            ensure!(
                start.elapsed() < PATIENCE,
                "not done within {} seconds: {}",
                PATIENCE.as_secs(),
                running[ended].printed()
            );
            thread::sleep(Duration::from_micros(500));
            continue;
        };
        if !status.success() {
            bail!(
                "the client ended with {status}: {}\nthe server said: {}",
                running[ended].printed(),
                server.process.printed()
            );
        }
        ended += 1;
    }
    let seconds = start.elapsed().as_secs_f64();
    let after = settle(that, descendants)?;
    let machine_after = Machine::now()?;

    let (own, clients) = after.used_by(this);
    let (own_before, clients_before) = before.used_by(this);
    let server_cpu = meter.used()? - server_before;
    let client_cpu = clients - clients_before;
    let known = server_cpu + client_cpu + own - own_before;

    let there = match load.direction {
        Direction::Get => site.downloads(),
        Direction::Put => site.uploads(),
    };
    let mut bytes = 0;
    for stream in 0..load.streams {
        let there = there.join(stream.to_string());
        bytes += load.set.check_sizes(&there)?;
        // The first is looked at byte by byte, and not counted.
        if turn == 0 {
            load.set.check_content(&site.root(), &there)?;
        }
    }
    Ok(Run {
        turn,
        amount: load.amount().0,
        seconds,
        bytes,
        server_cpu,
        client_cpu,
        foreign_cpu: (machine_after.busy - machine.busy - known).max(0.0),
        stolen_cpu: machine_after.stolen - machine.stolen,
    })
}
