//! Each request: what is asked for it, and what its answer becomes.

use super::*;
use crate::packet::{
    Attributes, Extended, ExtendedReply, Limits, Mode, Name, PacketType, Status, UsersGroups,
};

/// What a request is to be answered with, and its response.
enum Row {
    Query(Target),
    Change(Change),
    Resolve(Resolve),
    Space(Target),
}

fn attributes() -> Attributes {
    Attributes::default().with_size(7).with_mode(Mode(0o644))
}

fn rows(handle: &Handle, file: FileId) -> Vec<(Request, Row)> {
    let path = |of: &'static str| Bytes::from_static(of.as_bytes());
    let (a, b) = (|| path("/a"), || path("/b"));
    let set = |of| {
        let attributes = attributes();
        Row::Change(Change::SetAttributes { of, attributes })
    };
    let rename = |replace| {
        let (from, to) = (a(), b());
        Row::Change(Change::Rename { from, to, replace })
    };
    let (at, opened) = (|| handle.clone(), || Target::File(file));
    let extended = Request::Extended;
    vec![
        (Request::Stat(a()), Row::Query(Target::Path(a()))),
        (Request::Lstat(a()), Row::Query(Target::Link(a()))),
        (Request::Fstat(at()), Row::Query(opened())),
        (
            Request::Setstat {
                path: a(),
                attributes: attributes(),
            },
            set(Target::Path(a())),
        ),
        (
            Request::Fsetstat {
                handle: at(),
                attributes: attributes(),
            },
            set(opened()),
        ),
        (
            extended(Extended::Lsetstat {
                path: a(),
                attributes: attributes(),
            }),
            set(Target::Link(a())),
        ),
        (Request::Remove(a()), Row::Change(Change::RemoveFile(a()))),
        (
            Request::Mkdir {
                path: a(),
                attributes: attributes(),
            },
            Row::Change(Change::MakeDirectory {
                path: a(),
                attributes: attributes(),
            }),
        ),
        (
            Request::Rmdir(a()),
            Row::Change(Change::RemoveDirectory(a())),
        ),
        (Request::Rename { from: a(), to: b() }, rename(false)),
        (
            extended(Extended::PosixRename { from: a(), to: b() }),
            rename(true),
        ),
        (
            extended(Extended::Hardlink { from: a(), to: b() }),
            Row::Change(Change::MakeHardlink { from: a(), to: b() }),
        ),
        (
            Request::Symlink {
                target: a(),
                link: b(),
            },
            Row::Change(Change::MakeSymlink {
                target: a(),
                link: b(),
            }),
        ),
        (
            extended(Extended::Fsync(at())),
            Row::Change(Change::Sync(file)),
        ),
        (
            Request::Realpath(path("")),
            Row::Resolve(Resolve::Real(path(""))),
        ),
        (Request::Readlink(a()), Row::Resolve(Resolve::Link(a()))),
        (
            extended(Extended::ExpandPath(path("~"))),
            Row::Resolve(Resolve::Expand(path("~"))),
        ),
        (
            extended(Extended::HomeDirectory(path("u"))),
            Row::Resolve(Resolve::Home(path("u"))),
        ),
        (
            extended(Extended::Statvfs(a())),
            Row::Space(Target::Path(a())),
        ),
        (extended(Extended::Fstatvfs(at())), Row::Space(opened())),
    ]
}

#[test]
fn each_request_is_asked_and_answered() {
    let mut stage = Stage::begun(all());
    let handle = stage.open(BOTH, 5);
    for (request, row) in rows(&handle, FileId(5)) {
        for refused in [false, true] {
            let no = || Refusal::new(RefusalKind::Denied);
            stage.send(1, request.clone());
            let expected = match (&row, stage.event()) {
                (Row::Query(of), Event::Query(ask)) if ask.question().of == *of => {
                    let answer = if refused { Err(no()) } else { Ok(attributes()) };
                    stage.answer(ask, answer);
                    Response::Attrs(attributes())
                }
                (Row::Change(change), Event::Change(ask)) if ask.question() == change => {
                    stage.answer(ask, if refused { Err(no()) } else { Ok(()) });
                    Status::ok().into()
                }
                (Row::Resolve(resolve), Event::Resolve(ask)) if ask.question() == resolve => {
                    let answer = if refused { Err(no()) } else { Ok("/c".into()) };
                    stage.answer(ask, answer);
                    Response::Name(vec![Name::of_path("/c".into())])
                }
                (Row::Space(of), Event::Space(ask)) if ask.question().of == *of => {
                    let space = crate::packet::Statvfs {
                        blocks: 3,
                        ..Default::default()
                    };
                    stage.answer(ask, if refused { Err(no()) } else { Ok(space) });
                    let mut data = [0; 88];
                    data[23] = 3;
                    Response::ExtendedReply(ExtendedReply::Raw(data.to_vec().into()))
                }
                (_, event) => panic!("{request:?} is asked as {event:?}"),
            };
            match refused {
                false => assert_eq!(stage.response(1), expected, "{request:?}"),
                true => assert_eq!(stage.code(1), StatusCode::PermissionDenied, "{request:?}"),
            }
        }
    }
}

#[test]
fn symlink_has_its_target_first_on_the_wire() {
    let mut stage = Stage::begun(all());
    let fields = b"\x14\0\0\0\x01\0\0\0\x01t\0\0\0\x01l";
    stage.bytes(&[&[0, 0, 0, fields.len() as u8], &fields[..]].concat());
    let ask = take!(stage.event(), Change);
    let expected = Change::MakeSymlink {
        target: "t".into(),
        link: "l".into(),
    };
    assert_eq!(*ask.question(), expected);
}

#[test]
fn extensions_that_are_not_offered_and_unknown_requests_are_unsupported() {
    let mut stage = Stage::begun(Config::default());
    let mut requests: Vec<_> = rows(&Handle::from_number(1), FileId(1))
        .into_iter()
        .map(|(request, _)| request)
        .filter(|request| matches!(request, Request::Extended(_)))
        .collect();
    let (uids, gids) = (vec![], vec![]);
    requests.push(Request::Extended(Extended::UsersGroupsById { uids, gids }));
    requests.push(Request::Extended(Extended::Limits));
    requests.push(Request::Extended(Extended::CopyData {
        from: Handle::from_number(1),
        from_offset: 0,
        length: 0,
        to: Handle::from_number(2),
        to_offset: 0,
    }));
    assert_eq!(requests.len(), 11);
    let (name, data) = ("check-file".into(), Bytes::new());
    requests.push(Request::Extended(Extended::Other { name, data }));
    requests.extend([2, 21, 101, 255].map(|number| Request::Unknown {
        packet: PacketType::new(number),
        data: Bytes::new(),
    }));
    for request in requests {
        stage.send(1, request.clone());
        assert_eq!(stage.code(1), StatusCode::OpUnsupported, "{request:?}");
        assert!(stage.events.is_empty());
    }
}

#[test]
fn limits_are_told_and_names_stand_where_their_numbers_stood() {
    let mut stage = Stage::begun(all());
    let form = |response, form| match response {
        Response::ExtendedReply(reply) => reply.into_form(form).unwrap(),
        response => panic!("{response:?}"),
    };
    stage.send(1, Request::Extended(Extended::Limits));
    let limits = Limits {
        packet_length: 256 * 1024,
        read_length: 255 * 1024,
        write_length: 255 * 1024,
        open_handles: 256,
    };
    let told = form(stage.response(1), crate::packet::ReplyForm::Limits);
    assert_eq!(told, ExtendedReply::Limits(limits));
    let (uids, gids) = (vec![1, 2], vec![3]);
    stage.send(
        2,
        Request::Extended(Extended::UsersGroupsById { uids, gids }),
    );
    let ask = take!(stage.event(), Names);
    let names = UsersGroups {
        users: vec!["one".into()],
        groups: vec!["three".into(), "nobody asked".into()],
    };
    stage.answer(ask, Ok(names));
    let expected = UsersGroups {
        users: vec!["one".into(), "".into()],
        groups: vec!["three".into()],
    };
    let told = form(stage.response(2), crate::packet::ReplyForm::UsersGroups);
    assert_eq!(told, ExtendedReply::UsersGroups(expected));
}

#[test]
fn open_flags_become_an_intent() {
    let intent = |read, write, append| {
        Some(Intent {
            read,
            write,
            append,
        })
    };
    let keep = |create| Some(Writing::Keep { create });
    let replace = |create| Some(Writing::Replace { create });
    let rows = [
        (0x01, intent(true, None, false)),
        (0x02, intent(false, keep(false), false)),
        (0x03, intent(true, keep(false), false)),
        (0x0a, intent(false, keep(true), false)),
        (0x12, intent(false, replace(false), false)),
        (0x1a, intent(false, replace(true), false)),
        (0x2a, intent(false, Some(Writing::New), false)),
        (0x3a, intent(false, Some(Writing::New), false)),
        (0x22, intent(false, keep(false), false)),
        (0x04, intent(false, keep(false), true)),
        (0x0e, intent(false, keep(true), true)),
        (0xffff_ff01 & !0x3e, intent(true, None, false)),
        (0x00, None),
        (0x08, None),
        (0x09, None),
        (0x11, None),
    ];
    for (bits, expected) in rows {
        let mut stage = Stage::begun(all());
        stage.send(1, open(OpenFlags::from_bits(bits)));
        match expected {
            Some(_) => {
                let ask = take!(stage.event(), Open);
                assert_eq!(Some(ask.question().intent), expected, "{bits:#x}");
            }
            None => assert_eq!(stage.code(1), StatusCode::Failure, "{bits:#x}"),
        }
    }
}

#[test]
fn what_appends_goes_to_the_end_whatever_its_offset() {
    let mut stage = Stage::begun(all());
    let handle = stage.open(OpenFlags::WRITE | OpenFlags::APPEND, 1);
    for offset in [0, u64::MAX] {
        stage.send(1, write(&handle, offset, "a"));
        let ask = take!(stage.event(), Write);
        assert_eq!(ask.question().place, Place::End);
        assert_eq!(
            format_of(ask.question()),
            "Write { file: FileId(1), place: End, data: 1 bytes }"
        );
        stage.answer(ask, Ok(()));
        assert_eq!(stage.code(1), StatusCode::Ok);
    }
}

fn format_of(write: &Write) -> std::string::String {
    std::format!("{write:?}")
}

#[test]
fn a_directory_is_sent_in_packets_that_fit_and_ends_once() {
    let mut config = all();
    config.max_listing = 4096;
    let mut stage = Stage::begun(config);
    let handle = stage.open_directory(1);
    let entry = |n: usize| Entry::new(std::format!("name {n:03}"), attributes());
    let mut pages = vec![
        Page::last((90..100).map(entry).collect(), 0),
        // One that fits into no packet is left out.
        Page::new(vec![Entry::new(vec![b'x'; 5000], attributes())], 0),
        Page::new((0..90).map(entry).collect(), 0),
    ];
    let mut names = Vec::new();
    let mut replies = 0;
    loop {
        stage.send(1, Request::Readdir(handle.clone()));
        while let Some(event) = stage.events.pop() {
            let ask = take!(event, List);
            stage.answer(ask, Ok(pages.pop().unwrap()));
        }
        match stage.response(1) {
            Response::Name(some) => {
                let length: usize = some.iter().map(Name::wire_len).sum();
                assert!(!some.is_empty() && length + 9 <= 4096);
                assert!(some[0].longname.starts_with(b"?rw-r--r--   1 0 "));
                names.extend(some.into_iter().map(|name| name.name));
                replies += 1;
            }
            Response::Status(status) => break assert_eq!(status.code, StatusCode::Eof),
            response => panic!("{response:?}"),
        }
    }
    let expected: Vec<_> = (0..100).map(|n| entry(n).name).collect();
    assert_eq!(names, expected);
    assert!(replies > 2 && pages.is_empty());
    stage.send(1, Request::Readdir(handle));
    assert_eq!(stage.code(1), StatusCode::Eof, "it is asked for no more");
}

#[test]
fn a_refusal_says_what_is_wrong_and_its_own_words_are_bounded() {
    let rows = [
        (RefusalKind::NotFound, StatusCode::NoSuchFile),
        (RefusalKind::NotADirectory, StatusCode::NoSuchFile),
        (RefusalKind::Denied, StatusCode::PermissionDenied),
        (RefusalKind::NameNotAllowed, StatusCode::PermissionDenied),
        (RefusalKind::Unsupported, StatusCode::OpUnsupported),
        (RefusalKind::Exists, StatusCode::Failure),
        (RefusalKind::IsADirectory, StatusCode::Failure),
        (RefusalKind::NotEmpty, StatusCode::Failure),
        (RefusalKind::Busy, StatusCode::Failure),
        (RefusalKind::NoSpace, StatusCode::Failure),
        (RefusalKind::Quota, StatusCode::Failure),
        (RefusalKind::BeyondEnd, StatusCode::Failure),
        (RefusalKind::Invalid, StatusCode::Failure),
        (RefusalKind::Failed, StatusCode::Failure),
        (RefusalKind::TooMany, StatusCode::Failure),
    ];
    let mut said = Vec::new();
    for (kind, code) in rows {
        let status = refuse::status(kind.into());
        assert_eq!(status.code, code, "{kind:?}");
        assert!(
            !said.contains(&status.message),
            "{kind:?} says what another does"
        );
        said.push(status.message);
        let own = "ü".repeat(1000);
        let status = refuse::status(Refusal::new(kind).with_text(&own));
        assert_eq!((status.code, status.message.len()), (code, 1024));
    }
}

#[test]
fn an_answer_longer_than_a_packet_is_a_failure() {
    let mut stage = Stage::begun(all());
    stage.send(1, Request::Realpath(".".into()));
    let ask = take!(stage.event(), Resolve);
    stage.answer(ask, Ok(vec![b'a'; 1 << 20].into()));
    assert_eq!(stage.code(1), StatusCode::Failure);
    assert_eq!(stage.closed, None);
}
