//! Packets that are cut, stretched and altered: an error that tells where, and never a panic.

use bytes::Bytes;
use ftpkit_sftp::packet::{
    ClientPacket, PacketErrorKind, Request, RequestId, Response, ServerPacket, SymlinkOrder,
};

use super::{Packet, Row, requests, responses, written};

fn parse(packet: &[u8]) -> Result<ClientPacket, ftpkit_sftp::packet::PacketError> {
    ClientPacket::parse(Bytes::copy_from_slice(packet), SymlinkOrder::OpenSsh)
}

#[test]
fn every_beginning_of_a_packet_is_an_error_that_tells_where() {
    fn check<P: Packet>(rows: &[Row<P>]) {
        for row in rows {
            for end in 0..row.bytes.len() {
                let Err(error) = P::read(Bytes::from_static(&row.bytes[..end])) else {
                    assert!(!row.closed, "{:?} cut at {end}", row.packet);
                    continue;
                };
                let cut = match error.kind() {
                    PacketErrorKind::Truncated { needed, left, .. } => needed > left as u64,
                    PacketErrorKind::Count { .. } => true,
                    _ => false,
                };
                assert!(cut && error.offset() <= end, "{error}");
                assert_eq!(
                    error.packet().number(),
                    row.bytes
                        .first()
                        .map_or(0, |t| if end == 0 { 0 } else { *t })
                );
                let id = (end >= 5 && row.bytes[0] > 2).then_some(RequestId(258));
                assert_eq!(error.id(), id, "{error}");
            }
        }
    }
    check(&requests::rows());
    check(&responses::rows());
}

#[test]
fn no_length_is_believed_beyond_the_packet() {
    fn check<P: Packet>(rows: &[Row<P>]) {
        for row in rows {
            for length in [0, 1 << 31, u32::MAX - 3, u32::MAX] {
                let mut refused = 0;
                for at in 1..row.bytes.len().saturating_sub(3) {
                    let mut bytes = row.bytes.to_vec();
                    bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
                    match P::read(bytes.into()) {
                        Err(error) => {
                            refused += usize::from(match error.kind() {
                                PacketErrorKind::Truncated { needed, .. } => {
                                    error.offset() == at && needed == u64::from(length) + 4
                                }
                                PacketErrorKind::Count { count, .. } => {
                                    error.offset() == at && count == length
                                }
                                _ => false,
                            });
                        }
                        // Some other field was altered; it is within the packet.
                        Ok(packet) => assert!(written(&packet).len() <= row.bytes.len() + 8),
                    }
                }
                // That all of the fields that are lengths are refused, and no other is.
                let lengths = if length == 0 { 0 } else { row.lengths };
                assert_eq!(refused, lengths, "{length} in {:?}", row.packet);
            }
        }
    }
    check(&requests::rows());
    check(&responses::rows());
}

#[test]
fn bytes_behind_the_last_field_are_ignored() {
    let longer = |bytes: &[u8]| Bytes::from([bytes, b"\0\0\0\x01later"].concat());
    for row in requests::rows().iter().filter(|row| row.closed) {
        assert_eq!(
            ClientPacket::read(longer(row.bytes)).as_ref(),
            Ok(&row.packet)
        );
    }
    for row in responses::rows() {
        let status = matches!(row.packet, ServerPacket::Response(_, Response::Status(_)));
        if row.closed || status {
            assert_eq!(ServerPacket::read(longer(row.bytes)), Ok(row.packet));
        }
    }
}

#[test]
fn counts_beyond_the_packet_are_refused_before_anything_is_read() {
    // 12 bytes are the least of a name, 8 of a pair.
    let name = |count: u32, left: usize| {
        let bytes = [b"\x68\0\0\0\x01", &count.to_be_bytes()[..], &vec![0; left]].concat();
        ServerPacket::parse(bytes.into())
    };
    for (count, left, fits) in [(2, 24, true), (2, 23, false), (u32::MAX, 24, false)] {
        match name(count, left) {
            Ok(ServerPacket::Response(_, Response::Name(names))) => {
                assert!(fits && names.len() == 2);
            }
            other => {
                let kind = PacketErrorKind::Count {
                    field: "names",
                    count,
                    left,
                };
                assert!(!fits);
                assert_eq!(other.unwrap_err().kind(), kind);
            }
        }
    }
    let pairs = |count: u32, left: usize| {
        let head = b"\x0a\0\0\0\x01\0\0\0\x01h\x80\0\0\0";
        parse(&[head, &count.to_be_bytes()[..], &vec![0; left]].concat())
    };
    assert!(pairs(2, 16).is_ok());
    for (count, left) in [(2, 15), (1 << 31, 16)] {
        let error = pairs(count, left).unwrap_err();
        assert!(
            matches!(error.kind(), PacketErrorKind::Count { .. }),
            "{error}"
        );
    }
}

#[test]
fn unknown_attribute_flags_are_refused_where_they_stand() {
    for bit in 4..31 {
        let flags = 1u32 << bit;
        let packet = [b"\x0a\0\0\0\x01\0\0\0\x01h", &flags.to_be_bytes()[..]].concat();
        let error = parse(&packet).unwrap_err();
        assert_eq!((error.offset(), error.id()), (10, Some(RequestId(1))));
        assert_eq!(
            error.kind(),
            PacketErrorKind::UnknownAttributes { bits: flags }
        );
    }
    let error = parse(b"\x0a\0\0\0\x01\0\0\0\x01h\0\0\0\x10").unwrap_err();
    assert_eq!(
        error.to_string(),
        "FSETSTAT, id 1, offset 10: unknown attribute flags 0x00000010"
    );
}

#[test]
fn a_handle_is_256_bytes_at_most() {
    let close = |length: u16| {
        let head = [4, 0, 0, 0, 1, 0, 0];
        parse(&[&head[..], &length.to_be_bytes(), &vec![b'h'; length.into()]].concat())
    };
    assert!(close(256).is_ok());
    let error = close(257).unwrap_err();
    assert_eq!(
        error.to_string(),
        "CLOSE, id 1, offset 5: a handle of 257 bytes, and 256 are the most"
    );
}

#[test]
fn lists_of_ids_are_whole() {
    let head = b"\xc8\0\0\0\x01\0\0\0\x1eusers-groups-by-id@openssh.com";
    let error = parse(&[&head[..], b"\0\0\0\0\0\0\0\x05abcde"].concat()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "EXTENDED, id 1, offset 43: the gids are 5 bytes, no multiple of four"
    );
}

#[test]
fn an_unknown_type_keeps_its_id_and_without_one_is_an_error() {
    for number in (0..=255).filter(|n| !matches!(n, 1 | 3..=20 | 200)) {
        let packet = parse(&[number, 1, 2, 3, 4, 9]).unwrap();
        let ClientPacket::Request(RequestId(0x0102_0304), Request::Unknown { packet, data }) =
            packet
        else {
            panic!("{packet:?}");
        };
        assert_eq!((packet.number(), &data[..]), (number, &[9][..]));
        assert_eq!(parse(&[number, 1, 2, 3]).unwrap_err().id(), None);
    }
    let error = parse(&[]).unwrap_err();
    assert_eq!((error.offset(), error.id()), (0, None));
}
