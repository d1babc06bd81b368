//! The work of the clients, from `ready` to the line that tells what was done.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    ops::AddAssign,
    path::Path,
    sync::{Arc, Barrier, Mutex, PoisonError, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, ensure};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};
use rustls::{ClientConfig, ClientConnection};
use serde_json::json;

use crate::{
    control::{RETRIED_LOGINS, Session},
    data::{self, Held, Source},
    options::{Options, Set, Work},
    tls,
};

/// What a client has done.
#[derive(Clone, Copy, Debug, Default)]
struct Done {
    bytes: u64,
    /// Files, sessions, commands, or entries of listings.
    operations: u64,
}

impl AddAssign for Done {
    fn add_assign(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.operations += more.operations;
    }
}

/// Logs in, works when it is told to, and prints what was done.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    allow_many_files()?;
    match &options.work {
        Work::Idle | Work::HoldGet { .. } | Work::HoldPut { .. } => hold(options),
        _ => work(options),
    }
}

/// As many connections as the system lets a program have.
fn allow_many_files() -> anyhow::Result<()> {
    let wanted = 65_536;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let most = limit.maximum.unwrap_or(wanted).max(wanted);
        let all = Rlimit {
            current: Some(wanted),
            maximum: Some(most),
        };
        let allowed = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        // Only root may have more than there are.
        setrlimit(Resource::Nofile, all).or_else(|_| setrlimit(Resource::Nofile, allowed))?;
    }
    Ok(())
}

/// Tells that all is prepared, and waits for the sign to begin.
fn wait_for_start() -> anyhow::Result<()> {
    println!("ready");
    io::stdout().flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    ensure!(!line.is_empty(), "nobody has said when to begin");
    Ok(())
}

/// Waits until nobody needs the sessions any more.
fn wait_for_end() -> anyhow::Result<()> {
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn work(options: &Options) -> anyhow::Result<()> {
    let clients: Vec<Client<'_>> = (0..options.clients)
        .map(|number| Client::new(options, number))
        .collect::<anyhow::Result<_>>()?;
    let (start, end) = (
        Barrier::new(clients.len() + 1),
        Barrier::new(clients.len() + 1),
    );
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for mut client in clients {
            let (start, end, results) = (&start, &end, &results);
            scope.spawn(move || {
                start.wait();
                let done = client.work(&options.work);
                let mut all = results.lock().unwrap_or_else(PoisonError::into_inner);
                all.push(done);
                drop(all);
                end.wait();
                // The sessions stay until all has been looked at.
                end.wait();
                if let Some(session) = client.session {
                    session.quit();
                }
            });
        }
        // Behind this each thread must be let go, whatever happens.
        let begun = wait_for_start();
        let (cpu, started) = (own_cpu(), Instant::now());
        start.wait();
        end.wait();
        let (seconds, cpu) = (started.elapsed().as_secs_f64(), own_cpu() - cpu);
        let told = begun.and_then(|()| {
            let mut all = results.lock().unwrap_or_else(PoisonError::into_inner);
            let mut sum = Done::default();
            for done in all.drain(..) {
                sum += done?;
            }
            let line = json!({
                "seconds": seconds,
                "bytes": sum.bytes,
                "operations": sum.operations,
                "client_cpu": cpu.as_secs_f64(),
                "full_handshakes": tls::FULL.load(Relaxed),
                "resumed_handshakes": tls::RESUMED.load(Relaxed),
                "retried_logins": RETRIED_LOGINS.load(Relaxed),
            });
            println!("{line}");
            wait_for_end()
        });
        end.wait();
        told
    })
}

/// A client with its session, and its own tickets.
struct Client<'a> {
    number: usize,
    options: &'a Options,
    config: Option<Arc<ClientConfig>>,
    /// None where sessions are what is measured.
    session: Option<Session>,
    source: Vec<Source>,
}

impl<'a> Client<'a> {
    fn new(options: &'a Options, number: usize) -> anyhow::Result<Self> {
        let is_sessions = matches!(options.work, Work::Sessions { .. });
        let config = options.tls.then(|| tls::config(!is_sessions)).transpose()?;
        let mut made = Session::log_in(options, config.as_ref())?;
        let session = if is_sessions {
            // What the library of TLS does once has been done.
            made.quit();
            None
        } else {
            made.prepare_transfers()?;
            Some(made)
        };
        let source = match &options.work {
            Work::Put { set, source, .. } => sources(set, source)?,
            _ => Vec::new(),
        };
        Ok(Self {
            number,
            options,
            config,
            session,
            source,
        })
    }

    fn work(&mut self, work: &Work) -> anyhow::Result<Done> {
        if let Work::Sessions { seconds } = work {
            return self.sessions(*seconds);
        }
        let session = self.session.as_mut().context("there is no session")?;
        match work {
            Work::Get { set, times, verify } => {
                let mut done = Done::default();
                for _ in 0..*times {
                    done += get(session, set, verify.as_deref())?;
                }
                Ok(done)
            }
            Work::Put { set, times, .. } => {
                let directory = format!("{}/{}", set.directory, self.number);
                let mut done = Done::default();
                for time in 0..*times {
                    done += put(session, set, &directory, time, &self.source)?;
                }
                Ok(done)
            }
            Work::Commands {
                line,
                code,
                seconds,
            } => commands(session, line, *code, *seconds),
            Work::Burst { count } => {
                session.burst("NOOP", *count, 200)?;
                Ok(Done {
                    bytes: 0,
                    operations: *count,
                })
            }
            Work::List {
                line,
                entries,
                seconds,
            } => list(session, line, *entries, *seconds),
            Work::Sessions { .. } | Work::Idle | Work::HoldGet { .. } | Work::HoldPut { .. } => {
                Err(anyhow!("this is no work of a session"))
            }
        }
    }

    fn sessions(&self, seconds: f64) -> anyhow::Result<Done> {
        let started = Instant::now();
        let mut done = Done::default();
        while started.elapsed().as_secs_f64() < seconds {
            let mut session = Session::log_in(self.options, self.config.as_ref())?;
            session.command("PWD", 257)?;
            session.command("QUIT", 221)?;
            done.operations += 1;
        }
        Ok(done)
    }
}

fn sources(set: &Set, directory: &Path) -> anyhow::Result<Vec<Source>> {
    let open = |at| {
        let source = Source::open(&directory.join(set.name(at)))?;
        ensure!(source.size() == set.size, "a source has another size");
        Ok(source)
    };
    (0..set.count).map(open).collect()
}

fn get(session: &mut Session, set: &Set, verify: Option<&Path>) -> anyhow::Result<Done> {
    let is_big = set.size > 1 << 20;
    let mut done = Done::default();
    for at in 0..set.count {
        let name = set.name(at);
        let line = format!("RETR {}/{name}", set.directory);
        let got = match verify {
            None => data::get(session, &line, is_big, None)?,
            Some(directory) => {
                let mut file = File::open(directory.join(&name))?;
                let mut expected = Vec::new();
                data::get(
                    session,
                    &line,
                    is_big,
                    Some(&mut |payload| {
                        expected.resize(payload.len(), 0);
                        file.read_exact(&mut expected)?;
                        ensure!(payload == expected, "{name} differs from what it is here");
                        Ok(())
                    }),
                )?
            }
        };
        ensure!(got == set.size, "{name} came with {got} bytes");
        done.bytes += got;
        done.operations += 1;
    }
    Ok(done)
}

fn put(
    session: &mut Session,
    set: &Set,
    directory: &str,
    time: u32,
    sources: &[Source],
) -> anyhow::Result<Done> {
    for (at, source) in (0..).zip(sources) {
        let mut path = format!("{directory}/{}", set.name(at));
        if time > 0 {
            path.push_str(&format!("-{time}"));
        }
        data::put(session, &path, source)?;
    }
    Ok(Done {
        bytes: set.size * u64::from(set.count),
        operations: set.count.into(),
    })
}

fn commands(session: &mut Session, line: &str, code: u16, seconds: f64) -> anyhow::Result<Done> {
    let started = Instant::now();
    let mut done = Done::default();
    while started.elapsed().as_secs_f64() < seconds {
        for _ in 0..16 {
            session.command(line, code)?;
            done.operations += 1;
        }
    }
    Ok(done)
}

fn list(session: &mut Session, line: &str, entries: u64, seconds: f64) -> anyhow::Result<Done> {
    let started = Instant::now();
    let mut done = Done::default();
    while started.elapsed().as_secs_f64() < seconds {
        let mut lines = 0;
        let mut look = |payload: &[u8]| {
            lines += payload.iter().filter(|byte| **byte == b'\n').count() as u64;
            Ok(())
        };
        done.bytes += data::get(session, line, true, Some(&mut look))?;
        // `.` and `..`, and a line that tells the total.
        ensure!(
            (entries..=entries + 3).contains(&lines),
            "{line} brought {lines} lines"
        );
        done.operations += entries;
    }
    Ok(done)
}

/// Opens sessions, and transfers that stand still, when it is told to; they end with the input.
fn hold(options: &Options) -> anyhow::Result<()> {
    if options.tls {
        // What the library of TLS does once is no part of the first session.
        ClientConnection::new(tls::config(true)?, tls::name())?;
    }
    wait_for_start()?;
    let (cpu, started) = (own_cpu(), Instant::now());
    let open = |number: usize| -> anyhow::Result<(Session, Option<Held>)> {
        // A ticket may be good for its control connection alone.
        let config = options.tls.then(|| tls::config(true)).transpose()?;
        let mut session = Session::log_in(options, config.as_ref())?;
        let held = match &options.work {
            Work::HoldGet { path } => {
                session.prepare_transfers()?;
                Some(data::hold_get(&mut session, path)?)
            }
            Work::HoldPut { directory } => {
                session.prepare_transfers()?;
                let path = format!("{directory}/held-{number}");
                Some(data::hold_put(&mut session, &path)?)
            }
            _ => {
                session.command("PWD", 257)?;
                None
            }
        };
        Ok((session, held))
    };
    // Several at a time, so that thousands do not take minutes.
    let open = &open;
    let sessions = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|first| {
                let numbers = (first..options.clients).step_by(8);
                scope.spawn(move || numbers.map(open).collect::<anyhow::Result<Vec<_>>>())
            })
            .collect();
        let opened = threads.into_iter().map(|thread| {
            let opened = thread.join();
            opened.map_err(|_| anyhow!("a client has panicked"))?
        });
        opened.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let line = json!({
        "seconds": started.elapsed().as_secs_f64(),
        "bytes": 0,
        "operations": options.clients,
        "client_cpu": (own_cpu() - cpu).as_secs_f64(),
        "full_handshakes": tls::FULL.load(Relaxed),
        "resumed_handshakes": tls::RESUMED.load(Relaxed),
        "retried_logins": RETRIED_LOGINS.load(Relaxed),
    });
    println!("{line}");
    wait_for_end()?;
    drop(sessions);
    Ok(())
}
