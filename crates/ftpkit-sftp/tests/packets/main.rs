//! Packets against bytes that were written out by hand from draft-ietf-secsh-filexfer-02 and
//! OpenSSH's PROTOCOL; then what a hostile peer makes of them; then properties.

use bytes::Bytes;
use ftpkit_sftp::{
    Framer,
    packet::{Chunks, ClientPacket, PacketError, ServerPacket, SymlinkOrder},
};

mod arbitrary;
mod hostile;
mod properties;
mod requests;
mod responses;

/// What both directions have in common, so that one test does for both.
trait Packet: Sized + PartialEq + std::fmt::Debug {
    fn read(packet: Bytes) -> Result<Self, PacketError>;
    fn write(&self, out: &mut Chunks);
}

impl Packet for ClientPacket {
    fn read(packet: Bytes) -> Result<Self, PacketError> {
        Self::parse(packet, SymlinkOrder::OpenSsh)
    }
    fn write(&self, out: &mut Chunks) {
        self.encode(out, SymlinkOrder::OpenSsh)
            .expect("within the limit");
    }
}

impl Packet for ServerPacket {
    fn read(packet: Bytes) -> Result<Self, PacketError> {
        Self::parse(packet)
    }
    fn write(&self, out: &mut Chunks) {
        self.encode(out).expect("within the limit");
    }
}

/// What is written, without the length, which must be right.
fn written(packet: &impl Packet) -> Bytes {
    let mut out = Chunks::default();
    packet.write(&mut out);
    let mut framer = Framer::default();
    while let Some(chunk) = out.next_chunk() {
        framer.push(&chunk);
    }
    let found = framer.next_packet().expect("a length that is right");
    let found = found.expect("a length that is not too long");
    assert_eq!(
        framer.buffered(),
        0,
        "a length that is too short: {packet:?}"
    );
    found
}

/// One packet: its bytes without the length, how many lengths and counts are among them, and
/// whether it has an end of its own, so that any part of it is none.
struct Row<P> {
    bytes: &'static [u8],
    lengths: usize,
    closed: bool,
    packet: P,
}

fn check<P: Packet>(rows: &[Row<P>]) {
    for row in rows {
        let read = P::read(Bytes::from_static(row.bytes));
        assert_eq!(read.as_ref(), Ok(&row.packet), "{:?}", row.bytes);
        assert_eq!(written(&row.packet)[..], *row.bytes, "{:?}", row.packet);
    }
}
