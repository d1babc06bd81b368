//! The handshake of a data connection, and whether it is with the peer of the control
//! connection.

use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll, ready},
};

use ftpkit_proto::{DataFailure, TlsRole};
use tokio::net::TcpStream;

use super::{DataStream, ahead::Ahead, stream::set_nodelay};
use crate::tls::{Handshake, SessionTls};

/// A data connection on its way to TLS.
pub(super) struct Securing {
    handshake: Handshake<Ahead>,
    session: Arc<SessionTls>,
    peer: SocketAddr,
}

impl Securing {
    pub(super) fn new(
        session: &Arc<SessionTls>,
        role: TlsRole,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Result<Self, DataFailure> {
        set_nodelay(&stream);
        let Some(handshake) = session.data(role, Ahead::new(stream)) else {
            tracing::debug!(?role, "this side of TLS is not served on data connections");
            return Err(DataFailure::Tls);
        };
        Ok(Self {
            handshake,
            session: Arc::clone(session),
            peer,
        })
    }

    /// The stream, and whether the control connection's session was resumed.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(DataStream, bool), DataFailure>> {
        Poll::Ready(match ready!(self.handshake.poll(cx)) {
            Ok(stream) => {
                let checked = self.session.check_data(stream.get_ref().1);
                checked.map(|resumed| (DataStream::secure(stream, self.peer), resumed))
            }
            Err((error, _)) => {
                tracing::debug!(peer = %self.peer, %error, "no TLS on the data connection");
                self.session.note(&error);
                Err(DataFailure::Tls)
            }
        })
    }
}
