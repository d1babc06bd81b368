//! A server over `std::net` with the protocol core alone: no runtime, no TLS, passive mode, the
//! files in memory.
//!
//! `cargo run --example blocking_server -- 127.0.0.1:2121 USER PASSWORD`, then
//! `curl -T FILE ftp://USER:PASSWORD@127.0.0.1:2121/`.
//!
//! Here clients are taken in; `session.rs` drives the machine of one, `store.rs` has the files.

mod session;
mod store;

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant as Clock};
use std::{error::Error, thread};

use ftpkit_proto::server::{Config, Connection};
use ftpkit_proto::{Instant, Machine as _, Output, Text};

/// The most sessions at a time.
const SESSIONS: usize = 16;
/// How long a client may leave replies unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to notice its end.
const LINGER: Duration = Duration::from_secs(1);

/// What all sessions have in common.
struct Shared {
    config: Arc<Config>,
    clock: Clock,
    user: String,
    password: String,
    store: store::Store,
    sessions: AtomicUsize,
}

impl Shared {
    fn now(&self) -> Instant {
        Instant::after_start(self.clock.elapsed())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, user, password] = &arguments[..] else {
        return Err("usage: blocking_server ADDRESS USER PASSWORD".into());
    };
    let mut config = Config::default();
    config.active = false;
    let shared = Arc::new(Shared {
        config: Arc::new(config),
        clock: Clock::now(),
        user: user.clone(),
        password: password.clone(),
        store: store::Store::default(),
        sessions: AtomicUsize::new(0),
    });
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let taken = listener.accept().and_then(|(control, peer)| {
            let shared = Arc::clone(&shared);
            let serve = move || {
                if let Err(error) = serve(&shared, control, peer) {
                    eprintln!("{peer}: {error}");
                }
            };
            thread::Builder::new().spawn(serve)
        });
        // It is one client's trouble, or a shortage that passes: the server goes on.
        if let Err(error) = taken {
            eprintln!("a client was not taken in: {error}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Gives the place of a session back, however the session ends.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn serve(shared: &Shared, mut control: TcpStream, peer: SocketAddr) -> io::Result<()> {
    let before = shared.sessions.fetch_add(1, Ordering::AcqRel);
    let _place = Place(&shared.sessions);
    control.set_write_timeout(Some(PATIENCE))?;
    // A 226 must not wait until the 150 before it is acknowledged.
    control.set_nodelay(true)?;
    // Clients send the last byte of ABOR as urgent data, which std has no name for; without
    // this option it would be missing.
    socket2::SockRef::from(&control).set_out_of_band_inline(true)?;
    let (config, now) = (Arc::clone(&shared.config), shared.now());
    if before < SESSIONS {
        let machine = Connection::new(config, now, peer, control.local_addr()?);
        session::run(shared, machine, &control)?;
    } else {
        let text = Text::from_static("Too many sessions; try again later.");
        let mut machine = Connection::refuse(config, now, text);
        while let Output::Write(bytes) = machine.poll_output() {
            control.write_all(&bytes)?;
        }
    }
    // Bytes that nobody reads would turn the close into a reset, and that would take the last
    // reply away from a client that has not read it yet.
    let _ = control.shutdown(Shutdown::Write);
    control.set_read_timeout(Some(LINGER))?;
    let (end, mut page) = (Clock::now(), [0; 4096]);
    while end.elapsed() < LINGER && control.read(&mut page).is_ok_and(|read| read > 0) {}
    // The thread that reads may still wait for the client.
    let _ = control.shutdown(Shutdown::Both);
    Ok(())
}
