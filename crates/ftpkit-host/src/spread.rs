//! Sessions over several runtimes. What belongs elsewhere: who gets a session (`host`).

use std::{
    future::Future,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{net::TcpStream, runtime::Handle, task::JoinSet};

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

    /// Spawns a session where there are fewest, the first of them.
    ///
    /// `serve` makes its future, which must keep what it is counted by. It is called here and not
    /// in the task: what a task begins with keeps its room as long as the task.
    pub(crate) fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        sessions: &mut JoinSet<()>,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream, Counted) -> F,
    ) {
        let load = |place: &&Place| place.sessions.load(Ordering::Relaxed);
        let Some(place) = self.0.iter().min_by_key(load) else {
            sessions.spawn(serve(stream, Counted(None)));
            return;
        };
        match place.known(stream) {
            Ok(stream) => {
                sessions.spawn_on(serve(stream, place.counted()), &place.runtime);
            }
            Err(error) => tracing::warn!(%error, "a caller was lost on the way to a session"),
        }
    }
}

impl Place {
    /// Counts one more session.
    fn counted(&self) -> Counted {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Counted(Some(Arc::clone(&self.sessions)))
    }

    /// The same socket, known to this runtime: it works in no other.
    fn known(&self, stream: TcpStream) -> io::Result<TcpStream> {
        if Handle::current().id() == self.runtime.id() {
            return Ok(stream);
        }
        let _inside = self.runtime.enter();
        TcpStream::from_std(stream.into_std()?)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex, thread, time::Duration};

    use tokio::{
        net::TcpListener,
        runtime::{Builder, Id},
        sync::oneshot,
        task::yield_now,
        time::timeout,
    };

    use super::*;

    async fn stream() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stream, _) = tokio::join!(TcpStream::connect(address), listener.accept());
        stream.unwrap()
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
            let serve = move |stream: TcpStream, counted| async move {
                // It works here: it can be waited for.
                stream.writable().await.unwrap();
                noted.lock().unwrap().push(Handle::current().id());
                let _ = ended.await;
                drop(counted);
            };
            spread.spawn(&mut sessions, stream().await, serve);
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
        let serve = |_, _| async move {
            noted.lock().unwrap().push(Handle::current().id());
        };
        spread.spawn(&mut sessions, stream().await, serve);
        sessions.join_next().await.unwrap().unwrap();
        assert_eq!(seen.lock().unwrap().last(), Some(&ids[0]));
    }
}
