//! Virtual hosts (RFC 7151), by HOST and by the name that TLS was asked for.

use std::format;

use super::rig::{Rig, fresh_with};
use crate::effort::thin;
use crate::{
    Text,
    server::{Config, TlsPolicy},
};

/// TLS is offered, and these are the hosts.
fn hosts(names: &[&'static str]) -> Config {
    let mut config = Config::default();
    config.tls = TlsPolicy::Offered;
    config.hosts = names.iter().map(|name| Text::from_static(name)).collect();
    config
}

const TWO: &[&str] = &["ftp.example", "WWW.Example"];

const AUTH: &str = "C: AUTH TLS\nS: 234\nTLS: start";

/// The host that a login is asked about behind this script.
fn host(config: Config, script: &str) -> Option<Text> {
    let mut rig = Rig::new(config);
    rig.play(&format!("S: 220\n{script}\nC: USER anna\nS: 331"));
    rig.bytes(b"PASS x\r\n");
    let asked = rig.log.pop_front();
    let told = rig.session.host().cloned();
    let shown = format!("host: {told:?}");
    assert!(
        asked.as_ref().is_some_and(|login| login.contains(&shown)),
        "{asked:?}"
    );
    told
}

#[test]
fn host_names_one_that_is_known() {
    let known = |script: &str| host(hosts(TWO), script);
    let cases = [
        ("", None),
        ("C: HOST ftp.example\nS: 220", Some("ftp.example")),
        // As the settings have it, so that whoever is asked can compare.
        ("C: HOST www.EXAMPLE\nS: 220", Some("WWW.Example")),
        ("C: HOST other.example\nS: 504 This host", None),
        ("C: HOST ftp.example.org\nS: 504", None),
        ("C: HOST ftp\nS: 504", None),
        // One that is refused was not sent; the last one counts.
        (
            "C: HOST ftp.example\nS: 220\nC: HOST x\nS: 504",
            Some("ftp.example"),
        ),
        (
            "C: HOST ftp.example\nS: 220\nC: HOST www.example\nS: 220",
            Some("WWW.Example"),
        ),
        // REIN begins anew.
        ("C: HOST ftp.example\nS: 220\nC: REIN\nS: 220", None),
    ];
    for (script, name) in thin(cases, 4) {
        assert_eq!(known(script), name.map(Text::from_static), "{script}");
    }
    // Without a list any name is one.
    let any = host(hosts(&[]), "C: HOST Any.example\nS: 220");
    assert_eq!(any, Some(Text::from_static("Any.example")));
}

#[test]
fn another_host_wants_another_name() {
    let script = |then: &str| {
        fresh_with(
            hosts(TWO),
            &format!("S: 220\nC: HOST ftp.example\nS: 220\n{then}"),
        );
    };
    script(
        "C: USER anna
         S: 331
         C: HOST www.example
         S: 220
         C: PASS x
         S: 503",
    );
    script(
        "C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: account
         S: 332
         C: HOST www.example
         S: 220
         C: ACCT y
         S: 503",
    );
    script(
        "C: USER anna
         S: 331
         C: HOST other.example
         S: 504
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: HOST www.example
         S: 503",
    );
}

#[test]
fn tls_names_the_host_and_host_must_agree() {
    let cases = [
        // Nobody says HOST: the name that TLS was asked for.
        ("L: started ftp.example", Some("ftp.example")),
        ("L: started WWW.EXAMPLE", Some("WWW.Example")),
        // One that is no host: another certificate, and no host, whatever HOST says.
        ("L: started other.example", None),
        (
            "L: started other.example\nC: HOST ftp.example\nS: 504",
            None,
        ),
        (
            "L: started other.example\nC: HOST other.example\nS: 504",
            None,
        ),
        // The same name, in any case, and no other.
        (
            "L: started ftp.example\nC: HOST FTP.Example\nS: 220",
            Some("ftp.example"),
        ),
        (
            "L: started ftp.example\nC: HOST www.example\nS: 504 TLS was begun",
            Some("ftp.example"),
        ),
        // Without a name HOST is free.
        (
            "L: started\nC: HOST www.example\nS: 220",
            Some("WWW.Example"),
        ),
        ("L: started", None),
    ];
    for (script, name) in thin(cases, 4) {
        let told = host(hosts(TWO), &format!("{AUTH}\n{script}"));
        assert_eq!(told, name.map(Text::from_static), "{script}");
        let mut rig = Rig::implicit(hosts(TWO));
        let (started, rest) = script.split_once('\n').unwrap_or((script, ""));
        rig.play(&format!("TLS: start\n{started}\nS: 220\n{rest}"));
        assert_eq!(
            rig.session.host().cloned(),
            name.map(Text::from_static),
            "{script}"
        );
    }
    // Without a list the name is the host, and HOST must be the same one.
    let script = format!("{AUTH}\nL: started a.example\nC: HOST b.example\nS: 504");
    assert_eq!(
        host(hosts(&[]), &script),
        Some(Text::from_static("a.example"))
    );
}

#[test]
fn host_may_come_before_auth_and_tls_overrules_it() {
    let cases = [
        ("L: started", Some("ftp.example")),
        ("L: started ftp.example", Some("ftp.example")),
        // What somebody may have put there in clear counts for nothing against the handshake.
        ("L: started www.example", Some("WWW.Example")),
        ("L: started other.example", None),
    ];
    for (script, name) in thin(cases, 2) {
        let before = "C: HOST ftp.example\nS: 220";
        let told = host(hosts(TWO), &format!("{before}\n{AUTH}\n{script}"));
        assert_eq!(told, name.map(Text::from_static), "{script}");
    }
}

#[test]
fn a_name_ends_with_its_tls() {
    let mut config = hosts(TWO);
    config.dangerous_rein_under_tls = true;
    let script = "L: started ftp.example
        C: REIN
        S: 220
        TLS: stop
        L: stopped
        C: HOST www.example
        S: 220";
    let told = host(config, &format!("{AUTH}\n{script}"));
    assert_eq!(told, Some(Text::from_static("WWW.Example")));
}
