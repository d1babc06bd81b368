//! Transfers under TLS that are carried out twice, since their first data connection did not
//! resume the session.

use super::{upgrade::SECURED, *};
use crate::client::{Learned, Pret};

/// A way to a data connection, up to its handshake.
fn met(command: &str, id: u8) -> String {
    format!(
        "
        C: EPSV
        S: 229 Fine (|||50000|)
        D{id} Connect(192.0.2.1:50000)
        d{id} connected 192.0.2.1:50000
        C: {command}
        S: 150 Here
        D{id} Secure(Client)
        "
    )
}

/// A session whose first data connection, a download, has resumed.
fn has_resumed() -> String {
    format!(
        "{SECURED}
        ask get /first
        C: TYPE I
        S: 200 Fine
        {}
        d1 resumed
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        S: 226 Done
        done 2 transferred 5 226 proven resumed
        ",
        met("RETR /first", 1)
    )
}

/// An upload that resumes, over this connection.
fn uploaded(command: &str, id: u8) -> String {
    format!(
        "{}
        d{id} resumed
        opened 3 D{id} 150
        D{id} Transfer(Send)
        d{id} finished 5
        S: 226 Done
        done 3 transferred 5 226 proven resumed
        ",
        met(command, id)
    )
}

#[test]
fn an_upload_is_begun_anew_before_its_payload() {
    let cases = [
        ("d2 finished 0 \n S: 425 Not resumed", "needed"),
        ("S: 425 Not resumed \n d2 finished 0", "needed"),
        ("S: 522 Not resumed \n d2 unclean 0", "needed"),
        ("d2 unclean 0 \n S: 426 Broken", "needed"),
        ("d2 failed Broken \n S: 450 What?", "needed"),
        ("S: 425 Not resumed \n d2 failed Broken", "needed"),
        ("d2 finished 0 \n S: 226 Stored nothing", "free"),
        ("S: 226 Stored nothing \n d2 finished 0", "free"),
        // The server ends neither connection for a while.
        ("wait 30 \n D2 Abort \n S: 425 Not resumed", "needed"),
        ("S: 425 Not resumed \n wait 30 \n D2 Abort", "needed"),
    ];
    for (ends, sessions) in thin(cases, 4) {
        let asks = [("put /f", "STOR /f"), ("append /f", "APPE /f")];
        for (ask, command) in thin(asks, 2) {
            play(
                Config::default(),
                &format!(
                    "{}
                    ask {ask}
                    {}
                    d2 secured
                    D2 Discard
                    {ends}
                    {}
                    learned passive=EPSV first=passive sessions={sessions}
                    ",
                    has_resumed(),
                    met(command, 2),
                    uploaded(command, 3),
                ),
            );
        }
    }
}

#[test]
fn what_is_sent_ahead_of_an_upload_is_sent_again() {
    let mut config = Config::default();
    config.pret = Pret::Always;
    let way = |id| {
        let way = format!("C: PRET STOR /f \n S: 200 Fine {}", met("STOR /f", id));
        way.replace("C: STOR", "C: REST 7 \n S: 350 Fine \n C: STOR")
    };
    play(
        config,
        &format!(
            "{}
            ask put /f @7
            {}
            d2 secured
            D2 Discard
            d2 finished 0
            S: 425 Not resumed
            {}
            ",
            has_resumed().replace("C: EPSV", "C: PRET RETR /first \n S: 200 Fine \n C: EPSV"),
            way(2),
            way(3),
        ),
    );
}

/// An upload whose payload flows although it has not resumed.
fn flows(id: u8) -> String {
    format!(
        "
        d{id} secured
        opened 3 D{id} 150
        D{id} Transfer(Send)
        d{id} finished 5
        S: 226 Done
        done 3 transferred 5 226 proven
        "
    )
}

#[test]
fn an_upload_whose_second_try_does_not_resume_goes_ahead() {
    let first = format!(
        "{}
        ask put /f
        {}
        d2 secured
        D2 Discard
        d2 finished 0
        S: 425 Not resumed
        {}",
        has_resumed(),
        met("STOR /f", 2),
        met("STOR /f", 3),
    );
    play(Config::default(), &format!("{first} {}", flows(3)));
    // There is no way but TLS 1.2, for the next connection.
    play(
        Config::default(),
        &format!(
            "{first}
            d3 secured
            opened 3 D3 150
            D3 Transfer(Send)
            d3 failed Broken
            S: 425 Not resumed
            done 3 failed Payload 0 425 Not resumed Broken
            learned passive=EPSV first=passive sessions=needed tls=1.2
            "
        ),
    );
}

#[test]
fn an_upload_goes_ahead_where_nothing_speaks_against_it() {
    // Nothing has resumed yet, and nobody knows that it must.
    play(
        Config::default(),
        &format!(
            "{SECURED}
            ask noop
            C: NOOP
            S: 200 Fine
            done 2 200 Fine
            ask put /f
            C: TYPE I
            S: 200 Fine
            {}{}
            learned passive=EPSV first=passive
            ",
            met("STOR /f", 1),
            flows(1)
        ),
    );
    // The server was seen to take it.
    let mut config = Config::default();
    config.learned = Some(
        "ftpkit-learned/1 sessions=free"
            .parse::<Learned>()
            .unwrap()
            .into(),
    );
    let script = format!(
        "{} ask put /f {}{}",
        has_resumed(),
        met("STOR /f", 2),
        flows(2)
    );
    play(config, &script.replace("ask put /f ", "ask put /f\n"));
    // A second file under a name of the server's choice could not be told from the first.
    play(
        Config::default(),
        &format!(
            "{}
            ask unique
            {}{}",
            has_resumed(),
            met("STOU", 2),
            flows(2)
        ),
    );
}

#[test]
fn what_was_learnt_before_saves_the_first_upload() {
    let mut config = Config::default();
    config.learned = Some(
        "ftpkit-learned/1 sessions=needed"
            .parse::<Learned>()
            .unwrap()
            .into(),
    );
    play(
        config,
        &format!(
            "{SECURED}
            ask noop
            C: NOOP
            S: 200 Fine
            done 2 200 Fine
            ask put /f
            C: TYPE I
            S: 200 Fine
            {}
            d1 secured
            D1 Discard
            d1 finished 0
            S: 425 Not resumed
            {}
            learned passive=EPSV first=passive sessions=needed
            ",
            met("STOR /f", 1),
            uploaded("STOR /f", 2)
        ),
    );
}

#[test]
fn an_upload_that_is_to_begin_anew_can_be_aborted() {
    let cases = [
        (
            "",
            "C: ABOR \n D2 Abort \n S: 426 Broken \n C: PWD \n S: 226 Fine ~ 257 \"/\" \n done 3 failed Aborted 0 426 Broken",
        ),
        (
            "d2 finished 0",
            "C: ABOR \n S: 426 Broken \n C: PWD \n S: 226 Fine ~ 257 \"/\" \n done 3 failed Aborted 0 426 Broken",
        ),
        (
            "S: 425 Not resumed",
            "D2 Abort \n done 3 failed Aborted 0 425 Not resumed",
        ),
    ];
    for (news, end) in thin(cases, 2) {
        play(
            Config::default(),
            &format!(
                "{}
                ask put /f
                {}
                d2 secured
                D2 Discard
                {news}
                abort 3
                {end}
                ask noop
                C: NOOP
                ",
                has_resumed(),
                met("STOR /f", 2),
            ),
        );
    }
}

#[test]
fn the_end_of_the_session_ends_both_tries() {
    for (end, done) in [
        (
            "eof",
            "closed the control connection was closed by the peer",
        ),
        (
            "S: 421 Not resumed",
            "closed the server closes the session: 421 Not resumed",
        ),
    ] {
        let outcome = match end {
            "eof" => "lost",
            _ => "failed Secure 0 421 Not resumed",
        };
        play(
            Config::default(),
            &format!(
                "{}
                ask put /f
                {}
                d2 secured
                D2 Discard
                {end}
                D2 Abort
                done 3 {outcome}
                {done}
                ",
                has_resumed(),
                met("STOR /f", 2),
            ),
        );
    }
}

#[test]
fn a_download_that_was_refused_is_begun_anew() {
    let cases = [
        "d1 finished 0 \n S: 522 Not resumed",
        "d1 unclean 0 \n S: 425 Not resumed",
        "d1 failed Broken \n S: 425 Not resumed",
        "S: 425 Not resumed \n d1 finished 0",
        "S: 425 Not resumed \n d1 failed Broken",
        "S: 425 Not resumed \n wait 1 \n D1 Abort",
    ];
    for end in thin(cases, 2) {
        let asks = [("get /f", "RETR /f"), ("list", "LIST"), ("facts", "MLSD")];
        for (ask, command) in thin(asks, 3) {
            let first = format!(
                "{SECURED}
                ask {ask}
                C: TYPE I
                S: 200 Fine
                {}
                d1 secured
                opened 2 D1 150
                D1 Transfer(Receive)
                {end}
                {}",
                met(command, 1),
                met(command, 2),
            );
            play(
                Config::default(),
                &format!(
                    "{first}
                    d2 resumed
                    opened 2 D2 150
                    D2 Transfer(Receive)
                    d2 finished 5
                    S: 226 Done
                    done 2 transferred 5 226 proven resumed
                    learned passive=EPSV first=passive sessions=needed
                    "
                ),
            );
            // Once, and no more.
            play(
                Config::default(),
                &format!(
                    "{first}
                    d2 secured
                    opened 2 D2 150
                    D2 Transfer(Receive)
                    d2 finished 0
                    S: 425 Not resumed
                    done 2 failed Confirm 0 425 Not resumed
                    learned passive=EPSV first=passive sessions=needed tls=1.2
                    "
                ),
            );
        }
    }
}

#[test]
fn a_download_that_failed_otherwise_is_not() {
    let cases = [
        "d1 moved 3 \n S: 425 Not resumed \n D1 Abort \n done 2 failed Payload 3 425 Not resumed",
        "d1 finished 3 \n S: 425 Not resumed \n done 2 failed Confirm 3 425 Not resumed",
        "d1 finished 0 \n S: 550 No such file \n done 2 failed Confirm 0 550 No such file",
        "d1 finished 0 \n S: 426 Broken \n done 2 failed Confirm 0 426 Broken",
    ];
    for end in thin(cases, 2) {
        play(
            Config::default(),
            &format!(
                "{SECURED}
                ask get /f
                C: TYPE I
                S: 200 Fine
                {}
                d1 secured
                opened 2 D1 150
                D1 Transfer(Receive)
                {end}
                ",
                met("RETR /f", 1)
            ),
        );
    }
    // It has resumed, so that it was refused for another reason.
    play(
        Config::default(),
        &format!(
            "{SECURED}
            ask get /f
            C: TYPE I
            S: 200 Fine
            {}
            d1 resumed
            opened 2 D1 150
            D1 Transfer(Receive)
            d1 finished 0
            S: 425 No
            done 2 failed Confirm 0 425 No
            ",
            met("RETR /f", 1)
        ),
    );
}
