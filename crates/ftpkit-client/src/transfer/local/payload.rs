//! The bytes of a local file, for the loops that move payload: a regular file is read and
//! written in place, a block at a time, since a trip to the blocking pool costs more than that.

use std::{
    fs::Permissions,
    io::{self, Read as _, Write as _},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    fs::File,
    io::{AsyncRead, AsyncWrite, ReadBuf},
};

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

    pub(super) async fn set_permissions(self, permissions: Permissions) -> io::Result<()> {
        let file = match self {
            Self::InPlace(file) => File::from_std(file),
            Self::Pooled(file) => file,
        };
        file.set_permissions(permissions).await
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
