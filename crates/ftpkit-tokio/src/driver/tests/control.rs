//! The control connection: order, gathering, backpressure, time, the end.

use std::{
    task::{Context, Waker},
    time::Duration,
};

use ftpkit_proto::{Error, Machine, Output, error::Timer};
use tokio::io::AsyncWriteExt;

use super::toy::{Toy, closed, during, pair, stays_awake, toy};
use crate::{Clock, DataOptions, Driver, Step, control::Control};

#[tokio::test]
async fn lines_events_and_the_end() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    assert_eq!(during(&mut driver, peer.ask("hello")).await, "hello");
    peer.say("event one").await;
    assert!(matches!(driver.next().await, Step::Event(event) if event == "one"));

    peer.say("quit").await;
    let (said, step) = tokio::join!(
        async {
            let said = (peer.hear().await, peer.hear().await);
            drop(peer);
            said
        },
        driver.next()
    );
    assert_eq!(
        said,
        ("bye".to_owned(), String::new()),
        "flushed, then shut down"
    );
    assert_eq!(closed(step), Ok(()));
    assert_eq!(closed(driver.next().await), Ok(()), "closed for ever");
}

#[tokio::test]
async fn what_is_known_at_birth() {
    let (client, server) = pair().await;
    let (local, peer) = (server.local_addr().unwrap(), server.peer_addr().unwrap());
    let mut told = None;
    let clock = Clock::start();
    let driver = Driver::new(server, clock, DataOptions::default(), |ends| {
        told = Some(ends);
        Toy::default()
    });
    let (driver, told) = (driver.unwrap(), told.unwrap());
    assert_eq!((told.local, told.peer), (local, peer));
    assert_eq!((driver.local_addr(), driver.peer_addr()), (local, peer));
    assert!(told.now <= driver.now());
    drop(client);
}

#[tokio::test]
async fn a_burst_leaves_in_one_write_when_the_driver_is_about_to_wait() {
    let (mut driver, peer) = toy(DataOptions::default()).await;
    let cx = &mut Context::from_waker(Waker::noop());
    driver.machine_mut().say("150");
    driver.machine_mut().push(Output::Event("transfer".into()));
    driver.machine_mut().say("226");
    assert!(driver.poll_next(cx).is_ready(), "the event comes first");
    let mut buf = [0; 64];
    let early = peer.stream.get_ref().try_read(&mut buf);
    assert!(
        early.is_err(),
        "nothing is written while there are steps to tell"
    );
    assert!(driver.poll_next(cx).is_pending());
    peer.stream.get_ref().readable().await.unwrap();
    let got = peer.stream.get_ref().try_read(&mut buf).unwrap();
    assert_eq!(&buf[..got], b"150\r\n226\r\n");
}

#[tokio::test]
async fn a_machine_that_never_runs_out_of_news_gives_way() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    for _ in 0..1000 {
        driver.machine_mut().say("reply");
        driver.machine_mut().push(Output::Event("news".into()));
    }
    let cx = &mut Context::from_waker(Waker::noop());
    let news = (0..).take_while(|_| driver.poll_next(cx).is_ready());
    assert_eq!(news.count(), 128);
    assert_eq!(
        peer.hear().await,
        "reply",
        "what was gathered leaves meanwhile"
    );

    let told = tokio::spawn(async move {
        let mut told = 128;
        while told < 1000 {
            assert!(matches!(driver.next().await, Step::Event(_)));
            told += 1;
        }
    });
    told.await.unwrap();
}

#[tokio::test]
async fn the_end_is_told_once_and_pushback_holds_it_up() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    driver.machine_mut().blocked = true;
    peer.say("event late").await;
    peer.stream.get_mut().shutdown().await.unwrap();
    let cx = &mut Context::from_waker(Waker::noop());
    for _ in 0..3 {
        assert!(driver.poll_next(cx).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(driver.machine().ends, 0);

    driver.machine_mut().blocked = false;
    assert!(matches!(driver.next().await, Step::Event(event) if event == "late"));
    assert_eq!(closed(driver.next().await), Err(Error::Disconnected));
    assert_eq!(driver.machine().ends, 1);
}

#[tokio::test]
async fn a_reset_is_an_end_too() {
    let (mut driver, peer) = toy(DataOptions::default()).await;
    let stream = peer.stream.into_inner();
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    assert_eq!(closed(driver.next().await), Err(Error::Disconnected));
    assert_eq!(driver.machine().ends, 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_moves_and_fires_once() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let begin = driver.now();
    during(&mut driver, async {
        assert_eq!(peer.ask("deadline 10\r\nok").await, "ok");
        tokio::time::sleep(Duration::from_secs(9)).await;
        assert_eq!(peer.ask("deadline 10\r\nok").await, "ok");
    })
    .await;
    // The peer stays: the session ends after its deadline and the time to linger.
    assert_eq!(
        closed(driver.next().await),
        Err(Error::TimedOut(Timer::Stall))
    );
    assert_eq!(driver.machine().timeouts, 1);
    assert_eq!((driver.now() - begin).as_secs(), 9 + 10 + 2);
    assert_eq!(peer.hear().await, "timeout");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_waited_for_awake_does_not_hold_up_paused_time() {
    let (driver, mut peer) = toy(DataOptions::default()).await;
    let mut driver = driver.with_busy_wait(Duration::from_millis(1));
    let begin = driver.now();
    let asked = peer.ask("deadline 10\r\nok");
    assert_eq!(during(&mut driver, asked).await, "ok");
    let _ = closed(driver.next().await);
    assert_eq!((driver.now() - begin).as_secs(), 10 + 2);
}

#[tokio::test]
async fn a_peer_that_owes_one_more_reply_is_waited_for_awake() {
    for (owes, awake) in [(true, true), (false, false)] {
        let (driver, mut peer) = toy(DataOptions::default()).await;
        // So long that the test does not see its end.
        let mut driver = driver.with_busy_wait(Duration::from_secs(4));
        assert!(!stays_awake(&mut driver).await, "it is this side's turn");
        driver.machine_mut().awaits_reply = owes;
        driver.machine_mut().say("RETR file");
        assert!(stays_awake(&mut driver).await);
        peer.say("event 150").await;
        assert!(matches!(driver.next().await, Step::Event(event) if event == "150"));
        assert_eq!(stays_awake(&mut driver).await, awake);
    }
}

#[tokio::test]
async fn the_end_of_a_session_is_waited_for_awake() {
    let (driver, mut peer) = toy(DataOptions::default()).await;
    let mut driver = driver.with_busy_wait(Duration::from_secs(4));
    let now = driver.now();
    driver.machine_mut().handle_bytes(now, b"quit\r\n");
    assert!(stays_awake(&mut driver).await, "the peer has not closed");
    #[cfg(any(target_os = "linux", target_os = "android"))]
    assert!(
        driver.control.socket().is_some_and(crate::cork::is_corked),
        "the end goes with the last reply"
    );
    peer.stream.shutdown().await.unwrap();
    assert_eq!(closed(driver.next().await), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_can_come_closer() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let begin = driver.now();
    let asked = peer.ask("deadline 1000\r\nok");
    assert_eq!(during(&mut driver, asked).await, "ok");
    peer.say("deadline 3").await;
    let _ = closed(driver.next().await);
    assert_eq!((driver.now() - begin).as_secs(), 3 + 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_input_does_not_hold_up_a_deadline() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    during(&mut driver, peer.ask("deadline 1\r\nok")).await;
    let unread = vec![b'x'; 512 * 1024];
    peer.stream.get_mut().write_all(&unread).await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(driver.poll_next(cx).is_pending(), "lingers");
    assert_eq!(driver.machine().timeouts, 1);
    assert_eq!(driver.machine().unread(), 0, "the deadline came first");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_costs_a_bounded_amount_and_ends_by_the_timer() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    let cx = &mut Context::from_waker(Waker::noop());
    // More than the sockets' buffers can ever take.
    let line = "x".repeat(1000);
    for _ in 0..64_000 {
        driver.machine_mut().say(line.as_str());
    }
    peer.say("deadline 60").await;
    let begin = driver.now();
    while driver.poll_next(cx).is_pending() && !driver.control.is_full() {
        tokio::task::yield_now().await;
    }
    assert!(driver.poll_next(cx).is_pending());
    assert!(driver.control.waiting() < Control::FULL + 2 * line.len());
    // What the peer says meanwhile waits in the socket.
    peer.say("event unheard").await;
    tokio::task::yield_now().await;
    assert!(driver.poll_next(cx).is_pending());

    driver.machine_mut().deadline = Some(driver.now() + Duration::from_secs(60));
    driver.deadline = driver.machine().deadline;
    let result = loop {
        if let Step::Closed(result) = driver.next().await {
            break result;
        }
    };
    assert_eq!(result, Err(Error::TimedOut(Timer::Stall)));
    assert_eq!((driver.now() - begin).as_secs(), 60 + 2);
}

#[tokio::test]
async fn a_peer_that_reads_late_gets_everything_in_order() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    const LINES: u64 = 200_000;
    during(&mut driver, async {
        peer.say(&format!("flood {LINES}")).await;
        tokio::task::yield_now().await;
        for n in 0..LINES {
            assert_eq!(peer.hear().await, format!("{n:062}"));
        }
        assert_eq!(peer.ask("still there").await, "still there");
    })
    .await;
}

#[tokio::test]
async fn urgent_bytes_are_urgent_and_stay_in_their_place() {
    // A peer that does not take urgent data inline misses its last byte in the stream.
    for (inline, expected) in [
        (true, &b"before\r\n\xff\xf4\xff\xf2after\r\n"[..]),
        (false, &b"before\r\n\xff\xf4\xffafter\r\n"[..]),
    ] {
        let (mut driver, mut peer) = toy(DataOptions::default()).await;
        socket2::SockRef::from(peer.stream.get_ref())
            .set_out_of_band_inline(inline)
            .unwrap();
        let mut got = Vec::new();
        during(&mut driver, async {
            peer.say("before\r\nurgent\r\nafter").await;
            while got.len() < expected.len() {
                // A read stops short at the mark.
                peer.stream.get_ref().readable().await.unwrap();
                let _ = peer.stream.get_ref().try_read_buf(&mut got);
            }
        })
        .await;
        assert_eq!(got, expected, "inline: {inline}");
    }
}

#[tokio::test]
async fn what_follows_urgent_bytes_is_read() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    // All of it is there before the driver looks, so that no later arrival wakes it again.
    peer.stream.get_ref().writable().await.unwrap();
    let sent = socket2::SockRef::from(peer.stream.get_ref()).send_out_of_band(b"urge");
    assert_eq!(sent.unwrap(), 4);
    peer.say("ncy").await;
    assert_eq!(during(&mut driver, peer.hear()).await, "urgency");
}

#[tokio::test]
async fn tls_that_is_not_there_fails() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    assert_eq!(during(&mut driver, peer.ask("tls")).await, "Failed");
}

#[tokio::test]
async fn a_reply_survives_commands_that_nobody_read() {
    let (mut driver, mut peer) = toy(DataOptions::default()).await;
    peer.say("quit").await;
    // More than one read: it is still in the socket when the session closes.
    let unread = vec![b'x'; 512 * 1024];
    let (_, step) = tokio::join!(
        async {
            let _ = peer.stream.get_mut().write_all(&unread).await;
            assert_eq!(peer.hear().await, "bye");
            drop(peer);
        },
        driver.next()
    );
    assert_eq!(closed(step), Ok(()));
}

#[test]
fn a_driver_is_send_when_its_machine_is() {
    fn is_send<T: Send>() {}
    fn of<M: Machine + Send>() {
        is_send::<Driver<M>>();
    }
    of::<Toy>();
    is_send::<Step<String>>();
}
