//! Payload through a buffer in this process, in blocks as large as the sides allow.

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite as _, AsyncWriteExt, ReadBuf};

use super::{Meter, PumpError, Sink, Source, buffers::PAYLOAD};
use crate::data::DataStream;

/// How much unasked input is thrown away at the end of sending.
const UNASKED: usize = 64 * 1024;

/// Sends what `source` still has, at most so much at a time.
pub(super) async fn send(
    stream: &mut DataStream,
    most: usize,
    source: &mut impl Source,
    meter: &mut Meter<'_>,
) -> Result<(), PumpError> {
    let mut buffer = PAYLOAD.take();
    let room = most.min(buffer.len());
    loop {
        let space = buffer.get_mut(..room).unwrap_or_default();
        let read = read_or_flush(source, space, stream).await?;
        let Some(mut block) = buffer.get(..read) else {
            let lie = io::Error::other("the source claims to have read more than it was asked for");
            return Err(PumpError::Local(lie));
        };
        if block.is_empty() {
            return Ok(());
        }
        while !block.is_empty() {
            let written = stream.write(block).await.map_err(PumpError::Network)?;
            if written == 0 {
                return Err(PumpError::Network(io::ErrorKind::WriteZero.into()));
            }
            meter.count(written);
            block = block.get(written..).unwrap_or_default();
        }
        meter.take_turns().await;
    }
}

/// Reads on. While the source takes its time, what was sent before goes out: it does not wait for
/// what comes next, only for an end that is there already.
async fn read_or_flush(
    source: &mut impl Source,
    space: &mut [u8],
    stream: &mut DataStream,
) -> Result<usize, PumpError> {
    let mut reading = pin!(source.read(space));
    poll_fn(|cx| {
        if let Poll::Ready(read) = reading.as_mut().poll(cx) {
            return Poll::Ready(read.map_err(PumpError::Local));
        }
        match Pin::new(&mut *stream).poll_flush(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(PumpError::Network(error))),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Ends the sending half, so that closing the stream afterwards is no reset.
pub(super) async fn finish(stream: &mut DataStream) -> Result<(), PumpError> {
    stream.shutdown().await.map_err(PumpError::Network)?;
    // Bytes from the peer that nobody reads would turn the close into a reset, and a reset
    // takes away what the peer has not read yet. What has come so far is thrown away.
    let mut buffer = PAYLOAD.take();
    let unasked = buffer.get_mut(..UNASKED).unwrap_or_default();
    poll_fn(|cx| {
        fill(stream, cx, unasked);
        Poll::Ready(())
    })
    .await;
    Ok(())
}

/// Answers the peer's end with this side's, for which some wait; those who do not are gone
/// already.
pub(super) async fn part(stream: &mut DataStream) {
    if stream.is_secure() {
        poll_fn(|cx| {
            let _ = Pin::new(&mut *stream).poll_shutdown(cx);
            Poll::Ready(())
        })
        .await;
    }
}

/// Receives until the end of file, or until `most` bytes or somewhat more have come; whether it
/// was the end.
pub(super) async fn receive(
    stream: &mut DataStream,
    sink: &mut impl Sink,
    meter: &mut Meter<'_>,
    most: u64,
) -> Result<bool, PumpError> {
    loop {
        // A connection that has nothing to say holds no buffer.
        stream.readable().await.map_err(PumpError::Network)?;
        // A task that has used up its turn is told that nothing is there, while there is.
        tokio::task::coop::consume_budget().await;
        let mut buffer = PAYLOAD.take();
        loop {
            let filled = poll_fn(|cx| Poll::Ready(fill(stream, cx, &mut buffer))).await;
            meter.count(filled.bytes);
            if filled.bytes > 0 {
                let block = buffer.get(..filled.bytes).unwrap_or_default();
                sink.write(block).await.map_err(PumpError::Local)?;
            }
            match filled.end {
                Some(end) => return end.map(|()| true).map_err(PumpError::Network),
                None if meter.total >= most => return Ok(false),
                None if filled.bytes == 0 => break,
                None => meter.take_turns().await,
            }
        }
    }
}

/// What was there to be read.
pub(super) struct Filled {
    pub(super) bytes: usize,
    /// The end of the stream, or of the connection, behind these bytes.
    pub(super) end: Option<io::Result<()>>,
}

/// Reads until `buffer` is full, nothing more is there, or the end.
pub(super) fn fill(stream: &mut DataStream, cx: &mut Context<'_>, buffer: &mut [u8]) -> Filled {
    let mut buf = ReadBuf::new(buffer);
    let mut end = None;
    while end.is_none() && buf.remaining() > 0 {
        let before = buf.filled().len();
        match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
            Poll::Pending => break,
            Poll::Ready(Err(error)) => end = Some(Err(error)),
            Poll::Ready(Ok(())) if buf.filled().len() == before => end = Some(Ok(())),
            Poll::Ready(Ok(())) => {}
        }
    }
    Filled {
        bytes: buf.filled().len(),
        end,
    }
}
