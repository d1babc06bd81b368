//! What servers send.

use bytes::Bytes;
use ftpkit_sftp::packet::{
    Attributes, ExtendedReply, Extension, Handle, Limits, Mode, Name, PacketErrorKind, ReplyForm,
    RequestId, Response, ServerPacket, Status, StatusCode, Statvfs, UsersGroups, Version,
};

use super::{Row, check, written};

fn bytes(text: &'static [u8]) -> Bytes {
    Bytes::from_static(text)
}

/// A response to id 258, which is `\0\0\x01\x02`.
fn row(bytes: &'static [u8], lengths: usize, response: Response) -> Row<ServerPacket> {
    // A STATUS may end before its words.
    let closed = !matches!(response, Response::ExtendedReply(_) | Response::Status(_));
    let packet = ServerPacket::Response(RequestId(258), response);
    Row {
        bytes,
        lengths,
        closed,
        packet,
    }
}

pub(super) fn rows() -> Vec<Row<ServerPacket>> {
    let mut german = Status::new(StatusCode::NoSuchFile, "fehlt");
    german.language = bytes(b"de");
    let version = |bytes, lengths, version| Row {
        bytes,
        lengths,
        closed: false,
        packet: ServerPacket::Version(version),
    };
    vec![
        version(b"\x02\0\0\0\x03", 0, Version::new([])),
        version(
            b"\x02\0\0\0\x03\0\0\0\x13statvfs@openssh.com\0\0\0\x012\0\0\0\x09copy-data\0\0\0\x011",
            4,
            Version::new([Extension::Statvfs, Extension::CopyData]),
        ),
        row(
            b"\x65\0\0\x01\x02\0\0\0\x02\0\0\0\x05fehlt\0\0\0\x02de",
            2,
            Response::Status(german),
        ),
        row(
            b"\x65\0\0\x01\x02\0\0\0\0\0\0\0\x07success\0\0\0\0",
            2,
            Response::Status(Status::ok()),
        ),
        row(
            b"\x65\0\0\x01\x02\0\0\0\x09\0\0\0\x01?\0\0\0\0",
            2,
            Response::Status(Status::new(StatusCode::Other(9), "?")),
        ),
        row(
            b"\x66\0\0\x01\x02\0\0\0\x08\0\0\0\0\0\0\0\x07",
            1,
            Response::Handle(Handle::from_number(7)),
        ),
        row(
            b"\x67\0\0\x01\x02\0\0\0\x05hello",
            1,
            Response::Data(bytes(b"hello")),
        ),
        row(b"\x67\0\0\x01\x02\0\0\0\0", 1, Response::Data(bytes(b""))),
        row(b"\x68\0\0\x01\x02\0\0\0\0", 1, Response::Name(vec![])),
        row(
            b"\x68\0\0\x01\x02\0\0\0\x02\
              \0\0\0\x01a\0\0\0\x03- a\0\0\0\x04\0\0\x81\xa4\
              \0\0\0\x01b\0\0\0\0\0\0\0\0",
            5,
            Response::Name(vec![
                Name::new(
                    bytes(b"a"),
                    bytes(b"- a"),
                    Attributes::default().with_mode(Mode(0o100_644)),
                ),
                Name::new(bytes(b"b"), bytes(b""), Attributes::default()),
            ]),
        ),
        row(
            b"\x69\0\0\x01\x02\0\0\0\x09\0\0\0\0\0\0\x04\0\0\0\0\x01\0\0\0\x02",
            0,
            Response::Attrs(Attributes::default().with_size(1024).with_times(1, 2)),
        ),
        row(
            b"\xc9\0\0\x01\x02\xab\xcd",
            0,
            Response::ExtendedReply(ExtendedReply::Raw(bytes(b"\xab\xcd"))),
        ),
    ]
}

#[test]
fn every_response_is_these_bytes() {
    check(&rows());
}

#[test]
fn an_extended_reply_is_read_as_what_was_asked_for() {
    let statvfs = Statvfs {
        block_size: 1,
        fragment_size: 2,
        blocks: 3,
        blocks_free: 4,
        blocks_available: 5,
        files: 6,
        files_free: 7,
        files_available: 8,
        id: 9,
        flags: Statvfs::READ_ONLY | Statvfs::NO_SET_UID,
        name_max: 255,
    };
    let limits = Limits {
        packet_length: 0x4_0000,
        read_length: 0x3_fc00,
        write_length: 0x3_fc00,
        open_handles: 0,
    };
    let names = UsersGroups {
        users: vec![bytes(b"root"), bytes(b"")],
        groups: vec![],
    };
    for (form, wire, reply) in [
        (
            ReplyForm::Statvfs,
            &b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x04\
               \0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\x08\
               \0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\xff"[..],
            ExtendedReply::Statvfs(statvfs),
        ),
        (
            ReplyForm::Limits,
            b"\0\0\0\0\0\x04\0\0\0\0\0\0\0\x03\xfc\0\0\0\0\0\0\x03\xfc\0\0\0\0\0\0\0\0\0",
            ExtendedReply::Limits(limits),
        ),
        (
            ReplyForm::UsersGroups,
            b"\0\0\0\x0c\0\0\0\x04root\0\0\0\0\0\0\0\0",
            ExtendedReply::UsersGroups(names),
        ),
        (ReplyForm::Raw, b"\xab", ExtendedReply::Raw(bytes(b"\xab"))),
    ] {
        let packet = ServerPacket::Response(RequestId(1), Response::ExtendedReply(reply.clone()));
        assert_eq!(written(&packet)[5..], *wire);
        let raw = ExtendedReply::Raw(bytes(wire));
        assert_eq!(raw.into_form(form).as_ref(), Ok(&reply));
        assert_eq!(reply.clone().into_form(form), Ok(reply), "once is enough");
        for end in 0..wire.len() {
            let cut = ExtendedReply::Raw(bytes(&wire[..end])).into_form(form);
            assert!(
                cut.is_err() || form == ReplyForm::Raw,
                "{form:?} cut at {end}"
            );
        }
    }
}

#[test]
fn the_offset_of_an_error_counts_from_the_packets_type() {
    let cut = ExtendedReply::Raw(bytes(b"\0\0\0\x05\0\0\0\x02a\0\0\0\0"));
    let error = cut.into_form(ReplyForm::UsersGroups).unwrap_err();
    assert_eq!(error.offset(), 9);
    assert_eq!(
        error.to_string(),
        "EXTENDED_REPLY, offset 9: the user name needs 6 bytes, and 5 are left"
    );
}

#[test]
fn a_status_may_lack_its_words() {
    let code = ServerPacket::parse(bytes(b"\x65\0\0\0\x01\0\0\0\x01"));
    let message = ServerPacket::parse(bytes(b"\x65\0\0\0\x01\0\0\0\x01\0\0\0\x01x"));
    let status = |text| {
        let status = Status::new(StatusCode::Eof, text);
        Ok(ServerPacket::Response(RequestId(1), status.into()))
    };
    assert_eq!((code, message), (status(""), status("x")));
}

#[test]
fn a_status_is_shown_without_terminal_tricks() {
    let status = Status::new(StatusCode::Failure, &b"disk\x1b[2J full\xff"[..]);
    assert_eq!(status.to_string(), "failure (4): disk\\u{1b}[2J full\\xff");
    assert_eq!(Status::ok().to_string(), "success (0)");
}

#[test]
fn a_type_that_no_server_sends_is_an_error_with_its_id() {
    for number in [0, 1, 3, 20, 100, 106, 200, 255] {
        let packet = [number, 0, 0, 1, 2, 0, 0, 0, 0];
        let error = ServerPacket::parse(Bytes::copy_from_slice(&packet)).unwrap_err();
        assert_eq!(error.kind(), PacketErrorKind::UnknownType);
        assert_eq!((error.offset(), error.id()), (0, Some(RequestId(258))));
    }
}

#[test]
fn an_extension_is_offered_in_its_version_alone() {
    let mut version = Version::new([Extension::Limits]);
    version.extensions = [
        ("statvfs@openssh.com", "1"),
        ("limits@openssh.com", "2"),
        ("limits@openssh.com", "1"),
        ("fsync@openssh.com", "01"),
        ("unknown@example.com", "1"),
    ]
    .into_iter()
    .collect();
    let offered = Extension::ALL.into_iter().filter(|e| version.offers(*e));
    assert_eq!(offered.collect::<Vec<_>>(), [Extension::Limits]);
    assert_eq!(
        version.extensions.value(b"limits@openssh.com").unwrap(),
        "2"
    );
}
