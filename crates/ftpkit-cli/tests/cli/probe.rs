//! probe: what it finds at servers of ours in several forms, and at one that is odd.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
};

use serde_json::Value;

use crate::run::{Server, run};

/// The findings of a probe that could talk to the server.
fn probe(server: &Server, args: &[&str]) -> Value {
    let done = server.run(&[&["probe", "--json"], args].concat());
    assert_eq!(done.code, Some(0), "{done:?}");
    serde_json::from_slice(&done.out).unwrap()
}

#[track_caller]
fn results(found: &Value, expected: &[(&str, &str)]) {
    for (step, result) in expected {
        assert_eq!(found[step]["result"], *result, "{step}: {found}");
    }
}

fn server(options: &[&str]) -> Server {
    let server = Server::start(&[options, &["--user", "ana:hunter2"]].concat());
    fs::create_dir(server.root.join("sub")).unwrap();
    for name in ["a", "b", "sub/x y"] {
        fs::write(server.root.join(name), b"hello").unwrap();
    }
    server
}

/// What is the same whatever the security.
const ALWAYS: [(&str, &str); 15] = [
    ("greeting", "yes"),
    ("system", "yes"),
    ("features", "yes"),
    ("login", "yes"),
    ("utf8", "yes"),
    ("directory", "yes"),
    ("epsv", "yes"),
    ("pasv", "yes"),
    ("list", "yes"),
    ("mlsd", "yes"),
    ("mdtm", "yes"),
    ("time_zone", "yes"),
    ("rest", "yes"),
    ("eprt", "yes"),
    ("port", "yes"),
];

const TLS: [(&str, &str); 6] = [
    ("tls_1.3", "yes"),
    ("tls_1.2", "yes"),
    ("certificate", "yes"),
    ("trusted", "yes"),
    ("protected_data", "yes"),
    ("resumption", "yes"),
];

#[test]
fn a_server_under_tls_is_found_out_with_a_login() {
    let server = server(&["--tls-self-signed", "--implicit", "127.0.0.1:0"]);
    let before = server.names();
    let ca = server.told("its CA, for clients: ");
    let fingerprint = server.told("certificate SHA-256 ");
    for (scheme, step) in [("ftpes", "tls_explicit"), ("ftps", "tls_implicit")] {
        let url = server.url_by(scheme, "ana:hunter2", "");
        let found = probe(&server, &[&url, "--cacert", ca]);
        results(&found, &ALWAYS);
        results(&found, &TLS);
        results(&found, &[(step, "yes"), ("client_certificate", "no")]);
        assert_eq!(found["fingerprint"]["sha256"], fingerprint);
        let names = found["certificate"]["names"].as_array().unwrap();
        assert!(names.contains(&"127.0.0.1".into()), "{found}");
        let end = found["certificate"]["not_after"].as_str().unwrap();
        assert!(end.ends_with('Z'), "{end}");
        assert_eq!(found["login"]["tls"], true);
        assert_eq!(found["epsv"]["tls"], true);
        assert_eq!(found["list"]["dialect"], "unix");
        assert_eq!(found["list"]["lines"], 3);
        assert_eq!(found["time_zone"]["offset"], "+00:00");
        let algorithms = found["hash"]["algorithms"].as_array().unwrap();
        assert!(algorithms.contains(&"SHA-256".into()), "{found}");
    }
    // By the pin, in a directory, with one version.
    let url = server.url_by("ftpes", "ana:hunter2", "sub");
    let found = probe(
        &server,
        &[&url, "--pin", fingerprint, "--tls-version", "1.2"],
    );
    results(&found, &ALWAYS);
    assert_eq!(found["directory"]["path"], "/sub");
    assert!(found["tls_1.3"].is_null() && found["tls_1.2"]["result"] == "yes");
    assert_eq!(server.names(), before);
}

#[test]
fn resumption_is_told_as_it_is_asked() {
    for (reuse, required, words) in [
        ("off", "no", "need not resume"),
        ("auto", "no", "only of clients that have done it before"),
        ("required", "yes", "522 "),
    ] {
        let server = server(&["--tls-self-signed", "--tls-reuse", reuse]);
        let pin = server.told("certificate SHA-256 ");
        let url = server.url_by("ftpes", "ana:hunter2", "");
        let found = probe(&server, &[&url, "--pin", pin]);
        results(
            &found,
            &[("resumption", "yes"), ("resumption_required", required)],
        );
        let text = found["resumption_required"]["text"].as_str().unwrap();
        assert!(text.contains(words), "{reuse}: {text}");
    }
}

#[test]
fn a_server_in_clear_has_no_tls_and_says_so() {
    let server = server(&[]);
    let url = server.url_of("ana:hunter2", "");
    let found = probe(&server, &[&url]);
    results(&found, &ALWAYS);
    results(&found, &[("tls_explicit", "no")]);
    assert_eq!(found["tls_explicit"]["code"], 502);
    assert!(found["certificate"].is_null());
    assert_eq!(found["login"]["tls"], false);
    // And where TLS is wanted, no password is told in clear.
    let url = server.url_by("ftpes", "ana:hunter2", "");
    results(&probe(&server, &[&url]), &[("login", "skipped")]);
}

#[test]
fn a_server_that_is_not_trusted_is_told_no_password() {
    let server = server(&["--tls-self-signed", "--tls-required"]);
    let url = server.url_by("ftpes", "ana:hunter2", "");
    let done = server.run(&["probe", "-v", &url]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.err.contains("AUTH TLS"), "{}", done.err);
    assert!(!done.err.contains("USER"), "{}", done.err);
    let table = String::from_utf8(done.out).unwrap();
    let line = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("trusted ").contains(" no "), "{table}");
    assert!(line("login ").contains(" skipped "), "{table}");
    assert!(line("epsv ").contains("FEAT lists it"), "{table}");
    assert!(!table.contains("hunter2"), "{table}");
    let found = probe(&server, &[&url, "--insecure"]);
    results(&found, &[("trusted", "skipped"), ("login", "yes")]);
}

#[test]
fn without_a_user_or_a_welcome_what_everybody_sees_is_told() {
    let server = server(&[]);
    let found = probe(&server, &[&server.url("")]);
    results(
        &found,
        &[("login", "skipped"), ("mlsd", "yes"), ("features", "yes")],
    );
    let found = probe(&server, &[&server.url_of("ana:wrong", "")]);
    results(&found, &[("login", "no"), ("mlsd", "yes")]);
    assert_eq!(found["login"]["code"], 530);
}

#[test]
fn who_is_no_server_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ftp://{}/", silent.local_addr().unwrap());
    let done = run(dir.path(), &["probe", &url, "--timeout", "0.2"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("no greeting"), "{}", done.err);
    drop(silent);
    let done = run(dir.path(), &["probe", &url]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("refused"), "{}", done.err);
    // One that begins in clear, taken for one that begins with TLS.
    let server = Server::start(&[]);
    let done = server.run(&["probe", &server.url("").replace("ftp:", "ftps:")]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("ftp://"), "{}", done.err);
}

/// A server of the old school behind a NAT: no FEAT, no EPSV, lists like DOS, two hours ahead
/// of UTC, and hangs up when it is to call back.
fn odd(listener: TcpListener) {
    for stream in listener.incoming() {
        std::thread::spawn(move || odd_session(stream.unwrap()));
    }
}

fn odd_session(stream: TcpStream) {
    let mut out = stream.try_clone().unwrap();
    let mut say = |line: &str| {
        let _ = out.write_all(format!("{line}\r\n").as_bytes());
    };
    say("220 odd");
    let mut data = None;
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match &*line {
            "SYST" => say("530 Who are you?"),
            "USER ana" => say("331 and?"),
            "PASS hunter2" => say("230-Hello,\r\n230 Ana."),
            "PWD" => say("257 \"/srv\""),
            "TYPE I" => say("200 I"),
            "PASV" => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let [high, low] = listener.local_addr().unwrap().port().to_be_bytes();
                say(&format!("227 here (10,9,8,7,{high},{low})"));
                data = Some(listener);
            }
            "LIST" => {
                say("150 look");
                let (mut stream, _) = data.take().unwrap().accept().unwrap();
                stream
                    .write_all(
                        b"06-15-24  02:00PM                 5 a.txt\r\n\
                          06-15-24  02:00PM       <DIR>       d\r\n",
                    )
                    .unwrap();
                drop(stream);
                say("226 that was all");
            }
            "MDTM a.txt" => say("213 20240615120000"),
            "REST 1" => say("501 no"),
            "QUIT" => say("221 bye"),
            // It says nothing more.
            line if line.starts_with("EPRT") => return,
            _ => say("500 what?"),
        }
    }
}

#[test]
fn an_odd_server_is_found_out_as_far_as_it_goes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || odd(listener));
    let dir = tempfile::tempdir().unwrap();
    let url = format!("ftp://ana:hunter2@{address}/");
    let done = run(dir.path(), &["probe", "--json", &url]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let found: Value = serde_json::from_slice(&done.out).unwrap();
    results(
        &found,
        &[
            ("features", "no"),
            ("tls_explicit", "no"),
            ("login", "yes"),
            ("system", "no"),
            ("utf8", "unknown"),
            ("directory", "yes"),
            ("epsv", "no"),
            ("pasv", "yes"),
            ("list", "yes"),
            ("mlsd", "no"),
            ("mdtm", "yes"),
            ("time_zone", "yes"),
            ("rest", "no"),
            ("hash", "no"),
            ("eprt", "failed"),
            ("port", "no"),
        ],
    );
    assert_eq!(found["list"]["dialect"], "dos");
    assert_eq!(found["time_zone"]["offset"], "+02:00");
    let told = found["pasv"]["text"].as_str().unwrap();
    assert!(told.contains("10.9.8.7"), "{told}");
    assert!(!done.err.contains("hunter2"));
}
