//! Where TLS records end in a stream of bytes.

/// The length of a record's header (RFC 8446 sec. 5.1).
const HEADER: u8 = 5;

/// Where in a record the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// So many bytes of the header have come, and what they say of the length so far.
    Header(u8, u16),
    /// So many bytes of the body are still to come.
    Body(u16),
}

impl Default for Place {
    fn default() -> Self {
        Self::START
    }
}

impl Place {
    /// Before the first record.
    pub(crate) const START: Self = Self::Header(0, 0);

    /// Whether it is behind a record, or before all of them.
    pub(crate) fn is_between(&self) -> bool {
        *self == Self::START
    }

    /// How many bytes are left of the part that this is in.
    pub(crate) fn left(&self) -> usize {
        match self {
            Self::Header(seen, _) => usize::from(HEADER - seen),
            Self::Body(left) => usize::from(*left),
        }
    }

    /// Goes on over these bytes.
    pub(crate) fn advance(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            match *self {
                Self::Header(seen, length) => {
                    let length = length << 8 | u16::from(*first);
                    *self = match seen + 1 {
                        HEADER if length == 0 => Self::Header(0, 0),
                        HEADER => Self::Body(length),
                        // The length is in the last two bytes.
                        seen @ 0..=3 => Self::Header(seen, 0),
                        seen => Self::Header(seen, length),
                    };
                    bytes = rest;
                }
                Self::Body(left) => {
                    let of_body = usize::from(left).min(bytes.len());
                    let left = left.saturating_sub(u16::try_from(of_body).unwrap_or(u16::MAX));
                    *self = if left == 0 {
                        Self::Header(0, 0)
                    } else {
                        Self::Body(left)
                    };
                    bytes = bytes.get(of_body..).unwrap_or_default();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_pieces_lead_to_the_same_places() {
        let records = [
            &b"\x16\x03\x01\x00\x03abc"[..],
            b"\x17\x03\x03\x00\x00",
            b"\x15\x03\x03\x01\x02",
            &[7; 0x102],
        ];
        let all = records.concat();
        for step in 1..=all.len() {
            let mut place = Place::START;
            for piece in all.chunks(step) {
                place.advance(piece);
            }
            assert!(place.is_between(), "{step} bytes at a time");
        }
        let mut place = Place::START;
        let mut ends = Vec::new();
        let mut at = 0;
        while at < all.len() {
            let step = place.left();
            place.advance(&all[at..at + step]);
            at += step;
            if place.is_between() {
                ends.push(at);
            }
        }
        assert_eq!(
            ends,
            [8, 13, all.len()],
            "no step goes over the end of a record"
        );
    }
}
