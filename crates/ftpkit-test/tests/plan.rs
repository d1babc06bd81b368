//! Which way to a data connection is taken when, parts of files, and what is said before work
//! begins: the client's procedures against the server.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::{
    Text,
    client::{Config, DataMode, EpsvAhead, Outcome, Pret, Request, Transfer},
    command::{ByteRange, Command},
    server::{self, TlsPolicy},
};
use ftpkit_test::{Conditions, Ended, Pair, Side, Store, Transcript};

fn said(pair: &Pair, line: &str) -> usize {
    let lines = pair.transcript().said();
    lines.filter(|said| said.starts_with(line)).count()
}

fn auto() -> Config {
    let mut config = Config::default();
    config.data_mode = DataMode::Auto;
    config
}

/// What happened happens again by its transcript.
#[track_caller]
fn replays(pair: &Pair) {
    let printed = pair.transcript().to_string();
    let transcript: Transcript = printed.parse().unwrap();
    let again = transcript.replay(Side::Client).done_by(Side::Client);
    assert_eq!(again, transcript.done_by(Side::Client), "{printed}");
}

fn content() -> Vec<u8> {
    (0..5000u32).map(|number| (number % 251) as u8).collect()
}

fn pair(client: Config, conditions: Conditions) -> Pair {
    let store = Store::new().with_file("/f", content());
    let mut pair = Pair::with(conditions, store, client, server::Config::default());
    pair.login();
    pair
}

#[test]
fn where_nothing_passive_works_the_server_calls_from_then_on() {
    let mut conditions = Conditions::default();
    conditions.refuse = 2;
    let mut pair = pair(auto(), conditions);
    let gets = [(); 2].map(|()| pair.download("/f"));
    let put = pair.upload("/g", content());
    pair.run();
    for get in gets {
        let got = pair.downloaded(get);
        assert_eq!(got, Some(&content()[..]), "{}", pair.transcript());
    }
    assert!(pair.is_transferred(put), "{}", pair.transcript());
    assert_eq!(pair.store().file("/g"), Some(&content()[..]));
    for (line, times) in [
        ("C: EPSV", 1),
        ("C: PASV", 1),
        ("C: EPRT", 3),
        ("C: PORT", 0),
    ] {
        assert_eq!(said(&pair, line), times, "{line}: {}", pair.transcript());
    }
    assert_eq!(pair.finish(), Ended::Well);
}

/// The server's attempts are not answered, its 425 comes late: the transfer is stopped before.
#[test]
fn where_the_server_cannot_call_it_is_called() {
    let mut client = auto();
    // Each try is counted by its EPSV.
    client.epsv_ahead = EpsvAhead::Never;
    for silent in [false, true] {
        let mut conditions = Conditions::default();
        // No way of this side's works at first, and then none of the server's.
        conditions.refuse = 2;
        let mut pair = pair(client.clone(), conditions);
        let first = pair.download("/f");
        pair.run();
        assert!(pair.is_transferred(first), "{}", pair.transcript());
        pair.change_conditions(|conditions| match silent {
            true => conditions.ignore = 1,
            false => conditions.refuse = 1,
        });
        let second = pair.download("/f");
        pair.run();
        let got = pair.downloaded(second);
        assert_eq!(got, Some(&content()[..]), "{}", pair.transcript());
        assert_eq!(said(&pair, "C: EPSV"), 2, "{}", pair.transcript());
        assert_eq!(said(&pair, "C: ABOR"), usize::from(silent));
        assert_eq!(pair.finish(), Ended::Well);
    }
}

#[test]
fn over_ipv6_long_addresses_stand_in() {
    for (mode, commands) in [
        (DataMode::Passive, ["C: EPSV", "C: LPSV"]),
        (DataMode::Active, ["C: EPRT", "C: LPRT"]),
    ] {
        let mut client = Config::default();
        client.data_mode = mode;
        client.long_addresses = true;
        let mut conditions = Conditions::default();
        conditions.refuse = 1;
        let store = Store::new().with_file("/f", content());
        let server = server::Config::default();
        let mut pair = Pair::over_ipv6(conditions, store, client, server);
        pair.login();
        let gets = [(); 2].map(|()| pair.download("/f"));
        pair.run();
        let works = pair.downloaded(gets[1]);
        assert_eq!(works, Some(&content()[..]), "{}", pair.transcript());
        if mode == DataMode::Passive {
            for command in commands {
                assert!(said(&pair, command) > 0, "{}", pair.transcript());
            }
        }
        assert_eq!(pair.finish(), Ended::Well);
    }
}

#[test]
fn the_server_is_told_what_will_come() {
    let mut client = Config::default();
    client.pret = Pret::Always;
    let mut pair = pair(client, Conditions::default());
    let get = pair.download("/f");
    let put = pair.upload("/g", content());
    pair.run();
    assert!(pair.is_transferred(get) && pair.is_transferred(put));
    assert_eq!(said(&pair, "C: PRET RETR /f"), 1, "{}", pair.transcript());
    assert_eq!(said(&pair, "C: PRET STOR /g"), 1, "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn parts_of_a_file() {
    let mut pair = pair(Config::default(), Conditions::default());
    let path = || "/f".try_into().unwrap();
    let ranges = [
        ByteRange::inclusive(0, 0),
        ByteRange::inclusive(1000, 1999),
        ByteRange::inclusive(4990, 9999),
        Some(ByteRange::from(4990)),
    ]
    .map(Option::unwrap);
    let parts = ranges.map(|range| {
        let path = path();
        pair.transfer(Transfer::DownloadRange { path, range })
    });
    // What lies behind the end is refused, and leaves no mark for the next one.
    let behind = pair.transfer(Transfer::DownloadRange {
        path: "/none".try_into().unwrap(),
        range: ranges[1],
    });
    let hashes = [None, Some(ranges[1]), Some(ranges[3])].map(|range| {
        let path = path();
        pair.submit(Request::Hash { path, range })
    });
    let rest = pair.download_from("/f", 4000);
    let put = pair.upload("/g", content());
    pair.run();
    let story = pair.transcript();
    for (part, expected) in parts
        .into_iter()
        .zip([0..1, 1000..2000, 4990..5000, 4990..5000])
    {
        assert_eq!(pair.downloaded(part), Some(&content()[expected]), "{story}");
    }
    assert_eq!(pair.code(behind), Some(550), "{story}");
    // Whether the server can hash is its own affair.
    assert!(
        hashes.iter().all(|hash| pair.code(*hash).is_some()),
        "{story}"
    );
    assert_eq!(pair.downloaded(rest), Some(&content()[4000..]), "{story}");
    assert!(pair.is_transferred(put), "{story}");
    assert_eq!(pair.store().file("/g"), Some(&content()[..]));
    replays(&pair);
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_login_negotiates() {
    let mut client = Config::default();
    client.negotiate = true;
    client.client_name = Some(Text::from_static("Tester 1.0"));
    let mut pair = Pair::with(
        Conditions::default(),
        Store::new(),
        client,
        server::Config::default(),
    );
    let before = pair.submit(Request::Negotiate);
    let login = pair.login();
    pair.run();
    let story = pair.transcript();
    let Some(Outcome::Features(features)) = pair.outcome(before) else {
        panic!("FEAT is answered before login too\n{story}");
    };
    assert!(features.epsv());
    assert_eq!(pair.code(login), Some(230), "{story}");
    let features = pair.client().features().unwrap();
    assert!(features.utf8() && features.clnt(), "{story}");
    assert_eq!(said(&pair, "C: FEAT"), 2, "{story}");
    assert_eq!(said(&pair, "C: CLNT Tester 1.0"), 2, "{story}");
    assert_eq!(said(&pair, "C: OPTS UTF8 ON"), 2, "{story}");
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_virtual_host_is_told_or_done_without() {
    for required in [false, true] {
        let mut pair = Pair::new(Conditions::default(), Store::new());
        let mut credentials = ftpkit_proto::client::Credentials::new(
            Text::from_static("anna"),
            ftpkit_proto::Secret::from_static("secret"),
        );
        credentials.host = Some(Text::from_static("example.org"));
        credentials.host_required = required;
        let login = pair.submit(Request::Login(credentials));
        let next = pair.submit(Request::Command(Command::Noop));
        pair.run();
        let story = pair.transcript();
        assert_eq!(said(&pair, "C: HOST example.org"), 1, "{story}");
        let told = said(&pair, "C: USER anna") == 1;
        let code = pair.code(login).unwrap();
        assert_eq!(told, code == 230, "{story}");
        assert!(told || required, "{story}");
        assert_eq!(pair.code(next), Some(200), "{story}");
        replays(&pair);
        assert_eq!(pair.finish(), Ended::Well);
    }
}

#[test]
fn back_to_clear_text_and_no_further() {
    let mut client = Config::default();
    client.dangerous_ccc = true;
    let mut server = server::Config::default();
    server.tls = TlsPolicy::Offered;
    server.dangerous_ccc = true;
    let store = Store::new().with_file("/f", content());
    let mut pair = Pair::with(Conditions::default(), store, client, server);
    let early = pair.submit(Request::ClearControl);
    pair.submit(Request::Secure { protect_data: true });
    pair.login();
    let clear = pair.submit(Request::ClearControl);
    // Under TLS as before.
    let get = pair.download("/f");
    let again = pair.submit(Request::ClearControl);
    pair.run();
    let story = pair.transcript();
    assert!(
        matches!(pair.outcome(early), Some(Outcome::Rejected)),
        "{story}"
    );
    assert_eq!(pair.code(clear), Some(200), "{story}");
    assert!(!pair.client().is_secured(), "{story}");
    assert_eq!(pair.downloaded(get), Some(&content()[..]), "{story}");
    let Some(Outcome::Transferred(done)) = pair.outcome(get) else {
        panic!("{story}");
    };
    assert!(done.proven, "{story}");
    assert!(
        matches!(pair.outcome(again), Some(Outcome::Rejected)),
        "{story}"
    );
    replays(&pair);
    assert_eq!(pair.finish(), Ended::Well);
}
