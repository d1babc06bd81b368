//! Transfers between two scripted servers.
//!
//! Lines are as in [`Script`], with `1` before what concerns the source and `2` before what
//! concerns the destination; `start /f /g`, `start /f /g @100` and `text /f /g` begin an errand,
//! `stop 1` takes it back, and `ended 1 …` is its end.

use super::*;
use crate::{
    Reply,
    client::{Errand, ErrandId, Relay, RelayConfig, RelayOutcome, RelayOutput, Side},
};

mod chaos;
mod ends;
mod ways;

struct Scene {
    relay: Relay,
    now: Instant,
    out: VecDeque<String>,
}

/// What the two connections and the relay are made with.
#[derive(Clone)]
struct Setting {
    config: Config,
    relay: RelayConfig,
    peers: [&'static str; 2],
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            config: Config::default(),
            relay: RelayConfig::default(),
            peers: ["192.0.2.1:21", "192.0.2.2:21"],
        }
    }
}

fn play_scene(setting: &Setting, script: &str) {
    let cuts = [Cut::Whole, Cut::Bytes, Cut::At(5)];
    // Under miri each script is cut in one way, and each way is that of some scripts.
    for cut in thin(
        cuts.iter().copied().cycle().skip(script.len() % 3).take(3),
        3,
    ) {
        let mut scene = Scene::new(setting);
        scene.poll();
        let mut told = String::new();
        for line in script.lines().map(str::trim_ascii) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if scene.is_expectation(line) {
                let got = scene.out.pop_front();
                assert_eq!(
                    got.as_deref(),
                    Some(line),
                    "{cut:?}, then {:?}, after\n{told}",
                    scene.out
                );
            } else {
                assert!(
                    scene.out.is_empty(),
                    "{cut:?}: before `{line}` comes {:?}, after\n{told}",
                    scene.out
                );
                scene.happen(line, cut);
                scene.poll();
            }
            writeln!(told, "    {line}").unwrap();
        }
        assert!(
            scene.out.is_empty(),
            "{cut:?}: at the end comes {:?}, after\n{told}",
            scene.out
        );
    }
}

impl Scene {
    fn new(setting: &Setting) -> Self {
        let now = Instant::START;
        let [source, destination] = setting
            .peers
            .map(|peer| Connection::new(setting.config.clone(), now, peer.parse().unwrap()));
        Self {
            relay: Relay::new(setting.relay.clone(), now, source, destination),
            now,
            out: VecDeque::new(),
        }
    }

    fn is_expectation(&self, line: &str) -> bool {
        let line = line
            .split_once(' ')
            .map_or(line, |(side, rest)| match side {
                "1" | "2" => rest,
                _ => line,
            });
        [
            "C", "D", "StartTls", "greeting", "opened", "done", "closed", "ended",
        ]
        .iter()
        .any(|head| line.starts_with(head))
    }

    fn poll(&mut self) {
        loop {
            match self.relay.poll_output() {
                RelayOutput::Wait(_) | RelayOutput::Closed => return,
                RelayOutput::Done(id, outcome) => {
                    let outcome = show_relay(&outcome);
                    self.out.push_back(format!("ended {} {outcome}", id.0));
                }
                RelayOutput::At(side, output) => {
                    let number = side as usize + 1;
                    let line = match output {
                        Output::Write(bytes) => {
                            for line in bytes.split_inclusive(|b| *b == b'\n') {
                                let line = line.strip_suffix(b"\r\n").unwrap();
                                let line = format!("{number} C: {}", line.escape_ascii());
                                self.out.push_back(line);
                            }
                            continue;
                        }
                        Output::Data(id, request) => format!("D{} {request:?}", id.number()),
                        Output::Event(event) => show(&event),
                        Output::Closed(Ok(())) => "closed".into(),
                        Output::Closed(Err(error)) => format!("closed {error}"),
                        other => format!("{other:?}"),
                    };
                    self.out.push_back(format!("{number} {line}"));
                }
            }
        }
    }

    fn happen(&mut self, line: &str, cut: Cut) {
        let words: Vec<&str> = line.split(' ').collect();
        let (now, relay) = (self.now, &mut self.relay);
        match words[..] {
            ["start", from, to] => {
                relay.start(now, Errand::new(path(from), path(to)));
            }
            ["start", from, to, offset] => {
                let mut errand = Errand::new(path(from), path(to));
                errand.offset = offset[1..].parse().unwrap();
                relay.start(now, errand);
            }
            ["text", from, to] => {
                let mut errand = Errand::new(path(from), path(to));
                errand.ascii = true;
                relay.start(now, errand);
            }
            ["stop", id] => relay.abort(now, ErrandId(id.parse().unwrap())),
            ["wait", seconds] => {
                self.now = now + Duration::from_secs(seconds.parse().unwrap());
                relay.handle_timeout(self.now);
            }
            [side, ref what @ ..] => {
                let side = match side {
                    "1" => Side::Source,
                    "2" => Side::Destination,
                    _ => panic!("what is `{line}`?"),
                };
                match *what {
                    ["S:", ..] => {
                        let bytes = line["1 S: ".len()..].replace(" ~ ", "\r\n") + "\r\n";
                        let bytes = bytes.as_bytes();
                        match cut {
                            Cut::Whole => relay.handle_bytes(now, side, bytes),
                            Cut::Bytes => {
                                for byte in bytes {
                                    relay.handle_bytes(now, side, &[*byte]);
                                }
                            }
                            Cut::At(at) => {
                                let (a, b) = bytes.split_at(at.min(bytes.len()));
                                relay.handle_bytes(now, side, a);
                                relay.handle_bytes(now, side, b);
                            }
                        }
                    }
                    ["ask", ref what @ ..] => {
                        relay.submit(now, side, request(what));
                    }
                    ["abort", id] => {
                        relay.abort_request(now, side, RequestId(id.parse().unwrap()));
                    }
                    ["eof"] => relay.handle_eof(now, side),
                    ["tls", "started"] => {
                        relay.handle_tls(now, side, TlsEvent::Started(TlsFacts::default()))
                    }
                    [id, ref event @ ..] => {
                        let id = DataId::new(id[1..].parse().unwrap());
                        relay.handle_data(now, side, id, data_event(event));
                    }
                    _ => panic!("what is `{line}`?"),
                }
            }
            _ => panic!("what is `{line}`?"),
        }
    }
}

fn show_relay(outcome: &RelayOutcome) -> String {
    let code = |reply: &Option<Reply>| match reply {
        Some(reply) => reply.code().to_string(),
        None => "-".into(),
    };
    match outcome {
        RelayOutcome::Transferred(done) => {
            format!(
                "transferred {} {}",
                done.source.code(),
                done.destination.code()
            )
        }
        RelayOutcome::Failed(failed) => {
            let side = failed.side.map_or(0, |side| side as usize + 1);
            let (source, destination) = (code(&failed.source), code(&failed.destination));
            format!("failed {:?} {side} {source} {destination}", failed.phase)
        }
        RelayOutcome::Rejected => "rejected".into(),
    }
}

const READY: &str = "
    1 S: 220 Hello
    1 greeting 220
    2 S: 220 Hello
    2 greeting 220
";

/// Up to the moment when the types are set.
const STARTED: &str = "
    start /f /g
    1 C: TYPE I
    1 S: 200 Fine
    2 C: TYPE I
    2 S: 200 Fine
    2 C: PASV
";

/// Up to the moment when the source is told to send.
const ARRANGED: &str = "
    2 S: 227 Fine (192,0,2,2,195,80)
    1 C: PORT 192,0,2,2,195,80
    1 S: 200 Fine
    1 C: RETR /f
";

fn scenes(setting: &Setting, before: &[&str], scripts: &[&str]) {
    for script in thin(scripts, 2) {
        play_scene(setting, &[READY, &before.concat(), script].concat());
    }
}

#[test]
fn a_file_goes_from_the_one_server_to_the_other() {
    scenes(
        &Setting::default(),
        &[STARTED, ARRANGED],
        &[
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 150 Come
            1 S: 226 Sent
            2 S: 226 Stored
            ended 1 transferred 226 226
            # The types are known now.
            start /f /g
            2 C: PASV
            ",
            // In the other order, and each in one packet.
            "
            1 S: 150 Here
            2 C: STOR /g
            2 S: 150 Come ~ 226 Stored
            1 S: 250 Sent
            ended 1 transferred 250 226
            ",
            // An empty file may be gone before the destination has looked.
            "
            1 S: 150 Here ~ 226 Sent
            2 C: STOR /g
            2 S: 125 Come ~ 250 Stored
            ended 1 transferred 226 250
            ",
            // The source says nothing before it is called, or before TLS is up.
            "
            wait 2
            2 C: STOR /g
            2 S: 150 Come
            1 S: 150 Here
            1 S: 226 Sent
            2 S: 226 Stored ~ 226 Stored
            ended 1 transferred 226 226
            2 ask noop
            2 C: NOOP
            2 S: 226 Stored ~ 200 Yes
            2 done 1 200 Yes
            ",
        ],
    );
}

#[test]
fn from_an_offset_on_and_as_text() {
    play_scene(
        &Setting::default(),
        &[
            READY,
            "
            start /f /g @100
            1 C: TYPE I
            1 S: 200 Fine
            2 C: TYPE I
            2 S: 200 Fine
            2 C: PASV
            2 S: 227 Fine (192,0,2,2,195,80)
            1 C: PORT 192,0,2,2,195,80
            1 S: 200 Fine
            1 C: REST 100
            1 S: 350 Fine
            2 C: REST 100
            2 S: 350 Fine
            1 C: RETR /f
            1 S: 550 No
            ended 1 failed Command 1 550 350
            # Both may still hold it.
            text /f /g
            1 C: TYPE A
            1 S: 200 Fine
            2 C: TYPE A
            2 S: 200 Fine
            2 C: PASV
            2 S: 227 Fine (192,0,2,2,195,80)
            1 C: PORT 192,0,2,2,195,80
            1 S: 200 Fine
            1 C: REST 0
            1 S: 350 Fine
            2 C: REST 0
            2 S: 502 What?
            ended 2 failed Prepare 2 350 502
            ",
        ]
        .concat(),
    );
}

#[test]
fn a_range_that_is_left_is_taken_back() {
    play_scene(
        &Setting::default(),
        &[
            READY,
            "
            1 ask hash /f 0-9
            1 C: RANG 0 9
            1 S: 350 Fine
            1 C: HASH /f
            1 S: 213 SHA-256 0-9 ab /f
            1 done 1 213 SHA-256 0-9 ab /f
            ",
            STARTED,
            "
            2 S: 227 Fine (192,0,2,2,195,80)
            1 C: PORT 192,0,2,2,195,80
            1 S: 200 Fine
            1 C: RANG 1 0
            1 S: 350 Fine
            1 C: RETR /f
            1 S: 150 Here
            2 C: STOR /g
            2 S: 150 Here ~ 226 Stored
            1 S: 226 Sent
            ended 1 transferred 226 226
            ",
        ]
        .concat(),
    );
}

#[test]
fn it_waits_for_what_was_asked_before_and_holds_what_is_asked_later() {
    play_scene(
        &Setting::default(),
        "
        1 ask login anna secret
        2 ask login ben secret
        start /f /g
        start /h /i
        1 ask noop
        2 ask get /j
        stop 2
        ended 2 rejected
        1 S: 220 Hello
        1 greeting 220
        1 C: USER anna
        1 S: 230 Welcome
        1 done 1 230 Welcome
        2 S: 220 Hello
        2 greeting 220
        2 C: USER ben
        2 S: 331 Password?
        2 C: PASS secret
        2 S: 230 Welcome
        1 C: TYPE I
        2 done 1 230 Welcome
        1 S: 200 Fine
        2 C: TYPE I
        2 S: 200 Fine
        2 C: PASV
        2 S: 227 Fine (192,0,2,2,195,80)
        1 C: PORT 192,0,2,2,195,80
        1 S: 200 Fine
        1 C: RETR /f
        1 S: 150 Here
        2 C: STOR /g
        2 S: 150 Here ~ 226 Stored
        1 S: 226 Sent
        1 C: NOOP
        2 C: EPSV
        ended 1 transferred 226 226
        2 S: 229 Fine (|||50000|)
        2 D1 Connect(192.0.2.2:50000)
        2 d1 connected 192.0.2.2:50000
        2 C: RETR /j
        1 S: 200 Yes
        1 done 2 200 Yes
        ",
    );
}

#[test]
fn errands_wait_in_order_and_are_bounded() {
    let mut setting = Setting::default();
    setting.config.limits.queue = 2;
    play_scene(
        &setting,
        "
        start /a /b
        start /c /d
        start /e /f
        start /g /h
        ended 4 rejected
        ",
    );
}

#[test]
fn the_connections_come_back() {
    let scene = Scene::new(&Setting::default());
    let [source, destination] = scene.relay.into_connections().unwrap();
    assert_eq!(source.peer().to_string(), "192.0.2.1:21");
    assert_eq!(destination.peer().to_string(), "192.0.2.2:21");
    let mut scene = Scene::new(&Setting::default());
    scene.happen("start /f /g", Cut::Whole);
    let mut relay = scene.relay.into_connections().unwrap_err();
    relay.abort(Instant::START, ErrandId(1));
    let relay = *relay;
    let mut relay = *relay.into_connections().unwrap_err();
    let RelayOutput::Done(..) = relay.poll_output() else {
        panic!("it was not told");
    };
    assert!(relay.into_connections().is_ok());
}
