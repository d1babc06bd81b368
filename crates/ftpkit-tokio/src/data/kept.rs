//! Passive listeners that are kept from one transfer to the next: to make one, to bind it and to
//! close it is most of what a small file costs. What belongs elsewhere: binding them (`listen`).

use std::{
    collections::VecDeque,
    fmt, io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    net::TcpListener,
    runtime::{Handle, Id},
};

/// How many are kept, for all sessions of a server.
const KEPT: usize = 32;

/// After so many transfers a listener goes: a client that has closed so many connections to one
/// port cannot use their own ports again for a while, and would run out of them.
const USES: u8 = 64;

/// How many strangers may have come to a listener that nobody was told of.
const STRANGERS: usize = 256;

/// A passive listener that a session has.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    uses: u8,
}

impl Listener {
    pub(super) fn new(listener: TcpListener) -> io::Result<Self> {
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            uses: 0,
        })
    }

    /// Turns away those who have come since the last transfer; whether it can be used on.
    fn drain(&self) -> bool {
        for _ in 0..STRANGERS {
            match accept(&self.listener) {
                Ok(()) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}

/// Takes one caller and drops it. This asks the system itself: tokio learns of callers only when
/// its reactor is polled next.
#[cfg(unix)]
fn accept(listener: &TcpListener) -> io::Result<()> {
    rustix::net::accept(listener)?;
    Ok(())
}

/// Elsewhere none is kept.
#[cfg(not(unix))]
fn accept(_: &TcpListener) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Listeners without a session.
#[derive(Default)]
pub(crate) struct Kept(Mutex<VecDeque<(Id, Listener)>>);

impl Kept {
    fn all(&self) -> MutexGuard<'_, VecDeque<(Id, Listener)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One on this local address, whatever its port: that which has rested longest.
    pub(super) fn take(&self, address: SocketAddr) -> Option<Listener> {
        // A listener works in the runtime in which it was made.
        let here = Handle::try_current().ok()?.id();
        loop {
            let mut all = self.all();
            let at = all.iter().position(|(runtime, kept)| {
                *runtime == here && super::listen::with_port(kept.address, 0) == address
            })?;
            let (_, listener) = all.remove(at)?;
            drop(all);
            if listener.drain() {
                return Some(listener);
            }
        }
    }

    /// Keeps a listener whose caller has come.
    pub(super) fn keep(&self, mut listener: Listener) {
        listener.uses = listener.uses.saturating_add(1);
        if let Ok(runtime) = Handle::try_current()
            && cfg!(unix)
            && listener.uses < USES
        {
            let mut all = self.all();
            all.push_back((runtime.id(), listener));
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::acceptor;

    fn listener() -> Listener {
        let listener = acceptor::listen("127.0.0.1:0".parse().unwrap(), 8).unwrap();
        Listener::new(listener).unwrap()
    }

    const ANY: &str = "127.0.0.1:0";

    #[tokio::test]
    async fn what_has_rested_longest_comes_first_and_only_on_its_address() {
        let kept = Kept::default();
        let (first, second) = (listener(), listener());
        let ports = [first.address, second.address];
        kept.keep(first);
        kept.keep(second);
        assert!(kept.take("127.0.0.2:0".parse().unwrap()).is_none());
        for port in ports {
            assert_eq!(kept.take(ANY.parse().unwrap()).unwrap().address, port);
        }
        assert!(kept.take(ANY.parse().unwrap()).is_none());
        assert!(!kept.clear());
    }

    #[tokio::test]
    async fn nobody_who_came_before_is_there_after() {
        use tokio::{io::AsyncReadExt as _, net::TcpStream, time};
        let kept = Kept::default();
        let listener = listener();
        let address = listener.address;
        kept.keep(listener);
        let mut stranger = TcpStream::connect(address).await.unwrap();
        let listener = kept.take(ANY.parse().unwrap()).unwrap();
        // Its connection is over, and the next caller is somebody else.
        assert!(!matches!(stranger.read(&mut [0; 8]).await, Ok(1..)));
        let caller = TcpStream::connect(address).await.unwrap();
        let (_stream, peer) = listener.listener.accept().await.unwrap();
        assert_eq!(peer, caller.local_addr().unwrap());
        let more = time::timeout(
            std::time::Duration::from_millis(20),
            listener.listener.accept(),
        );
        assert!(more.await.is_err(), "nobody else");
    }

    #[tokio::test]
    async fn none_is_kept_for_ever_and_not_too_many() {
        let kept = Kept::default();
        let mut listener = listener();
        let mut uses = 1;
        kept.keep(listener);
        while let Some(again) = kept.take(ANY.parse().unwrap()) {
            uses += 1;
            kept.keep(again);
        }
        assert_eq!(uses, USES);
        for _ in 0..2 * KEPT {
            listener = self::listener();
            kept.keep(listener);
        }
        assert_eq!(kept.all().len(), KEPT);
        assert!(kept.clear());
    }

    #[test]
    fn what_belongs_to_another_runtime_is_left_alone() {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        let (one, other) = (runtime(), runtime());
        let kept = Kept::default();
        one.block_on(async { kept.keep(listener()) });
        other.block_on(async { assert!(kept.take(ANY.parse().unwrap()).is_none()) });
        one.block_on(async { assert!(kept.take(ANY.parse().unwrap()).is_some()) });
    }
}
