use super::*;
use crate::command::Type;
use crate::effort::size;
use proptest::prelude::*;
use std::{
    format,
    string::{String, ToString},
    vec,
};

/// Every finding, as the number of its line and its words.
fn findings(transcript: &str) -> Vec<String> {
    let mut explainer = Explainer::new();
    let mut seen = vec![];
    for (number, line) in transcript.lines().enumerate() {
        for finding in explainer.push_line(line.as_bytes()).findings {
            seen.push(format!("{}: {finding}", number + 1));
        }
    }
    for finding in explainer.finish() {
        seen.push(format!("end: {finding}"));
    }
    seen
}

/// The lines of a session with a login; the first of `lines` is the fifth.
fn in_session(lines: &str) -> Vec<String> {
    findings(&format!(
        "S: 220 Hi\nC: USER ftp\nS: 331 Name ok\nC: PASS me@\nS: 230 In\n{lines}"
    ))
}

const GOOD: &str = "\
S: 220-Hello
S:  this is a greeting
S: 220 Ready
C: AUTH TLS
S: 234 Go on
C: USER ana
S: 331 Password?
C: PASS hunter2
S: 230 In
C: PBSZ 0
S: 200 Ok
C: PROT P
S: 200 Ok
C: FEAT
S: 211-Features:
S:  MLST size*;
S: 211 End
C: TYPE I
S: 200 Ok
C: EPSV
S: 229 Ok (|||50000|)
C: REST 100
S: 350 Ok
C: RETR a
S: 150 Opening (7 bytes)
C: STAT
S: 211 Under way
C: ABOR
S: 426 Aborted
S: 226 Ok
C: RNFR a
S: 350 Ok
C: RNTO b
S: 250 Ok
C: PASV
S: 227 Ok (192,0,2,1,200,1)
C: MLSD
S: 150 Here
S: 226 Done
C: MLST b
S: 250-Facts
S:  type=file;size=3; b
S: 250 End
C: QUIT
S: 221 Bye
";

#[test]
fn nothing_is_odd_about_a_good_session() {
    assert_eq!(findings(GOOD), [""; 0]);
}

#[test]
fn each_oddity_is_found_where_it_is() {
    for (lines, expected) in [
        (
            "C: FROB\nS: 500 What?",
            "6: FROB is no command that is known",
        ),
        (
            "C: REST x\nS: 501 What?",
            "6: the command cannot be read (REST: the argument is not understood); a server would answer 501",
        ),
        (
            "C: PWD\nC: SYST\nS: 257 \"/\"\nS: 215 UNIX",
            "7: the command before has no reply yet",
        ),
        ("C: PWD\nS: 200 \"/\"", "7: PWD may not be answered 200"),
        (
            "C: PWD\nS: 257 none",
            "7: the value of this 257 cannot be read",
        ),
        (
            "C: SYST\nS: 215 UNIX\nS: 215 UNIX",
            "8: no command waits for this reply",
        ),
        ("C: NOOP\nS: 298 Ok", "7: 298 is no code that is known"),
        ("C: NOOP\nS: hello\nS: 200 Ok", "7: a line is not a reply"),
        (
            "C: FEAT\nS: 211-Yes\nS: 200 End\nC: QUIT\nS: 221 Bye",
            "8: the reply begins with 211 and ends with 200|8: FEAT may not be answered 200",
        ),
        (
            "C: LIST\nS: 425 No",
            "6: no data connection was agreed on for LIST",
        ),
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 226 Done",
            "9: RETR is complete before a 150 or 125 said that it begins",
        ),
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 150 Go\nS: 125 Go\nS: 226 Done",
            "10: RETR begins for the second time",
        ),
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 150 Go\nS: 226 Done\nC: RETR b\nS: 150 Go\nS: 226 Done",
            "11: no data connection was agreed on for RETR",
        ),
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 550 No\nC: RETR b\nS: 150 Go\nS: 226 Done",
            "",
        ),
        (
            "C: EPSV\nS: 229 (|||2001|)\nC: PASV\nS: 227 (192,0,2,1,9,9)\nC: QUIT\nS: 221 Bye",
            "8: the data connection that EPSV agreed on was never used|\
             10: the data connection that PASV agreed on was never used",
        ),
        (
            "C: PORT 192,0,2,1,9,9\nS: 200 Ok",
            "end: the data connection that PORT agreed on was never used",
        ),
        (
            "C: PORT 192,0,2,1,0,22\nS: 500 No",
            "6: port 22 belongs to a well-known service",
        ),
        (
            "C: EPRT |1|0.0.0.0|2000|\nS: 501 No",
            "6: the address is unspecified",
        ),
        (
            "C: PASV\nS: 227 (0,0,0,0,9,9)\nC: NLST\nS: 150 Go\nS: 250 Ok",
            "7: the address is unspecified",
        ),
        (
            "C: EPSV ALL\nS: 200 Ok\nC: PASV\nS: 503 No",
            "8: PASV is not allowed after EPSV ALL",
        ),
        (
            "C: RNFR a\nS: 350 Ok\nC: NOOP\nS: 200 Ok",
            "8: RNFR is void: no RNTO follows it",
        ),
        (
            "C: RNTO a\nS: 503 No",
            "6: no RNFR was accepted before RNTO",
        ),
        ("C: REST 0\nS: 350 Ok\nC: NOOP\nS: 200 Ok", ""),
        (
            "C: TYPE I\nS: 200 Ok\nC: REST 5\nS: 350 Ok\nC: PWD\nS: 257 \"/\"",
            "10: the restart marker is void: no transfer follows it",
        ),
        (
            "C: REST 5\nS: 501 No",
            "6: a restart marker means nothing under TYPE A",
        ),
        ("C: PROT P\nS: 503 No", "6: PROT needs TLS"),
        ("C: ABOR\nS: 225 None", "6: there is no transfer to abort"),
        ("C: PASS x\nS: 503 No", "6: nothing asked for PASS"),
        (
            "C: QUIT\nS: 221 Bye\nC: NOOP\nS: 200 Ok",
            "8: the line comes behind the end of the session|9: the line comes behind the end of the session",
        ),
        ("S: 421 Bye", ""),
        ("C: NOOP", "end: NOOP got no reply"),
        (
            "C: FEAT\nS: 211-Yes",
            "end: the transcript ends within a reply of several lines|end: FEAT got no reply",
        ),
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 150 Go",
            "end: the transcript ends while RETR runs",
        ),
        // One 226 for both, as some servers have it; the next reply is not taken for ABOR's.
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 150 Go\nC: ABOR\nS: 226 Ok\nC: PWD\nS: 257 \"/\"",
            "12: the command before has no reply yet|13: ABOR got no reply",
        ),
        // A refusal within a transfer is that of the command within.
        (
            "C: PASV\nS: 227 (192,0,2,1,9,9)\nC: RETR a\nS: 150 Go\nC: STAT\nS: 502 No\nS: 226 Ok",
            "",
        ),
        (
            "C: AUTH TLS\nC: USER ana\nS: 234 Ok\nS: 331 Name",
            "7: the line is sent in clear behind AUTH, where TLS must start|9: the reply is sent in clear behind the 234, where TLS must start",
        ),
    ] {
        assert_eq!(in_session(lines).join("|"), expected, "{lines}");
    }
}

#[test]
fn the_beginning_has_its_own_oddities() {
    for (lines, expected) in [
        ("", ""),
        ("S: 120 Wait\nS: 220 Hi", ""),
        ("S: 421 Full", ""),
        ("S: 230 Hi", "1: 230 is no greeting"),
        ("S: 220 Hi\nS: 220 Hi", "2: no command waits for this reply"),
        (
            "C: NOOP\nS: 200 Ok",
            "1: the client speaks before the greeting",
        ),
        (
            "C: NOOP\nS: 220 Hi\nS: 200 Ok",
            "1: the client speaks before the greeting",
        ),
        (
            "S: 220 Hi\nC: USER ana\nS: 331 Ok\nC: PASS x\nS: 530 No",
            "4: the secret of PASS crosses the network in clear",
        ),
        ("S: 220 Hi\nC: CWD a\nS: 530 No", "2: CWD needs a login"),
        (
            "S: 220 Hi\nC: CWD a\nS: 250 Ok\nC: CWD b\nS: 250 Ok",
            "2: CWD needs a login|3: CWD is served before a login",
        ),
        ("S: 220 Hi\nC: HOST a\nS: 220 Ok", ""),
        (
            "S: 220 Hi\nC: AUTH TLS\nS: 234 Ok\nC: PROT P\nS: 503 No\nC: AUTH TLS\nS: 503 No",
            "4: no PBSZ was accepted before PROT|6: the connection is under TLS already",
        ),
        (
            "* SSL connection using TLSv1.3\n< 220 Hi\n> USER ana\n< 331 Ok\n> PASS x\n< 230 In\n\
             > EPSV\n< 229 (|||2000|)\n> LIST\n< 150 Ok\n< 226 Ok",
            "9: the payload of LIST goes in clear, under PROT C",
        ),
    ] {
        assert_eq!(findings(lines).join("|"), expected, "{lines}");
    }
}

#[test]
fn the_state_follows_what_was_accepted() {
    let mut explainer = Explainer::new();
    let mut states = vec![];
    for line in GOOD.lines() {
        explainer.push_line(line.as_bytes());
        states.push(*explainer.state());
    }
    let behind = |line: &str| {
        let at = GOOD.lines().position(|l| l == line).unwrap();
        states[at]
    };
    assert_eq!(behind("S:  this is a greeting").login, Login::Unready);
    assert_eq!(behind("S: 220 Ready").login, Login::Out);
    assert!(!behind("C: AUTH TLS").secured && behind("S: 234 Go on").secured);
    assert_eq!(behind("S: 331 Password?").login, Login::NameGiven);
    assert_eq!(behind("S: 230 In").login, Login::In);
    assert!(behind("C: FEAT").private);
    assert_eq!(behind("C: EPSV").representation, Type::Image);
    assert_eq!(behind("C: REST 100").data, Some(Verb::EPSV));
    assert_eq!(behind("C: RETR a").offset, 100);
    let running = behind("C: STAT");
    assert_eq!((running.transfer, running.data), (Some(Verb::RETR), None));
    assert_eq!((running.waiting, behind("C: ABOR").waiting), (2, 2));
    let over = behind("S: 426 Aborted");
    assert_eq!((over.transfer, over.offset, over.waiting), (None, 0, 1));
    assert!(behind("C: RNTO b").login == Login::In && !behind("C: RNTO b").renaming);
    assert_eq!(behind("S: 221 Bye").login, Login::Ended);
}

#[test]
fn what_is_said_is_told_by_line() {
    let mut explainer = Explainer::new();
    let mut said = |line: &'static str| explainer.push_line(line.as_bytes()).said;
    assert_eq!(said("* hello"), Said::Remark(b"* hello"));
    assert!(matches!(said("< 220-Hi"), Said::ReplyPart(b"220-Hi")));
    assert_eq!(said("* within"), Said::Remark(b"* within"));
    assert!(matches!(said("< 220 Hi"), Said::Reply { to: None, .. }));
    // The payload, which curl prints in between.
    assert_eq!(said("220 apples"), Said::Remark(b"220 apples"));
    assert_eq!(said("> noop"), Said::Command(Command::Noop));
    let Said::Reply { reply, to } = said("< 200 Ok") else {
        panic!("no reply");
    };
    assert_eq!((reply.code(), to), (Code::OK, Some(Verb::NOOP)));
    assert!(matches!(
        said("> ?"),
        Said::UnreadableCommand { text: b"?", .. }
    ));
    assert!(matches!(
        said("< ?"),
        Said::UnreadableReply { text: b"?", .. }
    ));
}

#[test]
fn replies_without_marks_are_read_where_none_has_one() {
    let transcript = "220-Hi\n  there\n220 Ready\n--> USER ftp\n\n331 Ok\n--> PASS x\n230 In\n";
    assert_eq!(findings(transcript), [""; 0]);
    let mut explainer = Explainer::new();
    for line in transcript.lines() {
        explainer.push_line(line.as_bytes());
    }
    assert_eq!(explainer.state().login, Login::In);
}

#[test]
fn commands_without_replies_are_forgotten_in_the_end() {
    let mut explainer = Explainer::new();
    explainer.push_line(b"S: 220 Hi");
    let lines = size(10_000, WAITING_LIMIT + 3);
    for _ in 0..lines {
        explainer.push_line(b"C: NOOP");
    }
    assert_eq!(explainer.state().waiting, WAITING_LIMIT);
    assert_eq!(explainer.finish().len(), WAITING_LIMIT);
}

#[test]
fn no_finding_shows_a_secret() {
    let transcript = "S: 220 Hi\nC: PASS hunter2\nC: PASS hunter2\0\nC: ACCT hunter2\nS: 9\n";
    let mut explainer = Explainer::new();
    for line in transcript.lines() {
        let explained = explainer.push_line(line.as_bytes());
        let findings: Vec<_> = explained.findings.iter().map(ToString::to_string).collect();
        assert!(!findings.concat().contains("hunter2"));
        assert!(!format!("{explainer:?}").contains("hunter2"));
    }
}

proptest! {
    #[test]
    fn any_lines_are_explained(
        lines in prop::collection::vec(
            prop_oneof![
                prop::sample::select(GOOD.lines().collect::<Vec<_>>()).prop_map(String::from),
                "[CS]: [0-9A-Z]{3,4}[ -][ -~]{0,12}",
                "[ -~]{0,20}",
                ".{0,20}",
            ],
            0..size(60, 8),
        )
    ) {
        let mut explainer = Explainer::new();
        for line in &lines {
            explainer.push_line(line.as_bytes());
            prop_assert!(explainer.state().waiting <= lines.len());
        }
        explainer.finish();
        prop_assert_eq!(explainer.state(), &State::default());
    }
}
