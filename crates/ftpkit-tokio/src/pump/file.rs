//! Payload between a data connection and a regular local file, for a role that polls and does
//! other work meanwhile: by the kernel where the stream is in clear (Linux, Android), but not to a
//! peer on this machine; else through a buffer.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _, Write as _},
    pin::Pin,
    task::{Context, Poll, ready},
};

#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::{fs::sendfile, io::retry_on_intr};
use tokio::io::AsyncWrite as _;

use super::{
    PumpError,
    buffers::{Buffer, PAYLOAD},
    copy,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::{
    sendfile::{CHUNK, Side},
    splice::Pipe,
};
use crate::data::DataStream;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::pace::is_on_this_machine;

/// Moves the payload of one transfer to or from a regular file, at the file's own position.
///
/// The file is read and written in place: a local disk is quicker than a trip to other threads.
#[derive(Default)]
pub struct FileMover {
    /// What is held on its way from the file to the stream.
    held: Option<Held>,
    /// The end of the stream, behind bytes that were told before.
    end: Option<io::Result<()>>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    kernel: Kernel,
}

/// What the kernel has to do with it.
#[cfg(any(target_os = "linux", target_os = "android"))]
enum Kernel {
    /// Nothing yet; so many bytes have come.
    Untried(u64),
    /// What comes passes through this pipe.
    Through(Pipe),
    /// It cannot do it with this file or this socket, or had better not.
    Unable,
}

struct Held {
    buffer: Buffer,
    from: usize,
    to: usize,
}

impl FileMover {
    /// For a transfer that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Receives what has come into the file, and returns how much that was; 0 is the end.
    ///
    /// # Errors
    /// [`PumpError`] says which side failed.
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut DataStream,
        file: &File,
    ) -> Poll<Result<usize, PumpError>> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(end.map(|()| 0).map_err(PumpError::Network));
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(moved) = ready!(self.poll_splice(cx, stream, file)?) {
            return Poll::Ready(Ok(moved));
        }
        let mut buffer = PAYLOAD.take();
        let filled = copy::fill(stream, cx, &mut buffer);
        if filled.bytes == 0 {
            return match filled.end {
                Some(end) => Poll::Ready(end.map(|()| 0).map_err(PumpError::Network)),
                None => Poll::Pending,
            };
        }
        self.end = filled.end;
        let block = buffer.get(..filled.bytes).unwrap_or_default();
        let mut file = file;
        file.write_all(block).map_err(PumpError::Local)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Kernel::Untried(bytes) = &mut self.kernel {
            *bytes = bytes.saturating_add(block.len() as u64);
        }
        Poll::Ready(Ok(filled.bytes))
    }

    /// Receives by the kernel; none: it cannot do it, or there is too little for it to pay.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        stream: &DataStream,
        file: &File,
    ) -> Poll<Result<Option<usize>, PumpError>> {
        let Some(tcp) = stream.as_tcp() else {
            return Poll::Ready(Ok(None));
        };
        if matches!(&self.kernel, Kernel::Untried(bytes) if *bytes >= super::SHORT) {
            // Where descriptors have run out, the copy does without.
            self.kernel = Pipe::new().map_or(Kernel::Unable, Kernel::Through);
        }
        let Kernel::Through(pipe) = &self.kernel else {
            return Poll::Ready(Ok(None));
        };
        let came = match ready!(pipe.poll_fill(cx, tcp)) {
            Ok(came) => came,
            Err(error) if super::splice::is_unable(&error) => {
                self.kernel = Kernel::Unable;
                return Poll::Ready(Ok(None));
            }
            Err(error) => return Poll::Ready(Err(PumpError::Network(error))),
        };
        let is_able = pipe.pour_into(file, came).map_err(PumpError::Local)?;
        if !is_able {
            self.kernel = Kernel::Unable;
        }
        Poll::Ready(Ok(Some(came)))
    }

    /// Sends what comes next in the file, and returns how much that was; 0 is the end of the
    /// file. The sending half of the stream is left open, and what is short may wait until the
    /// stream is flushed or shut down.
    ///
    /// # Errors
    /// [`PumpError`] says which side failed.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut DataStream,
        file: &File,
    ) -> Poll<Result<usize, PumpError>> {
        let most = stream.gather();
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(sent) = ready!(self.poll_sendfile(cx, stream, file)?) {
            return Poll::Ready(Ok(sent));
        }
        let held = match &mut self.held {
            Some(held) => held,
            none => {
                let mut buffer = PAYLOAD.take();
                let room = most.min(buffer.len());
                let space = buffer.get_mut(..room).unwrap_or_default();
                let to = read(file, space).map_err(PumpError::Local)?;
                if to == 0 {
                    return Poll::Ready(Ok(0));
                }
                let from = 0;
                none.insert(Held { buffer, from, to })
            }
        };
        let block = held.buffer.get(held.from..held.to).unwrap_or_default();
        let sent = ready!(Pin::new(stream).poll_write(cx, block)).map_err(PumpError::Network)?;
        if sent == 0 {
            return Poll::Ready(Err(PumpError::Network(io::ErrorKind::WriteZero.into())));
        }
        held.from = held.from.saturating_add(sent);
        if held.from >= held.to {
            self.held = None;
        }
        Poll::Ready(Ok(sent))
    }

    /// Sends by the kernel; none: it cannot do it, or had better not.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn poll_sendfile(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut DataStream,
        file: &File,
    ) -> Poll<Result<Option<usize>, PumpError>> {
        // It sends single pages, which a peer on this machine takes longer to copy than the larger
        // pieces that they are copied into here.
        if is_on_this_machine(stream.peer_addr()) {
            self.kernel = Kernel::Unable;
        }
        if matches!(self.kernel, Kernel::Unable) {
            return Poll::Ready(Ok(None));
        }
        let Some(socket) = stream.as_socket() else {
            return Poll::Ready(Ok(None));
        };
        let sent = ready!(socket.poll_send_by(cx, |tcp| {
            Ok(retry_on_intr(|| sendfile(tcp, file, None, CHUNK))?)
        }));
        Poll::Ready(match sent {
            Ok(sent) => Ok(Some(sent)),
            Err(error) => match Side::from(error).failure() {
                Some(failure) => Err(failure),
                None => {
                    self.kernel = Kernel::Unable;
                    Ok(None)
                }
            },
        })
    }
}

impl fmt::Debug for FileMover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileMover").finish_non_exhaustive()
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Default for Kernel {
    fn default() -> Self {
        Self::Untried(0)
    }
}

/// A signal that comes between is no failure.
fn read(mut file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests;
