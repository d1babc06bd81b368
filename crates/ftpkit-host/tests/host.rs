//! Who gets a session, of which kind, and how all of them end, with a front end that says a line.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use ftpkit_accounts::{Door, DoorLimits, Refused};
use ftpkit_host::{Addresses, BindError, Caller, Front, Host, Observer, ServerEvent, ServerHandle};
use ftpkit_tokio::Pace;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

const LONG: Duration = Duration::from_secs(60);

/// How long the parrot stays awake for those who have called.
const AWAKE: Duration = Duration::from_millis(50);

/// Says which way the caller came and its number, then ends when the client closes or the door
/// drains; on `!` it breaks down. With `deaf` it ends with the client alone.
struct Parrot {
    door: Door,
    observer: Arc<dyn Observer>,
    deaf: bool,
}

impl Front for Parrot {
    type Entry = char;

    fn door(&self) -> &Door {
        &self.door
    }

    fn observe(&self, event: &ServerEvent<'_>) {
        self.observer.observe(event);
    }

    async fn session(self: Arc<Self>, mut caller: Caller<char>) {
        let words = format!("{} {}\n", caller.entry, caller.origin.session);
        let mut pace = Pace::of_peer(AWAKE, caller.origin.peer);
        pace.told();
        caller.stream.write_all(words.as_bytes()).await.unwrap();
        let (mut drain, mut byte) = (caller.drain.clone(), [0]);
        let heard = tokio::select! {
            heard = caller.stream.read(&mut byte) => heard.unwrap_or(0),
            _ = drain.draining(), if !self.deaf => 0,
            () = caller.drain.ended() => 0,
        };
        assert!(heard == 0, "the client wants it so");
    }

    fn turn_away(&self, entry: char, stream: TcpStream, why: Refused) {
        let words = format!("{entry} {why}\n");
        stream.try_write(words.as_bytes()).unwrap_or(0);
    }
}

type News = Arc<Mutex<Vec<String>>>;

fn news() -> (News, Arc<dyn Observer>) {
    let news = News::default();
    let told = Arc::clone(&news);
    let observer = move |event: &ServerEvent<'_>| {
        told.lock().unwrap().push(match event {
            ServerEvent::Connected { session, .. } => format!("{session} begins"),
            ServerEvent::Disconnected { session, .. } => format!("{session} ends"),
            ServerEvent::TurnedAway { why, .. } => format!("{why:?}"),
            other => format!("{other:?}"),
        });
    };
    (news, Arc::new(observer))
}

struct Served {
    first: SocketAddr,
    second: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<()>,
}

fn serve(door: &Door, observer: Arc<dyn Observer>, deaf: bool) -> Served {
    let mut addresses = Addresses::new();
    addresses.add('a', "127.0.0.1:0");
    addresses.add('b', "127.0.0.1:0");
    let door = door.clone();
    let front = Parrot {
        door,
        observer,
        deaf,
    };
    let host = Host::new(front, addresses.bind().unwrap());
    Served {
        first: host.local_addrs('a')[0],
        second: host.local_addrs('b')[0],
        handle: host.handle(),
        task: tokio::spawn(host.serve()),
    }
}

async fn call(addr: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut line = String::new();
    while !line.ends_with('\n') {
        let byte = timeout(LONG, stream.read_u8()).await.unwrap().unwrap();
        line.push(byte.into());
    }
    line.pop();
    (stream, line)
}

async fn assert_closed(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap();
    assert!(read.is_err() || rest.is_empty(), "{rest:?}");
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let met = timeout(LONG, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(met.await.is_ok(), "{what}");
}

#[tokio::test]
async fn each_listener_has_its_kind_and_each_session_its_number() {
    let (news, observer) = news();
    let served = serve(&Door::default(), observer, false);
    let (first, line) = call(served.first).await;
    assert_eq!(line, "a 1");
    let (_second, line) = call(served.second).await;
    assert_eq!(line, "b 2");
    assert_eq!(served.handle.sessions(), 2);
    drop(first);
    until("the first ends", || served.handle.sessions() == 1).await;
    assert_eq!(*news.lock().unwrap(), ["1 begins", "2 begins", "1 ends"]);
}

#[tokio::test]
async fn who_stays_awake_for_the_next_caller_holds_no_place() {
    let mut limits = DoorLimits::default();
    limits.sessions = 1;
    let (news, observer) = news();
    let served = serve(&Door::new(limits), observer, false);
    for n in 1..10 {
        let (stream, line) = call(served.first).await;
        assert_eq!(line, format!("a {n}"));
        drop(stream);
        while news.lock().unwrap().len() < 2 * n {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_caller_is_waited_for_awake() {
    let served = serve(&Door::default(), news().1, false);
    let (stream, _) = call(served.first).await;
    let begin = std::time::Instant::now();
    drop(stream);
    while served.handle.sessions() > 0 {
        tokio::task::yield_now().await;
    }
    // Paused time stands still while somebody is awake.
    tokio::time::sleep(LONG).await;
    assert!(begin.elapsed() >= AWAKE);
}

#[tokio::test]
async fn hosts_at_one_door_share_limits_numbers_observer_and_drain() {
    let mut limits = DoorLimits::default();
    limits.sessions = 2;
    let door = Door::new(limits);
    let (news, observer) = news();
    let one = serve(&door, Arc::clone(&observer), false);
    let two = serve(&door, observer, false);
    let (first, line) = call(one.first).await;
    assert_eq!(line, "a 1");
    let (second, line) = call(two.second).await;
    assert_eq!(line, "b 2");
    let (_, line) = call(one.second).await;
    assert_eq!(line, "b too many sessions");
    assert_eq!(one.handle.shutdown(LONG).await, 0);
    timeout(LONG, one.task).await.unwrap().unwrap();
    timeout(LONG, two.task).await.unwrap().unwrap();
    assert_closed(first).await;
    assert_closed(second).await;
    assert!(TcpStream::connect(two.first).await.is_err());
    let mut news = news.lock().unwrap().clone();
    assert_eq!(news[..3], ["1 begins", "2 begins", "TooManySessions"]);
    news[3..].sort();
    assert_eq!(news[3..], ["1 ends", "2 ends"]);
}

#[tokio::test]
async fn a_session_that_breaks_down_costs_nothing_but_itself() {
    let served = serve(&Door::default(), news().1, false);
    let (mut stream, _) = call(served.first).await;
    stream.write_all(b"!").await.unwrap();
    assert_closed(stream).await;
    until("its place is free", || served.handle.sessions() == 0).await;
    assert_eq!(call(served.first).await.1, "a 2");
}

#[tokio::test]
async fn who_does_not_end_within_the_grace_is_told_to_end_at_once() {
    let (news, observer) = news();
    let served = serve(&Door::default(), observer, true);
    let (stream, _) = call(served.first).await;
    assert_eq!(served.handle.shutdown(Duration::from_millis(20)).await, 1);
    timeout(LONG, served.task).await.unwrap().unwrap();
    assert_closed(stream).await;
    assert_eq!(*news.lock().unwrap(), ["1 begins", "1 ends"]);
}

#[tokio::test]
async fn serving_until_a_signal_lets_sessions_end() {
    let (_, observer) = news();
    let mut addresses = Addresses::new();
    addresses.add('a', "127.0.0.1:0");
    let door = Door::default();
    let front = Parrot {
        door,
        observer,
        deaf: false,
    };
    let host = Host::new(front, addresses.bind().unwrap());
    let addr = host.local_addrs('a')[0];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(host.serve_until(async move { stopped.await.unwrap() }, LONG));
    let (stream, _) = call(addr).await;
    stop.send(()).unwrap();
    assert_closed(stream).await;
    timeout(LONG, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_cannot_be_listened_on_is_told() {
    assert!(matches!(
        Addresses::<()>::new().bind(),
        Err(BindError::NoAddress)
    ));
    let mut addresses = Addresses::new();
    addresses.add((), "no port");
    assert!(matches!(addresses.bind(), Err(BindError::Resolve(_))));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut addresses = Addresses::new();
    addresses.add((), taken.local_addr().unwrap());
    let told = addresses.bind().unwrap_err().to_string();
    assert!(
        told.contains(&taken.local_addr().unwrap().to_string()),
        "{told}"
    );
}
