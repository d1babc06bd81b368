//! Sessions over several runtimes. What belongs elsewhere: who gets a session (`host`).

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{runtime::Handle, task::JoinSet};

/// The runtimes in which sessions run; none: that of the accept loop.
#[derive(Debug, Default)]
pub(crate) struct Spread(Vec<Place>);

#[derive(Debug)]
struct Place {
    runtime: Handle,
    sessions: Arc<AtomicUsize>,
}

/// A session counts as long as this is there; one that runs where the accept loop does has no
/// need to be counted.
#[derive(Debug)]
pub(crate) struct Counted(Option<Arc<AtomicUsize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(sessions) = &self.0 {
            sessions.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Spread {
    pub(crate) fn over(runtimes: impl IntoIterator<Item = Handle>) -> Self {
        let place = |runtime| Place {
            runtime,
            sessions: Arc::default(),
        };
        Self(runtimes.into_iter().map(place).collect())
    }

    /// Where the next session is to run: where there are fewest, the first of them.
    pub(crate) fn next(&self) -> Spot<'_> {
        let load = |place: &&Place| place.sessions.load(Ordering::Relaxed);
        Spot(self.0.iter().min_by_key(load))
    }
}

/// Where a session is to run; none: in the runtime of the accept loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a>(Option<&'a Place>);

impl Spot<'_> {
    /// Does this with that runtime as the present one: a socket that comes about is known to it,
    /// and its thread alone wakes the session. To move the socket later costs more, in time and in
    /// what it leaves behind in the memory of the other runtime.
    pub(crate) fn within<T>(self, work: impl FnOnce() -> T) -> T {
        let _inside = self.0.map(|place| place.runtime.enter());
        work()
    }

    /// Spawns a session.
    ///
    /// `serve` makes its future, which must keep what it is counted by. It is called here and not
    /// in the task: what a task begins with keeps its room as long as the task.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        self,
        sessions: &mut JoinSet<()>,
        serve: impl FnOnce(Counted) -> F,
    ) {
        match self.0 {
            Some(place) => sessions.spawn_on(serve(place.counted()), &place.runtime),
            None => sessions.spawn(serve(Counted(None))),
        };
    }
}

impl Place {
    /// Counts one more session.
    fn counted(&self) -> Counted {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Counted(Some(Arc::clone(&self.sessions)))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::Mutex, thread, time::Duration};

    use tokio::{
        net::{TcpListener, TcpStream},
        runtime::{Builder, Id},
        sync::oneshot,
        task::yield_now,
        time::timeout,
    };

    use super::*;

    /// A caller of a listener in this runtime, accepted for another.
    async fn stream(spot: Spot<'_>) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _caller = TcpStream::connect(address).await.unwrap();
        let mut accepting = pin!(listener.accept());
        let accepted = poll_fn(|cx| spot.within(|| accepting.as_mut().poll(cx)));
        accepted.await.unwrap().0
    }

    /// A runtime on a thread of its own.
    fn runtime() -> (Handle, oneshot::Sender<()>) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || runtime.block_on(stopped));
        (handle, stop)
    }

    #[tokio::test]
    async fn sessions_go_where_there_are_fewest() {
        let (other, _stop) = runtime();
        let here = Handle::current();
        let ids = [here.id(), other.id()];
        let spread = Spread::over([here, other]);
        let mut sessions = JoinSet::new();
        let seen: Arc<Mutex<Vec<Id>>> = Arc::default();
        let mut ends = Vec::new();
        for number in 0..4 {
            let (end, ended) = oneshot::channel::<()>();
            ends.push(end);
            let noted = Arc::clone(&seen);
            let spot = spread.next();
            let stream = stream(spot).await;
            let serve = move |counted| async move {
                // It works here: it can be waited for.
                stream.writable().await.unwrap();
                noted.lock().unwrap().push(Handle::current().id());
                let _ = ended.await;
                drop(counted);
            };
            spot.spawn(&mut sessions, serve);
            let all_there = async {
                while seen.lock().unwrap().len() <= number {
                    yield_now().await;
                }
            };
            timeout(Duration::from_secs(10), all_there).await.unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), [ids[0], ids[1], ids[0], ids[1]]);
        // The place of one that has ended is free again.
        drop(ends.remove(2));
        sessions.join_next().await.unwrap().unwrap();
        let noted = Arc::clone(&seen);
        let serve = |_| async move {
            noted.lock().unwrap().push(Handle::current().id());
        };
        spread.next().spawn(&mut sessions, serve);
        sessions.join_next().await.unwrap().unwrap();
        assert_eq!(seen.lock().unwrap().last(), Some(&ids[0]));
    }
}
