//! How much is in flight, and how much is open.

use super::*;
use crate::packet::Attributes;

#[test]
fn requests_beyond_the_limit_wait() {
    let mut config = all();
    config.in_flight = 3;
    let mut stage = Stage::begun(config);
    let many: Vec<u8> = (0..10)
        .flat_map(|id| wire(id, Request::Stat("/".into())))
        .collect();
    stage.bytes(&many);
    assert_eq!((stage.events.len(), stage.machine.in_flight()), (3, 3));
    assert!(!stage.machine.wants_read());
    for answered in 1..=10 {
        let ask = take!(stage.events.pop().unwrap(), Query);
        stage.answer(ask, Ok(Attributes::default()));
        assert_eq!(stage.written.len(), answered);
        assert_eq!(stage.events.len(), 3.min(10 - answered));
    }
    assert!(stage.machine.wants_read());
}

#[test]
fn bytes_beyond_the_limit_wait_and_so_do_those_that_nobody_fetches() {
    let mut config = all();
    config.in_flight_bytes = 1000;
    let mut stage = Stage::begun(config);
    let handle = stage.open(BOTH, 1);
    stage.bytes(
        &[
            wire(1, read(&handle, 0, 5000)),
            wire(2, read(&handle, 5000, 1)),
        ]
        .concat(),
    );
    let ask = take!(stage.event(), Read);
    stage.machine.answer(ask, Ok(vec![7; 5000].into()));
    assert!(!stage.machine.wants_read(), "the answer is not fetched yet");
    stage.drain();
    assert!(matches!(stage.response(1), Response::Data(data) if data.len() == 5000));
    let ask = take!(stage.event(), Read);
    assert_eq!(ask.question().offset, 5000);
    assert!(stage.machine.wants_read());
    // A flood that is refused at once piles nothing up either.
    let flood: Vec<u8> = (0..1000)
        .flat_map(|id| wire(id, read(&handle, 0, 0)))
        .collect();
    stage.machine.handle_bytes(&flood);
    assert!(!stage.machine.wants_read());
    let Output::Write(first) = stage.machine.poll_output() else {
        panic!("nothing is written");
    };
    assert!(first.len() < 1200, "{}", first.len());
    stage.framer.push(&first);
    stage.drain();
    assert_eq!(stage.written.len(), 1000);
}

#[test]
fn handles_beyond_the_limit_are_refused() {
    let mut config = all();
    config.handles = 2;
    let mut stage = Stage::begun(config);
    let handle = stage.open(BOTH, 1);
    stage.send(1, open(BOTH));
    stage.send(2, Request::Opendir("/".into()));
    assert_eq!(
        stage.code(2),
        StatusCode::Failure,
        "one is open, one is being opened"
    );
    let ask = take!(stage.event(), Open);
    stage.answer(ask, Err(RefusalKind::NotFound.into()));
    assert_eq!(stage.code(1), StatusCode::NoSuchFile);
    stage.open_directory(2);
    stage.send(3, open(BOTH));
    assert_eq!(stage.code(3), StatusCode::Failure);
    stage.send(4, Request::Close(handle));
    let ask = take!(stage.event(), Close);
    stage.answer(ask, Ok(()));
    assert_eq!(stage.code(4), StatusCode::Ok);
    stage.open(BOTH, 3);
}

#[test]
fn offsets_and_lengths_stay_inside() {
    let mut config = all();
    config.max_read = 100;
    config.max_write = 100;
    let mut stage = Stage::begun(config);
    let handle = stage.open(BOTH, 1);
    let most = i64::MAX as u64;
    let (ok, eof, failure) = (None, Some(StatusCode::Eof), Some(StatusCode::Failure));
    let long: Bytes = vec![0; 101].into();
    let rows = [
        (read(&handle, 0, 0), failure, 0),
        (read(&handle, 0, u32::MAX), ok, 100),
        (read(&handle, most - 7, 50), ok, 7),
        (read(&handle, most, 50), eof, 0),
        (read(&handle, u64::MAX, u32::MAX), eof, 0),
        (write(&handle, 0, long.slice(1..)), ok, 100),
        (write(&handle, 0, long), failure, 0),
        (write(&handle, most - 1, "a"), ok, 1),
        (write(&handle, most, "a"), failure, 0),
        (write(&handle, u64::MAX, "a"), failure, 0),
        (write(&handle, u64::MAX, ""), Some(StatusCode::Ok), 0),
        (
            Request::Setstat {
                path: "/".into(),
                attributes: Attributes::default().with_size(most + 1),
            },
            failure,
            0,
        ),
    ];
    for (request, code, length) in rows {
        stage.send(5, request.clone());
        let Some(code) = code else {
            match stage.event() {
                Event::Read(ask) => {
                    assert_eq!(ask.question().length, length, "{request:?}");
                    stage.answer(ask, Ok(vec![1; 1000].into()));
                    let response = stage.response(5);
                    let expected = Response::Data(vec![1; length as usize].into());
                    assert_eq!(response, expected, "no more than was asked for");
                }
                Event::Write(ask) => {
                    assert_eq!(ask.question().data.len(), length as usize, "{request:?}");
                    stage.answer(ask, Ok(()));
                    assert_eq!(stage.code(5), StatusCode::Ok);
                }
                event => panic!("{event:?}"),
            }
            continue;
        };
        assert_eq!(stage.code(5), code, "{request:?}");
    }
}

#[test]
fn payload_that_fills_packets_of_ssh_is_never_copied() {
    let mut stage = Stage::begun(all());
    let handle = stage.open(BOTH, 1);
    stage.send(1, read(&handle, 0, 32 * 1024));
    let ask = take!(stage.event(), Read);
    let data = Bytes::from(vec![1; 32 * 1024]);
    stage.machine.answer(ask, Ok(data.clone()));
    let mut same = 0;
    while let Output::Write(chunk) = stage.machine.poll_output() {
        same += usize::from(chunk.as_ptr() == data.as_ptr());
    }
    assert_eq!(same, 1);
}
