//! Telnet as far as FTP needs it (RFC 854, RFC 1123 sec. 4.1.2.12): `Filter` takes it out
//! of what was read, [`escape_into`] doubles 0xFF in what is written. No options are served.

use bytes::{BufMut, BytesMut};

/// Interpret as command: what follows is Telnet.
pub const IAC: u8 = 255;
/// Refuses an option of the peer.
pub const DONT: u8 = 254;
/// Asks for an option of the peer.
pub const DO: u8 = 253;
/// Refuses an option of this side.
pub const WONT: u8 = 252;
/// Offers an option of this side.
pub const WILL: u8 = 251;
/// Begins a subnegotiation.
pub const SB: u8 = 250;
/// Interrupt process.
pub const IP: u8 = 244;
/// The mark of a Synch.
pub const DM: u8 = 242;
/// Ends a subnegotiation.
pub const SE: u8 = 240;

/// What a client writes before `ABOR`: IAC IP, and IAC DM as the mark of the Synch
/// (RFC 959 sec. 4.1.3).
pub const SYNCH: [u8; 4] = [IAC, IP, IAC, DM];

/// The longest subnegotiation that is skipped. None is ever asked for, so that a longer one
/// is noise: what follows is read as lines again.
const SUBNEGOTIATION_LIMIT: u16 = 512;

/// Appends `bytes` as they cross the wire: each 0xFF doubled.
///
/// ```
/// use bytes::BytesMut;
/// let mut out = BytesMut::new();
/// ftpkit_proto::wire::telnet::escape_into(b"a\xffb", &mut out);
/// assert_eq!(&out[..], b"a\xff\xffb");
/// ```
pub fn escape_into(bytes: &[u8], out: &mut BytesMut) {
    out.reserve(bytes.len());
    for part in bytes.split_inclusive(|b| *b == IAC) {
        out.put_slice(part);
        if part.ends_with(&[IAC]) {
            out.put_u8(IAC);
        }
    }
}

/// Cuts bytes where it matters what came before: in front of each request for an option, whose
/// refusal must not overtake the answer to a line before it, and behind each mark of a Synch,
/// which discards what waits before it and nothing else. So it is the same whether they come
/// whole or in pieces.
pub(crate) fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let cut = |pair: &[u8]| matches!(pair, [DM, _] | [_, IAC]);
        let mut from = 0;
        let end = loop {
            let Some(at) = rest.get(from..)?.windows(2).position(cut) else {
                break rest.len();
            };
            from += at + 1;
            let behind = rest.get(from..)?;
            let after_mark = rest.get(from - 1) == Some(&DM);
            if after_mark || matches!(behind, [IAC, WILL | DO, ..]) {
                break from;
            }
        };
        let (piece, behind) = rest.split_at_checked(end)?;
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// What one byte of the wire stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing, or nothing yet.
    None,
    /// A byte of a line.
    Data(u8),
    /// 0xFF and this byte: an IAC in front of what is no Telnet command. Some clients write
    /// 0xFF in names without doubling it; others lose the DM of a Synch with the urgent byte.
    Stray(u8),
    /// The mark of a Synch.
    Synch,
    /// The peer asks for an option, or offers one (`DO`, `WILL`); this is the refusal.
    Refuse([u8; 3]),
}

/// Takes Telnet out of a stream, byte by byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filter {
    #[default]
    Data,
    /// Behind a CR of the data: a NUL is not part of it.
    Cr,
    Iac,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Subnegotiation(u16),
    SubnegotiationIac(u16),
}

impl Filter {
    /// Whether no Telnet sequence is open.
    pub(super) const fn is_between(self) -> bool {
        matches!(self, Self::Data | Self::Cr)
    }

    /// Whether these bytes pass as they are, and leave no sequence open.
    pub(super) fn passes(self, bytes: &[u8]) -> bool {
        // One pass without branches, which the compiler turns into vector code.
        let special = bytes
            .iter()
            .fold(false, |found, b| found | (*b == IAC) | (*b == 0));
        self.is_between() && !special
    }

    /// Goes on behind bytes that [passed](Self::passes).
    pub(super) fn step_over(&mut self, bytes: &[u8]) {
        match bytes.last() {
            Some(b'\r') => *self = Self::Cr,
            Some(_) => *self = Self::Data,
            None => {}
        }
    }

    /// Takes one byte.
    pub(super) fn next(&mut self, byte: u8) -> Unit {
        let (state, unit) = match (*self, byte) {
            (Self::Cr, 0) => (Self::Data, Unit::None),
            (Self::Data | Self::Cr, IAC) => (Self::Iac, Unit::None),
            (Self::Data | Self::Cr, b'\r') => (Self::Cr, Unit::Data(b'\r')),
            (Self::Data | Self::Cr, byte) => (Self::Data, Unit::Data(byte)),
            (Self::Iac, IAC) => (Self::Data, Unit::Data(IAC)),
            (Self::Iac, WILL..=DONT) => (Self::Option(byte), Unit::None),
            (Self::Iac, SB) => (Self::Subnegotiation(0), Unit::None),
            (Self::Iac, DM) => (Self::Data, Unit::Synch),
            (Self::Iac, SE..) => (Self::Data, Unit::None),
            (Self::Iac, b'\r') => (Self::Cr, Unit::Stray(b'\r')),
            (Self::Iac, byte) => (Self::Data, Unit::Stray(byte)),
            (Self::Option(DO), option) => (Self::Data, Unit::Refuse([IAC, WONT, option])),
            (Self::Option(WILL), option) => (Self::Data, Unit::Refuse([IAC, DONT, option])),
            (Self::Option(_), _) => (Self::Data, Unit::None),
            (Self::Subnegotiation(seen), IAC) => (Self::SubnegotiationIac(seen), Unit::None),
            (Self::SubnegotiationIac(_), SE) => (Self::Data, Unit::None),
            (Self::Subnegotiation(seen) | Self::SubnegotiationIac(seen), _) => {
                if seen < SUBNEGOTIATION_LIMIT {
                    (Self::Subnegotiation(seen + 1), Unit::None)
                } else {
                    (Self::Data, Unit::None)
                }
            }
        };
        *self = state;
        unit
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn filtered(bytes: &[u8]) -> Vec<Unit> {
        let mut filter = Filter::default();
        bytes
            .iter()
            .map(|b| filter.next(*b))
            .filter(|unit| *unit != Unit::None)
            .collect()
    }

    #[test]
    fn each_sequence_is_undone() {
        use Unit::{Data, Refuse, Stray, Synch};
        let table: &[(&[u8], &[Unit])] = &[
            (b"a", &[Data(b'a')]),
            (b"\xff\xff", &[Data(255)]),
            (b"\xff\xff\xff\xff", &[Data(255), Data(255)]),
            (b"\xff\xf4\xff\xf2A", &[Synch, Data(b'A')]),
            // NOP, BRK, AO, AYT, EC, EL, GA, and an SE that ends nothing.
            (
                b"\xff\xf1\xff\xf3\xff\xf5\xff\xf6\xff\xf7\xff\xf8\xff\xf9\xff\xf0",
                &[],
            ),
            (b"\xff\xfb\x01", &[Refuse([255, 254, 1])]),
            (b"\xff\xfd\x03", &[Refuse([255, 252, 3])]),
            (b"\xff\xfc\x01\xff\xfe\x01", &[]),
            (b"\xff\xfb\xffA", &[Refuse([255, 254, 255]), Data(b'A')]),
            (b"\xff\xfa\x18\x00xterm\xff\xf0A", &[Data(b'A')]),
            (b"\xff\xfa\xff\xff\r\n\xff\xf0A", &[Data(b'A')]),
            (b"\r\0a", &[Data(b'\r'), Data(b'a')]),
            (b"\r\n", &[Data(b'\r'), Data(b'\n')]),
            (b"\0\r\0\0", &[Data(0), Data(b'\r'), Data(0)]),
            (b"\xffA", &[Stray(b'A')]),
            (b"\xff\r\0\n", &[Stray(b'\r'), Data(b'\n')]),
        ];
        for (wire, units) in table {
            assert_eq!(&filtered(wire)[..], *units, "{wire:?}");
        }
    }

    #[test]
    fn bytes_are_cut_where_their_order_matters() {
        let table: &[(&[u8], &[&[u8]])] = &[
            (b"", &[]),
            (b"a", &[b"a"]),
            (b"NOOP\r\nPWD\r\n\xff", &[b"NOOP\r\nPWD\r\n\xff"]),
            (b"a\xff\xfd\x01b", &[b"a", b"\xff\xfd\x01b"]),
            (
                b"\xff\xfb\x01\xff\xfd\x01",
                &[b"\xff\xfb\x01", b"\xff\xfd\x01"],
            ),
            (b"a\xff\xffb\xff\xfe\x01", &[b"a\xff\xffb\xff\xfe\x01"]),
            (b"a\xff\xf4\xff\xf2b", &[b"a\xff\xf4\xff\xf2", b"b"]),
            (b"\xf2\xf2", &[b"\xf2", b"\xf2"]),
        ];
        for (bytes, want) in table {
            let found: Vec<&[u8]> = pieces(bytes).collect();
            assert_eq!(&found[..], *want, "{bytes:?}");
        }
    }

    #[test]
    fn a_subnegotiation_without_end_is_left_behind() {
        let mut bytes = Vec::from(&b"\xff\xfa"[..]);
        bytes.extend([b'x'; SUBNEGOTIATION_LIMIT as usize + 1]);
        assert_eq!(filtered(&bytes), []);
        bytes.push(b'A');
        assert_eq!(filtered(&bytes), [Unit::Data(b'A')]);
    }

    #[test]
    fn what_passes_comes_out_as_it_went_in() {
        for a in 0..=255 {
            for b in [b'a', b'\r', b'\n', 0, 255, a] {
                let bytes = [a, b];
                if Filter::default().passes(&bytes) {
                    assert_eq!(filtered(&bytes), [Unit::Data(a), Unit::Data(b)]);
                }
            }
        }
        assert!(!Filter::Iac.passes(b"a"));
    }

    #[test]
    fn escaping_is_undone_by_the_filter() {
        for raw in [
            &b""[..],
            b"\xff",
            b"a\xff\xffb",
            b"\xff\xf4\xff\xf2",
            b"abc",
        ] {
            let mut out = BytesMut::new();
            escape_into(raw, &mut out);
            let back: Vec<Unit> = raw.iter().map(|b| Unit::Data(*b)).collect();
            assert_eq!(filtered(&out), back);
        }
    }
}
