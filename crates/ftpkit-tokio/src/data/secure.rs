//! The handshake of a data connection, and whether it is with the peer of the control
//! connection.

use std::{
    mem::MaybeUninit,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use ftpkit_proto::{DataFailure, TlsRole};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{self, Sleep},
};

use super::{DataStream, ahead::Ahead, socket::Socket};
use crate::{
    pace::Pace,
    tls::{Handshake, SessionTls},
};

/// How long replies wait for a handshake. A client that has begun one need not read them before
/// its end, but one that does must not wait for ever.
const HOLD: Duration = Duration::from_secs(1);

/// A data connection on its way to TLS.
pub(super) struct Securing {
    handshake: Handshake<Ahead>,
    session: Arc<SessionTls>,
    peer: SocketAddr,
    role: TlsRole,
    /// The peer has begun.
    heard: Arc<AtomicBool>,
    /// Until when replies wait.
    hold: Option<Pin<Box<Sleep>>>,
}

impl Securing {
    pub(super) fn new(
        session: &Arc<SessionTls>,
        role: TlsRole,
        stream: TcpStream,
        peer: SocketAddr,
        pace: Pace,
    ) -> Result<Self, DataFailure> {
        let has_begun = has_spoken(&stream);
        let stream = Ahead::new(Socket::new(stream), role, pace);
        let heard = stream.heard();
        heard.store(has_begun, Ordering::Relaxed);
        let Some(handshake) = session.data(role, stream) else {
            tracing::debug!(?role, "this side of TLS is not served on data connections");
            return Err(DataFailure::Tls);
        };
        Ok(Self {
            handshake,
            session: Arc::clone(session),
            peer,
            role,
            heard,
            hold: None,
        })
    }

    /// Whether replies should wait for the end of this handshake: the client has begun it before
    /// it was told to send, so that it does not wait for the reply. Behind the handshake come the
    /// tickets for its next data connection, and one that only sends looks for them late: they
    /// must be there before it sends.
    pub(super) fn holds_replies(&mut self, cx: &mut Context<'_>) -> bool {
        if self.role != TlsRole::Server || !self.heard.load(Ordering::Relaxed) {
            return false;
        }
        let hold = || Box::pin(time::sleep(HOLD));
        let hold = self.hold.get_or_insert_with(hold);
        hold.as_mut().poll(cx).is_pending()
    }

    /// The stream, and whether the control connection's session was resumed.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(DataStream, bool), DataFailure>> {
        Poll::Ready(match ready!(self.handshake.poll(cx)) {
            Ok(stream) => {
                let checked = self.session.check_data(stream.get_ref().1);
                let mut stream = DataStream::secure(stream, self.peer);
                if self.role == TlsRole::Server {
                    // An upload is no slower asleep: what came meanwhile is read at once.
                    stream.sleep();
                }
                match checked {
                    Err(_) => stream.forget_tickets(),
                    // A reply waits: the tickets are there before the client sends.
                    Ok(_) if self.hold.is_some() => stream.send_tickets(),
                    Ok(_) => {}
                }
                checked.map(|resumed| (stream, resumed))
            }
            Err((error, mut ahead)) => {
                // The alert that says why.
                ahead.send_held();
                tracing::debug!(peer = %self.peer, %error, "no TLS on the data connection");
                self.session.note(&error);
                Err(DataFailure::Tls)
            }
        })
    }
}

/// Whether something is there to be read. This asks the socket itself: tokio learns of it only
/// when its reactor is polled next.
fn has_spoken(stream: &TcpStream) -> bool {
    let peeked = SockRef::from(stream).peek(&mut [MaybeUninit::uninit()]);
    peeked.is_ok_and(|bytes| bytes > 0)
}

#[cfg(test)]
mod tests;
