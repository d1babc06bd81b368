//! Whatever is written is read as the same, and whatever is read can be written.

use bytes::Bytes;
use ftpkit_sftp::{
    Framer,
    packet::{
        Chunks, ClientPacket, ExtendedReply, ReplyForm, Response, ServerPacket, SymlinkOrder,
    },
};
use proptest::{collection::vec, prelude::*};

use super::{Packet, arbitrary, written};

/// What is read from any bytes is written as something that reads the same.
fn stable<P: Packet>(bytes: Bytes) -> Result<(), TestCaseError> {
    let length = bytes.len();
    match P::read(bytes) {
        Ok(packet) => {
            let again = written(&packet);
            prop_assert_eq!(P::read(again), Ok(packet));
        }
        Err(error) => prop_assert!(error.offset() <= length, "{}", error),
    }
    Ok(())
}

/// Bytes of which half are zero, as most of a packet's lengths are.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    vec(
        prop_oneof![4 => Just(0), 3 => 0..9u8, 1 => any::<u8>()],
        0..80,
    )
}

proptest! {
    #[test]
    fn every_request_round_trips(packet in arbitrary::client_packet()) {
        prop_assert_eq!(ClientPacket::read(written(&packet)), Ok(packet.clone()));
        let mut out = Chunks::default();
        packet.encode(&mut out, SymlinkOrder::Draft).unwrap();
        let wire: Vec<u8> = std::iter::from_fn(|| out.next_chunk()).flatten().collect();
        let read = ClientPacket::parse(Bytes::from(wire).slice(4..), SymlinkOrder::Draft);
        prop_assert_eq!(read, Ok(packet));
    }

    #[test]
    fn every_response_round_trips(packet in arbitrary::server_packet()) {
        prop_assert_eq!(ServerPacket::read(written(&packet)), Ok(packet));
    }

    #[test]
    fn packets_told_their_length(attributes in arbitrary::attributes()) {
        let response = ServerPacket::Response(Default::default(), Response::Attrs(attributes.clone()));
        prop_assert_eq!(written(&response).len(), 5 + attributes.wire_len());
        let name = ftpkit_sftp::packet::Name::new(Bytes::from_static(b"ab"), Bytes::from_static(b"c"), attributes);
        let length = name.wire_len();
        let response = ServerPacket::Response(Default::default(), Response::Name(vec![name]));
        prop_assert_eq!(written(&response).len(), 9 + length);
    }

    #[test]
    fn packets_in_any_pieces(
        packets in vec(arbitrary::client_packet(), 1..6),
        pieces in vec(1..900usize, 1..20),
    ) {
        let mut out = Chunks::default();
        for packet in &packets {
            packet.write(&mut out);
        }
        let wire: Vec<u8> = std::iter::from_fn(|| out.next_chunk()).flatten().collect();
        let mut framer = Framer::default();
        let mut found = Vec::new();
        let (mut rest, mut pieces) = (&wire[..], pieces.iter().cycle());
        while !rest.is_empty() {
            let piece;
            (piece, rest) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
            framer.push(piece);
            while let Some(packet) = framer.next_packet().unwrap() {
                found.push(ClientPacket::read(packet).unwrap());
            }
        }
        prop_assert_eq!(found, packets);
    }

    #[test]
    fn noise_is_read_or_refused(mut bytes in noise(), kind in 0..=20u8, other: u8) {
        for kind in [kind, 100 + kind % 6, 200 + kind % 2, other] {
            if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            stable::<ClientPacket>(bytes.clone().into())?;
            stable::<ServerPacket>(bytes.clone().into())?;
        }
    }

    #[test]
    fn noise_is_any_form_of_reply_or_none(bytes in noise()) {
        for form in [ReplyForm::Statvfs, ReplyForm::Limits, ReplyForm::UsersGroups] {
            let Ok(reply) = ExtendedReply::Raw(bytes.clone().into()).into_form(form) else {
                continue;
            };
            let packet = ServerPacket::Response(Default::default(), Response::ExtendedReply(reply.clone()));
            let again = ExtendedReply::Raw(written(&packet).slice(5..)).into_form(form);
            prop_assert_eq!(again, Ok(reply));
        }
    }
}
