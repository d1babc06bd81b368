//! The connections of a [`Remote`](super::Remote): made on demand, kept, and lent one at a time.

use std::{
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ftpkit_proto::{Code, client::Learned, command::Command};
use tokio::{
    sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    builder::ClientBuilder,
    client::Client,
    error::{Error, ErrorKind, Result, Step},
};

/// A connection that was idle for longer is asked for a sign of life before it is used.
const CHECKED_AFTER: Duration = Duration::from_secs(5);

pub(super) type Make = Box<dyn Fn() -> ClientBuilder + Send + Sync>;

pub(super) struct Pool {
    make: Make,
    seats: Vec<Arc<Mutex<Option<Seat>>>>,
    /// As many as there are seats; whoever has waited longest is next.
    free: Arc<Semaphore>,
    choosing: Lock<()>,
    wait: Duration,
    learned: Lock<Option<Learned>>,
}

struct Seat {
    client: Client,
    used: Instant,
}

/// A connection that is lent; it is given back when this is dropped.
pub(super) struct Lease {
    pool: Arc<Pool>,
    // Given back in this order, so that whoever has a permit finds a seat.
    seat: OwnedMutexGuard<Option<Seat>>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(make: Make, connections: usize, wait: Duration) -> Self {
        let connections = connections.max(1);
        Self {
            make,
            seats: (0..connections).map(|_| Arc::default()).collect(),
            free: Arc::new(Semaphore::new(connections)),
            choosing: Lock::new(()),
            wait,
            learned: Lock::new(None),
        }
    }

    /// Lends a connection, once one is free.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let busy = || {
            let count = self.seats.len();
            Error::new(ErrorKind::TimedOut, Step::Connect)
                .with_detail(format!("all {count} connections to the server are in use"))
                .with_hint("allow more connections, or close files that are open")
        };
        let permit = timeout(self.wait, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.ok().and_then(Result::ok).ok_or_else(busy)?;
        let seat = self.choose().ok_or_else(busy)?;
        Ok(Lease {
            pool: Arc::clone(self),
            seat,
            _permit: permit,
        })
    }

    /// A free seat, with a connection if there is one.
    fn choose(&self) -> Option<OwnedMutexGuard<Option<Seat>>> {
        let _choosing = self.choosing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut spare = None;
        for seat in &self.seats {
            let Ok(seat) = Arc::clone(seat).try_lock_owned() else {
                continue;
            };
            if seat.as_ref().is_some_and(|seat| !seat.client.is_closed()) {
                return Some(seat);
            }
            spare.get_or_insert(seat);
        }
        spare
    }

    fn known(&self) -> MutexGuard<'_, Option<Learned>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Client> {
        let mut builder = (self.make)();
        let known = self.known().clone();
        if let Some(learned) = known {
            builder = builder.learned(learned);
        }
        let client = builder.connect().await?;
        *self.known() = Some(client.learned());
        Ok(client)
    }
}

impl Lease {
    /// The connection, which is made now if there is none that lives.
    pub(super) async fn client(&mut self) -> Result<&mut Client> {
        if let Some(seat) = &mut *self.seat
            && seat.used.elapsed() > CHECKED_AFTER
        {
            // A 421 that waited is taken for the answer, before the connection is known to be over.
            let answer = seat.client.command(Command::Noop).await;
            if !answer.is_ok_and(|reply| reply.code() != Code::SERVICE_CLOSING) {
                *self.seat = None;
            }
        }
        if self
            .seat
            .as_ref()
            .is_none_or(|seat| seat.client.is_closed())
        {
            *self.seat = None;
            let client = self.pool.connect().await?;
            *self.seat = Some(Seat {
                client,
                used: Instant::now(),
            });
        }
        match &mut *self.seat {
            Some(seat) => Ok(&mut seat.client),
            None => Err(Error::new(ErrorKind::Disconnected, Step::Connect)),
        }
    }

    /// Drops the connection, which has turned out to be lost.
    pub(super) fn forget(&mut self) {
        *self.seat = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(seat) = &mut *self.seat {
            seat.used = Instant::now();
        }
    }
}
