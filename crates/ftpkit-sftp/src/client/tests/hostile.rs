//! Servers that send anything.

use super::*;
use proptest::prelude::*;
use std::{format, vec};

fn requests() -> Vec<Request> {
    vec![
        Request::Stat(bytes("a")),
        Request::List(bytes("d")),
        Request::Download(Download::new(File::Path(bytes("f")))),
        Request::Upload(Upload::new(File::Path(bytes("g")))),
        Request::Realpath(bytes(".")),
    ]
}

/// What the client does with a server's bytes in pieces of this size, writes joined.
fn play(script: &[u8], piece: usize) -> Vec<String> {
    let mut client = Connection::new(Config::default());
    let ids: Vec<_> = requests().into_iter().map(|r| client.submit(r)).collect();
    client.payload(ids[3], bytes("abc"));
    client.finish(ids[3]);
    let mut log = vec![String::new()];
    let mut done = 0;
    let mut wrote = Vec::new();
    let mut drain = |client: &mut Connection| {
        for _ in 0..10_000 {
            match client.poll_output() {
                Output::Write(head, payload) => {
                    wrote.extend_from_slice(&head);
                    wrote.extend_from_slice(&payload.unwrap_or_default());
                }
                Output::Event(event) => {
                    done += usize::from(matches!(event, Event::Done(..)));
                    log.push(format!("{} {event:?}", wrote.len()));
                }
                Output::Wait => return,
                Output::Closed(result) => {
                    log.push(format!("{result:?}"));
                    return;
                }
            }
        }
        panic!("the machine never rests");
    };
    drain(&mut client);
    for piece in script.chunks(piece) {
        client.handle_bytes(piece);
        drain(&mut client);
    }
    client.handle_eof();
    drain(&mut client);
    log.push(format!("{wrote:?}"));
    log.dedup();
    assert_eq!(done, ids.len(), "each request ends once: {log:?}");
    log
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        Just(101u8),
        Just(102),
        Just(103),
        Just(104),
        Just(105),
        Just(201),
        any::<u8>()
    ];
    let code = prop_oneof![0u32..4, any::<u32>()];
    (
        kind,
        1u32..14,
        code,
        proptest::collection::vec(any::<u8>(), 0..12),
    )
        .prop_map(|(kind, id, code, rest)| {
            let body = [&[kind][..], &id.to_be_bytes(), &code.to_be_bytes(), &rest].concat();
            [&(body.len() as u32).to_be_bytes()[..], &body].concat()
        })
}

proptest! {
    #[test]
    fn any_bytes_end_in_order_in_any_pieces(script: Vec<u8>, piece in 1usize..9) {
        prop_assert_eq!(play(&script, usize::MAX), play(&script, piece));
    }

    #[test]
    fn any_packets_end_in_order_in_any_pieces(
        packets in proptest::collection::vec(packet(), 0..20), piece in 1usize..9,
    ) {
        let greeting = [0, 0, 0, 5, 2, 0, 0, 0, 3];
        let script = [&greeting[..], &packets.concat()].concat();
        prop_assert_eq!(play(&script, usize::MAX), play(&script, piece));
    }
}

/// The first READ is never answered, all others with one byte: what waits stays bounded.
#[test]
fn a_server_that_leaves_the_first_out_makes_nothing_grow() {
    let mut stage = Stage::with(Config::default(), &[]);
    stage.submit(Request::Download(Download::new(File::Handle(handle()))));
    let mut answered = 0;
    while stage.sent.len() > 1 {
        let (id, _) = stage.sent.remove(1);
        stage.answer(id, Response::Data(bytes("x")));
        answered += 1;
        assert!(answered < 1000, "it goes on asking");
    }
    assert!(matches!(
        stage.sent[..],
        [(_, Packet::Read { offset: 0, .. })]
    ));
    assert!(stage.events.is_empty());
}
