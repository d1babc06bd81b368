//! [`Reader`]: a remote file as an [`AsyncRead`] whose end the server has confirmed.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use ftpkit_proto::{
    DataFailure, PathArg, Reply, ascii,
    client::{Request, Transfer as Asked, Transferred},
    reply::fields,
};
use ftpkit_tokio::{
    DataStream,
    pump::{FileMover, PumpError},
};
use tokio::io::{AsyncRead, ReadBuf};

use super::Failed;
use crate::{
    client::Client,
    error::{ErrorKind, Result, Step},
    session::PayloadEnd,
};

/// A remote file that is being read.
///
/// It reads to the end of the file only when the server has confirmed that this was the end:
/// where it did not, the last read fails, so that a truncated file is never taken for a whole
/// one. [`finish`](Self::finish) gives the server's last word. Dropping it before gives the
/// transfer up (ABOR); the connection stays usable.
///
/// ```no_run
/// use tokio::io::AsyncReadExt as _;
///
/// # async fn example(client: &mut ftpkit_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = client.reader("report.txt").await?;
/// let mut text = String::new();
/// file.read_to_string(&mut text).await?;
/// # Ok(()) }
/// ```
pub struct Reader<'c> {
    client: &'c mut Client,
    step: Step,
    path: Option<PathArg>,
    opened: Option<Reply>,
    state: State,
    /// What a text transfer has decoded and nobody has read.
    text: Option<Text>,
}

enum State {
    Flowing,
    /// The payload has ended; the server has not confirmed it.
    Confirming,
    Confirmed(Transferred),
    /// It was reported.
    Failed,
}

/// How payload stopped before its end.
enum Lost {
    /// Where it goes to failed.
    Here(io::Error),
    /// The stream ended where it may have been meant to, without saying so.
    Cut,
    Broken,
}

struct Text {
    /// None behind the end.
    decoder: Option<ascii::FromWire>,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    /// How much of `decoded` was read.
    read: usize,
}

impl<'c> Reader<'c> {
    pub(crate) async fn open(
        client: &'c mut Client,
        step: Step,
        transfer: Asked,
        ascii: bool,
    ) -> Result<Self> {
        let path = match &transfer {
            Asked::Download { path, .. } => Some(path.clone()),
            _ => None,
        };
        let opened = client
            .session
            .open(step, Request::Transfer { transfer, ascii })
            .await;
        let opened = opened.map_err(|error| error.of_path(path.as_ref()))?;
        Ok(Self::attach(client, step, path, opened, ascii))
    }

    /// A reader of the transfer that the client's session has just opened.
    pub(crate) fn attach(
        client: &'c mut Client,
        step: Step,
        path: Option<PathArg>,
        opened: Option<Reply>,
        ascii: bool,
    ) -> Self {
        Self {
            client,
            step,
            path,
            opened,
            state: State::Flowing,
            text: ascii.then(|| Text {
                decoder: Some(ascii::FromWire::new()),
                raw: vec![0; 32 * 1024],
                decoded: Vec::new(),
                read: 0,
            }),
        }
    }

    /// The size of the file, if the server told it when the transfer began.
    #[must_use]
    pub fn size_hint(&self) -> Option<u64> {
        self.opened.as_ref().and_then(fields::size_hint)
    }

    /// Reads what is left of the file, throws it away, and returns the server's last word.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] and others where the transfer did not come to its end.
    pub async fn finish(mut self) -> Result<Transferred> {
        let mut rest = vec![
            0;
            if matches!(self.state, State::Flowing) {
                32 * 1024
            } else {
                0
            }
        ];
        loop {
            if let State::Confirmed(transferred) = &self.state {
                return Ok(transferred.clone());
            }
            poll_fn(|cx| self.poll_raw(cx, &mut rest)).await?;
        }
    }

    /// Gives the transfer up and waits until the connection is ready for the next command.
    ///
    /// # Errors
    /// Where the connection was lost.
    pub async fn abort(self) -> Result<()> {
        self.client.session.give_up(self.step).await
    }

    /// Reads payload; 0 is the confirmed end.
    pub(crate) fn poll_payload(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        let Some(mut text) = self.text.take() else {
            return self.poll_raw(cx, buf);
        };
        let polled = self.poll_text(cx, &mut text, buf);
        self.text = Some(text);
        polled
    }

    fn poll_text(
        &mut self,
        cx: &mut Context<'_>,
        text: &mut Text,
        buf: &mut [u8],
    ) -> Poll<Result<usize>> {
        loop {
            let ready = text.decoded.get(text.read..).unwrap_or_default();
            if !ready.is_empty() || buf.is_empty() {
                let count = ready.len().min(buf.len());
                for (to, from) in buf.iter_mut().zip(ready) {
                    *to = *from;
                }
                text.read += count;
                return Poll::Ready(Ok(count));
            }
            text.decoded.clear();
            text.read = 0;
            let read = ready!(self.poll_raw(cx, &mut text.raw))?;
            let raw = text.raw.get(..read).unwrap_or_default();
            if raw.is_empty() {
                if let Some(decoder) = text.decoder.take() {
                    decoder.finish(&mut text.decoded);
                }
                if text.decoded.is_empty() {
                    return Poll::Ready(Ok(0));
                }
            } else if let Some(decoder) = &mut text.decoder {
                decoder.convert(raw, &mut text.decoded);
            }
        }
    }

    fn poll_raw(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        // Without room a read of 0 would look like the end.
        if buf.is_empty() && matches!(self.state, State::Flowing) {
            return Poll::Ready(Ok(0));
        }
        let read = ready!(self.poll_with(cx, |cx, stream| {
            let mut buf = ReadBuf::new(buf);
            let read = ready!(Pin::new(stream).poll_read(cx, &mut buf));
            let read = read.map(|()| buf.filled().len());
            Poll::Ready(read.map_err(PumpError::Network))
        }));
        Poll::Ready(read.map_err(Failed::of_sink))
    }

    /// Moves what has come into a regular file, and returns how much that was; 0 is the
    /// confirmed end. Not for text.
    pub(super) fn poll_into(
        &mut self,
        cx: &mut Context<'_>,
        mover: &mut FileMover,
        file: &std::fs::File,
    ) -> Poll<Result<usize, Failed>> {
        self.poll_with(cx, |cx, stream| mover.poll_receive(cx, stream, file))
    }

    /// Whether what is read is what crosses the wire.
    pub(super) const fn is_raw(&self) -> bool {
        self.text.is_none()
    }

    /// Takes payload by `take`, whose 0 is the end of the stream.
    fn poll_with(
        &mut self,
        cx: &mut Context<'_>,
        mut take: impl FnMut(&mut Context<'_>, &mut DataStream) -> Poll<Result<usize, PumpError>>,
    ) -> Poll<Result<usize, Failed>> {
        loop {
            match &self.state {
                State::Flowing => {
                    let session = &mut self.client.session;
                    let read = ready!(session.poll_payload(cx, |cx, stream| {
                        let read = match ready!(take(cx, stream)) {
                            Err(PumpError::Local(error)) => Err(Lost::Here(error)),
                            // Under TLS, without close_notify. The end in the midst of a record
                            // is none that a peer may mean.
                            Err(PumpError::Network(error))
                                if error.kind() == io::ErrorKind::UnexpectedEof
                                    && stream.may_be_whole() =>
                            {
                                Err(Lost::Cut)
                            }
                            Err(_) => Err(Lost::Broken),
                            Ok(read) => Ok(read),
                        };
                        Poll::Ready(read)
                    }));
                    match read {
                        Some(Ok(0)) => session.payload_ended(PayloadEnd::Received),
                        Some(Ok(read)) => return Poll::Ready(Ok(read)),
                        Some(Err(Lost::Here(error))) => {
                            return Poll::Ready(Err(Failed::Local(self.step, error)));
                        }
                        Some(Err(Lost::Cut)) => session.payload_ended(PayloadEnd::Cut),
                        Some(Err(Lost::Broken)) => {
                            session.payload_ended(PayloadEnd::Failed(DataFailure::Broken));
                        }
                        None => {}
                    }
                    self.state = State::Confirming;
                }
                State::Confirming => match ready!(self.client.session.poll_confirmed(cx)) {
                    Ok(Some(transferred)) => self.state = State::Confirmed(transferred),
                    Ok(None) => self.state = State::Flowing,
                    Err(error) => {
                        self.state = State::Failed;
                        let error = error.with_step(self.step);
                        let error = error.of_path(self.path.as_ref());
                        return Poll::Ready(Err(Failed::Remote(error)));
                    }
                },
                State::Confirmed(_) => return Poll::Ready(Ok(0)),
                State::Failed => {
                    let error = self.client.session.error(ErrorKind::Incomplete, self.step);
                    let error = error.with_detail("the transfer has failed already");
                    let error = error.of_path(self.path.as_ref());
                    return Poll::Ready(Err(Failed::Remote(error)));
                }
            }
        }
    }
}

impl AsyncRead for Reader<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(self.poll_payload(cx, buf.initialize_unfilled()))?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if matches!(self.state, State::Flowing) {
            self.client.session.abort();
        }
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
