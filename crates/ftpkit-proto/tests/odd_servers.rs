//! What the manual claims of the client machine, where no other test holds it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::SocketAddr;

use ftpkit_proto::{
    Command, DataEvent, DataRequest, Instant, Machine as _, Output,
    client::{Config, Connection, Event, Outcome, Request, Transfer},
};

const NOW: Instant = Instant::START;

/// Carries one request out against a server that answers each command by the table; gives the
/// outcome and what was sent.
fn against(answers: &[(&str, &str)], request: Request) -> (Outcome, Vec<String>) {
    let peer: SocketAddr = "192.0.2.1:21".parse().unwrap();
    let mut client = Connection::new(Config::default(), NOW, peer);
    client.submit(NOW, request);
    client.handle_bytes(NOW, b"220 Hello.\r\n");
    let mut sent = Vec::new();
    loop {
        match client.poll_output() {
            Output::Write(bytes) => {
                let line = String::from_utf8(bytes.to_vec()).unwrap();
                let verb = line.split([' ', '\r']).next().unwrap();
                let answer = answers.iter().find(|(command, _)| *command == verb);
                let (_, answer) = answer.unwrap_or_else(|| panic!("{verb} is not expected"));
                sent.push(line.trim_end().to_owned());
                client.handle_bytes(NOW, answer.as_bytes());
            }
            Output::Data(id, DataRequest::Connect(at)) => {
                client.handle_data(NOW, id, DataEvent::Connected(at));
            }
            Output::Data(id, DataRequest::Transfer(_)) => {
                let end = DataEvent::Finished {
                    bytes: 3,
                    clean: true,
                };
                client.handle_data(NOW, id, end);
            }
            Output::Event(Event::Done(_, outcome)) => return (outcome, sent),
            Output::Event(_) => {}
            other => panic!("{other:?} is not expected here"),
        }
    }
}

#[test]
fn any_code_of_success_is_one() {
    let path = || "x".try_into().unwrap();
    for (line, code) in [
        ("CWD x", 200),
        ("MKD x", 250),
        ("DELE x", 200),
        ("RMD x", 257),
    ] {
        let request = Request::Command(Command::parse(line.as_bytes()).unwrap());
        let answer = format!("{code} Done.\r\n");
        let verb = line.split(' ').next().unwrap();
        let (outcome, _) = against(&[(verb, &answer)], request);
        assert!(
            matches!(outcome, Outcome::Reply(reply) if reply.code().is_success()),
            "{line}"
        );
    }
    let rename = Request::Rename {
        from: path(),
        to: path(),
    };
    let (outcome, _) = against(
        &[("RNFR", "350 Go on.\r\n"), ("RNTO", "200 Done.\r\n")],
        rename,
    );
    assert!(matches!(outcome, Outcome::Reply(reply) if reply.code().is_success()));
    // 226 to TYPE, 227 to EPSV, 200 in the end.
    let transfer = Request::Transfer {
        transfer: Transfer::Download {
            path: path(),
            offset: 0,
        },
        ascii: false,
    };
    let answers = [
        ("TYPE", "226 Type is I.\r\n"),
        ("EPSV", "227 Fine (192,0,2,1,195,80)\r\n"),
        ("RETR", "125 Here.\r\n200 That was it.\r\n"),
    ];
    let (outcome, sent) = against(&answers, transfer);
    assert!(matches!(outcome, Outcome::Transferred(done) if done.bytes == 3));
    assert_eq!(sent, ["TYPE I", "EPSV", "RETR x"]);
}

#[test]
fn no_mode_is_asked_for_that_the_payload_has_not() {
    for line in ["MODE Z", "MODE C", "MODE B", "STRU R", "STRU P"] {
        let request = Request::Command(Command::parse(line.as_bytes()).unwrap());
        let (outcome, sent) = against(&[], request);
        assert!(matches!(outcome, Outcome::Rejected), "{line}: {outcome:?}");
        assert_eq!(sent, [""; 0], "{line}");
    }
}
