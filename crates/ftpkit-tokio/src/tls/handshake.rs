//! A handshake under way, of either role.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{FallibleAccept, FallibleConnect};

/// A stream under TLS, of either role.
pub(crate) type Stream<IO> = tokio_rustls::TlsStream<IO>;

/// A handshake under way.
pub(crate) enum Handshake<IO> {
    Accept(FallibleAccept<IO>),
    Connect(FallibleConnect<IO>),
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Handshake<IO> {
    /// The stream under TLS; or what went wrong, once the alert about it was sent, with the
    /// stream below.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Stream<IO>, (io::Error, IO)>> {
        match self {
            Self::Accept(accept) => Pin::new(accept).poll(cx).map_ok(Stream::Server),
            Self::Connect(connect) => Pin::new(connect).poll(cx).map_ok(Stream::Client),
        }
    }
}
