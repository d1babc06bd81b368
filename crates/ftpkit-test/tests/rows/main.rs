//! One table over all commands: each row of the standards' tables is read as a variant of its
//! own, is written as it was read, gets the replies of its row and no others, and can be asked
//! for by a client. A verb that no row has fails, and so does a row that lacks any of these.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;

use ftpkit_proto::{
    Code, Command, PathArg, Verb,
    client::{Config, Outcome, Request, Transfer},
    command::Replies,
    server::{self, TlsPolicy},
};
use ftpkit_test::{Conditions, Pair, Store};

mod session;
mod table;
mod talk;

use session::Session;
use table::ROWS;
use talk::{Asked, Talk, asked, relayed};

fn number(code: Code) -> u16 {
    code.number()
}

#[test]
fn every_verb_has_a_row_and_every_row_its_verbs() {
    let named: Vec<Verb> = ROWS
        .iter()
        .flat_map(|row| row.verbs.split(' '))
        .map(|verb| Verb::parse(verb.as_bytes()).unwrap())
        .collect();
    let distinct: BTreeSet<Verb> = named.iter().copied().collect();
    assert_eq!(distinct.len(), named.len(), "a verb has two rows");
    assert_eq!(distinct, Verb::ALL.iter().copied().collect());
}

#[test]
fn every_row_is_read_as_a_variant_and_written_as_it_was_read() {
    for row in ROWS {
        for verb in row.verbs.split(' ') {
            let argument = row.line.split_once(' ').map(|(_, argument)| argument);
            let line = match argument {
                Some(argument) => format!("{verb} {argument}"),
                None => verb.to_owned(),
            };
            let command = Command::parse(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e}"));
            let typed = !matches!(command, Command::Other { .. });
            assert!(typed, "{line} has no variant");
        }
        let command = Command::parse(row.line.as_bytes()).unwrap();
        assert_eq!(
            command.to_bytes(),
            format!("{}\r\n", row.line),
            "{}",
            row.line
        );
        let again = Command::parse(row.line.as_bytes()).unwrap();
        assert_eq!(command, again);
    }
}

#[test]
fn every_row_allows_its_codes_and_those_of_all() {
    for row in ROWS {
        let command = Command::parse(row.line.as_bytes()).unwrap();
        let mut own: Vec<u16> = row
            .codes
            .split(' ')
            .map(|code| code.parse().unwrap())
            .collect();
        own.sort_unstable();
        let mut allowed: Vec<u16> = command.replies().own().map(number).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, own, "{}", row.line);
        for verb in row.verbs.split(' ') {
            let of_verb = Replies::of_verb(Verb::parse(verb.as_bytes()).unwrap());
            assert_eq!(of_verb, command.replies(), "{verb}");
        }
        for code in [421, 500, 501, 502, 503, 504, 530] {
            assert!(command.replies().allow(Code::new(code).unwrap()));
        }
    }
}

#[test]
fn every_row_has_a_handler_in_the_server() {
    for row in ROWS {
        let mut session = Session::new();
        for line in row.before.split('|').filter(|line| !line.is_empty()) {
            let reply = session.say(line);
            assert!(
                !reply.code().is_refusal(),
                "{line} before {}: {reply}",
                row.line
            );
        }
        let reply = session.say(row.line);
        let replies = Command::parse(row.line.as_bytes()).unwrap().replies();
        assert!(replies.allow(reply.code()), "{}: {reply}", row.line);
        assert_eq!(number(reply.code()), row.gets, "{}: {reply}", row.line);
    }
}

#[test]
fn every_row_is_refused_before_login_where_it_must_be() {
    for row in ROWS
        .iter()
        .filter(|row| row.before.starts_with("USER anna|"))
    {
        let reply = Session::new().say(row.line);
        // They are not for users alone.
        let open = ["QUIT", "REIN"].contains(&row.verbs);
        assert!(open || reply.code().is_refusal(), "{}: {reply}", row.line);
    }
}

#[test]
fn every_row_can_be_asked_for_by_a_client() {
    for row in ROWS {
        for verb in row.verbs.split(' ') {
            let sends = |sent: &[Command]| sent.iter().any(|sent| sent.verb().as_str() == verb);
            match asked(verb) {
                Asked::Alone => {
                    let argument = row.line.split_once(' ').map(|(_, argument)| argument);
                    let line = argument
                        .map_or_else(|| verb.into(), |argument| format!("{verb} {argument}"));
                    let command = Command::parse(line.as_bytes()).unwrap();
                    let sent = Talk::default()
                        .then(Request::Command(command.clone()))
                        .sent(false);
                    assert_eq!(sent, [command], "{line}");
                }
                Asked::By(talk) => {
                    let sent = talk().sent(false);
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Abort => {
                    let path = PathArg::from_static("/f");
                    let transfer = Transfer::Download { path, offset: 0 };
                    let ascii = false;
                    let talk = Talk::default().then(Request::Transfer { transfer, ascii });
                    let sent = talk.sent(true);
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Relay => {
                    let sent = relayed(if verb == "CPSV" { "" } else { "CPSV" });
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Never(reason) => {
                    assert!(!reason.is_empty());
                    let line = row
                        .line
                        .replacen(row.verbs.split(' ').next().unwrap(), verb, 1);
                    let command = Command::parse(line.as_bytes()).unwrap();
                    let sent = Talk::default().then(Request::Command(command)).sent(false);
                    assert!(!sends(&sent), "{verb}: {sent:?}");
                }
            }
        }
    }
}

/// What a client does only when something better was refused, or when it is asked to, with a
/// server machine that takes it.
#[test]
fn what_is_done_at_need_crosses_between_both_machines() {
    for verb in ["PASV", "PORT", "LPRT", "LPSV", "ACCT"] {
        let Asked::By(talk) = asked(verb) else {
            panic!("{verb} has a part in something");
        };
        let talk = talk();
        let refused = talk.refused;
        let mut session = Session::between(talk.own(), talk.peer);
        for line in ["USER anna", "PASS secret"] {
            session.say(line);
        }
        if verb == "ACCT" {
            session.say("REIN");
        }
        let (sent, end) = talk.talked(false, |command| {
            let verb = command.verb().to_string();
            match refused.split(' ').any(|refused| refused == verb) {
                true => "502 Not here.\r\n".into(),
                // A password prints as stars, and any is taken.
                false => session.raw(&command.to_string()),
            }
        });
        let took = sent.iter().any(|sent| sent.verb().as_str() == verb);
        assert!(took, "{verb}: {sent:?}");
        let done = match &end {
            Some(Outcome::Transferred(_)) => true,
            Some(Outcome::Reply(reply)) => verb == "ACCT" && reply.code() == Code::LOGGED_IN,
            _ => false,
        };
        assert!(done, "{verb}: {sent:?} {end:?}");
    }
}

/// Rows that both machines come to elsewhere: above, or in the test of this file's folder.
const ELSEWHERE: &[(&str, &str)] = &[
    ("PASV", "above"),
    ("PORT", "above"),
    ("LPRT", "above"),
    ("LPSV", "above"),
    ("ACCT", "above"),
    ("ABOR", "abort.rs"),
    ("CPSV", "relay.rs"),
    ("SSCN", "relay.rs"),
];

#[test]
fn every_row_crosses_between_both_machines() {
    for row in ROWS {
        let verb = row.verbs.split(' ').next().unwrap();
        let (config, requests) = match asked(verb) {
            Asked::Alone => {
                let command = Command::parse(row.line.as_bytes()).unwrap();
                (Config::default(), vec![Request::Command(command)])
            }
            Asked::By(talk) if !ELSEWHERE.iter().any(|(other, _)| *other == verb) => {
                let talk = talk();
                (talk.config, talk.requests)
            }
            _ => continue,
        };
        let mut server = server::Config::default();
        server.tls = TlsPolicy::Offered;
        server.dangerous_ccc = true;
        let store = Store::new()
            .with_file("/f", *b"hello")
            .with_file("/n", *b"");
        let mut pair = Pair::with(Conditions::default(), store, config, server);
        if !matches!(
            verb,
            "HOST" | "AUTH" | "PBSZ" | "PROT" | "CCC" | "USER" | "PASS"
        ) {
            pair.login();
        }
        if row.before.ends_with("TYPE I") {
            let kind = ftpkit_proto::command::Type::Image;
            pair.submit(Request::Command(Command::Type(kind)));
        }
        let mut last = None;
        for request in requests {
            last = Some(pair.submit(request));
        }
        pair.run();
        let story = pair.transcript().to_string();
        let said = story.lines().any(|line| {
            let said = line.split_once("C: ").map(|(_, said)| said);
            said.is_some_and(|said| said.split(' ').next() == Some(verb))
        });
        assert!(said, "{verb} is not sent\n{story}");
        match pair.outcome(last.unwrap()) {
            Some(Outcome::Rejected | Outcome::Lost) | None => panic!("{verb} has no end\n{story}"),
            Some(_) => {}
        }
        if verb != "QUIT" {
            pair.finish();
        }
    }
}
