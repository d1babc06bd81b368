//! Payload from a local file to a clear stream, moved by the kernel (sendfile).

use std::{io, os::fd::AsFd};

use rustix::io::Errno;
use tokio::{io::Interest, net::TcpStream};

use super::{Meter, PumpError, Source};
use crate::data::DataStream;

/// How much is asked for at a time; the socket's buffer takes less most of the time.
const CHUNK: usize = 1024 * 1024;

/// Sends what the source has in a local file, as far as the kernel can do it; whether that was
/// to the end. Else the rest is for the copy to send.
pub(super) async fn send(
    stream: &DataStream,
    source: &mut impl Source,
    meter: &mut Meter<'_>,
) -> Result<bool, PumpError> {
    let Some(tcp) = stream.as_tcp() else {
        return Ok(false);
    };
    if source.local().is_none() {
        return Ok(false);
    }
    loop {
        match chunk(tcp, source).await {
            Ok(0) => return Ok(true),
            Ok(sent) => meter.count(sent),
            Err(Side::Network(error)) => return Err(PumpError::Network(error)),
            Err(Side::Local(error)) => return Err(PumpError::Local(error)),
            Err(Side::Unable) => return Ok(false),
        }
        meter.take_turns().await;
    }
}

enum Side {
    Network(io::Error),
    Local(io::Error),
    /// This file or this socket cannot do it.
    Unable,
}

async fn chunk(tcp: &TcpStream, source: &mut impl Source) -> Result<usize, Side> {
    // The source is borrowed mutably, since a shared one would have to be `Sync`.
    let source = &mut *source;
    let sent = tcp
        .async_io(Interest::WRITABLE, || {
            let Some(local) = source.local() else {
                return Err(Errno::INVAL.into());
            };
            let mut offset = local.offset;
            let chunk = match local.limit.map(usize::try_from) {
                Some(Ok(limit)) => limit.min(CHUNK),
                Some(Err(_)) | None => CHUNK,
            };
            let sent = rustix::fs::sendfile(tcp.as_fd(), local.file, Some(&mut offset), chunk)?;
            source.advance(u64::try_from(sent).unwrap_or(u64::MAX));
            Ok(sent)
        })
        .await;
    sent.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::SPIPE) => Side::Unable,
        Some(Errno::IO | Errno::BADF | Errno::NOMEM | Errno::OVERFLOW | Errno::STALE) => {
            Side::Local(error)
        }
        _ => Side::Network(error),
    })
}
