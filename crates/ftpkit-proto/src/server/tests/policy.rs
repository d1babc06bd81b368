//! What TLS is required for, over everything that comes to a data connection.

use std::{format, string::String, vec::Vec};

use super::rig::Rig;
use crate::effort::size;
use crate::server::{Config, TlsPolicy};

const POLICIES: [TlsPolicy; 4] = [
    TlsPolicy::Off,
    TlsPolicy::Offered,
    TlsPolicy::RequiredForLogin,
    TlsPolicy::RequiredForData,
];

/// How the control connection comes to TLS, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    Clear,
    Auth,
    Implicit,
}

/// What is said of data connections, and when: what PROT is answered follows from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prot {
    None,
    Before(char),
    /// Behind PASV and its kin, as an attempt to undo it.
    Private,
    Undone,
}

const PROTS: [Prot; 5] = [
    Prot::None,
    Prot::Before('C'),
    Prot::Before('P'),
    Prot::Private,
    Prot::Undone,
];

const SETUPS: [&str; 7] = [
    "",
    "C: PASV\nD: Listen(V4) @1\nN: listening\nS: 227",
    "C: EPSV\nD: Listen(V4) @1\nN: listening\nS: 229",
    "C: LPSV\nD: Listen(V4) @1\nN: listening\nS: 228",
    "C: PORT 192,0,2,7,195,80\nS: 200",
    "C: EPRT |1|192.0.2.7|50000|\nS: 200",
    "C: LPRT 4,4,192,0,2,7,2,195,80\nS: 200",
];

const TRANSFERS: [&str; 7] = ["RETR x", "STOR x", "STOU", "APPE x", "LIST", "NLST", "MLSD"];

/// One place of the table: the rule, and the machine held against it.
fn holds(policy: TlsPolicy, control: Control, prot: Prot, setup: &str, line: &str) {
    let mut config = Config::default();
    config.tls = policy;
    let mut rig = match control {
        Control::Implicit => Rig::implicit(config),
        _ => Rig::new(config),
    };
    rig.play(match control {
        Control::Clear => "S: 220",
        Control::Auth => "S: 220\nC: AUTH TLS\nS: 234\nTLS: start\nL: started",
        Control::Implicit => "TLS: start\nL: started\nS: 220",
    });
    rig.play("C: USER anna\nS: 331\nC: PASS x\nE: Login\nA: ok\nS: 230");

    let secured = control != Control::Clear;
    let required = policy == TlsPolicy::RequiredForData;
    let mut private = control == Control::Implicit;
    let mut say = |level: char| {
        let code = match level {
            _ if !secured => 503,
            'C' if required => 534,
            _ => {
                private = level == 'P';
                200
            }
        };
        format!("C: PROT {level}\nS: {code}\n")
    };
    let mut before = match prot {
        Prot::None => String::new(),
        _ if secured => "C: PBSZ 0\nS: 200\n".into(),
        _ => "C: PBSZ 0\nS: 503\n".into(),
    };
    let mut behind = String::new();
    match prot {
        Prot::None => {}
        Prot::Before(level) => before += &say(level),
        Prot::Private => behind += &say('P'),
        Prot::Undone => {
            before += &say('P');
            behind += &say('C');
        }
    }
    rig.play(&format!("{before}{setup}\n{behind}"));

    let begin = if setup.contains("Listen") {
        "D: Accept @1"
    } else {
        "D: Connect(192.0.2.7:50000) @1"
    };
    let flow = if line.starts_with(['R', 'L', 'N', 'M']) {
        "D: Transfer(Send) @1"
    } else {
        "D: Transfer(Receive) @1"
    };
    rig.play(&match (required && !private, setup) {
        (true, _) => format!("C: {line}\nS: 521"),
        (false, "") => format!("C: {line}\nS: 425"),
        (false, _) => {
            let next = if private {
                "D: Secure(Server) @1\nN: secured\n"
            } else {
                ""
            };
            format!("C: {line}\nE: Open\nA: ok\nS: 150\n{begin}\nN: connected\n{next}{flow}")
        }
    });
}

#[test]
fn no_payload_in_clear_where_the_policy_forbids_it() {
    let mut places = 0;
    for policy in POLICIES {
        let mut controls = Vec::from([Control::Implicit]);
        // Elsewhere there is no login, or no AUTH.
        if matches!(policy, TlsPolicy::Off | TlsPolicy::Offered) {
            controls.push(Control::Clear);
        }
        if policy != TlsPolicy::Off {
            controls.push(Control::Auth);
        }
        for control in controls {
            for prot in PROTS {
                for setup in SETUPS {
                    for line in TRANSFERS {
                        if places % size(1, 307) == 0 {
                            holds(policy, control, prot, setup, line);
                        }
                        places += 1;
                    }
                }
            }
        }
    }
    assert_eq!(places, (2 + 3 + 2 + 2) * 5 * 7 * 7);
}

#[test]
fn no_name_in_clear_where_the_policy_forbids_it() {
    for policy in POLICIES {
        let mut config = Config::default();
        config.tls = policy;
        let (user, auth) = match policy {
            TlsPolicy::Off => (331, 502),
            TlsPolicy::Offered => (331, 234),
            _ => (534, 234),
        };
        let mut rig = Rig::new(config.clone());
        rig.play(&format!("S: 220\nC: USER anna\nS: {user}"));
        let starts = if auth == 234 { "TLS: start" } else { "" };
        rig.play(&format!("C: AUTH TLS\nS: {auth}\n{starts}"));
        // Nor behind a way back.
        config.dangerous_ccc = true;
        config.dangerous_rein_under_tls = true;
        let mut rig = Rig::implicit(config);
        rig.play("TLS: start\nL: started\nS: 220\nC: REIN\nS: 220\nTLS: stop\nL: stopped");
        rig.play(&format!("C: USER anna\nS: {user}"));
    }
}
