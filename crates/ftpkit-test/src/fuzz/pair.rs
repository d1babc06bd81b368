//! A client and a server that talk to each other, and a network and a storage that are not to
//! be relied on. The input is text, so that a seed can be read.
//!
//! The first line tells of the world, in letters, some with a number behind: `a` active mode,
//! `p` pipelining, `e` no EPSV ahead, `t` Telnet's Synch before ABOR, `s` a strict client, `n` no TLS; `fN`
//! fragments of N bytes; `dN` and `DN` delays of the control and data connections, in 10 ms;
//! `cN` and `CN` the client's or the server's sending is cut after 20 N bytes; `kN` data
//! connections are cut after 200 N bytes; `rN` so many of them are refused; `S` a stranger
//! calls; and the storage's answers in turn: `.` at once, `,` after a while, `;` late, `!` never.
//!
//! Each line behind it is what the client does next, a letter and one or two numbers.

use std::time::Duration;

use ftpkit_proto::{
    Command, PathArg,
    client::{self, DataMode, EpsvAhead, Pipelining, Request, RequestId, Transfer},
    command::ListArgs,
    server::{self, TlsPolicy},
};

use crate::{Answering, Conditions, Pair, Side, Store};

/// A session of both machines: every request ends, a download that succeeds is a file that was
/// there, and nothing is left at the end.
///
/// # Panics
/// If a promise is broken, with the transcript.
pub fn pair(data: &[u8]) {
    let mut lines = data.split(|b| *b == b'\n');
    let mut pair = world(lines.next().unwrap_or_default());
    let mut requests = Vec::new();
    // A session of more is many sessions.
    for (tag, line) in lines.take(40).enumerate() {
        if let [letter, numbers @ ..] = line {
            let number =
                |at: usize| usize::from(numbers.get(at).map_or(0, |b| b.wrapping_sub(b'0')));
            act(&mut pair, &mut requests, *letter, number(0), number(1), tag);
        }
    }
    pair.run();
    for (id, offset) in requests {
        let Some(bytes) = offset.and_then(|offset| Some((offset, pair.downloaded(id)?))) else {
            continue;
        };
        let (offset, bytes) = bytes;
        // Nobody writes to this one.
        assert_eq!(
            Some(bytes),
            content(0, SIZE).get(offset..),
            "{}",
            pair.transcript()
        );
    }
    assert_eq!(pair.store().file("/f"), Some(&content(0, SIZE)[..]));
    pair.finish();
}

const SIZE: usize = 3000;
const NAMES: [&str; 3] = ["/a", "/b c", "/d"];

fn content(tag: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| ((i * 7 + tag * 31) % 251) as u8)
        .collect()
}

fn world(settings: &[u8]) -> Pair {
    let mut client = client::Config::default();
    let mut server = server::Config::default();
    server.tls = TlsPolicy::Offered;
    let mut conditions = Conditions::default();
    let mut answering = Vec::new();
    let mut signs = settings.iter().copied().peekable();
    while let Some(letter) = signs.next() {
        let mut number = || {
            let digit = signs.next_if(u8::is_ascii_digit);
            usize::from(digit.map_or(0, |digit| digit - b'0'))
        };
        let after = |number: usize| Duration::from_millis(10 * number as u64);
        match letter {
            b'a' => client.data_mode = DataMode::Active,
            b'p' => client.pipelining = Pipelining::Safe,
            b'e' => client.epsv_ahead = EpsvAhead::Never,
            b't' => client.telnet_abort = true,
            b's' => client.lenient = false,
            b'n' => server.tls = TlsPolicy::Off,
            b'f' => conditions.fragment = number(),
            b'd' => conditions.delay = after(number()),
            b'D' => conditions.data_delay = after(number()),
            b'c' => conditions.lose_control = Some((Side::Client, 20 * number())),
            b'C' => conditions.lose_control = Some((Side::Server, 20 * number())),
            b'k' => conditions.lose_data = Some(200 * number()),
            b'r' => conditions.refuse = number(),
            b'S' => conditions.stranger = true,
            b'.' => answering.push(Answering::AtOnce),
            b',' => answering.push(Answering::After(Duration::from_millis(150))),
            b';' => answering.push(Answering::After(Duration::from_secs(45))),
            b'!' => answering.push(Answering::Never),
            _ => {}
        }
    }
    let mut store = Store::new()
        .with_file("/f", content(0, SIZE))
        .with_file(NAMES[0], content(1, SIZE));
    if !answering.is_empty() {
        store = store.answering(answering);
    }
    Pair::with(conditions, store, client, server)
}

/// One act of the client; a request is kept, with its offset if it downloads `/f`.
fn act(
    pair: &mut Pair,
    requests: &mut Vec<(RequestId, Option<usize>)>,
    letter: u8,
    a: usize,
    b: usize,
    tag: usize,
) {
    let name = NAMES[a % NAMES.len()];
    let path = |name: &'static str| PathArg::from_static(name);
    let command = |command| Request::Command(command);
    let mut offset = None;
    let id = match letter {
        b'l' => pair.login(),
        b'F' => pair.submit(Request::Features),
        b'S' => pair.submit(Request::Secure {
            protect_data: a.is_multiple_of(2),
        }),
        b'g' => {
            offset = Some(a * 400);
            pair.download_from("/f", (a * 400) as u64)
        }
        b'G' => pair.download_from(name, (b * 400) as u64),
        b'p' => pair.upload(name, content(tag, b * 300)),
        b'P' => {
            let path = path(name);
            let offset = (b * 300) as u64;
            pair.send(Transfer::Upload { path, offset }, content(tag, 500))
        }
        b'a' => pair.send(Transfer::Append { path: path(name) }, content(tag, b * 300)),
        b'u' => pair.send(Transfer::UploadUnique { path: None }, content(tag, a * 300)),
        b'L' => pair.transfer(Transfer::List(ListArgs::default())),
        b'N' => pair.transfer(Transfer::Names(ListArgs::default())),
        b'M' => pair.transfer(Transfer::Facts { path: None }),
        b'R' => pair.submit(Request::Rename {
            from: path(name),
            to: path(NAMES[b % NAMES.len()]),
        }),
        b'c' => pair.submit(command(match a % 8 {
            0 => Command::Noop,
            1 => Command::Pwd,
            2 => Command::Size(path("/f")),
            3 => Command::Stat(ListArgs::default()),
            4 => Command::Dele(path(NAMES[b % NAMES.len()])),
            5 => Command::Mlst(None),
            6 => Command::Help(None),
            _ => Command::Mkd(path("/new")),
        })),
        b'x' => {
            if let Some((id, _)) = requests.get(a) {
                pair.abort(*id);
            }
            return;
        }
        b's' => {
            for _ in 0..a {
                pair.step();
            }
            return;
        }
        b'w' => return pair.wait(Duration::from_millis(1 << (a % 16))),
        _ => return,
    };
    requests.push((id, offset));
}
