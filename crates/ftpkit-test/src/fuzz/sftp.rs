//! SFTP: bytes as a channel of packets, and as one packet.

use bytes::Bytes;
use ftpkit_sftp::{
    FrameError, Framer, LongName,
    packet::{
        Attributes, Chunks, ClientPacket, ExtendedReply, PacketError, ReplyForm, Request, Response,
        ServerPacket, SymlinkOrder,
    },
};

/// The longest packet that is taken here, so that lengths above it are found too.
const LIMIT: usize = 4096;

/// Bytes of a client: whole and byte by byte they are the same packets; each is a request or an
/// error that tells where, and what is read is written as something that reads the same, in both
/// orders of a SYMLINK.
///
/// # Panics
/// If it is not.
pub fn sftp_request(data: &[u8]) {
    for packet in packets(data) {
        for order in [SymlinkOrder::OpenSsh, SymlinkOrder::Draft] {
            let read = ClientPacket::parse(packet.clone(), order);
            if let Some(read) = checked(&packet, read) {
                let again = written(|out| read.encode(out, order).is_ok());
                assert_eq!(ClientPacket::parse(again, order).as_ref(), Ok(&read));
                show(&read);
            }
        }
    }
}

fn show(packet: &ClientPacket) {
    let ClientPacket::Request(_, request) = packet else {
        return;
    };
    match request {
        Request::Open {
            path, attributes, ..
        }
        | Request::Setstat { path, attributes }
        | Request::Mkdir { path, attributes } => long_name(path, attributes),
        _ => {}
    }
}

/// Bytes of a server: as [`sftp_request`], and each extended reply is read in every form.
///
/// # Panics
/// If what is read is not written as something that reads the same.
pub fn sftp_response(data: &[u8]) {
    for packet in packets(data) {
        let Some(read) = checked(&packet, ServerPacket::parse(packet.clone())) else {
            continue;
        };
        let again = written(|out| read.encode(out).is_ok());
        assert_eq!(ServerPacket::parse(again).as_ref(), Ok(&read));
        match read {
            ServerPacket::Response(id, Response::ExtendedReply(raw)) => {
                for form in [
                    ReplyForm::Statvfs,
                    ReplyForm::Limits,
                    ReplyForm::UsersGroups,
                ] {
                    let Some(reply) = checked(&packet, raw.clone().into_form(form)) else {
                        continue;
                    };
                    let response = Response::ExtendedReply(reply.clone());
                    let response = ServerPacket::Response(id, response);
                    let again = written(|out| response.encode(out).is_ok());
                    let again = ExtendedReply::Raw(again.slice(5..)).into_form(form);
                    assert_eq!(again, Ok(reply));
                }
            }
            ServerPacket::Response(_, Response::Name(names)) => {
                for name in names {
                    long_name(&name.name, &name.attributes);
                }
            }
            ServerPacket::Response(_, Response::Status(status)) => {
                assert!(!status.to_string().contains(char::is_control));
            }
            _ => {}
        }
    }
}

fn long_name(name: &[u8], attributes: &Attributes) {
    let line = LongName::new(name, attributes).user(name).format(0);
    let line = core::str::from_utf8(&line).expect("what is not UTF-8 is escaped");
    assert!(!line.contains(char::is_control), "{line:?}");
}

/// The bytes as one packet, and the packets that they are as a channel.
fn packets(data: &[u8]) -> Vec<Bytes> {
    let (mut packets, end, left) = channel(data, data.len());
    assert_eq!(channel(data, 1), (packets.clone(), end, left));
    packets.push(Bytes::copy_from_slice(data));
    packets
}

fn channel(data: &[u8], piece: usize) -> (Vec<Bytes>, Option<FrameError>, usize) {
    let mut framer = Framer::new(LIMIT);
    let mut packets = Vec::new();
    let mut end = None;
    for piece in data.chunks(piece.max(1)) {
        framer.push(piece);
        while end.is_none() {
            match framer.next_packet() {
                Ok(Some(packet)) => {
                    assert!((1..=LIMIT).contains(&packet.len()), "out of bounds");
                    packets.push(packet);
                }
                Ok(None) => break,
                Err(error) => end = Some(error),
            }
        }
    }
    (packets, end, framer.buffered())
}

fn checked<P>(packet: &Bytes, read: Result<P, PacketError>) -> Option<P> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            assert!(error.offset() <= packet.len(), "beyond the packet: {error}");
            None
        }
    }
}

/// The one packet that is written, without its length.
fn written(encode: impl FnOnce(&mut Chunks) -> bool) -> Bytes {
    let mut out = Chunks::new(usize::MAX);
    assert!(encode(&mut out), "what came is not too long to be sent");
    let mut framer = Framer::new(usize::MAX);
    while let Some(chunk) = out.next_chunk() {
        framer.push(&chunk);
    }
    let packet = framer.next_packet().expect("a length that is right");
    assert_eq!(framer.buffered(), 0);
    packet.expect("a length that is not too long")
}
