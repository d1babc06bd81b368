//! Split invariance: every scenario gives the same conversation and the same outcomes whether
//! the control connection brings its bytes whole, one by one, or in pieces of any other size.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_proto::{
    Command, PathArg, Text, TlsFacts,
    client::{Config, DataMode, Pipelining, Request, RequestId, Transfer},
    command::ListArgs,
    server::{self, TlsPolicy},
};
use ftpkit_test::{Answering, Conditions, Pair, Side, Store, Transcript};

/// What a client does, and the world that it does it in.
struct Scenario {
    name: &'static str,
    setting: fn() -> Setting,
    act: fn(&mut Pair) -> Vec<RequestId>,
}

#[derive(Default)]
struct Setting {
    client: Config,
    server: server::Config,
    conditions: Conditions,
    answering: Vec<Answering>,
}

fn path(name: &'static str) -> PathArg {
    PathArg::from_static(name)
}

fn usual() -> Setting {
    Setting::default()
}

fn active() -> Setting {
    let mut setting = usual();
    setting.client.data_mode = DataMode::Active;
    setting
}

fn tls() -> Setting {
    let mut setting = usual();
    setting.server.tls = TlsPolicy::Offered;
    setting
}

fn implicit() -> Setting {
    let mut setting = usual();
    setting.client.implicit_tls = true;
    setting.server.tls = TlsPolicy::RequiredForData;
    setting
}

/// The client's certificate is enough, and TLS was asked for by name.
fn certified() -> Setting {
    let mut setting = implicit();
    let name = Text::from_static("FTP.example");
    setting.server.hosts = vec![Text::from_static("ftp.example")];
    setting.conditions.facts = TlsFacts::default()
        .with_certificate(true)
        .with_server_name(name);
    setting
}

fn pipelined() -> Setting {
    let mut setting = usual();
    setting.client.pipelining = Pipelining::Safe;
    setting
}

fn telnet() -> Setting {
    let mut setting = usual();
    setting.client.telnet_abort = true;
    setting.conditions.data_delay = Duration::from_secs(1);
    setting
}

fn slow() -> Setting {
    let mut setting = usual();
    setting.answering = vec![Answering::After(Duration::from_secs(3))];
    setting
}

fn losing_data() -> Setting {
    let mut setting = usual();
    setting.conditions.lose_data = Some(1200);
    setting
}

fn losing_control() -> Setting {
    let mut setting = usual();
    setting.conditions.lose_control = Some((Side::Server, 90));
    setting
}

fn refused() -> Setting {
    let mut setting = usual();
    setting.conditions.refuse = 1;
    setting
}

fn stranger() -> Setting {
    let mut setting = usual();
    setting.conditions.stranger = true;
    setting
}

fn session(pair: &mut Pair) -> Vec<RequestId> {
    let command = |command| Request::Command(command);
    vec![
        pair.submit(Request::Features),
        pair.login(),
        pair.submit(Request::Features),
        pair.submit(command(Command::Pwd)),
        pair.submit(command(Command::Syst)),
        pair.submit(command(Command::Mkd(path("/d \"q\"")))),
        pair.submit(command(Command::Cwd(Some(path("/d \"q\""))))),
        pair.submit(command(Command::Pwd)),
        pair.submit(command(Command::Cdup)),
        pair.submit(command(Command::Size(path("/f")))),
        pair.submit(command(Command::Mdtm(path("/f")))),
        pair.submit(command(Command::Mlst(Some(path("/f"))))),
        pair.submit(command(Command::Dele(path("/missing")))),
        pair.submit(Request::Rename {
            from: path("/f"),
            to: path("/g \u{e4}"),
        }),
        pair.submit(command(Command::Rmd(path("/d \"q\"")))),
        pair.submit(command(Command::Help(None))),
        pair.submit(command(Command::Noop)),
    ]
}

fn transfers(pair: &mut Pair) -> Vec<RequestId> {
    let list = ListArgs::default;
    vec![
        pair.login(),
        pair.download("/f"),
        pair.download_from("/f", 700),
        pair.download("/missing"),
        pair.upload("/up", vec![7; 2500]),
        pair.send(Transfer::Append { path: path("/up") }, vec![8; 100]),
        pair.send(Transfer::UploadUnique { path: None }, vec![9; 10]),
        pair.transfer(Transfer::List(list())),
        pair.transfer(Transfer::Names(list())),
        pair.transfer(Transfer::Facts { path: None }),
        pair.submit(Request::Transfer {
            transfer: Transfer::Download {
                path: path("/f"),
                offset: 0,
            },
            ascii: true,
        }),
        pair.download("/up"),
    ]
}

fn secured(pair: &mut Pair) -> Vec<RequestId> {
    let secure = pair.submit(Request::Secure { protect_data: true });
    let mut all = vec![secure];
    all.extend(transfers(pair));
    all
}

/// Gives a transfer up when it is under way.
fn aborted(pair: &mut Pair) -> Vec<RequestId> {
    let login = pair.login();
    let get = pair.download("/f");
    while !pair
        .transcript()
        .said()
        .any(|line| line.starts_with("S: 150"))
    {
        assert!(pair.step(), "{}", pair.transcript());
    }
    pair.wait(Duration::from_millis(200));
    pair.abort(get);
    vec![login, get, pair.submit(Request::Command(Command::Noop))]
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a session of commands",
        setting: usual,
        act: session,
    },
    Scenario {
        name: "the same, pipelined",
        setting: pipelined,
        act: session,
    },
    Scenario {
        name: "the same, slowly answered",
        setting: slow,
        act: session,
    },
    Scenario {
        name: "transfers, passive",
        setting: usual,
        act: transfers,
    },
    Scenario {
        name: "transfers, active",
        setting: active,
        act: transfers,
    },
    Scenario {
        name: "transfers over TLS",
        setting: tls,
        act: secured,
    },
    Scenario {
        name: "transfers over implicit TLS",
        setting: implicit,
        act: transfers,
    },
    Scenario {
        name: "the same, secured again",
        setting: implicit,
        act: secured,
    },
    Scenario {
        name: "a session by certificate",
        setting: certified,
        act: session,
    },
    Scenario {
        name: "TLS that is refused",
        setting: usual,
        act: secured,
    },
    Scenario {
        name: "transfers, slowly answered",
        setting: slow,
        act: transfers,
    },
    Scenario {
        name: "transfers that are cut",
        setting: losing_data,
        act: transfers,
    },
    Scenario {
        name: "a server that vanishes",
        setting: losing_control,
        act: transfers,
    },
    Scenario {
        name: "data connections that are refused",
        setting: refused,
        act: transfers,
    },
    Scenario {
        name: "a stranger at the data port",
        setting: stranger,
        act: transfers,
    },
    Scenario {
        name: "an aborted transfer",
        setting: telnet,
        act: aborted,
    },
];

/// What was said, in order, and how each request ended.
fn play(scenario: &Scenario, fragment: usize) -> (String, Transcript) {
    let mut setting = (scenario.setting)();
    setting.conditions.fragment = fragment;
    let content: Vec<u8> = (0..3000).map(|i| (i * 7 % 251) as u8).collect();
    let mut store = Store::new().with_file("/f", content);
    if !setting.answering.is_empty() {
        store = store.answering(setting.answering);
    }
    let mut pair = Pair::with(setting.conditions, store, setting.client, setting.server);
    let requests = (scenario.act)(&mut pair);
    pair.run();
    let ended = pair.finish();
    let outcomes: Vec<String> = requests
        .iter()
        .map(|id| format!("{:?}", pair.outcome(*id).expect("it ended")))
        .collect();
    let said: Vec<String> = pair.transcript().said().collect();
    let story = format!("{}\n{}\n{ended:?}", said.join("\n"), outcomes.join("\n"));
    (story, pair.transcript().clone())
}

#[test]
fn no_scenario_depends_on_how_its_bytes_are_cut() {
    for scenario in SCENARIOS {
        let (whole, _) = play(scenario, 0);
        for fragment in [1, 2, 3, 5, 17] {
            let (pieces, _) = play(scenario, fragment);
            assert_eq!(pieces, whole, "{}, in pieces of {fragment}", scenario.name);
        }
    }
}

/// The same with all else as it was: only the bytes that a machine takes come otherwise.
#[test]
fn no_machine_depends_on_how_its_bytes_are_cut() {
    for scenario in SCENARIOS {
        let (_, transcript) = play(scenario, 0);
        for side in [Side::Client, Side::Server] {
            let done = transcript.done_by(side);
            for size in [1, 2, 3, 5, 17] {
                let again = transcript.replay_in_pieces(side, size);
                let again = again.done_by(side);
                assert_eq!(again, done, "{}, {side:?} by {size}", scenario.name);
            }
        }
    }
}
