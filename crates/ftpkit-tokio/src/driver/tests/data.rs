//! Data connections: every request in every state, and what is left of them.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ftpkit_proto::{DataEvent, DataFailure, DataId, Error, Flow, error::Timer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::toy::{Peer, Toy, closed, during, toy, toy_on};
use crate::{
    Beside, DataOptions, DataStream, Driver, Step,
    pump::{self, Reader, Writer},
};

/// The stream that the next step hands up.
async fn transfer(driver: &mut Driver<Toy>) -> (DataId, Flow, DataStream) {
    match driver.next().await {
        Step::Transfer(id, flow, stream) => (id, flow, stream),
        other => panic!("no transfer: {other:?}"),
    }
}

/// A data connection in passive mode that is up, and its peer's end.
async fn passive(driver: &mut Driver<Toy>, peer: &mut Peer, id: u64) -> TcpStream {
    during(driver, async {
        let address = peer.listen(id).await;
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(peer.ask(&format!("accept {id}")).await, "connected");
        stream
    })
    .await
}

#[tokio::test]
async fn passive_both_ways() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let payload: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();

    let mut there = passive(&mut driver, &mut peer, 1).await;
    peer.say("send 1").await;
    let (id, flow, stream) = transfer(&mut driver).await;
    assert_eq!((id, flow), (DataId::new(1), Flow::Send));
    assert_eq!(stream.peer_addr(), there.local_addr().unwrap());
    let moved = Arc::new(AtomicU64::new(0));
    let mut got = Vec::new();
    let (sent, read) = tokio::join!(
        pump::send(stream, Reader::new(payload.as_slice()), &moved),
        there.read_to_end(&mut got)
    );
    read.unwrap();
    assert!(got == payload);
    driver.report(id, &sent);
    let told = format!("Finished {{ bytes: {}, clean: true }}", payload.len());
    assert_eq!(during(&mut driver, peer.hear()).await, told);

    let mut there = passive(&mut driver, &mut peer, 2).await;
    peer.say("receive 2").await;
    let (id, flow, stream) = transfer(&mut driver).await;
    assert_eq!((id, flow), (DataId::new(2), Flow::Receive));
    let moved = Arc::new(AtomicU64::new(0));
    let mut got = Vec::new();
    let (received, ()) = tokio::join!(
        pump::receive(stream, Writer::new(&mut got), &moved),
        async {
            there.write_all(&payload).await.unwrap();
            there.shutdown().await.unwrap();
        }
    );
    assert!(got == payload);
    assert_eq!(moved.load(Ordering::Relaxed), payload.len() as u64);
    driver.report(id, &received);
    assert_eq!(during(&mut driver, peer.hear()).await, told);
}

#[tokio::test]
async fn a_stranger_first_then_the_right_caller() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let (mut stranger, caller) = during(&mut driver, async {
        let address = peer.listen(1).await;
        let stranger = TcpStream::connect(address).await.unwrap();
        let caller = TcpStream::connect(address).await.unwrap();
        assert_eq!(peer.ask("accept 1").await, "connected");
        assert_eq!(peer.ask("reject 1").await, "connected");
        (stranger, caller)
    })
    .await;
    let connected: Vec<_> = [&stranger, &caller]
        .map(|stream| DataEvent::Connected(stream.local_addr().unwrap()))
        .into();
    let told: Vec<_> = driver.machine().news[1..]
        .iter()
        .map(|(_, e)| e.clone())
        .collect();
    assert_eq!(told, connected);
    assert_eq!(
        stranger.read(&mut [0; 8]).await.unwrap(),
        0,
        "without a byte"
    );

    peer.say("send 1").await;
    let (_, _, stream) = transfer(&mut driver).await;
    assert_eq!(stream.peer_addr(), caller.local_addr().unwrap());
    let address = stream.as_tcp().unwrap().local_addr().unwrap();
    let late = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(
        late.kind(),
        io::ErrorKind::ConnectionRefused,
        "the listener is gone"
    );
}

#[tokio::test]
async fn accept_may_come_before_the_caller() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let stream = during(&mut driver, async {
        let address = peer.listen(1).await;
        assert_eq!(peer.ask("accept 1\r\naccept 1\r\nok").await, "ok");
        let stream = TcpStream::connect(address).await.unwrap();
        assert_eq!(peer.hear().await, "connected");
        stream
    })
    .await;
    drop(stream);
}

#[tokio::test]
async fn active_connects_come_from_the_control_connections_address() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let (heard, accepted) = during(&mut driver, async {
        let ask = format!("connect 1 {target}");
        tokio::join!(peer.ask(&ask), listener.accept())
    })
    .await;
    assert_eq!(heard, "connected");
    let (_stream, from) = accepted.unwrap();
    assert_eq!(from.ip(), driver.local_addr().ip());
    let told = DataEvent::Connected(target);
    assert_eq!(driver.machine().news, [(DataId::new(1), told)]);
    peer.say("receive 1").await;
    assert_eq!(transfer(&mut driver).await.2.peer_addr(), target);
}

#[tokio::test]
async fn requests_that_cannot_be_met_fail_and_nobody_waits() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = refusing.local_addr().unwrap();
    drop(refusing);
    for (asked, expected) in [
        (format!("connect 1 {nobody}"), "Failed(Refused)"),
        ("connect 2 [::1]:1".to_owned(), "Failed("),
        ("accept 3".to_owned(), "Failed(Broken)"),
        ("reject 4".to_owned(), "Failed(Broken)"),
        ("send 5".to_owned(), "Failed(Broken)"),
        ("secure 6".to_owned(), "Failed(Broken)"),
        ("abort 7\r\nok".to_owned(), "ok"),
        ("listen 8\r\nsend 8".to_owned(), "listening"),
        ("ok".to_owned(), "Failed(Broken)"),
    ] {
        let heard = during(&mut driver, peer.ask(&asked)).await;
        assert!(heard.starts_with(expected), "{asked}: {heard}");
        if asked.starts_with("reject") {
            assert_eq!(during(&mut driver, peer.hear()).await, "Failed(Broken)");
        }
    }
}

#[tokio::test]
async fn securing_fails_without_tls() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let mut there = passive(&mut driver, &mut peer, 1).await;
    let heard = during(&mut driver, peer.ask("secure 1")).await;
    assert_eq!(heard, "Failed(Tls)");
    assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn abort_drops_whatever_there_is() {
    for stage in ["listen", "accept", "connected"] {
        let (mut driver, mut peer) = toy(DataOptions::default()).await;
        let (address, there) = during(&mut driver, async {
            let address = peer.listen(1).await;
            let mut there = None;
            if stage != "listen" {
                peer.say("accept 1").await;
            }
            if stage == "connected" {
                there = Some(TcpStream::connect(address).await.unwrap());
                assert_eq!(peer.hear().await, "connected");
            }
            assert_eq!(peer.ask("abort 1\r\nok").await, "ok");
            (address, there)
        })
        .await;
        let late = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::ConnectionRefused, "{stage}");
        if let Some(mut there) = there {
            assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 0, "{stage}");
        }
    }
}

#[tokio::test]
async fn abort_in_the_middle_of_a_pump() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let mut there = passive(&mut driver, &mut peer, 1).await;
    peer.say("send 1").await;
    let (id, _, stream) = transfer(&mut driver).await;
    let moved = Arc::new(AtomicU64::new(0));
    driver.watch(id, moved.clone());
    let peer_side = tokio::spawn(async move {
        there.read_exact(&mut [0; 1000]).await.unwrap();
        peer.say("abort 1").await;
        (there, peer)
    });
    {
        let endless = Reader::new(tokio::io::repeat(b'x'));
        let mut pump = Box::pin(pump::send(stream, endless, &moved));
        match driver.beside(pump.as_mut()).await {
            Beside::Step(Step::Abort(aborted)) => assert_eq!(aborted, id),
            other => panic!("not aborted: {other:?}"),
        }
    }
    let (mut there, mut peer) = peer_side.await.unwrap();
    assert!(moved.load(std::sync::atomic::Ordering::Relaxed) > 0);
    // The peer sees the end, whatever was under way.
    let _ = there.read_to_end(&mut Vec::new()).await;
    driver.finished(id, 5, true);
    driver.failed(id, DataFailure::Local);
    assert_eq!(
        during(&mut driver, peer.ask("ok")).await,
        "ok",
        "reports about what was aborted are not news"
    );
    let mut there = passive(&mut driver, &mut peer, 2).await;
    peer.say("send 2").await;
    let (id, _, mut stream) = transfer(&mut driver).await;
    stream.write_all(b"next").await.unwrap();
    drop(stream);
    driver.finished(id, 4, true);
    let mut got = Vec::new();
    there.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"next");
}

#[tokio::test]
async fn a_new_connection_replaces_the_old_one() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let _there = passive(&mut driver, &mut peer, 1).await;
    peer.say("send 1\r\nlisten 2").await;
    let (id, _, _stream) = transfer(&mut driver).await;
    assert!(matches!(driver.next().await, Step::Abort(aborted) if aborted == id));
    let heard = during(&mut driver, peer.hear()).await;
    assert!(heard.starts_with("listening"), "{heard}");
}

#[tokio::test]
async fn the_end_of_the_session_takes_the_transfer_along() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let mut there = passive(&mut driver, &mut peer, 1).await;
    peer.say("send 1\r\nquit").await;
    let (id, _, stream) = transfer(&mut driver).await;
    assert!(matches!(driver.next().await, Step::Abort(aborted) if aborted == id));
    drop(stream);
    drop(peer);
    assert_eq!(closed(driver.next().await), Ok(()));
    assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn progress_keeps_a_transfer_alive_and_its_lack_ends_it() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let _there = passive(&mut driver, &mut peer, 1).await;
    driver.machine_mut().patience = Some(Duration::from_secs(10));
    peer.say("deadline 10\r\nsend 1").await;
    let (id, _, _stream) = transfer(&mut driver).await;
    let moved = Arc::new(AtomicU64::new(0));
    driver.watch(id, moved.clone());
    let begin = driver.now();
    during(&mut driver, async {
        for _ in 0..12 {
            moved.fetch_add(1000, std::sync::atomic::Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    })
    .await;
    assert!(matches!(driver.next().await, Step::Abort(aborted) if aborted == id));
    assert_eq!(
        closed(driver.next().await),
        Err(Error::TimedOut(Timer::Stall))
    );
    let lasted = (driver.now() - begin).as_secs();
    assert!((60..90).contains(&lasted), "{lasted} s");
    let told = driver
        .machine()
        .news
        .iter()
        .filter_map(|(_, event)| match event {
            DataEvent::Progress { bytes } => Some(*bytes),
            _ => None,
        });
    let told: Vec<_> = told.collect();
    assert!(told.is_sorted() && told.last() == Some(&12_000), "{told:?}");
    assert!(told.len() <= 7, "at deadlines only: {told:?}");
}

/// Passive and active once each; the address that the peer saw in both.
async fn both_modes(driver: &mut Driver<Toy>, peer: &mut Peer, family: &str) -> [IpAddr; 2] {
    during(driver, async {
        let heard = peer.ask(&format!("listen{family} 1")).await;
        let address: SocketAddr = heard.strip_prefix("listening ").unwrap().parse().unwrap();
        let _there = TcpStream::connect(address).await.unwrap();
        assert_eq!(peer.ask("accept 1").await, "connected");

        let listener = TcpListener::bind((address.ip(), 0)).await.unwrap();
        let ask = format!("connect 2 {}", listener.local_addr().unwrap());
        let (heard, accepted) = tokio::join!(peer.ask(&ask), listener.accept());
        assert_eq!(heard, "connected");
        [address.ip(), accepted.unwrap().1.ip()]
    })
    .await
}

#[tokio::test]
async fn ipv6_both_modes() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        // A machine without IPv6.
        return;
    };
    let target = listener.local_addr().unwrap();
    let (mut driver, mut peer) = toy_on(listener, target).await;
    let expected = target.ip();
    assert_eq!(both_modes(&mut driver, &mut peer, "6").await, [expected; 2]);
    let heard = during(&mut driver, peer.ask("listen 3")).await;
    assert_eq!(heard, "Failed(Listen)", "no IPv4 address is known here");
}

#[tokio::test]
async fn ipv4_in_ipv6_clothes_is_ipv4() {
    let socket = tokio::net::TcpSocket::new_v6().unwrap();
    let dual = socket2::SockRef::from(&socket).set_only_v6(false);
    if dual.is_err() || socket.bind("[::]:0".parse().unwrap()).is_err() {
        // A machine without IPv6.
        return;
    }
    let listener = socket.listen(8).unwrap();
    let target = (Ipv4Addr::LOCALHOST, listener.local_addr().unwrap().port());
    let (mut driver, mut peer) = toy_on(listener, target.into()).await;
    assert!(driver.local_addr().is_ipv4() && driver.peer_addr().is_ipv4());
    let expected = IpAddr::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(both_modes(&mut driver, &mut peer, "").await, [expected; 2]);
}
