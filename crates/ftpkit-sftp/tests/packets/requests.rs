//! What clients send.

use bytes::Bytes;
use ftpkit_sftp::packet::{
    Attributes, Chunks, ClientPacket, Extended, Handle, Init, Mode, OpenFlags, PacketType, Request,
    RequestId, SymlinkOrder,
};

use super::{Row, check};

fn bytes(text: &'static [u8]) -> Bytes {
    Bytes::from_static(text)
}

fn handle(text: &'static [u8]) -> Handle {
    Handle::new(text).expect("short enough")
}

/// A request of id 258, which is `\0\0\x01\x02`.
fn row(bytes: &'static [u8], lengths: usize, request: Request) -> Row<ClientPacket> {
    let closed = !matches!(
        request,
        Request::Unknown { .. } | Request::Extended(Extended::Other { .. })
    );
    let packet = ClientPacket::Request(RequestId(258), request);
    Row {
        bytes,
        lengths,
        closed,
        packet,
    }
}

fn init(bytes: &'static [u8], lengths: usize, init: Init) -> Row<ClientPacket> {
    Row {
        bytes,
        lengths,
        closed: false,
        packet: ClientPacket::Init(init),
    }
}

fn every_attribute() -> Attributes {
    let mut attributes = Attributes::default()
        .with_size(0x0102_0304_0506_0708)
        .with_owner(1000, 100)
        .with_mode(Mode(0o100_644))
        .with_times(1, 2);
    attributes.extended = [("a@b", "value"), ("c", "")].into_iter().collect();
    attributes
}

pub(super) fn rows() -> Vec<Row<ClientPacket>> {
    let mut extended = Init::new(6);
    extended.extensions = [("newline@vandyke.com", "\n")].into_iter().collect();
    let mut rows = vec![
        init(b"\x01\0\0\0\x03", 0, Init::default()),
        init(
            b"\x01\0\0\0\x06\0\0\0\x13newline@vandyke.com\0\0\0\x01\n",
            2,
            extended,
        ),
        row(
            b"\x03\0\0\x01\x02\0\0\0\x03a/b\0\0\0\x1a\0\0\0\x04\0\0\x01\xa4",
            1,
            Request::Open {
                path: bytes(b"a/b"),
                flags: OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE,
                attributes: Attributes::default().with_mode(Mode(0o644)),
            },
        ),
        row(
            b"\x04\0\0\x01\x02\0\0\0\x04\0\xff\n\0",
            1,
            Request::Close(handle(b"\0\xff\n\0")),
        ),
        row(
            b"\x05\0\0\x01\x02\0\0\0\x02h1\0\0\0\x01\0\0\0\x02\0\0\x80\0",
            1,
            Request::Read {
                handle: handle(b"h1"),
                offset: 0x1_0000_0002,
                length: 32768,
            },
        ),
        row(
            b"\x06\0\0\x01\x02\0\0\0\x02h1\0\0\0\0\0\0\0\x05\0\0\0\x05hello",
            2,
            Request::Write {
                handle: handle(b"h1"),
                offset: 5,
                data: bytes(b"hello"),
            },
        ),
        row(
            b"\x07\0\0\x01\x02\0\0\0\x02/x",
            1,
            Request::Lstat(bytes(b"/x")),
        ),
        row(b"\x08\0\0\x01\x02\0\0\0\0", 1, Request::Fstat(handle(b""))),
        row(
            b"\x09\0\0\x01\x02\0\0\0\x01x\x80\0\0\x0f\
              \x01\x02\x03\x04\x05\x06\x07\x08\0\0\x03\xe8\0\0\0\x64\0\0\x81\xa4\
              \0\0\0\x01\0\0\0\x02\
              \0\0\0\x02\0\0\0\x03a@b\0\0\0\x05value\0\0\0\x01c\0\0\0\0",
            6,
            Request::Setstat {
                path: bytes(b"x"),
                attributes: every_attribute(),
            },
        ),
        row(
            b"\x0a\0\0\x01\x02\0\0\0\x01h\0\0\0\x01\0\0\0\0\0\0\0\0",
            1,
            Request::Fsetstat {
                handle: handle(b"h"),
                attributes: Attributes::default().with_size(0),
            },
        ),
        row(
            b"\x0b\0\0\x01\x02\0\0\0\x01/",
            1,
            Request::Opendir(bytes(b"/")),
        ),
        row(
            b"\x0c\0\0\x01\x02\0\0\0\x01d",
            1,
            Request::Readdir(handle(b"d")),
        ),
        row(
            b"\x0d\0\0\x01\x02\0\0\0\x03\xff\0\n",
            1,
            Request::Remove(bytes(b"\xff\0\n")),
        ),
        row(
            b"\x0e\0\0\x01\x02\0\0\0\x01d\0\0\0\x02\0\0\0\x01\xff\xff\xff\xff",
            1,
            Request::Mkdir {
                path: bytes(b"d"),
                attributes: Attributes::default().with_owner(1, u32::MAX),
            },
        ),
        row(
            b"\x0f\0\0\x01\x02\0\0\0\x01d",
            1,
            Request::Rmdir(bytes(b"d")),
        ),
        row(
            b"\x10\0\0\x01\x02\0\0\0\0",
            1,
            Request::Realpath(bytes(b"")),
        ),
        row(
            b"\x11\0\0\x01\x02\0\0\0\x02..",
            1,
            Request::Stat(bytes(b"..")),
        ),
        row(
            b"\x12\0\0\x01\x02\0\0\0\x01a\0\0\0\x02bc",
            2,
            Request::Rename {
                from: bytes(b"a"),
                to: bytes(b"bc"),
            },
        ),
        row(
            b"\x13\0\0\x01\x02\0\0\0\x01l",
            1,
            Request::Readlink(bytes(b"l")),
        ),
        row(
            b"\x14\0\0\x01\x02\0\0\0\x06target\0\0\0\x04link",
            2,
            Request::Symlink {
                target: bytes(b"target"),
                link: bytes(b"link"),
            },
        ),
        row(
            b"\x15\0\0\x01\x02\0\0\0\x01x",
            0,
            Request::Unknown {
                packet: PacketType::new(21),
                data: bytes(b"\0\0\0\x01x"),
            },
        ),
        row(
            b"\x65\0\0\x01\x02",
            0,
            Request::Unknown {
                packet: PacketType::STATUS,
                data: bytes(b""),
            },
        ),
    ];
    rows.extend(extensions());
    rows
}

fn extensions() -> Vec<Row<ClientPacket>> {
    [
        (
            &b"\xc8\0\0\x01\x02\0\0\0\x18posix-rename@openssh.com\0\0\0\x01a\0\0\0\x01b"[..],
            3,
            Extended::PosixRename {
                from: bytes(b"a"),
                to: bytes(b"b"),
            },
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x13statvfs@openssh.com\0\0\0\x01/",
            2,
            Extended::Statvfs(bytes(b"/")),
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x14fstatvfs@openssh.com\0\0\0\x01h",
            2,
            Extended::Fstatvfs(handle(b"h")),
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x14hardlink@openssh.com\0\0\0\x01a\0\0\0\x01b",
            3,
            Extended::Hardlink {
                from: bytes(b"a"),
                to: bytes(b"b"),
            },
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x11fsync@openssh.com\0\0\0\x01h",
            2,
            Extended::Fsync(handle(b"h")),
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x14lsetstat@openssh.com\0\0\0\x01l\0\0\0\x08\0\0\0\x01\0\0\0\x02",
            2,
            Extended::Lsetstat {
                path: bytes(b"l"),
                attributes: Attributes::default().with_times(1, 2),
            },
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x12limits@openssh.com",
            1,
            Extended::Limits,
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x17expand-path@openssh.com\0\0\0\x03~/x",
            2,
            Extended::ExpandPath(bytes(b"~/x")),
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x09copy-data\0\0\0\x01r\0\0\0\0\0\0\0\x05\
              \0\0\0\0\0\0\0\x06\0\0\0\x01w\0\0\0\0\0\0\0\x07",
            3,
            Extended::CopyData {
                from: handle(b"r"),
                from_offset: 5,
                length: 6,
                to: handle(b"w"),
                to_offset: 7,
            },
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x0ehome-directory\0\0\0\0",
            2,
            Extended::HomeDirectory(bytes(b"")),
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x1eusers-groups-by-id@openssh.com\
              \0\0\0\x08\0\0\0\0\0\0\x03\xe8\0\0\0\x04\xff\xff\xff\xff",
            3,
            Extended::UsersGroupsById {
                uids: vec![0, 1000],
                gids: vec![u32::MAX],
            },
        ),
        (
            b"\xc8\0\0\x01\x02\0\0\0\x0acheck-file\xde\xad",
            1,
            Extended::Other {
                name: bytes(b"check-file"),
                data: bytes(b"\xde\xad"),
            },
        ),
    ]
    .into_iter()
    .map(|(bytes, lengths, extended)| row(bytes, lengths, Request::Extended(extended)))
    .collect()
}

#[test]
fn every_request_is_these_bytes() {
    check(&rows());
}

#[test]
fn every_type_and_extension_has_a_row() {
    let rows = rows();
    for number in (3..=20).chain([200]) {
        let there = |row: &Row<ClientPacket>| row.bytes[0] == number;
        assert!(rows.iter().any(there), "{:?}", PacketType::new(number));
    }
    for extension in ftpkit_sftp::packet::Extension::ALL {
        let is_it = |row: &Row<ClientPacket>| {
            matches!(&row.packet, ClientPacket::Request(_, Request::Extended(extended))
                if extended.extension() == Some(extension))
        };
        assert!(rows.iter().any(is_it), "{extension}");
    }
}

#[test]
fn the_order_of_a_symlink_is_what_the_caller_says() {
    let openssh = bytes(b"\x14\0\0\x01\x02\0\0\0\x06target\0\0\0\x04link");
    let draft = bytes(b"\x14\0\0\x01\x02\0\0\0\x04link\0\0\0\x06target");
    let symlink = ClientPacket::Request(
        RequestId(258),
        Request::Symlink {
            target: bytes(b"target"),
            link: bytes(b"link"),
        },
    );
    assert_eq!(SymlinkOrder::default(), SymlinkOrder::OpenSsh);
    for (wire, order) in [
        (openssh, SymlinkOrder::OpenSsh),
        (draft, SymlinkOrder::Draft),
    ] {
        let mut out = Chunks::default();
        symlink.encode(&mut out, order).unwrap();
        assert_eq!(out.next_chunk().unwrap()[4..], wire[..]);
        assert_eq!(ClientPacket::parse(wire, order).as_ref(), Ok(&symlink));
    }
}

#[test]
fn a_payload_is_a_slice_of_its_packet() {
    let packet = Bytes::from(b"\x06\0\0\0\x01\0\0\0\x01h\0\0\0\0\0\0\0\0\0\0\0\x05hello".to_vec());
    let read = ClientPacket::parse(packet.clone(), SymlinkOrder::OpenSsh);
    let Ok(ClientPacket::Request(_, Request::Write { data, .. })) = read else {
        panic!("{read:?}");
    };
    assert_eq!(data.as_ptr(), packet[22..].as_ptr());
}
