//! Whatever bytes come.

use std::format;

use proptest::prelude::*;

use super::*;
use crate::packet::Attributes;

#[test]
fn what_ends_a_session() {
    let stat = || wire(1, Request::Stat("/".into()));
    let is = |bytes: Vec<u8>, expected: fn(&Error) -> bool| {
        let mut stage = Stage::new(all());
        stage.bytes(&bytes);
        let error = stage.closed.unwrap().unwrap_err();
        assert!(expected(&error), "{error:?}");
        stage.bytes(&stat());
        assert!(stage.events.is_empty(), "it goes on behind its end");
        assert!(!stage.machine.wants_read());
    };
    for version in [0, 1, 2] {
        is(init(version), |error| {
            matches!(error, Error::Version(0..=2))
        });
    }
    is(stat(), |error| matches!(error, Error::NotInit(_)));
    is([init(3), init(3)].concat(), |error| {
        *error == Error::InitTwice
    });
    is([init(3), vec![0; 4]].concat(), |error| {
        matches!(error, Error::Frame(_))
    });
    is(vec![0xff; 4], |error| matches!(error, Error::Frame(_)));
    is([init(3), vec![0, 0, 0, 3, 5, 1, 2]].concat(), |error| {
        matches!(error, Error::Packet(_))
    });
    // What has a legible id, but comes before INIT.
    is(vec![0, 0, 0, 5, 5, 0, 0, 0, 1], |error| {
        matches!(error, Error::Packet(_))
    });
}

#[test]
fn versions_above_ours_get_ours() {
    for version in [3, 4, 5, 6, u32::MAX] {
        let mut stage = Stage::new(all());
        stage.bytes(&init(version));
        let expected = crate::packet::Version::new(Offers::ALL.iter());
        assert_eq!(stage.written, [ServerPacket::Version(expected)]);
        assert_eq!(stage.closed, None);
    }
}

#[test]
fn a_malformed_packet_costs_its_request_alone() {
    let mut stage = Stage::begun(all());
    let whole = wire(9, Request::Stat("/abc".into()));
    for cut in 9..whole.len() {
        let mut packet = whole[..cut].to_vec();
        packet[..4].copy_from_slice(&(cut as u32 - 4).to_be_bytes());
        stage.bytes(&packet);
        assert_eq!(stage.code(9), StatusCode::BadMessage);
    }
    stage.bytes(&whole);
    assert!(matches!(stage.event(), Event::Query(_)));
    assert_eq!(stage.closed, None);
}

#[test]
fn an_end_within_a_packet_is_told() {
    let mut stage = Stage::begun(all());
    stage.bytes(&[0, 0, 0]);
    stage.machine.handle_eof();
    stage.drain();
    assert_eq!(stage.closed, Some(Err(Error::Truncated(3))));
}

#[test]
fn an_id_that_is_used_twice_is_answered_twice() {
    let mut stage = Stage::begun(all());
    stage.send(7, Request::Stat("/a".into()));
    stage.send(7, Request::Remove("/b".into()));
    let second = take!(stage.events.remove(1), Change);
    let first = take!(stage.event(), Query);
    stage.answer(second, Ok(()));
    assert_eq!(stage.code(7), StatusCode::Ok);
    stage.answer(first, Ok(Attributes::default()));
    assert_eq!(stage.response(7), Response::Attrs(Attributes::default()));
}

/// Answers a question as `how` says.
fn answer_any(stage: &mut Stage, event: Event, how: u8) {
    fn or<T>(how: u8, answer: T) -> Result<T, Refusal> {
        match how % 5 {
            0 => Err(RefusalKind::Denied.into()),
            _ => Ok(answer),
        }
    }
    let file = FileId(u64::from(how));
    match event {
        Event::Open(ask) => stage.answer(ask, or(how, file)),
        Event::OpenDirectory(ask) => stage.answer(ask, or(how, file)),
        Event::Read(ask) => stage.answer(ask, or(how, vec![how; usize::from(how)].into())),
        Event::Write(ask) => stage.answer(ask, or(how, ())),
        Event::List(ask) => {
            let entry = Entry::new(vec![how; 200], Attributes::default());
            stage.answer(ask, or(how, Page::new(vec![entry; usize::from(how)], 0)));
        }
        Event::Close(ask) => stage.answer(ask, or(how, ())),
        Event::Query(ask) => stage.answer(ask, or(how, Attributes::default())),
        Event::Change(ask) => stage.answer(ask, or(how, ())),
        Event::Resolve(ask) => stage.answer(ask, or(how, "/a".into())),
        Event::Space(ask) => stage.answer(ask, or(how, Default::default())),
        Event::Names(ask) => stage.answer(ask, or(how, Default::default())),
        Event::Ended(_) => {}
    }
}

/// A session of these packets, whose bytes come in pieces of this size. Which of the open
/// questions is answered after which packet, and how, follows from `answers`. Returned is all that
/// it did.
fn play(packets: &[Vec<u8>], answers: &[u8], piece: usize) -> std::string::String {
    let mut config = all();
    config.in_flight = 4;
    config.in_flight_bytes = 5000;
    config.handles = 3;
    let mut stage = Stage::new(config);
    let mut log = std::string::String::new();
    let mut held: Vec<Event> = Vec::new();
    for (packet, how) in packets
        .iter()
        .zip(answers.iter().chain(core::iter::repeat(&3)))
    {
        for bytes in packet.chunks(piece) {
            stage.bytes(bytes);
            assert!(stage.machine.in_flight() <= 4);
        }
        held.append(&mut stage.events);
        if how % 3 != 0 && !held.is_empty() {
            let event = held.remove(usize::from(*how) % held.len());
            log += &format!("{event:?}");
            answer_any(&mut stage, event, *how);
        }
        log += &format!("{:?}{:?}", stage.written, stage.closed);
    }
    // All that is open is answered in the end, and so is what waits behind it.
    stage.machine.handle_eof();
    stage.drain();
    held.append(&mut stage.events);
    while let Some(event) = held.pop() {
        log += &format!("{event:?}");
        answer_any(&mut stage, event, 1);
        held.append(&mut stage.events);
    }
    assert!(stage.closed.is_some(), "it does not end");
    assert_eq!(stage.machine.in_flight(), 0);
    log + &format!("{:?}{:?}", stage.written, stage.closed)
}

/// Requests that a client could send; handles are those that the machine gives.
fn request() -> impl Strategy<Value = Request> {
    let handle = (0..6u64).prop_map(Handle::from_number);
    let file = (handle.clone(), 0..6u64, 0..40u32);
    prop_oneof![
        3 => any::<u8>().prop_map(|bits| open(OpenFlags::from_bits(bits.into()))),
        1 => Just(Request::Opendir("/".into())),
        4 => file.clone().prop_map(|(handle, offset, length)| read(&handle, offset, length)),
        4 => file.prop_map(|(handle, offset, n)| write(&handle, offset, vec![0; n as usize])),
        2 => handle.clone().prop_map(Request::Readdir),
        2 => handle.clone().prop_map(Request::Close),
        1 => handle.clone().prop_map(Request::Fstat),
        1 => (handle.clone(), handle).prop_map(|(from, to)| {
            Request::Extended(crate::packet::Extended::CopyData {
                from,
                from_offset: 0,
                length: 3,
                to,
                to_offset: 3,
            })
        }),
        1 => Just(Request::Realpath(".".into())),
    ]
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_do_the_same(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        begun in any::<bool>(),
        answers in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut packets = vec![init(3)];
        packets.truncate(usize::from(begun));
        // A likely length, so that more than the first packet is reached.
        for chunk in bytes.chunks(20) {
            packets.push([&(chunk.len() as u32).to_be_bytes()[..], chunk].concat());
        }
        packets.push(bytes);
        let whole = play(&packets, &answers, usize::MAX);
        for piece in [1, 3] {
            prop_assert_eq!(&play(&packets, &answers, piece), &whole);
        }
    }

    #[test]
    fn each_request_is_answered_once(
        requests in proptest::collection::vec(request(), 0..40),
        answers in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let ids = 0..requests.len() as u32;
        let mut packets = vec![init(3)];
        packets.extend(ids.clone().zip(requests).map(|(id, request)| wire(id, request)));
        let whole = play(&packets, &answers, usize::MAX);
        prop_assert_eq!(&play(&packets, &answers, 1), &whole);
        let last = whole.rsplit_once("[Version(").unwrap().1;
        for id in ids {
            let count = last.matches(&format!("Response(RequestId({id}),")).count();
            prop_assert_eq!(count, 1, "{} in {}", id, last);
        }
        prop_assert!(last.ends_with("Some(Ok(()))"), "{}", last);
    }
}
