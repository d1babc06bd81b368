//! Every procedure, from its beginning to its end: together they send every command of the
//! table, and each of them may be cut short at any moment.

use std::{collections::BTreeSet, vec};

use super::*;
use crate::{
    client::{DataMode, Pret},
    command::Row,
};

const GREETED: &str = "
    S: 220 Hello
    greeting 220
";

/// A listener, and the command that tells of it; the server takes it and calls.
const CALLED: &str = "
    S: 200 Fine
    C: RETR /f
    S: 150 Here
    D1 Accept
    d1 connected 192.0.2.1:20
    opened 1 D1 150
    D1 Transfer(Receive)
    d1 finished 5
    S: 226 Done
    done 1 transferred 5 226
";

/// A transfer over a connection that this side makes.
fn passive(ask: &str, command: &str, flow: &str) -> String {
    format!(
        "
        ask {ask}
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: {command}
        S: 150 Here
        opened 1 D1 150
        D1 Transfer({flow})
        d1 finished 5
        S: 226 Done
        done 1 transferred 5 226
        "
    )
}

/// A session to its end, with what it is played with.
struct Played {
    config: Config,
    peer: &'static str,
    script: String,
}

fn procedures() -> Vec<Played> {
    let mut all = Vec::new();
    let mut add = |change: fn(&mut Config), peer, script: &str| {
        let mut config = Config::default();
        change(&mut config);
        let script = format!("{GREETED}{script}");
        all.push(Played {
            config,
            peer,
            script,
        });
    };
    add(
        |config| {
            config.negotiate = true;
            config.client_name = Some(Text::from_static("Tester"));
        },
        PEER,
        "
        ask login anna secret at example.org
        C: HOST example.org
        S: 220 Example
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 230 Welcome
        C: FEAT
        S: 211-Features ~  CLNT ~  UTF8 ~ 211 End
        C: CLNT Tester
        S: 200 Fine
        C: OPTS UTF8 ON
        S: 200 Fine
        done 1 230 Welcome
        ",
    );
    add(
        |_| {},
        PEER,
        "
        ask login anna secret acc
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 332 Account?
        C: ACCT acc
        S: 230 Welcome
        done 1 230 Welcome
        ask features
        C: FEAT
        S: 211 None
        done 2 features none
        ask quit
        C: QUIT
        S: 221 Bye
        done 3 221 Bye
        closed
        ",
    );
    add(
        |config| config.dangerous_ccc = true,
        PEER,
        "
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
        ask clear
        C: CCC
        S: 200 Fine
        StopTls
        tls stopped
        done 2 200 Fine
        ",
    );
    add(
        |_| {},
        PEER,
        "
        ask rename /a /b
        C: RNFR /a
        S: 350 Go on
        C: RNTO /b
        S: 250 Fine
        done 1 250 Fine
        ask hash /f 0-9
        C: RANG 0 9
        S: 350 Fine
        C: HASH /f
        S: 213 SHA-256 0-9 ab /f
        done 2 213 SHA-256 0-9 ab /f
        ",
    );
    for (ask, command, flow) in [
        ("get /f", "RETR /f", "Receive"),
        ("put /f", "STOR /f", "Send"),
        ("append /f", "APPE /f", "Send"),
        ("unique", "STOU", "Send"),
        ("list", "LIST", "Receive"),
        ("names", "NLST", "Receive"),
        ("facts", "MLSD", "Receive"),
    ] {
        add(|_| {}, PEER, &passive(ask, command, flow));
    }
    add(
        |config| config.pret = Pret::Always,
        PEER,
        "
        ask get /f @7
        C: TYPE I
        S: 200 Fine
        C: PRET RETR /f
        S: 200 Fine
        C: EPSV
        S: 500 What?
        C: PASV
        S: 227 Fine (192,0,2,1,195,80)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: REST 7
        S: 350 Fine
        C: RETR /f
        S: 150 Here
        opened 1 D1 150
        D1 Transfer(Receive)
        abort 1
        C: ABOR
        D1 Abort
        S: 426 Stopped
        C: PWD
        S: 226 Fine ~ 257 \"/\"
        done 1 failed Aborted 0 426 Stopped
        ",
    );
    add(
        |config| config.data_mode = DataMode::Active,
        PEER,
        &format!(
            "
            ask get /f
            C: TYPE I
            S: 200 Fine
            D1 Listen(V4)
            d1 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            S: 500 What?
            C: PORT 192,0,2,9,156,64
            {CALLED}
            "
        ),
    );
    add(
        |config| {
            config.data_mode = DataMode::Auto;
            config.long_addresses = true;
        },
        "[2001:db8::1]:21",
        &format!(
            "
            ask get /f
            C: TYPE I
            S: 200 Fine
            C: EPSV
            S: 500 What?
            C: LPSV
            S: 500 What?
            D1 Listen(V6)
            d1 listening [2001:db8::9]:40000
            C: EPRT |2|2001:db8::9|40000|
            S: 500 What?
            C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,9,2,156,64
            {}
            ",
            CALLED.replace("192.0.2.1:20", "[2001:db8::1]:20")
        ),
    );
    for line in SINGLE {
        let escaped = line.escape_default();
        let script = format!("ask send {line}\nC: {escaped}\nS: 200 Fine\ndone 1 200 Fine\n");
        add(|_| {}, PEER, &script);
    }
    all
}

/// What needs no procedure.
const SINGLE: &[&str] = &[
    "CWD /d",
    "CDUP",
    "SMNT /mnt",
    "STRU F",
    "MODE S",
    "ALLO 5",
    "DELE /f",
    "RMD /d",
    "MKD /d",
    "PWD",
    "SITE HELP",
    "SITE CHMOD 644 /f",
    "SYST",
    "STAT",
    "HELP",
    "NOOP",
    "OPTS MLST Type;Size;",
    "LANG de",
    "MDTM /f",
    "SIZE /f",
    "MLST /f",
    "MFMT 20240615120000 /f",
    "MFCT 20240615120000 /f",
    "MFF Modify=20240615120000; /f",
    "XSHA256 /f",
    "MMD5 \"/f\", \"/g\"",
    "CSID Name=Tester; Version=1;",
    "AVBL /d",
    "COMB \"/all\" \"/a\" \"/b\"",
];

/// What no request sends; the reasons stand at `Request`.
const NEVER: &[&str] = &["REIN", "ADAT YWJj", "MIC YWJj", "CONF YWJj", "ENC YWJj"];

#[test]
fn procedures_go_to_their_ends() {
    for played in thin(procedures(), 5) {
        play_with(played.config, played.peer, &played.script);
    }
}

#[test]
fn every_row_of_the_table_is_sent_by_a_request_or_by_none_on_purpose() {
    let mut sent: BTreeSet<String> = procedures()
        .iter()
        .flat_map(|played| played.script.lines())
        .filter_map(|line| line.trim().strip_prefix("C: "))
        .map(row)
        .collect();
    for line in NEVER {
        let command = Command::parse(line.as_bytes()).unwrap();
        let mut client = Connection::new(Config::default(), Instant::START, PEER.parse().unwrap());
        let id = client.submit(Instant::START, Request::Command(command));
        let Output::Event(Event::Done(done, Outcome::Rejected)) = client.poll_output() else {
            panic!("{line} is taken");
        };
        assert_eq!(done, id);
        assert!(sent.insert(row(line)) || row(line) == "Shielded", "{line}");
    }
    // By the transfers between two servers: see there.
    for line in ["CPSV", "SSCN ON"] {
        sent.insert(row(line));
    }
    // Not commands.
    for other in [Row::Greeting, Row::Unread] {
        sent.insert(format!("{other:?}"));
    }
    for row in Row::ALL {
        assert!(sent.contains(&format!("{row:?}")), "nothing sends {row:?}");
    }
}

fn row(line: &str) -> String {
    let line = line.replace('\\', "");
    let command = Command::parse(line.as_bytes()).unwrap();
    format!("{:?}", Row::of(&command))
}

/// What ends a session from outside.
#[derive(Clone, Copy, Debug)]
enum End {
    /// 421, alone and in the middle of something else.
    Closing,
    Eof,
    Silence,
}

#[test]
fn procedures_may_end_at_any_moment() {
    let mut number = 0;
    for played in procedures() {
        let lines: Vec<&str> = played.script.lines().map(str::trim).collect();
        for at in 0..=lines.len() {
            for end in [End::Closing, End::Eof, End::Silence] {
                if number % size(1, 101) == 0 {
                    cut_short(&played, &lines[..at], end);
                }
                number += 1;
            }
        }
    }
}

fn cut_short(played: &Played, lines: &[&str], end: End) {
    let mut run = Script {
        client: Connection::new(
            played.config.clone(),
            Instant::START,
            played.peer.parse().unwrap(),
        ),
        now: Instant::START,
        out: VecDeque::new(),
        closed: false,
    };
    let mut out = Vec::new();
    let mut asked = 0;
    let happens = lines
        .iter()
        .filter(|line| !line.is_empty() && !run.is_expectation(line))
        .copied()
        .collect::<Vec<_>>();
    for line in happens {
        asked += u64::from(line.starts_with("ask"));
        run.happen(line, Cut::Whole);
        run.poll();
        out.extend(run.out.drain(..));
    }
    match end {
        End::Closing => run.happen("S: 421 Bye", Cut::Bytes),
        End::Eof => run.happen("eof", Cut::Whole),
        End::Silence => {}
    }
    for _ in 0..100 {
        run.poll();
        match run.client.poll_output() {
            Output::Wait(Some(deadline)) => {
                run.now = deadline;
                run.client.handle_timeout(deadline);
            }
            _ => break,
        }
    }
    out.extend(run.out.drain(..));
    for id in 1..=asked {
        let done = format!("done {id} ");
        let ends = out.iter().filter(|line| line.starts_with(&done)).count();
        assert_eq!(ends, 1, "{end:?} after {lines:#?}\n{out:#?}");
    }
    // Silence where nothing is awaited ends nothing.
    let over = run.closed || (matches!(end, End::Silence) && run.client.is_idle());
    assert!(over, "{end:?} after {lines:#?}\n{out:#?}");
    let held = held(&out);
    assert!(
        held.is_empty(),
        "{held:?}: {end:?} after {lines:#?}\n{out:#?}"
    );
}

/// The data connections that the driver was asked for, and whose end it was not told.
fn held(out: &[String]) -> Vec<String> {
    let mut held = vec![];
    for line in out.iter().filter(|line| line.starts_with('D')) {
        let (id, request) = line.split_once(' ').unwrap();
        held.retain(|held| held != id);
        if request != "Abort" && !request.starts_with("Transfer") {
            held.push(id.to_string());
        }
    }
    held
}
