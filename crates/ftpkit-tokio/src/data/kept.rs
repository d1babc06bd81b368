//! Passive listeners that are kept from one transfer to the next: to make one, to bind it and to
//! close it is most of what a small file costs. What belongs elsewhere: binding them (`listen`).

use std::{
    collections::VecDeque,
    fmt, io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::listen::with_port;

/// How many are kept, for all sessions of a server.
const KEPT: usize = 32;

/// After so many transfers a listener goes: a client that has closed so many connections to one
/// port cannot use their own ports again for a while, and would run out of them.
const USES: u8 = 64;

/// How many strangers may have come to a listener that nobody was told of.
const STRANGERS: usize = 256;

/// A passive listener that a session has. No runtime knows of it: mostly the caller is there when
/// it is asked for, and its coming would only have woken the session.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    uses: u8,
}

impl Listener {
    /// Of a listener in non-blocking mode.
    pub(super) fn new(listener: TcpListener) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            uses: 0,
        })
    }

    /// A caller who is there already, as a stream in non-blocking mode.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        use rustix::net::{SocketFlags, acceptfrom_with};
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let (stream, peer) = acceptfrom_with(&self.listener, flags)?;
        let peer = peer.ok_or(io::ErrorKind::NotConnected)?;
        Ok((stream.into(), SocketAddr::try_from(peer)?))
    }

    /// A caller who is there already, as a stream in non-blocking mode.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }

    /// Turns away those who have come since the last transfer; whether it can be used on.
    fn drain(&self) -> bool {
        for _ in 0..STRANGERS {
            match self.accept() {
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}

/// Listeners without a session.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<Listener>>);

impl Kept {
    fn all(&self) -> MutexGuard<'_, VecDeque<Listener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One on this local address, whatever its port: that which has rested longest.
    pub(super) fn take(&self, address: SocketAddr) -> Option<Listener> {
        loop {
            let mut all = self.all();
            let is_there = |kept: &Listener| with_port(kept.address, 0) == address;
            let at = all.iter().position(is_there)?;
            let listener = all.remove(at)?;
            drop(all);
            if listener.drain() {
                return Some(listener);
            }
        }
    }

    /// Keeps a listener whose caller has come.
    pub(super) fn keep(&self, mut listener: Listener) {
        listener.uses = listener.uses.saturating_add(1);
        if listener.uses < USES {
            let mut all = self.all();
            all.push_back(listener);
            // It is closed behind the lock.
            let _too_many = (all.len() > KEPT).then(|| all.pop_front());
            drop(all);
        }
    }

    /// Closes all, where ports have run out; whether there were some.
    pub(super) fn clear(&self) -> bool {
        let all = std::mem::take(&mut *self.all());
        !all.is_empty()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.all().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const ANY: &str = "127.0.0.1:0";

    fn any() -> SocketAddr {
        ANY.parse().unwrap()
    }

    fn listener() -> Listener {
        let listener = TcpListener::bind(ANY).unwrap();
        listener.set_nonblocking(true).unwrap();
        Listener::new(listener).unwrap()
    }

    #[test]
    fn what_has_rested_longest_comes_first_and_only_on_its_address() {
        let kept = Kept::default();
        let (first, second) = (listener(), listener());
        let addresses = [first.address, second.address];
        kept.keep(first);
        kept.keep(second);
        assert!(kept.take("127.0.0.2:0".parse().unwrap()).is_none());
        for address in addresses {
            assert_eq!(kept.take(any()).unwrap().address, address);
        }
        assert!(kept.take(any()).is_none());
        assert!(!kept.clear());
    }

    #[test]
    fn nobody_who_came_before_is_there_after() {
        let kept = Kept::default();
        let listener = listener();
        let address = listener.address;
        kept.keep(listener);
        let mut stranger = TcpStream::connect(address).unwrap();
        let listener = kept.take(any()).unwrap();
        // Its connection is over, and the next caller is somebody else.
        assert!(!matches!(stranger.read(&mut [0; 8]), Ok(1..)));
        let caller = TcpStream::connect(address).unwrap();
        let (_stream, peer) = listener.accept().unwrap();
        assert_eq!(peer, caller.local_addr().unwrap());
        let nobody = listener.accept().unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn none_is_kept_for_ever_and_not_too_many() {
        let kept = Kept::default();
        let mut uses = 1;
        kept.keep(listener());
        while let Some(again) = kept.take(any()) {
            uses += 1;
            kept.keep(again);
        }
        assert_eq!(uses, USES);
        for _ in 0..2 * KEPT {
            kept.keep(listener());
        }
        assert_eq!(kept.all().len(), KEPT);
        assert!(kept.clear());
    }
}
