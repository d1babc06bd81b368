//! An attempt to connect, with what Linux offers: a port that is chosen when the target is known,
//! and no wait for the runtime where the connection is there at once.

use std::{
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    task::{Context, Poll, ready},
};

use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use rustix::{
    io::Errno,
    net::{
        AddressFamily, SocketFlags, SocketType, bind, connect, getpeername, ipproto, socket_with,
    },
};
use tokio::net::TcpStream;

/// A connection on its way, or made.
pub(super) struct Attempt(State);

enum State {
    /// Whether it is made, the runtime will tell.
    Open(TcpStream),
    /// How it ended.
    Over(io::Result<TcpStream>),
    Told,
}

impl Attempt {
    /// Begins it; the failures of a socket are those of this side.
    pub(super) fn new(source: Option<SocketAddr>, target: SocketAddr) -> io::Result<Self> {
        let socket = socket(source, target)?;
        let made = match connect(&socket, &target) {
            Ok(()) => Ok(true),
            // To this machine, it is there as soon as the call is over.
            Err(Errno::INPROGRESS | Errno::INTR) => Ok(getpeername(&socket).is_ok()),
            Err(error) => Err(error),
        };
        Ok(Self(match made {
            Ok(true) => State::Over(Ok(registered(socket)?)),
            Ok(false) => State::Open(registered(socket)?),
            Err(error) => State::Over(Err(error.into())),
        }))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        if let State::Open(stream) = &self.0 {
            ready!(stream.poll_write_ready(cx))?;
        }
        match std::mem::replace(&mut self.0, State::Told) {
            State::Open(stream) => Poll::Ready(match stream.take_error()? {
                Some(error) => Err(error),
                None => Ok(stream),
            }),
            State::Over(end) => Poll::Ready(end),
            State::Told => Poll::Pending,
        }
    }
}

fn registered(socket: OwnedFd) -> io::Result<TcpStream> {
    TcpStream::from_std(socket.into())
}

fn socket(source: Option<SocketAddr>, target: SocketAddr) -> io::Result<OwnedFd> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    if let Some(source) = source {
        leave_port_open(&socket);
        bind(&socket, &source)?;
    }
    Ok(socket)
}

/// Has the system choose the port when the target is known. Else each connection takes one for
/// itself, whatever it leads to, and keeps it for a minute after its end: a side that closes first
/// would run out of them at some 28,000 transfers.
fn leave_port_open(socket: &OwnedFd) {
    if let Err(error) = setsockopt(socket, IpBindAddressNoPort, &true) {
        tracing::debug!(%error, "a data connection takes a port for itself");
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, net::TcpListener};

    use rustix::net::getsockname;
    use tokio::net::TcpSocket;

    use super::*;
    use crate::data::listen::with_port;

    /// A listener on loopback of each family that the system has.
    fn listeners() -> impl Iterator<Item = (TcpListener, SocketAddr)> {
        let both = ["127.0.0.1:0", "[::1]:0"].into_iter();
        both.filter_map(|local| TcpListener::bind(local).ok().zip(local.parse().ok()))
    }

    #[test]
    fn a_port_is_taken_only_when_the_target_is_known() {
        for (listener, source) in listeners() {
            let target = listener.local_addr().unwrap();
            let socket = socket(Some(source), target).unwrap();
            let bound = SocketAddr::try_from(getsockname(&socket).unwrap()).unwrap();
            assert_eq!(bound, source);
        }
    }

    #[tokio::test]
    async fn it_comes_from_the_source() {
        for (listener, source) in listeners() {
            let target = listener.local_addr().unwrap();
            let mut attempt = Attempt::new(Some(source), target).unwrap();
            let stream = poll_fn(|cx| attempt.poll(cx)).await.unwrap();
            let from = stream.local_addr().unwrap();
            assert_eq!(with_port(from, 0), source);
            assert_eq!(listener.accept().unwrap().1, from);
        }
    }

    #[tokio::test]
    async fn what_is_refused_is_told() {
        // The port is somebody's, who does not listen.
        let nobody = TcpSocket::new_v4().unwrap();
        nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut attempt = Attempt::new(None, nobody.local_addr().unwrap()).unwrap();
        let error = poll_fn(|cx| attempt.poll(cx)).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
