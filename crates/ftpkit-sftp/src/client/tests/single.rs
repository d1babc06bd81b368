//! Requests of one packet or two, renames and listings.

use super::*;
use crate::packet::{
    Attributes, Extended, ExtendedReply, Limits, Name, OpenFlags, PacketType, Statvfs, UsersGroups,
};
use std::{format, vec};

fn name(text: &'static str) -> Name {
    Name::of_path(bytes(text))
}

/// Each request, the packet that it is, an answer, and what it comes to.
fn table() -> Vec<(Request, Packet, Response, &'static str)> {
    let (path, to, attributes) = (bytes("a"), bytes("b"), Attributes::default().with_size(5));
    let ok = || Response::from(Status::ok());
    let attrs = || Response::Attrs(Attributes::default().with_size(5));
    let given = |attributes: &Attributes| attributes.clone();
    vec![
        (
            Request::Stat(path.clone()),
            Packet::Stat(path.clone()),
            attrs(),
            "Attributes",
        ),
        (
            Request::Lstat(path.clone()),
            Packet::Lstat(path.clone()),
            attrs(),
            "Attributes",
        ),
        (
            Request::Fstat(handle()),
            Packet::Fstat(handle()),
            attrs(),
            "Attributes",
        ),
        (
            Request::Setstat {
                path: path.clone(),
                attributes: given(&attributes),
            },
            Packet::Setstat {
                path: path.clone(),
                attributes: given(&attributes),
            },
            ok(),
            "Done",
        ),
        (
            Request::Fsetstat {
                handle: handle(),
                attributes: given(&attributes),
            },
            Packet::Fsetstat {
                handle: handle(),
                attributes: given(&attributes),
            },
            ok(),
            "Done",
        ),
        (
            Request::Lsetstat {
                path: path.clone(),
                attributes: given(&attributes),
            },
            Packet::Extended(Extended::Lsetstat {
                path: path.clone(),
                attributes: given(&attributes),
            }),
            ok(),
            "Done",
        ),
        (
            Request::Open {
                path: path.clone(),
                flags: OpenFlags::READ,
                attributes: given(&attributes),
            },
            Packet::Open {
                path: path.clone(),
                flags: OpenFlags::READ,
                attributes: given(&attributes),
            },
            Response::Handle(handle()),
            "Handle",
        ),
        (
            Request::Opendir(path.clone()),
            Packet::Opendir(path.clone()),
            Response::Handle(handle()),
            "Handle",
        ),
        (
            Request::Close(handle()),
            Packet::Close(handle()),
            ok(),
            "Done",
        ),
        (
            Request::Read {
                handle: handle(),
                offset: 1,
                length: 9,
            },
            Packet::Read {
                handle: handle(),
                offset: 1,
                length: 9,
            },
            Response::Data(bytes("xyz")),
            "Data",
        ),
        (
            Request::Write {
                handle: handle(),
                offset: 1,
                data: bytes("xyz"),
            },
            Packet::Write {
                handle: handle(),
                offset: 1,
                data: bytes("xyz"),
            },
            ok(),
            "Done",
        ),
        (
            Request::Readdir(handle()),
            Packet::Readdir(handle()),
            Response::Name(vec![name("n")]),
            "Page",
        ),
        (
            Request::Remove(path.clone()),
            Packet::Remove(path.clone()),
            ok(),
            "Done",
        ),
        (
            Request::Mkdir {
                path: path.clone(),
                attributes: given(&attributes),
            },
            Packet::Mkdir {
                path: path.clone(),
                attributes: given(&attributes),
            },
            ok(),
            "Done",
        ),
        (
            Request::Rmdir(path.clone()),
            Packet::Rmdir(path.clone()),
            ok(),
            "Done",
        ),
        (
            Request::Rename {
                from: path.clone(),
                to: to.clone(),
                existing: Existing::Keep,
            },
            Packet::Rename {
                from: path.clone(),
                to: to.clone(),
            },
            ok(),
            "Done",
        ),
        (
            Request::Rename {
                from: path.clone(),
                to: to.clone(),
                existing: Existing::Replace,
            },
            Packet::Extended(Extended::PosixRename {
                from: path.clone(),
                to: to.clone(),
            }),
            ok(),
            "Done",
        ),
        (
            Request::Symlink {
                target: path.clone(),
                link: to.clone(),
            },
            Packet::Symlink {
                target: path.clone(),
                link: to.clone(),
            },
            ok(),
            "Done",
        ),
        (
            Request::Readlink(path.clone()),
            Packet::Readlink(path.clone()),
            Response::Name(vec![name("n")]),
            "Path",
        ),
        (
            Request::Realpath(path.clone()),
            Packet::Realpath(path.clone()),
            Response::Name(vec![name("n")]),
            "Path",
        ),
        (
            Request::Hardlink {
                from: path.clone(),
                to: to.clone(),
            },
            Packet::Extended(Extended::Hardlink {
                from: path.clone(),
                to,
            }),
            ok(),
            "Done",
        ),
        (
            Request::Statvfs(path.clone()),
            Packet::Extended(Extended::Statvfs(path.clone())),
            Response::ExtendedReply(ExtendedReply::Statvfs(Statvfs::default())),
            "Statvfs",
        ),
        (
            Request::Fstatvfs(handle()),
            Packet::Extended(Extended::Fstatvfs(handle())),
            Response::ExtendedReply(ExtendedReply::Statvfs(Statvfs::default())),
            "Statvfs",
        ),
        (
            Request::Fsync(handle()),
            Packet::Extended(Extended::Fsync(handle())),
            ok(),
            "Done",
        ),
        (
            Request::CopyData {
                from: handle(),
                from_offset: 1,
                length: 2,
                to: Handle::from_number(8),
                to_offset: 3,
            },
            Packet::Extended(Extended::CopyData {
                from: handle(),
                from_offset: 1,
                length: 2,
                to: Handle::from_number(8),
                to_offset: 3,
            }),
            ok(),
            "Done",
        ),
        (
            Request::HomeDirectory(path.clone()),
            Packet::Extended(Extended::HomeDirectory(path.clone())),
            Response::Name(vec![name("n")]),
            "Path",
        ),
        (
            Request::ExpandPath(path.clone()),
            Packet::Extended(Extended::ExpandPath(path)),
            Response::Name(vec![name("n")]),
            "Path",
        ),
        (
            Request::UsersGroups {
                uids: vec![1],
                gids: vec![],
            },
            Packet::Extended(Extended::UsersGroupsById {
                uids: vec![1],
                gids: vec![],
            }),
            Response::ExtendedReply(ExtendedReply::UsersGroups(UsersGroups::default())),
            "UsersGroups",
        ),
    ]
}

fn all_but_limits() -> Vec<Extension> {
    let all = Extension::ALL.into_iter();
    all.filter(|e| *e != Extension::Limits).collect()
}

#[test]
fn each_request_is_its_packet_and_ends_with_its_answer() {
    for (request, packet, response, expected) in table() {
        let mut stage = Stage::with(Config::default(), &all_but_limits());
        stage.submit(request);
        let (id, sent) = stage.next();
        assert_eq!(sent, packet);
        stage.answer(id, response);
        assert!(
            format!("{:?}", stage.outcome()).starts_with(expected),
            "{packet:?}"
        );
        assert!(stage.closed.is_none() && stage.sent.is_empty());
    }
}

#[test]
fn each_request_tells_the_servers_refusal() {
    for (request, packet, _, _) in table() {
        let mut stage = Stage::with(Config::default(), &all_but_limits());
        stage.submit(request);
        let (id, _) = stage.next();
        stage.answer(id, Status::new(StatusCode::PermissionDenied, "no\x1b[2J"));
        let failure = stage.failure();
        assert_eq!(failure.code(), Some(StatusCode::PermissionDenied));
        assert_eq!(failure.step, Some(packet.packet_type()));
        let shown = text(&failure);
        assert!(
            shown.contains("permission denied (3): no\\u{1b}[2J"),
            "{shown}"
        );
    }
}

#[test]
fn no_request_takes_an_answer_of_another_kind() {
    for (request, packet, right, _) in table() {
        for (_, _, wrong, _) in table() {
            if wrong.packet_type() == right.packet_type() {
                continue;
            }
            let mut stage = Stage::with(Config::default(), &all_but_limits());
            stage.submit(request.clone());
            let (id, _) = stage.next();
            stage.answer(id, wrong.clone());
            let (request, reply) = (packet.packet_type(), wrong.packet_type());
            assert_eq!(
                stage.closed,
                Some(Err(Error::WrongReply { id, request, reply }))
            );
            assert_eq!(stage.failure().reason, Reason::Lost);
        }
    }
}

#[test]
fn an_extension_that_is_not_offered_is_refused_before_a_byte() {
    let mut refused = 0;
    for (request, packet, _, _) in table() {
        let Packet::Extended(extended) = packet else {
            continue;
        };
        let mut stage = Stage::with(Config::default(), &[]);
        stage.submit(request);
        assert!(stage.sent.is_empty());
        let extension = extended.extension().unwrap();
        assert_eq!(stage.failure().reason, Reason::NotOffered(extension));
        refused += 1;
    }
    assert_eq!(refused, 10);
}

#[test]
fn answers_are_matched_by_id_in_any_order() {
    let mut stage = Stage::with(Config::default(), &[]);
    let first = stage.submit(Request::Readlink(bytes("a")));
    let second = stage.submit(Request::Readlink(bytes("b")));
    let (a, b) = (stage.next().0, stage.next().0);
    stage.answer(b, Response::Name(vec![name("to-b")]));
    stage.answer(a, Response::Name(vec![name("to-a")]));
    let told = format!("{:?}", stage.events);
    let expected = format!("[Done({second:?}, Path(b\"to-b\")), Done({first:?}, Path(b\"to-a\"))]");
    assert_eq!(told, expected);
}

#[test]
fn an_answer_that_comes_twice_or_to_nothing_ends_the_session() {
    let mut stage = Stage::with(Config::default(), &[]);
    stage.submit(Request::Remove(bytes("a")));
    let (id, _) = stage.next();
    stage.answer(id, Status::ok());
    stage.answer(id, Status::ok());
    let reply = PacketType::STATUS;
    assert_eq!(stage.closed, Some(Err(Error::UnknownId { id, reply })));
}

#[test]
fn only_version_3_is_spoken() {
    let mut stage = Stage::silent(Config::default());
    stage.submit(Request::Stat(bytes("a")));
    assert!(stage.sent.is_empty(), "nothing goes ahead of the greeting");
    let mut version = Version::new([]);
    version.version = 2;
    stage.feed(&ServerPacket::Version(version));
    assert_eq!(stage.closed, Some(Err(Error::Version(2))));
    assert!(text(&Error::Version(2)).contains("version 2"));
    assert_eq!(stage.failure().reason, Reason::Lost);
}

#[test]
fn a_shell_that_prints_is_told_from_a_server() {
    let mut stage = Stage::silent(Config::default());
    stage.client.handle_bytes(b"Welcome!\r\n");
    stage.drain();
    let error = stage.closed.unwrap().unwrap_err();
    assert!(text(&error).contains("shell"), "{error}");
}

#[test]
fn limits_are_asked_for_and_kept_to() {
    let mut stage = Stage::with(Config::default(), &[Extension::Limits]);
    assert_eq!(stage.client.read_block(), 32 * 1024);
    let (id, packet) = stage.next();
    assert_eq!(packet, Packet::Extended(Extended::Limits));
    let limits = Limits {
        packet_length: 50_000,
        read_length: 40_000,
        write_length: 0,
        open_handles: 1,
    };
    stage.answer(id, Response::ExtendedReply(ExtendedReply::Limits(limits)));
    assert_eq!(stage.client.read_block(), 40_000);
    assert_eq!(stage.client.write_block(&handle()), 50_000 - 21 - 8);
    stage.submit(Request::Stat(Bytes::from(vec![b'a'; 60_000])));
    assert!(matches!(stage.failure().reason, Reason::TooLong(_)));

    // The second handle: of the application it is refused, of a procedure it waits for the first.
    stage.submit(Request::List(bytes("a")));
    stage.submit(Request::List(bytes("b")));
    let (open, _) = stage.next();
    assert!(stage.sent.is_empty());
    stage.answer(open, status(StatusCode::NoSuchFile));
    let (open, packet) = stage.next();
    assert_eq!(packet, Packet::Opendir(bytes("b")));
    stage.answer(open, status(StatusCode::NoSuchFile));
    stage.events.clear();
    stage.submit(Request::Opendir(bytes("a")));
    let (open, _) = stage.next();
    stage.answer(open, Response::Handle(handle()));
    assert!(matches!(stage.outcome(), Outcome::Handle(_)));
    stage.submit(Request::Opendir(bytes("b")));
    assert_eq!(stage.failure().reason, Reason::TooManyHandles(1));
}

#[test]
fn a_write_may_be_shorter_than_other_packets() {
    let config = Config {
        max_write: 32 * 1024 - 4,
        ..Config::default()
    };
    let mut stage = Stage::with(config, &[Extension::Limits]);
    let (id, _) = stage.next();
    let mut limits = Limits {
        packet_length: 256 * 1024,
        read_length: 255 * 1024,
        write_length: 255 * 1024,
        open_handles: 0,
    };
    let told = |limits| Response::ExtendedReply(ExtendedReply::Limits(limits));
    stage.answer(id, told(limits));
    assert_eq!(stage.client.read_block(), 255 * 1024);
    assert_eq!(stage.client.write_block(&handle()), 32 * 1024 - 4 - 21 - 8);
    stage.submit(Request::Stat(Bytes::from(vec![b'a'; 60_000])));
    assert!(matches!(stage.next().1, Packet::Stat(_)));

    // A server that takes less than that is heeded.
    let config = Config {
        max_write: 32 * 1024,
        ..Config::default()
    };
    let mut stage = Stage::with(config, &[Extension::Limits]);
    let (id, _) = stage.next();
    limits.write_length = 1000;
    stage.answer(id, told(limits));
    assert_eq!(stage.client.write_block(&handle()), 1000);
}

fn in_two_steps(stage: &mut Stage) {
    let (from, to) = (bytes("a"), bytes("b"));
    let existing = Existing::ReplaceInTwoSteps;
    stage.submit(Request::Rename { from, to, existing });
}

#[test]
fn a_replacement_in_two_steps_removes_only_what_may_be_in_the_way() {
    for code in [StatusCode::NoSuchFile, StatusCode::PermissionDenied] {
        let mut stage = Stage::with(Config::default(), &[]);
        in_two_steps(&mut stage);
        let (id, _) = stage.next();
        stage.answer(id, status(code));
        assert_eq!(stage.failure().code(), Some(code));
        assert!(stage.sent.is_empty());
    }
    for second in [StatusCode::Ok, StatusCode::Failure] {
        let mut stage = Stage::with(Config::default(), &[]);
        in_two_steps(&mut stage);
        let (id, _) = stage.next();
        stage.answer(id, status(StatusCode::Failure));
        let (id, packet) = stage.next();
        assert_eq!(packet, Packet::Remove(bytes("b")));
        stage.answer(id, Status::ok());
        let (id, packet) = stage.next();
        assert_eq!(packet.packet_type(), PacketType::RENAME);
        stage.answer(id, status(second));
        match stage.outcome() {
            Outcome::Done => assert_eq!(second, StatusCode::Ok),
            Outcome::Failed(failure) => {
                assert!(failure.target_removed);
                assert!(text(&failure).contains("removed already"));
            }
            other => panic!("{other:?}"),
        }
    }
    let mut stage = Stage::with(Config::default(), &[Extension::PosixRename]);
    in_two_steps(&mut stage);
    assert_eq!(stage.next().1.packet_type(), PacketType::EXTENDED);
}

#[test]
fn a_listing_reads_to_the_end_and_refuses_names_that_are_none() {
    let mut stage = Stage::with(Config::default(), &[]);
    stage.submit(Request::List(bytes("d")));
    let (open, packet) = stage.next();
    assert_eq!(packet, Packet::Opendir(bytes("d")));
    stage.answer(open, Response::Handle(handle()));
    let asked: Vec<_> = stage.sent.drain(..).collect();
    assert_eq!(asked.len(), 4);
    assert!(
        asked
            .iter()
            .all(|(_, packet)| *packet == Packet::Readdir(handle()))
    );
    let names = [
        ".",
        "..",
        "a",
        "",
        "../x",
        "/etc/passwd",
        "n\0l",
        "\u{ff}",
        "...",
    ];
    let names = names.into_iter().map(name).collect();
    stage.answer(asked[2].0, Response::Name(names));
    let (again, _) = stage.next();
    for id in [asked[0].0, asked[1].0, asked[3].0] {
        stage.answer(id, status(StatusCode::Eof));
        assert!(
            stage.sent.is_empty(),
            "the handle is closed behind the last answer"
        );
    }
    stage.answer(again, status(StatusCode::Eof));
    let (close, packet) = stage.next();
    assert_eq!(packet, Packet::Close(handle()));
    stage.answer(close, Status::ok());
    let Some(Event::Names(_, page)) = stage.events.first() else {
        panic!("{:?}", stage.events);
    };
    let kept: Vec<_> = page
        .entries
        .iter()
        .map(|entry| entry.name().clone())
        .collect();
    assert_eq!(kept, [bytes("a"), bytes("\u{ff}"), bytes("...")]);
    assert_eq!(
        page.refused,
        [
            bytes(""),
            bytes("../x"),
            bytes("/etc/passwd"),
            bytes("n\0l")
        ]
    );
    assert!(matches!(
        stage.outcome(),
        Outcome::Listed(Listed {
            entries: 3,
            refused: 4
        })
    ));
}

#[test]
fn a_listing_ends_at_names_that_are_none_at_all() {
    let mut stage = Stage::with(Config::default(), &[]);
    stage.submit(Request::List(bytes("d")));
    let (open, _) = stage.next();
    stage.answer(open, Response::Handle(handle()));
    for _ in 0..4 {
        let (id, _) = stage.next();
        stage.answer(id, Response::Name(vec![]));
    }
    assert_eq!(stage.next().1, Packet::Close(handle()));
}

#[test]
fn what_is_cancelled_closes_what_it_has_opened() {
    let mut stage = Stage::with(Config::default(), &[]);
    let id = stage.submit(Request::List(bytes("d")));
    stage.client.cancel(id);
    stage.drain();
    let (open, _) = stage.next();
    stage.answer(open, Response::Handle(handle()));
    let (close, packet) = stage.next();
    assert_eq!(packet, Packet::Close(handle()));
    stage.answer(close, Status::ok());
    assert_eq!(stage.failure().reason, Reason::Cancelled);
}

#[test]
fn the_end_of_the_channel_is_clean_only_where_nothing_is_under_way() {
    let mut stage = Stage::with(Config::default(), &[]);
    stage.client.handle_eof();
    stage.drain();
    assert_eq!(stage.closed, Some(Ok(())));
    let mut stage = Stage::with(Config::default(), &[]);
    stage.submit(Request::Stat(bytes("a")));
    stage.client.handle_eof();
    stage.drain();
    assert_eq!(stage.closed, Some(Err(Error::Eof(Unfinished::Requests))));
    assert_eq!(stage.failure().reason, Reason::Lost);
    stage.submit(Request::Stat(bytes("a")));
    assert_eq!(stage.failure().reason, Reason::Closed);
}
