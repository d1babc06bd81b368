//! What the SFTP machines keep at most, counted as memory is asked for, whatever the peer does.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use allocation_counter::measure;
use bytes::Bytes;
use ftpkit_sftp::{
    Framer, client,
    packet::{
        Chunks, ClientPacket, Handle, Init, Request, RequestId, Response, ServerPacket,
        SymlinkOrder, Version,
    },
    server::{self, Event, FileId, Output},
};

const MIB: u64 = 1 << 20;

fn joined(out: &mut Chunks) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = out.next_chunk() {
        bytes.extend(chunk);
    }
    bytes
}

fn client_wire(packet: &ClientPacket) -> Vec<u8> {
    let mut out = Chunks::new(1 << 20);
    packet.encode(&mut out, SymlinkOrder::OpenSsh).unwrap();
    joined(&mut out)
}

fn server_wire(packet: &ServerPacket) -> Vec<u8> {
    let mut out = Chunks::new(1 << 20);
    packet.encode(&mut out).unwrap();
    joined(&mut out)
}

/// A client writes 128 MiB without waiting, and the storage never answers.
#[test]
fn writes_that_nobody_answers_are_kept_within_the_limit() {
    let handle = Handle::from_number(1);
    let packet = |n: u32| {
        let request = Request::Write {
            handle: handle.clone(),
            offset: 0,
            data: vec![0; 32 * 1024].into(),
        };
        client_wire(&ClientPacket::Request(RequestId(n), request))
    };
    let write = packet(1);
    let info = measure(|| {
        let mut machine = server::Connection::new(Arc::new(server::Config::default()));
        machine.handle_bytes(&client_wire(&ClientPacket::Init(Init::default())));
        let open = Request::Open {
            path: "/f".into(),
            flags: ftpkit_sftp::packet::OpenFlags::from_bits(0x1a),
            attributes: Default::default(),
        };
        machine.handle_bytes(&client_wire(&ClientPacket::Request(RequestId(0), open)));
        let mut held = Vec::new();
        let mut taken = 0;
        for _ in 0..4096 {
            // A driver reads only while it should.
            if machine.wants_read() {
                machine.handle_bytes(&write);
                taken += 1;
            }
            loop {
                match machine.poll_output() {
                    Output::Event(Event::Open(ask)) => machine.answer(ask, Ok(FileId(1))),
                    Output::Event(event) => held.push(event),
                    Output::Wait => break,
                    _ => {}
                }
            }
        }
        assert!((32..=65).contains(&taken), "{taken} were taken");
    });
    assert!(info.bytes_max < 12 * MIB, "{} bytes", info.bytes_max);
}

/// A client asks for 1 GiB and reads none of it.
#[test]
fn answers_that_nobody_fetches_are_kept_within_the_limit() {
    let block = Bytes::from(vec![7; 255 * 1024]);
    let info = measure(|| {
        let mut machine = server::Connection::new(Arc::new(server::Config::default()));
        machine.handle_bytes(&client_wire(&ClientPacket::Init(Init::default())));
        let open = Request::Open {
            path: "/f".into(),
            flags: ftpkit_sftp::packet::OpenFlags::READ,
            attributes: Default::default(),
        };
        machine.handle_bytes(&client_wire(&ClientPacket::Request(RequestId(0), open)));
        let mut fetched = Vec::new();
        for n in 1..4096 {
            let request = Request::Read {
                handle: Handle::from_number(1),
                offset: 0,
                length: 255 * 1024,
            };
            if machine.wants_read() {
                machine.handle_bytes(&client_wire(&ClientPacket::Request(RequestId(n), request)));
            }
            // Questions are answered, but the socket is full: nothing is written.
            while fetched.len() < 40 {
                match machine.poll_output() {
                    Output::Event(Event::Open(ask)) => machine.answer(ask, Ok(FileId(1))),
                    Output::Event(Event::Read(ask)) => {
                        // As a storage gives it: memory of its own.
                        machine.answer(ask, Ok(Bytes::from(block.to_vec())));
                    }
                    Output::Write(bytes) => fetched.push(bytes),
                    Output::Wait => break,
                    output => panic!("{output:?}"),
                }
            }
        }
        assert!(!machine.wants_read(), "it reads on");
    });
    assert!(info.bytes_max < 20 * MIB, "{} bytes", info.bytes_max);
}

/// A server that names a length of 4 GiB, and one that sends what was not asked for.
#[test]
fn lengths_alone_cost_a_client_nothing() {
    for (bytes, ends) in [
        (vec![0xff, 0xff, 0xff, 0xff, 2], true),
        (vec![0, 4, 0, 0, 2, 0, 0, 0, 3], false),
    ] {
        let info = measure(|| {
            let mut machine = client::Connection::new(client::Config::default());
            let mut closed = false;
            machine.handle_bytes(&bytes);
            loop {
                match machine.poll_output() {
                    client::Output::Wait => break,
                    client::Output::Closed(_) => {
                        closed = true;
                        break;
                    }
                    _ => {}
                }
            }
            assert_eq!(closed, ends);
        });
        assert!(info.bytes_max < 300 * 1024, "{} bytes", info.bytes_max);
    }
}

/// A download of which the server leaves the first block out and gives all others.
#[test]
fn a_hole_in_a_download_keeps_no_more_than_the_window() {
    let block = vec![9; 32 * 1024];
    let info = measure(|| {
        let mut machine = client::Connection::new(client::Config::default());
        let mut framer = Framer::new(1 << 20);
        machine.submit(client::Request::Download(client::Download::new(
            client::File::Handle(Handle::from_number(1)),
        )));
        machine.handle_bytes(&server_wire(&ServerPacket::Version(Version::new([]))));
        let mut answered = 0;
        let mut first = None;
        loop {
            match machine.poll_output() {
                client::Output::Write(head, payload) => {
                    framer.push(&head);
                    framer.push(&payload.unwrap_or_default());
                }
                client::Output::Event(_) => {}
                _ => {
                    let Some(packet) = framer.next_packet().unwrap() else {
                        break;
                    };
                    let packet = ClientPacket::parse(packet, SymlinkOrder::OpenSsh).unwrap();
                    let ClientPacket::Request(id, _) = packet else {
                        continue;
                    };
                    if *first.get_or_insert(id) == id {
                        continue;
                    }
                    answered += 1;
                    assert!(answered < 10_000, "it asks for ever");
                    let data = Response::Data(block.clone().into());
                    machine.handle_bytes(&server_wire(&ServerPacket::Response(id, data)));
                }
            }
        }
        assert!(answered > 0);
    });
    assert!(info.bytes_max < 12 * MIB, "{} bytes", info.bytes_max);
}
