//! Sources and sinks from tokio's readers and writers.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{Sink, Source};

/// A [`Source`] that reads from a tokio reader.
#[derive(Debug)]
pub struct Reader<R> {
    reader: R,
    end: Option<io::Result<()>>,
}

impl<R> Reader<R> {
    /// Reads from `reader` until its end.
    pub const fn new(reader: R) -> Self {
        Self { reader, end: None }
    }

    /// The reader.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Gathers what the reader has at hand, since many give little at a time. An end behind
    /// some bytes is kept for the next call: not every reader tells it twice.
    fn poll_gather(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.end.is_none() && buf.remaining() > 0 {
            let before = buf.filled().len();
            match Pin::new(&mut self.reader).poll_read(cx, buf) {
                Poll::Pending if before == 0 => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(Err(error)) => self.end = Some(Err(error)),
                Poll::Ready(Ok(())) if buf.filled().len() == before => self.end = Some(Ok(())),
                Poll::Ready(Ok(())) => {}
            }
        }
        Poll::Ready(match &mut self.end {
            Some(end) if buf.filled().is_empty() => std::mem::replace(end, Ok(())),
            _ => Ok(()),
        })
    }
}

impl<R: AsyncRead + Unpin + Send> Source for Reader<R> {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        poll_fn(|cx| self.poll_gather(cx, &mut buf)).await?;
        Ok(buf.filled().len())
    }
}

/// A [`Sink`] that writes to a tokio writer. Flushing it at the end is left to its owner.
#[derive(Debug)]
pub struct Writer<W> {
    writer: W,
}

impl<W> Writer<W> {
    /// Writes to `writer`.
    pub const fn new(writer: W) -> Self {
        Self { writer }
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: AsyncWrite + Unpin + Send> Sink for Writer<W> {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.writer.write_all(data).await
    }
}
