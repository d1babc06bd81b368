//! The bytes of a local file, for the loops that move payload: a regular file is read and
//! written in place, a block at a time, since a trip to the blocking pool costs more than that.

use std::{
    fs::Permissions,
    future::poll_fn,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    pin::Pin,
    task::{Context, Poll},
};

use ftpkit_proto::client::Transferred;
use ftpkit_tokio::pump::FileMover;
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncSeekExt as _, AsyncWrite, ReadBuf},
};

use super::super::{Failed, Meter, Reader, Writer, receive, send};

/// An open local file, at the position where its payload begins.
pub(super) enum Payload {
    /// A regular file.
    InPlace(std::fs::File),
    /// A pipe, a device: one that may have to wait for somebody else, so the pool does.
    Pooled(File),
}

impl Payload {
    pub(super) async fn of(file: File) -> io::Result<Self> {
        if file.metadata().await?.is_file() {
            Ok(Self::InPlace(file.into_std().await))
        } else {
            Ok(Self::Pooled(file))
        }
    }

    /// Receives to the end of the file, and has the end confirmed.
    pub(super) async fn receive(
        &mut self,
        mut reader: Reader<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Transferred, Failed> {
        let file = match self {
            Self::InPlace(file) if reader.is_raw() => file,
            _ => return receive(reader, self, meter).await,
        };
        let mut mover = FileMover::new();
        meter.moved(0);
        loop {
            match poll_fn(|cx| reader.poll_into(cx, &mut mover, file)).await? {
                0 => return reader.finish().await.map_err(Failed::Remote),
                moved => meter.moved(moved as u64),
            }
            meter.take_turns().await;
        }
    }

    /// Sends to the end of the file, and has the end confirmed.
    pub(super) async fn send(
        &mut self,
        mut writer: Writer<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Transferred, Failed> {
        let file = match self {
            Self::InPlace(file) if writer.is_raw() => file,
            _ => return send(self, writer, meter).await,
        };
        let mut mover = FileMover::new();
        meter.moved(0);
        loop {
            match poll_fn(|cx| writer.poll_from(cx, &mut mover, file)).await? {
                0 => return writer.finish().await.map_err(Failed::Remote),
                moved => meter.moved(moved as u64),
            }
            meter.take_turns().await;
        }
    }

    pub(super) async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        match self {
            Self::InPlace(file) => file.set_permissions(permissions),
            Self::Pooled(file) => file.set_permissions(permissions).await,
        }
    }

    /// Steps to a position.
    pub(super) async fn seek(&mut self, position: u64) -> io::Result<()> {
        let to = SeekFrom::Start(position);
        match self {
            Self::InPlace(file) => file.seek(to)?,
            Self::Pooled(file) => file.seek(to).await?,
        };
        Ok(())
    }
}

impl AsyncRead for Payload {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::InPlace(file) => {
                let read = again(|| file.read(buf.initialize_unfilled()));
                Poll::Ready(read.map(|read| buf.advance(read)))
            }
            Self::Pooled(file) => Pin::new(file).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Payload {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::InPlace(file) => Poll::Ready(again(|| file.write(data))),
            Self::Pooled(file) => Pin::new(file).poll_write(cx, data),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Nothing is held back in this process.
            Self::InPlace(_) => Poll::Ready(Ok(())),
            Self::Pooled(file) => Pin::new(file).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// A signal that comes between is no failure.
fn again(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
