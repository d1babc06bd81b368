//! Downloads and uploads against a random server that keeps a file.

use super::*;
use crate::packet::{Extended, PacketType};
use proptest::prelude::*;
use std::vec;

/// A small generator, so that a property's case is one number.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 + n / 251) as u8).collect()
}

fn config() -> Config {
    Config {
        max_block: 100,
        max_bytes: 1500,
        max_in_flight: 16,
        ..Config::default()
    }
}

/// Answers one of the packets that wait, any of them, as a server with this file would; a READ
/// gives any part of what it could.
fn serve(stage: &mut Stage, random: &mut Random, file: &mut Vec<u8>) {
    let (id, packet) = stage.sent.remove(random.below(stage.sent.len()));
    let response = match packet {
        Packet::Open { .. } => Response::Handle(handle()),
        Packet::Read { offset, length, .. } => {
            let rest = file.get(offset as usize..).unwrap_or_default();
            match rest.len().min(length as usize) {
                0 => status(StatusCode::Eof).into(),
                most => {
                    let short = random.below(3) == 0;
                    let given = if short { 1 + random.below(most) } else { most };
                    Response::Data(Bytes::copy_from_slice(&rest[..given]))
                }
            }
        }
        Packet::Write { offset, data, .. } => {
            assert!(data.len() <= 100);
            let end = offset as usize + data.len();
            file.resize(file.len().max(end), 0);
            file[offset as usize..end].copy_from_slice(&data);
            Status::ok().into()
        }
        _ => Status::ok().into(),
    };
    stage.answer(id, response);
}

/// The payload that has come, which has no gaps.
fn payload(stage: &Stage, start: u64) -> Vec<u8> {
    let mut got = Vec::new();
    for event in &stage.events {
        if let Event::Payload { offset, bytes, .. } = event {
            assert_eq!(*offset, start + got.len() as u64);
            assert!(!bytes.is_empty());
            got.extend_from_slice(bytes);
        }
    }
    got
}

fn path() -> File {
    File::Path(bytes("f"))
}

proptest! {
    #[test]
    fn a_download_is_the_file_whatever_the_order(
        seed: u64, length in 0usize..5000, offset in 0usize..3000, part in proptest::option::of(0u64..4000),
    ) {
        let mut random = Random(seed);
        let mut file = content(length);
        let mut stage = Stage::with(config(), &[]);
        let mut download = Download::new(path());
        download.offset = offset as u64;
        download.length = part;
        stage.submit(Request::Download(download));
        while !stage.sent.is_empty() {
            prop_assert!(stage.sent.len() <= 16);
            serve(&mut stage, &mut random, &mut file);
        }
        let rest = file.get(offset..).unwrap_or_default();
        let wanted = part.map_or(rest.len(), |part| rest.len().min(part as usize));
        prop_assert_eq!(payload(&stage, offset as u64), &rest[..wanted]);
        let Outcome::Downloaded(done) = stage.outcome() else { panic!("it failed") };
        prop_assert_eq!(done.bytes, wanted as u64);
        prop_assert_eq!(done.end_of_file, part.is_none_or(|part| part > rest.len() as u64));
    }

    #[test]
    fn a_download_of_a_file_that_changes_has_no_gap(seed: u64, lengths in proptest::collection::vec(0usize..4000, 1..8)) {
        let mut random = Random(seed);
        let whole = content(4000);
        let mut stage = Stage::with(config(), &[]);
        stage.submit(Request::Download(Download::new(path())));
        let mut steps = 0;
        while !stage.sent.is_empty() {
            // It grows and shrinks for a while, and then rests.
            let length = lengths[(steps / 5).min(lengths.len() - 1)];
            steps += 1;
            prop_assert!(steps < 20_000);
            serve(&mut stage, &mut random, &mut whole[..length].to_vec());
        }
        let got = payload(&stage, 0);
        prop_assert_eq!(&got[..], &whole[..got.len()]);
        prop_assert!(matches!(stage.outcome(), Outcome::Downloaded(_)));
    }

    #[test]
    fn an_upload_is_the_file_whatever_the_order(seed: u64, length in 0usize..5000, offset in 0usize..300) {
        let mut random = Random(seed);
        let source = content(length);
        let mut file = vec![0; offset];
        let mut stage = Stage::with(config(), &[Extension::Fsync]);
        let mut upload = Upload::new(path());
        upload.offset = offset as u64;
        upload.sync = true;
        let id = stage.submit(Request::Upload(upload));
        let mut rest = Bytes::from(source.clone());
        loop {
            while !rest.is_empty() && stage.client.wants_payload(id) {
                let block = rest.split_to(rest.len().min(1 + random.below(300)));
                stage.client.payload(id, block);
                stage.drain();
            }
            if rest.is_empty() {
                stage.client.finish(id);
                stage.drain();
            }
            if stage.sent.is_empty() {
                break;
            }
            prop_assert!(stage.sent.len() <= 16);
            serve(&mut stage, &mut random, &mut file);
        }
        prop_assert_eq!(&file[offset..], &source[..]);
        let Outcome::Uploaded(done) = stage.outcome() else { panic!("it failed") };
        prop_assert_eq!((done.bytes, done.synced), (length as u64, true));
    }
}

#[test]
fn an_upload_tells_of_a_write_that_fails_at_every_place() {
    for bad in 0..20u64 {
        for last_first in [false, true] {
            let mut stage = Stage::with(config(), &[]);
            let id = stage.submit(Request::Upload(Upload::new(path())));
            stage.client.payload(id, Bytes::from(content(2000)));
            stage.client.finish(id);
            stage.drain();
            while !stage.sent.is_empty() {
                let at = if last_first { stage.sent.len() - 1 } else { 0 };
                let (wire, packet) = stage.sent.remove(at);
                match packet {
                    Packet::Open { .. } => stage.answer(wire, Response::Handle(handle())),
                    Packet::Write { offset, .. } if offset == bad * 100 => {
                        stage.answer(wire, Status::new(StatusCode::Failure, "disk full"));
                    }
                    Packet::Close(_) => {
                        assert!(stage.sent.is_empty(), "CLOSE follows the last status");
                        stage.answer(wire, Status::ok());
                    }
                    _ => stage.answer(wire, Status::ok()),
                }
            }
            let failure = stage.failure();
            assert_eq!(
                (failure.step, failure.offset),
                (Some(PacketType::WRITE), Some(bad * 100))
            );
            assert!(text(&failure).contains("disk full"));
        }
    }
}

#[test]
fn a_close_that_fails_is_the_uploads_failure() {
    for step in [PacketType::EXTENDED, PacketType::CLOSE] {
        let mut stage = Stage::with(config(), &[Extension::Fsync]);
        let mut upload = Upload::new(path());
        upload.sync = true;
        let id = stage.submit(Request::Upload(upload));
        stage.client.payload(id, bytes("abc"));
        stage.client.finish(id);
        stage.drain();
        while !stage.sent.is_empty() {
            let (wire, packet) = stage.next();
            match packet {
                Packet::Open { .. } => stage.answer(wire, Response::Handle(handle())),
                packet if packet.packet_type() == step => {
                    assert!(matches!(
                        packet,
                        Packet::Close(_) | Packet::Extended(Extended::Fsync(_))
                    ));
                    stage.answer(wire, status(StatusCode::Failure));
                }
                _ => stage.answer(wire, Status::ok()),
            }
        }
        assert_eq!(stage.failure().step, Some(step));
    }
}

#[test]
fn a_download_gives_what_is_before_a_failure_and_never_asks_for_nothing_again() {
    for empty in [false, true] {
        let mut stage = Stage::with(config(), &[]);
        stage.submit(Request::Download(Download::new(path())));
        let (open, _) = stage.next();
        stage.answer(open, Response::Handle(handle()));
        // The last first, so that the failure comes before what is in front of it.
        while let Some((wire, packet)) = stage.sent.pop() {
            match packet {
                Packet::Read { offset: 200, .. } if empty => {
                    stage.answer(wire, Response::Data(Bytes::new()))
                }
                Packet::Read { offset: 200, .. } => stage.answer(wire, status(StatusCode::Failure)),
                Packet::Read { length, .. } => {
                    stage.answer(wire, Response::Data(Bytes::from(vec![1; length as usize])));
                }
                _ => stage.answer(wire, Status::ok()),
            }
        }
        assert_eq!(payload(&stage, 0), [1; 200]);
        let failure = stage.failure();
        assert_eq!(failure.offset, Some(200));
        assert_eq!(failure.reason == Reason::NoData, empty);
    }
}

#[test]
fn payload_that_fills_packets_of_ssh_is_never_copied() {
    let mut client = Connection::new(Config::default());
    let mut greeting = Chunks::default();
    ServerPacket::Version(Version::new([]))
        .encode(&mut greeting)
        .unwrap();
    client.handle_bytes(&greeting.next_chunk().unwrap());
    let id = client.submit(Request::Upload(Upload::new(File::Handle(handle()))));
    while !matches!(client.poll_output(), Output::Wait) {}
    let block = Bytes::from(content(2 * 32 * 1024));
    client.payload(id, block.clone());
    let mut at = 0;
    while let Output::Write(_, payload) = client.poll_output() {
        let payload = payload.unwrap();
        assert_eq!(payload.as_ptr(), block[at..].as_ptr());
        at += payload.len();
    }
    assert_eq!(at, block.len());
}

#[test]
fn a_download_that_is_cancelled_gives_nothing_more_and_closes() {
    let mut stage = Stage::with(config(), &[]);
    let id = stage.submit(Request::Download(Download::new(path())));
    let mut file = content(5000);
    let mut random = Random(1);
    serve(&mut stage, &mut random, &mut file);
    stage.client.cancel(id);
    stage.drain();
    let under_way = stage.sent.len();
    assert_eq!(under_way, 4);
    for _ in 0..under_way {
        serve(&mut stage, &mut random, &mut file);
    }
    assert_eq!(stage.sent[0].1, Packet::Close(handle()));
    serve(&mut stage, &mut random, &mut file);
    assert!(payload(&stage, 0).is_empty());
    assert_eq!(stage.failure().reason, Reason::Cancelled);
}
