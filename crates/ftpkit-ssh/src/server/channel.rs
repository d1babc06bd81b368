//! One SFTP session in its channel: the machine, its answers in the making, and the channel's
//! messages both ways. What the answers are is in `work` and `open`.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use ftpkit_accounts::DrainSignal;
use ftpkit_host::End as TransferEnd;
use ftpkit_sftp::server::{Config, Connection, Error, Event, FileId, Output, RefusalKind};
use ftpkit_tokio::Pace;
use futures::{StreamExt as _, stream::FuturesUnordered};
use russh::{
    Channel, ChannelId, ChannelMsg, ChannelReadHalf,
    server::{Handle, Msg},
};

use super::{
    activity::Activity,
    open::{Item, Table},
    storage_map::offers,
    tell::{Moved, Teller},
    work::{Desk, Settled, Work},
};

/// How much of a client's bytes may wait behind what is carried out, before its channel is
/// closed. SSH gives no way to hold back one who sends on and on and takes no answers.
const BACKLOG: usize = 16 * 1024 * 1024;
/// How many messages are taken at a time before others get their turn.
const TURNS: usize = 64;

/// What a channel is given to work with.
pub(super) struct Tools {
    pub(super) handle: Handle,
    pub(super) config: Config,
    pub(super) desk: Desk,
    pub(super) teller: Teller,
    pub(super) activity: Arc<Activity>,
    pub(super) pace: Pace,
    pub(super) drain: DrainSignal,
}

/// An SFTP session.
struct Session {
    id: ChannelId,
    handle: Handle,
    reader: ChannelReadHalf,
    machine: Connection,
    desk: Desk,
    teller: Teller,
    activity: Arc<Activity>,
    /// How soon the client asks again, once it was answered.
    pace: Pace,
    table: Table,
    work: FuturesUnordered<Work>,
    /// What is told of the files whose CLOSE is being answered.
    closing: BTreeMap<FileId, Moved>,
    /// A message that SSH has no room for yet.
    sending: Option<Sending>,
    /// The bytes that came although the machine wanted none.
    backlog: usize,
    at_eof: bool,
    /// Nobody is left to read an answer.
    is_gone: bool,
}

type Sending = Pin<Box<dyn Future<Output = Result<(), Bytes>> + Send>>;

/// How a session ended.
enum End {
    /// By the client or by what it sent.
    Closed(Result<(), Error>),
    /// The server shuts down, and nothing is open.
    Drained,
    /// The grace of a shutdown is over.
    CutOff,
    /// The client sends on and on, and takes no answers.
    Flood,
}

/// Serves SFTP in a channel until it ends.
pub(super) async fn serve(channel: Channel<Msg>, tools: Tools) {
    let id = channel.id();
    let (reader, _) = channel.split();
    let Tools {
        handle,
        mut config,
        desk,
        teller,
        activity,
        pace,
        mut drain,
    } = tools;
    config.offers = offers(desk.place.storage.capabilities());
    let mut session = Session {
        id,
        handle,
        reader,
        machine: Connection::new(Arc::new(config)),
        desk,
        teller,
        activity,
        pace,
        table: Table::default(),
        work: FuturesUnordered::new(),
        closing: BTreeMap::new(),
        sending: None,
        backlog: 0,
        at_eof: false,
        is_gone: false,
    };
    tracing::debug!(channel = %id, "SFTP begins");
    let end = session.run(&mut drain).await;
    let status = match &end {
        End::Closed(Ok(())) | End::Drained => 0,
        _ => 1,
    };
    match &end {
        End::Closed(Ok(())) => tracing::debug!(channel = %id, "SFTP ended"),
        End::Closed(Err(error)) => tracing::debug!(channel = %id, %error, "SFTP ended"),
        End::Drained => tracing::debug!(channel = %id, "SFTP ended for the shutdown"),
        End::CutOff => tracing::debug!(channel = %id, "SFTP was cut off"),
        End::Flood => tracing::warn!(channel = %id, "SFTP ended: the client takes no answers"),
    }
    for item in session.table.drain() {
        session.dropped(&item);
    }
    if let End::CutOff = end {
        return;
    }
    // scp and sftp take a channel without a status for one that was cut off.
    let handle = &session.handle;
    let _ = handle.exit_status_request(id, status).await;
    let _ = handle.eof(id).await;
    let _ = handle.close(id).await;
}

impl Session {
    async fn run(&mut self, drain: &mut DrainSignal) -> End {
        {
            let mut draining = pin!(drain.draining());
            let end = poll_fn(|cx| match self.poll_awake(cx) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending => draining.as_mut().poll(cx).map(|_| None),
            });
            if let Some(end) = end.await {
                return end;
            }
        }
        // What is open may be finished; who has nothing open is done.
        let mut ended = pin!(drain.ended());
        poll_fn(|cx| {
            if let Poll::Ready(end) = self.poll_awake(cx) {
                return Poll::Ready(end);
            }
            let idle = self.machine.in_flight() == 0 && self.sending.is_none();
            if idle && self.table.is_empty() {
                return Poll::Ready(End::Drained);
            }
            ended.as_mut().poll(cx).map(|()| End::CutOff)
        })
        .await
    }

    /// The same as [`poll`](Self::poll), and soon again while the client may be about to ask.
    fn poll_awake(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let end = self.poll(cx);
        if end.is_pending() {
            self.pace.wait(cx);
        }
        end
    }

    /// Does all that can be done now: answers first, then what they let out, then what comes in.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut turns = 0;
        loop {
            while let Poll::Ready(Some(settled)) = self.work.poll_next_unpin(cx) {
                self.settle(settled);
            }
            if let Some(end) = self.poll_outputs(cx) {
                return Poll::Ready(end);
            }
            if turns == TURNS {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            turns += 1;
            let wanted = self.machine.wants_read();
            if wanted {
                self.backlog = 0;
            } else if self.sending.is_none() || self.at_eof {
                // The answers in the making will wake this. SSH waits with what it has, and so
                // the client does.
                return Poll::Pending;
            }
            // Where SSH has no room for an answer, its messages must be taken all the same: the
            // one that makes room stands behind them.
            let message = pin!(self.reader.wait()).poll(cx);
            match message {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(ChannelMsg::Data { data })) => {
                    self.activity.note();
                    self.pace.heard();
                    if !wanted {
                        self.backlog = self.backlog.saturating_add(data.len());
                        if self.backlog > BACKLOG {
                            return Poll::Ready(End::Flood);
                        }
                    }
                    self.machine.handle_bytes(&data);
                }
                // A channel that is closed says no more than one that has ended.
                Poll::Ready(end @ (Some(ChannelMsg::Eof | ChannelMsg::Close) | None)) => {
                    self.is_gone |= !matches!(end, Some(ChannelMsg::Eof));
                    if self.at_eof {
                        return Poll::Pending;
                    }
                    self.at_eof = true;
                    self.machine.handle_eof();
                }
                // Nothing else has a meaning for SFTP.
                Poll::Ready(Some(_)) => {}
            }
        }
    }

    /// Does what the machine says, until it waits or SSH has no room.
    fn poll_outputs(&mut self, cx: &mut Context<'_>) -> Option<End> {
        loop {
            if let Some(sending) = &mut self.sending {
                match sending.as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => self.sending = None,
                    Poll::Ready(Err(_)) => {
                        // With a CLOSE that has come the upload is complete, whoever is gone.
                        self.sending = None;
                        self.is_gone = true;
                        if !self.at_eof {
                            self.at_eof = true;
                            self.machine.handle_eof();
                        }
                    }
                    Poll::Pending => return None,
                }
            }
            match self.machine.poll_output() {
                Output::Write(bytes) => {
                    self.activity.note();
                    self.pace.told();
                    let (handle, id) = (self.handle.clone(), self.id);
                    self.sending = Some(Box::pin(async move { handle.data(id, bytes).await }));
                }
                Output::Event(event) => self.begin(event, cx),
                Output::Closed(result) => return Some(End::Closed(result)),
                _ => return None,
            }
        }
    }

    /// Begins to answer. Most storages answer at once, which costs no place among those that
    /// are waited for.
    fn begin(&mut self, event: Event, cx: &mut Context<'_>) {
        let work = match event {
            // Nobody would read it, and there may be a hundred thousand of them.
            Event::Read(ask) if self.is_gone => {
                return self.machine.answer(ask, Err(RefusalKind::Failed.into()));
            }
            Event::List(ask) if self.is_gone => {
                return self.machine.answer(ask, Err(RefusalKind::Failed.into()));
            }
            Event::Close(ask) => {
                let id = ask.question().file;
                let item = self.table.remove(id);
                if let Some(moved) = item.as_ref().and_then(Moved::of) {
                    self.closing.insert(id, moved);
                }
                Some(self.desk.close(ask, item))
            }
            Event::Ended(id) => {
                if let Some(item) = self.table.remove(id) {
                    self.dropped(&item);
                }
                None
            }
            event => self.desk.begin(event, &self.table),
        };
        let Some(mut work) = work else { return };
        match work.as_mut().poll(cx) {
            Poll::Ready(settled) => {
                drop(work);
                self.settle(settled);
            }
            Poll::Pending => self.work.push(work),
        }
    }

    fn settle(&mut self, settled: Settled) {
        self.activity.note();
        if let Settled::Close(ask, answer) = &settled
            && let Some(moved) = self.closing.remove(&ask.question().file)
        {
            let end = match answer {
                Ok(()) => TransferEnd::Complete,
                Err(_) => TransferEnd::Refused,
            };
            self.teller.transferred(&self.desk.place.user, &moved, end);
        }
        settled.tell(&mut self.machine, &mut self.table);
    }

    /// The session ended before its client had closed this.
    fn dropped(&self, item: &Item) {
        if let Some(moved) = Moved::of(item) {
            let user = &self.desk.place.user;
            self.teller.transferred(user, &moved, TransferEnd::Aborted);
        }
    }
}
