//! TLS on the control connection: how its handshake is waited for.

use std::{future::poll_fn, task::Poll, time::Duration};

use ftpkit_proto::Output;

use super::toy::{Toy, stays_awake, toy};
use crate::{Clock, DataOptions, Driver, tls::tests::sessions};

/// So long that no test sees its end.
const LONG: Duration = Duration::from_secs(4);

/// A server's driver and a client's, which are about to begin TLS.
async fn beginning(control: Duration, handshake: Duration) -> [Driver<Toy>; 2] {
    let [server, client] = sessions();
    let options = DataOptions::default().with_busy_wait(handshake);
    let (here, peer) = toy(options).await;
    let there = peer.stream.into_inner();
    let there = Driver::new(there, Clock::start(), DataOptions::default(), |_| {
        Toy::default()
    });
    let here = here.with_busy_wait(control).with_tls(server);
    [here, there.unwrap().with_tls(client)].map(|mut driver| {
        driver.machine_mut().silent = true;
        driver.machine_mut().push(Output::StartTls);
        driver
    })
}

/// Lets both speak until the server knows that TLS is on.
async fn shake_hands(here: &mut Driver<Toy>, there: &mut Driver<Toy>) {
    poll_fn(|cx| {
        assert!(there.poll_next(cx).is_pending());
        assert!(here.poll_next(cx).is_pending());
        here.tls_info().map_or(Poll::Pending, |_| Poll::Ready(()))
    })
    .await;
}

#[tokio::test]
async fn a_handshake_is_waited_for_awake() {
    for (control, handshake, expected) in [
        (LONG, LONG, true),
        (LONG, Duration::ZERO, false),
        (Duration::ZERO, LONG, false),
    ] {
        let [mut here, _there] = beginning(control, handshake).await;
        let awake = stays_awake(&mut here).await;
        assert_eq!(awake, expected, "{control:?}, {handshake:?}");
    }
}

#[tokio::test]
async fn what_comes_behind_it_is_waited_for_as_ever() {
    for (control, expected) in [(LONG, true), (Duration::ZERO, false)] {
        let [mut here, mut there] = beginning(control, LONG).await;
        shake_hands(&mut here, &mut there).await;
        assert_eq!(stays_awake(&mut here).await, expected, "{control:?}");
    }
}
