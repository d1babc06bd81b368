//! One connection: SSH's task beside it, the channels that are for SFTP in it, and all that may end
//! it. What a channel does is in `channel`, what SSH asks in `handler`.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use ftpkit_accounts::{Admission, DrainSignal};
use ftpkit_host::Caller;
use ftpkit_sftp::packet::SymlinkOrder;
use ftpkit_tokio::Pace;
use futures::{StreamExt as _, stream::FuturesUnordered};
use russh::{
    Channel, Disconnect,
    server::{Handle, Msg, RunningSession, run_stream},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep_until, timeout},
};

use super::{
    activity::Activity,
    channel::{self, Tools},
    front::Shared,
    handler::{Client, News},
    line::{Hold, Line},
    paths::Place,
    tell::Teller,
    work::Desk,
};

/// How long a client may take for its last words when it is told to go.
const LAST_WORDS: Duration = Duration::from_secs(1);

type Serving = FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>;

/// What is known once somebody has logged in.
struct User {
    /// The account counts its sessions by it.
    _admission: Admission,
    place: Place,
}

struct Session {
    shared: Arc<Shared>,
    teller: Teller,
    handle: Handle,
    drain: DrainSignal,
    activity: Arc<Activity>,
    user: Option<User>,
    channels: Serving,
}

/// Why a session ends, seen from here.
enum Why {
    /// SSH has ended it, by the client's will or for an error.
    Ssh(Result<(), russh::Error>),
    /// Nobody logged in within the time for it.
    NoLogin,
    /// Too many logins failed.
    FailedLogins,
    Idle,
    /// The server shuts down.
    Shutdown,
    /// And the time for it is over.
    CutOff,
}

/// Serves one client until the session is over.
pub(super) async fn run(shared: Arc<Shared>, caller: Caller<()>) {
    let Caller {
        stream,
        origin,
        mut drain,
        ..
    } = caller;
    let deadline = Instant::now() + shared.timeouts.login;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "small packets may be held back");
    }
    let (line, hold) = Line::new(stream);
    let (news, mut inbox) = unbounded_channel();
    let teller = Teller {
        observer: shared.observer.clone(),
        origin,
    };
    let client = Client::new(Arc::clone(&shared), teller.clone(), deadline, news);
    let begun = tokio::select! {
        begun = run_stream(Arc::clone(&shared.ssh), line, client) => begun,
        () = sleep_until(deadline) => return tracing::debug!("said nothing"),
        _ = drain.draining() => return,
    };
    let mut ssh = match begun {
        Ok(ssh) => ssh,
        Err(error) => return tracing::debug!(%error, "no SSH"),
    };
    let mut session = Session {
        handle: ssh.handle(),
        drain,
        activity: Arc::new(Activity::new()),
        user: None,
        channels: FuturesUnordered::new(),
        shared,
        teller,
    };
    let why = session.serve(&mut ssh, &mut inbox, deadline).await;
    session.end(why, ssh, hold).await;
}

impl Session {
    async fn serve(
        &mut self,
        ssh: &mut RunningSession<Client>,
        inbox: &mut UnboundedReceiver<News>,
        deadline: Instant,
    ) -> Why {
        let (mut draining, mut ended) = (self.drain.clone(), self.drain.clone());
        let mut drained = false;
        loop {
            if drained && self.channels.is_empty() {
                return Why::Shutdown;
            }
            let limit = match &self.user {
                None => deadline,
                Some(_) => self.activity.last() + self.shared.timeouts.idle,
            };
            tokio::select! {
                // What has come before the end is carried out: a CLOSE makes a file complete.
                biased;
                Some(()) = self.channels.next(), if !self.channels.is_empty() => {}
                news = inbox.recv() => match news {
                    Some(News::LoggedIn(admission)) => self.entered(admission),
                    Some(News::Sftp(channel, order)) => self.begin(channel, order),
                    Some(News::GiveUp) => return Why::FailedLogins,
                    None => {
                        // Its sender is SSH's task, which is about to tell how it ended.
                        let result = (&mut *ssh).await;
                        self.finish().await;
                        return Why::Ssh(result);
                    }
                },
                _ = draining.draining(), if !drained => drained = true,
                () = ended.ended() => return Why::CutOff,
                () = sleep_until(limit) => match &self.user {
                    None => return Why::NoLogin,
                    Some(_) if self.activity.last() + self.shared.timeouts.idle > Instant::now() => {}
                    Some(_) => return Why::Idle,
                },
            }
        }
    }

    /// Lets the channels end, whose client is gone: what they have been told to do is done, and
    /// what was left open is dropped. When the server's grace is over, they end at once.
    async fn finish(&mut self) {
        while self.channels.next().await.is_some() {}
    }

    fn entered(&mut self, admission: Admission) {
        let account = admission.account();
        tracing::Span::current().record("user", account.name());
        self.teller.logged_in(account.name());
        let place = Place {
            user: account.name().into(),
            storage: Arc::clone(account.storage()),
            home: account.home().clone(),
        };
        self.activity.note();
        self.user = Some(User {
            _admission: admission,
            place,
        });
    }

    fn begin(&self, channel: Channel<Msg>, order: Option<SymlinkOrder>) {
        let Some(user) = &self.user else {
            return tracing::error!("a channel came before login");
        };
        let desk = Desk {
            place: user.place.clone(),
            buffers: Arc::clone(&self.shared.buffers),
            limit: self.shared.timeouts.storage,
            activity: Arc::clone(&self.activity),
        };
        let mut config = self.shared.sftp.clone();
        config.symlink_order = order.unwrap_or(config.symlink_order);
        let tools = Tools {
            handle: self.handle.clone(),
            config,
            desk,
            teller: self.teller.clone(),
            activity: Arc::clone(&self.activity),
            pace: Pace::of_peer(self.shared.busy_wait, self.teller.origin.peer),
            drain: self.drain.clone(),
        };
        self.channels.push(Box::pin(channel::serve(channel, tools)));
    }

    /// Tells the client why, if it can be told, and cuts it off.
    async fn end(mut self, why: Why, ssh: RunningSession<Client>, hold: Hold) {
        let words = match why {
            Why::Ssh(result) => {
                match result {
                    Ok(()) => tracing::debug!("closed"),
                    Err(error) => tracing::debug!(%error, "closed"),
                }
                return;
            }
            Why::NoLogin => "nobody logged in for too long",
            Why::FailedLogins => "too many failed logins",
            Why::Idle => "idle for too long",
            Why::Shutdown => "the server is shutting down",
            Why::CutOff => {
                drop(hold);
                return self.finish().await;
            }
        };
        tracing::debug!(words, "disconnected");
        let reason = match why {
            Why::FailedLogins => Disconnect::NoMoreAuthMethodsAvailable,
            _ => Disconnect::ByApplication,
        };
        let handle = self.handle.clone();
        let farewell = async {
            let _ = handle.disconnect(reason, words.into(), "en".into()).await;
            let _ = ssh.await;
        };
        // A client that takes nothing keeps SSH busy with what it was sent before.
        if timeout(LAST_WORDS, farewell).await.is_err() {
            tracing::debug!("cut off");
        }
        drop(hold);
        self.finish().await;
    }
}
