//! A socket that knows where TLS records end, so that TLS can end between two of them (CCC,
//! RFC 4217 sec. 6): what stands behind the last record is clear text, and must not be read
//! into the TLS library.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The length of a record's header (RFC 8446 sec. 5.1).
const HEADER: u8 = 5;

/// A socket under TLS.
pub(super) struct Edge {
    stream: TcpStream,
    place: Place,
    /// Nothing is read beyond the end of a record.
    stepwise: bool,
}

/// Where in a record the next byte stands.
#[derive(Debug, PartialEq)]
enum Place {
    /// So many bytes of the header have come, and what they say of the length so far.
    Header(u8, u16),
    /// So many bytes of the body are still to come.
    Body(u16),
}

impl Place {
    /// How many bytes are left of the part that this is in.
    fn left(&self) -> usize {
        match self {
            Self::Header(seen, _) => usize::from(HEADER - seen),
            Self::Body(left) => usize::from(*left),
        }
    }

    fn advance(&mut self, mut bytes: &[u8]) {
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

impl Edge {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            place: Place::Header(0, 0),
            stepwise: false,
        }
    }

    /// From now on nothing is read beyond the end of a record at a time.
    pub(super) const fn read_stepwise(&mut self) {
        self.stepwise = true;
    }

    pub(super) const fn get_ref(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for Edge {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.stepwise {
            let most = this.place.left().min(buf.remaining());
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
            let read = part.filled().len();
            buf.advance(read);
        } else {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        }
        this.place
            .advance(buf.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Edge {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
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
            let mut place = Place::Header(0, 0);
            for piece in all.chunks(step) {
                place.advance(piece);
            }
            assert_eq!(place, Place::Header(0, 0), "{step} bytes at a time");
        }
        let mut place = Place::Header(0, 0);
        let mut ends = Vec::new();
        let mut at = 0;
        while at < all.len() {
            let step = place.left();
            place.advance(&all[at..at + step]);
            at += step;
            if place == Place::Header(0, 0) {
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
