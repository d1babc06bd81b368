//! From clear text to TLS, and transfers under it.

use super::*;
use crate::error::{Error, PeerMisbehaved};

pub(super) const SECURED: &str = "
    S: 220 Hello
    greeting 220
    ask secure
    C: AUTH TLS
    S: 234 Go
    StartTls
    tls started
    C: PBSZ 0
    S: 200 Fine
    C: PROT P
    S: 200 Fine
    done 1 200 Fine
";

#[test]
fn upgrades() {
    let cases = [
        "ask secure clear
        C: AUTH TLS
        S: 234 Go
        StartTls
        tls started
        C: PBSZ 0
        S: 200 Fine
        C: PROT C
        S: 200 Fine
        done 1 200 Fine",
        // The older name, and the older code.
        "ask secure
        C: AUTH TLS
        S: 504 What?
        C: AUTH SSL
        S: 334 Go
        StartTls
        tls started
        C: PBSZ 0",
        // No TLS: the reply is the outcome, and nothing else happens.
        "ask secure
        C: AUTH TLS
        ask noop
        S: 500 What?
        C: AUTH SSL
        S: 500 What?
        done 1 500 What?
        C: NOOP",
        "ask secure
        C: AUTH TLS
        S: 431 Not now
        done 1 431 Not now",
        // A success that does not say to begin does not begin.
        "ask secure
        C: AUTH TLS
        S: 200 Fine
        done 1 200 Fine",
        // Data connections stay in clear: the application decides.
        "ask secure
        C: AUTH TLS
        S: 234 Go
        StartTls
        tls started
        C: PBSZ 0
        S: 200 Fine
        C: PROT P
        S: 536 No
        done 1 536 No",
        "ask secure
        C: AUTH TLS
        S: 234 Go
        StartTls
        tls started
        C: PBSZ 0
        S: 503 No
        done 1 503 No",
        "ask secure
        C: AUTH TLS
        S: 234 Go
        StartTls
        tls failed
        done 1 lost
        closed the TLS handshake on the control connection failed",
        "ask secure
        C: AUTH TLS
        S: 234 Go
        StartTls
        wait 10
        done 1 lost
        closed timed out: the TLS handshake took too long",
        "tls started
        tls failed
        ask noop
        C: NOOP",
    ];
    for script in thin(cases, 4) {
        play(
            Config::default(),
            &("S: 220 Hello\ngreeting 220\n".to_string() + script),
        );
    }
}

#[test]
fn bytes_in_clear_behind_the_234_are_fatal() {
    let now = Instant::START;
    let cases = [
        &b"234 Go\r\n200 Injected\r\n"[..],
        b"234 Go\r\n2",
        b"234 Go\r\n\xff",
    ];
    for injected in thin(cases, 2) {
        // Cut into pieces, StartTls may be out before the rest arrives.
        for cut in thin(0..injected.len(), 7) {
            let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
            client.handle_bytes(now, b"220 Hello\r\n");
            client.submit(now, Request::Secure { protect_data: true });
            client.handle_bytes(now, &injected[..cut]);
            client.handle_bytes(now, &injected[cut..]);
            client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
            assert!(!client.is_secured());
            let last = core::iter::from_fn(|| Some(client.poll_output()))
                .find(|output| matches!(output, Output::Closed(_) | Output::Wait(_)));
            assert!(
                matches!(
                    &last,
                    Some(Output::Closed(Err(Error::PeerMisbehaved(
                        PeerMisbehaved::BytesBeforeTls
                    ))))
                ),
                "{cut}: {last:?}"
            );
        }
    }
}

#[test]
fn a_session_under_tls_is_another_one() {
    let now = Instant::START;
    let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
    client.handle_bytes(now, b"220 Hello\r\n");
    client.submit(now, Request::Features);
    client.handle_bytes(now, b"211-Features\r\n SIZE\r\n211 End\r\n");
    assert!(client.features().is_some());
    client.submit(now, Request::Secure { protect_data: true });
    assert!(!client.is_secured());
    client.handle_bytes(now, b"234 Go\r\n");
    assert!(!client.wants_read());
    client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
    assert!(client.wants_read());
    assert!(client.is_secured());
    assert!(client.features().is_none());
}

#[test]
fn protection_can_be_settled_again() {
    play(
        Config::default(),
        &(SECURED.to_string()
            + "
            ask secure clear
            C: PBSZ 0
            S: 200 Fine
            C: PROT C
            S: 200 Fine
            done 2 200 Fine
            "),
    );
}

/// A transfer under TLS, up to its handshake.
fn handshaking(ask: &str, script: &str) -> String {
    let command = if ask == "get" { "RETR" } else { "STOR" };
    format!(
        "{SECURED}
        ask {ask} /f
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: {command} /f
        S: 150 Here
        D1 Secure(Client)
        {script}
        "
    )
}

#[test]
fn the_handshake_comes_behind_the_1yz() {
    let cases = [
        "
        d1 resumed
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        S: 226 Done
        done 2 transferred 5 226 proven resumed
        ",
        "
        S: 226 Done
        d1 secured
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        done 2 transferred 5 226 proven
        ",
        // The server wants the session resumed, and says so.
        "
        d1 failed Tls
        S: 522 Not resumed
        done 2 failed Secure 0 522 Not resumed Tls
        ask noop
        C: NOOP
        ",
        "
        d1 failed NotResumed
        S: 426 Broken
        done 2 failed Secure 0 426 Broken NotResumed
        ",
        "
        S: 226 Done
        d1 failed Certificate
        done 2 failed Secure 0 226 Done Certificate
        ",
        "
        S: 522 Not resumed
        D1 Abort
        done 2 failed Secure 0 522 Not resumed
        ",
        "
        wait 10
        D1 Abort
        S: 426 Timeout
        done 2 failed Secure 0 426 Timeout TimedOut
        ",
        "
        S: 226 Done
        d1 failed Tls
        done 2 failed Secure 0 226 Done Tls
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), &handshaking("get", script));
    }
}

#[test]
fn an_end_without_close_notify_is_no_end_of_a_download() {
    let script = "
        d1 secured
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 unclean 5
        S: 226 Done
    ";
    play(
        Config::default(),
        &(handshaking("get", script) + "done 2 failed Confirm 5 226 Done"),
    );
    let mut config = Config::default();
    config.accept_unclean_close = true;
    play(
        config,
        &(handshaking("get", script) + "done 2 transferred 5 226"),
    );
    play(
        Config::default(),
        &handshaking(
            "put",
            "
            d1 secured
            opened 2 D1 150
            D1 Transfer(Send)
            d1 unclean 5
            S: 226 Done
            done 2 transferred 5 226
            ",
        ),
    );
}

#[test]
fn the_synch_of_an_abort_stays_outside_tls() {
    let mut config = Config::default();
    config.telnet_abort = true;
    play(config, &handshaking("get", "abort 2\nC: ABOR\nD1 Abort"));
}

fn clearing() -> Config {
    let mut config = Config::default();
    config.dangerous_ccc = true;
    config
}

#[test]
fn back_to_clear_text() {
    let cases = [
        // Data connections stay under TLS.
        "
        ask clear
        C: CCC
        S: 200 Fine
        StopTls
        ask get /f
        tls started
        tls stopped
        done 2 200 Fine
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 150 Here
        D1 Secure(Client)
        d1 secured
        opened 3 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        S: 226 Done
        done 3 transferred 5 226 proven
        # A further upgrade begins at the beginning, and what is clear stays clear.
        ask clear
        done 4 rejected
        ask secure
        C: AUTH TLS
        ",
        "
        ask clear
        C: CCC
        S: 534 No
        done 2 534 No
        ask noop
        C: NOOP
        ",
        // TLS ends badly, or not at all.
        "
        ask clear
        C: CCC
        S: 200 Fine
        StopTls
        tls failed
        done 2 lost
        closed the TLS handshake on the control connection failed
        ",
        "
        ask clear
        C: CCC
        S: 200 Fine
        StopTls
        wait 10
        done 2 lost
        closed timed out: the TLS handshake took too long
        ",
        "
        ask clear
        C: CCC
        S: 200 Fine
        StopTls
        eof
        done 2 lost
        closed the control connection was closed by the peer
        ",
    ];
    for script in thin(cases, 4) {
        play(clearing(), &format!("{SECURED}{script}"));
    }
}

#[test]
fn clear_text_is_not_gone_back_to_unasked() {
    play(
        Config::default(),
        &format!("{SECURED}\nask clear\ndone 2 rejected\nask noop\nC: NOOP"),
    );
    play(
        clearing(),
        "
        ask clear
        ask noop
        S: 220 Hello
        greeting 220
        done 1 rejected
        C: NOOP
        ",
    );
}

#[test]
fn nothing_comes_between_the_consent_and_the_end_of_tls() {
    for packets in [
        &["200 Fine\r\n2"][..],
        &["200 Fine\r\n", "220 Hello, I am the server\r\n"],
    ] {
        let now = Instant::START;
        let mut client = Connection::new(clearing(), now, PEER.parse().unwrap());
        client.handle_bytes(now, b"220 Hello\r\n");
        client.submit(now, Request::Secure { protect_data: true });
        client.handle_bytes(now, b"234 Go\r\n");
        client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
        client.handle_bytes(now, b"200 Fine\r\n200 Fine\r\n");
        assert!(client.is_secured());
        client.submit(now, Request::ClearControl);
        for packet in packets {
            client.handle_bytes(now, packet.as_bytes());
        }
        assert!(!client.wants_read());
        let end = loop {
            match client.poll_output() {
                Output::Closed(end) => break end,
                Output::Wait(_) => panic!("it goes on"),
                _ => {}
            }
        };
        assert_eq!(end, Err(Error::from(PeerMisbehaved::UnsolicitedReply)));
    }
}

fn implicit() -> Config {
    let mut config = Config::default();
    config.implicit_tls = true;
    config
}

#[test]
fn implicit_tls_comes_ahead_of_the_greeting() {
    let cases = [
        // What is asked for waits; securing what is secured settles the data connections.
        "StartTls
        ask secure
        tls started
        S: 120 Soon
        S: 220 Hello
        greeting 220
        C: PBSZ 0
        S: 200 Fine
        C: PROT P
        S: 200 Fine
        done 1 200 Fine",
        "StartTls
        tls started
        S: 220 Hello
        greeting 220
        ask secure clear
        C: PBSZ 0
        S: 200 Fine
        C: PROT C
        S: 200 Fine
        done 1 200 Fine",
        // Data connections are under TLS from the start.
        "StartTls
        tls started
        S: 220 Hello
        greeting 220
        ask get /f
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 x (|||5000|)
        D1 Connect(192.0.2.1:5000)
        d1 connected 192.0.2.1:5000
        C: RETR /f
        S: 150 Here
        D1 Secure(Client)",
        "StartTls
        ask noop
        tls failed
        done 1 rejected
        closed the TLS handshake on the control connection failed",
        "StartTls
        wait 10
        closed timed out: the TLS handshake took too long",
        "StartTls
        tls started
        wait 30
        closed timed out: the server did not reply",
        "StartTls
        tls started
        S: 421 Too many
        closed the server closes the session: 421 Too many",
    ];
    for script in thin(cases, 4) {
        play(implicit(), script);
    }
}

#[test]
fn a_greeting_in_clear_is_fatal_where_tls_is_implicit() {
    let now = Instant::START;
    for bytes in [&b"220 Hello\r\n"[..], b"2", b"\xff"] {
        let mut client = Connection::new(implicit(), now, PEER.parse().unwrap());
        assert!(!client.wants_read());
        client.handle_bytes(now, bytes);
        client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
        assert!(!client.is_secured() && client.greeting().is_none());
        let last = core::iter::from_fn(|| Some(client.poll_output()))
            .find(|output| matches!(output, Output::Closed(_) | Output::Wait(_)));
        let Some(Output::Closed(Err(Error::PeerMisbehaved(why)))) = last else {
            panic!("{last:?}");
        };
        assert_eq!(why, PeerMisbehaved::BytesBeforeTls);
    }
}
