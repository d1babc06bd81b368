//! [`Writer`]: a remote file as an [`AsyncWrite`] whose end the server confirms.

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
use tokio::io::AsyncWrite;

use super::Failed;
use crate::{
    client::Client,
    error::{Error, ErrorKind, Result, Step},
    session::PayloadEnd,
};

/// A remote file that is being written.
///
/// The file is stored when [`finish`](Self::finish) (or `shutdown`) has returned without an
/// error, and not before: only then has the server confirmed it. Dropping the writer gives
/// the upload up: the data connection is reset, so that no server can take the part for the
/// whole, and the control connection stays usable.
///
/// ```no_run
/// use tokio::io::AsyncWriteExt as _;
///
/// # async fn example(client: &mut ftpkit_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = client.writer("report.txt").await?;
/// file.write_all(b"all is well\n").await?;
/// file.finish().await?;
/// # Ok(()) }
/// ```
#[must_use = "a writer that is not finished stores nothing"]
pub struct Writer<'c> {
    client: &'c mut Client,
    path: Option<PathArg>,
    opened: Option<Reply>,
    state: State,
    /// Of a text transfer: what was taken and not yet written.
    text: Option<Text>,
}

enum State {
    Flowing,
    /// The payload is being ended.
    Closing,
    /// The payload has ended; the server has not confirmed it.
    Confirming,
    Confirmed(Transferred),
    /// It was reported.
    Failed,
}

struct Text {
    encoder: ascii::ToWire,
    encoded: Vec<u8>,
    /// How much of `encoded` was written.
    written: usize,
}

impl<'c> Writer<'c> {
    pub(crate) async fn open(client: &'c mut Client, transfer: Asked, ascii: bool) -> Result<Self> {
        let path = match &transfer {
            Asked::Upload { path, .. } | Asked::Append { path } => Some(path.clone()),
            Asked::UploadUnique { path } => path.clone(),
            _ => None,
        };
        let opened = client
            .session
            .open(Step::Upload, Request::Transfer { transfer, ascii })
            .await;
        let opened = opened.map_err(|error| error.of_path(path.as_ref()))?;
        Ok(Self {
            client,
            path,
            opened,
            state: State::Flowing,
            text: ascii.then(|| Text {
                encoder: ascii::ToWire::new(),
                encoded: Vec::new(),
                written: 0,
            }),
        })
    }

    /// The name that the server chose, for an upload under a name of its choice.
    #[must_use]
    pub fn unique_name(&self) -> Option<PathArg> {
        self.opened.as_ref().and_then(fields::unique_name)
    }

    /// Ends the file and returns the server's last word: only now it is stored.
    ///
    /// # Errors
    /// [`ErrorKind::Incomplete`] and others where the server did not confirm it.
    pub async fn finish(mut self) -> Result<Transferred> {
        loop {
            if let State::Confirmed(transferred) = &self.state {
                return Ok(transferred.clone());
            }
            poll_fn(|cx| self.poll_finish(cx)).await?;
        }
    }

    /// Gives the upload up and waits until the connection is ready for the next command.
    ///
    /// # Errors
    /// Where the connection was lost.
    pub async fn abort(self) -> Result<()> {
        self.client.session.give_up(Step::Upload).await
    }

    pub(crate) fn poll_payload(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let Some(mut text) = self.text.take() else {
            return self.poll_raw(cx, buf);
        };
        // What was taken before goes first, so that memory stays bounded by one block.
        let polled = match self.poll_drain(cx, &mut text) {
            Poll::Ready(Ok(())) => {
                text.encoder.convert(buf, &mut text.encoded);
                Poll::Ready(Ok(buf.len()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        self.text = Some(text);
        polled
    }

    /// Writes all encoded text that waits.
    fn poll_drain(&mut self, cx: &mut Context<'_>, text: &mut Text) -> Poll<Result<()>> {
        while let Some(rest) = text
            .encoded
            .get(text.written..)
            .filter(|rest| !rest.is_empty())
        {
            text.written += ready!(self.poll_raw(cx, rest))?;
        }
        text.encoded.clear();
        text.written = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_text_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(mut text) = self.text.take() else {
            return Poll::Ready(Ok(()));
        };
        let polled = self.poll_drain(cx, &mut text);
        self.text = Some(text);
        polled
    }

    fn poll_raw(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let written = ready!(self.poll_with(cx, |cx, stream| {
            let written = ready!(Pin::new(stream).poll_write(cx, buf));
            Poll::Ready(match written {
                Ok(0) if !buf.is_empty() => {
                    Err(PumpError::Network(io::ErrorKind::WriteZero.into()))
                }
                written => written.map_err(PumpError::Network),
            })
        }));
        Poll::Ready(written.map_err(Failed::of_source))
    }

    /// Sends what comes next in a regular file, and returns how much that was; 0 is the end of
    /// the file. Not for text.
    pub(super) fn poll_from(
        &mut self,
        cx: &mut Context<'_>,
        mover: &mut FileMover,
        file: &std::fs::File,
    ) -> Poll<Result<usize, Failed>> {
        self.poll_with(cx, |cx, stream| mover.poll_send(cx, stream, file))
    }

    /// Whether what is written is what crosses the wire.
    pub(super) const fn is_raw(&self) -> bool {
        self.text.is_none()
    }

    /// Gives payload by `give`.
    fn poll_with(
        &mut self,
        cx: &mut Context<'_>,
        give: impl FnMut(&mut Context<'_>, &mut DataStream) -> Poll<Result<usize, PumpError>>,
    ) -> Poll<Result<usize, Failed>> {
        match self.state {
            State::Flowing | State::Closing => {}
            State::Confirming => return self.poll_refused(cx).map_err(Failed::Remote),
            State::Confirmed(_) | State::Failed => {
                return Poll::Ready(Err(Failed::Remote(self.ended())));
            }
        }
        let session = &mut self.client.session;
        // A server that refuses the rest says so while it may still be reading.
        session.poll_news(cx);
        match ready!(session.poll_payload(cx, give)) {
            Some(Ok(written)) => return Poll::Ready(Ok(written)),
            Some(Err(PumpError::Local(error))) => {
                return Poll::Ready(Err(Failed::Local(Step::Upload, error)));
            }
            Some(Err(_)) => session.payload_ended(PayloadEnd::Failed(DataFailure::Broken)),
            None => {}
        }
        self.state = State::Confirming;
        self.poll_refused(cx).map_err(Failed::Remote)
    }

    /// The transfer has ended before its end; waits for the reason.
    fn poll_refused(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        ready!(self.poll_confirmed(cx))?;
        // Confirmed, but not asked for: what was to be written is not part of it.
        self.state = State::Failed;
        Poll::Ready(Err(self.ended()))
    }

    fn poll_confirmed(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        match ready!(self.client.session.poll_confirmed(cx)) {
            Ok(Some(transferred)) => {
                self.state = State::Confirmed(transferred);
                Poll::Ready(Ok(()))
            }
            // An upload is never begun anew behind its payload.
            Ok(None) => {
                self.state = State::Failed;
                Poll::Ready(Err(self.ended()))
            }
            Err(error) => {
                self.state = State::Failed;
                Poll::Ready(Err(error
                    .with_step(Step::Upload)
                    .of_path(self.path.as_ref())))
            }
        }
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            match self.state {
                State::Flowing => self.state = State::Closing,
                State::Closing => {
                    ready!(self.poll_text_flush(cx))?;
                    let session = &mut self.client.session;
                    let closed = ready!(session.poll_payload(cx, |cx, stream| {
                        Pin::new(stream).poll_shutdown(cx).map_ok(|()| 0)
                    }));
                    match closed {
                        Some(Ok(_)) => session.payload_ended(PayloadEnd::Sent),
                        Some(Err(_)) => {
                            session.payload_ended(PayloadEnd::Failed(DataFailure::Broken))
                        }
                        None => {}
                    }
                    self.state = State::Confirming;
                }
                State::Confirming => ready!(self.poll_confirmed(cx))?,
                State::Confirmed(_) => return Poll::Ready(Ok(())),
                State::Failed => return Poll::Ready(Err(self.ended())),
            }
        }
    }

    fn ended(&self) -> Error {
        let error = self
            .client
            .session
            .error(ErrorKind::Incomplete, Step::Upload);
        error
            .with_detail("the transfer has ended already")
            .of_path(self.path.as_ref())
    }
}

impl AsyncWrite for Writer<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_payload(cx, buf).map_err(Into::into)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_text_flush(cx).map_err(Into::into)
    }

    /// Ends the file and waits for the server's confirmation, as [`Writer::finish`] does.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_finish(cx).map_err(Into::into)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if matches!(self.state, State::Flowing | State::Closing) {
            self.client.session.abort();
        }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
