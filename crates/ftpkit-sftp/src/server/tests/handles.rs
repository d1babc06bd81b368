//! Handles: their life, their kinds, and what waits for what.

use super::*;
use crate::packet::{Attributes, Extended};

#[test]
fn a_handle_is_never_used_again() {
    let mut stage = Stage::begun(all());
    let mut seen = Vec::new();
    for round in 0..5 {
        let handle = stage.open(BOTH, 7);
        assert!(!seen.contains(&handle), "{handle:?} comes again");
        stage.send(round, Request::Close(handle.clone()));
        let ask = take!(stage.event(), Close);
        assert_eq!(ask.question().file, FileId(7));
        stage.answer(ask, Ok(()));
        assert_eq!(stage.code(round), StatusCode::Ok);
        seen.push(handle);
    }
    for handle in seen {
        for request in [read(&handle, 0, 1), Request::Close(handle.clone())] {
            stage.send(8, request);
            assert_eq!(stage.code(8), StatusCode::Failure);
        }
    }
    assert!(stage.events.is_empty());
}

#[test]
fn handles_of_the_wrong_kind_and_unknown_ones_are_refused() {
    let mut stage = Stage::begun(all());
    let file = stage.open(OpenFlags::READ, 1);
    let sink = stage.open(OpenFlags::WRITE | OpenFlags::CREATE, 2);
    let directory = stage.open_directory(3);
    let sized = Attributes::default().with_size(0);
    let cut = |handle: &Handle| Request::Fsetstat {
        handle: handle.clone(),
        attributes: sized.clone(),
    };
    let copy = |from: &Handle, to: &Handle| {
        Request::Extended(Extended::CopyData {
            from: from.clone(),
            from_offset: 0,
            length: 0,
            to: to.clone(),
            to_offset: 0,
        })
    };
    let (denied, failure) = (StatusCode::PermissionDenied, StatusCode::Failure);
    let mut rows = vec![
        (read(&sink, 0, 1), denied),
        (read(&directory, 0, 1), failure),
        (write(&file, 0, "a"), denied),
        (write(&directory, 0, "a"), failure),
        (cut(&file), denied),
        (cut(&directory), failure),
        (Request::Fstat(directory.clone()), failure),
        (Request::Readdir(file.clone()), failure),
        (copy(&sink, &sink), denied),
        (copy(&file, &file), denied),
        (copy(&file, &directory), failure),
        (
            Request::Extended(Extended::Fsync(directory.clone())),
            failure,
        ),
    ];
    for strange in [&b""[..], b"\0", &[0xff; 8], &[7; 256], &[0; 8]] {
        let handle = Handle::new(strange).unwrap();
        rows.push((read(&handle, 0, 1), failure));
        rows.push((Request::Close(handle.clone()), failure));
        rows.push((Request::Readdir(handle), failure));
    }
    for (request, code) in rows {
        stage.send(5, request.clone());
        assert_eq!(stage.code(5), code, "{request:?}");
        assert!(stage.events.is_empty(), "{request:?}");
    }
    let both = stage.open(BOTH, 4);
    stage.send(5, copy(&both, &both));
    assert_eq!(stage.code(5), failure);
}

#[test]
fn close_is_told_behind_what_came_before_it() {
    let mut stage = Stage::begun(all());
    let handle = stage.open(BOTH, 1);
    stage.send(1, write(&handle, 0, "a"));
    stage.send(2, read(&handle, 10, 5));
    stage.send(3, Request::Close(handle.clone()));
    stage.send(4, read(&handle, 0, 1));
    assert_eq!(stage.code(4), StatusCode::Failure, "it is closed already");
    let second = take!(stage.events.remove(1), Read);
    let first = take!(stage.event(), Write);
    stage.answer(second, Ok("b".into()));
    assert_eq!(stage.response(2), Response::Data("b".into()));
    assert!(stage.events.is_empty(), "the write is still in flight");
    stage.answer(first, Err(RefusalKind::NoSpace.into()));
    assert_eq!(stage.code(1), StatusCode::Failure);
    let close = take!(stage.event(), Close);
    stage.answer(close, Err(RefusalKind::Failed.into()));
    assert_eq!(stage.code(3), StatusCode::Failure);
    assert_eq!(stage.machine.in_flight(), 0);
    stage.machine.handle_eof();
    stage.drain();
    assert!(
        stage.events.is_empty(),
        "a handle is gone though its CLOSE failed"
    );
    assert_eq!(stage.closed, Some(Ok(())));
}

/// Makes a request on a handle.
type On = fn(&Handle) -> Request;

/// How many of these are told at once, on one handle.
fn told(flags: OpenFlags, requests: &[On]) -> usize {
    let mut stage = Stage::begun(all());
    let handle = stage.open(flags, 1);
    for (id, request) in (0..).zip(requests) {
        stage.send(id, request(&handle));
    }
    assert!(stage.written.is_empty());
    let told = stage.events.len();
    // What waits comes when the rest is answered, so that all are.
    while let Some(event) = stage.events.pop() {
        match event {
            Event::Read(ask) => stage.answer(ask, Ok("x".into())),
            Event::Write(ask) => stage.answer(ask, Ok(())),
            Event::Query(ask) => stage.answer(ask, Ok(Attributes::default())),
            Event::Change(ask) => stage.answer(ask, Ok(())),
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(stage.written.len(), requests.len());
    told
}

#[test]
fn what_must_not_overtake_waits() {
    let cut: On = |handle| Request::Fsetstat {
        handle: handle.clone(),
        attributes: Attributes::default().with_size(1),
    };
    let look: On = |handle| Request::Fstat(handle.clone());
    let sync: On = |handle| Request::Extended(Extended::Fsync(handle.clone()));
    let read_0: On = |handle| read(handle, 0, 10);
    let read_5: On = |handle| read(handle, 5, 10);
    let write_0: On = |handle| write(handle, 0, "0123456789");
    let write_9: On = |handle| write(handle, 9, "9");
    let write_10: On = |handle| write(handle, 10, "0123456789");
    let rows: &[(&[On], usize)] = &[
        (&[read_0, read_0, read_5, look], 4),
        (&[write_0, write_10], 2),
        (&[write_0, write_9], 1),
        (&[read_0, write_9, read_0], 1),
        (&[read_0, write_10], 2),
        (&[write_10, read_0], 2),
        (&[write_10, read_5], 1),
        (&[write_0, look, read_0], 1),
        (&[sync, read_0], 1),
        (&[read_0, cut], 1),
        (&[cut, write_0, write_10], 1),
    ];
    for (row, expected) in rows {
        assert_eq!(told(BOTH, row), *expected);
    }
    assert_eq!(told(BOTH | OpenFlags::APPEND, &[write_0, write_10]), 1);
}

#[test]
fn a_copy_waits_for_both_handles_and_all_behind_it_for_the_copy() {
    let mut stage = Stage::begun(all());
    let from = stage.open(BOTH, 1);
    let to = stage.open(BOTH, 2);
    stage.send(1, write(&to, 0, "a"));
    let copy = Extended::CopyData {
        from: from.clone(),
        from_offset: 3,
        length: 0,
        to: to.clone(),
        to_offset: 4,
    };
    stage.send(2, Request::Extended(copy));
    assert!(!stage.machine.wants_read());
    stage.send(3, Request::Stat("/x".into()));
    let ask = take!(stage.event(), Write);
    stage.answer(ask, Ok(()));
    assert_eq!(stage.code(1), StatusCode::Ok);
    let stat = take!(stage.events.remove(1), Query);
    let ask = take!(stage.event(), Change);
    let expected = Change::Copy {
        from: (FileId(1), 3),
        to: (FileId(2), 4),
        length: None,
    };
    assert_eq!(*ask.question(), expected);
    stage.send(4, read(&from, 0, 1));
    assert!(
        stage.events.is_empty(),
        "the copy has the handle for itself"
    );
    stage.answer(stat, Ok(Attributes::default()));
    assert_eq!(stage.response(3), Response::Attrs(Attributes::default()));
    stage.answer(ask, Ok(()));
    assert_eq!(stage.code(2), StatusCode::Ok);
    let ask = take!(stage.event(), Read);
    stage.answer(ask, Ok(Bytes::new()));
    assert_eq!(stage.code(4), StatusCode::Eof);
    assert!(stage.machine.wants_read());
}

#[test]
fn the_end_lets_all_go_that_is_open() {
    for abort in [false, true] {
        let mut stage = Stage::begun(all());
        let closed = stage.open(BOTH, 1);
        let handle = stage.open(BOTH, 2);
        stage.open_directory(3);
        stage.send(1, write(&handle, 0, "a"));
        stage.send(2, Request::Close(closed));
        stage.send(3, open(BOTH));
        let late = take!(stage.events.remove(2), Open);
        let close = take!(stage.events.remove(1), Close);
        let write = take!(stage.event(), Write);
        if abort {
            stage.machine.abort();
        } else {
            stage.machine.handle_eof();
            stage.drain();
            assert_eq!(stage.closed, None, "what had come is carried out");
            stage.answer(write, Ok(()));
            stage.answer(close, Ok(()));
            assert_eq!(stage.written.len(), 2);
            stage.machine.abort();
        }
        stage.drain();
        let ended = |stage: &mut Stage| {
            let events = stage.events.drain(..);
            events.map(|event| take!(event, Ended)).collect::<Vec<_>>()
        };
        assert_eq!(ended(&mut stage), [FileId(2), FileId(3)]);
        assert_eq!(stage.closed, Some(Err(Error::Aborted)));
        stage.answer(late, Ok(FileId(4)));
        assert_eq!(ended(&mut stage), [FileId(4)], "opened behind the end");
    }
}
