//! Data connections: payload that is never copied to where nobody looks at it.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use rustix::{
    fs::sendfile,
    net::{RecvFlags, recv},
};

use crate::{
    control::Session,
    tls::{BLOCK, Stream},
};

/// Up to here a file goes out with one write.
const SMALL: u64 = 64 << 10;

/// A file that is uploaded.
pub(crate) struct Source {
    file: File,
    size: u64,
    /// The whole of a small one.
    content: Vec<u8>,
}

impl Source {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = File::open(path).with_context(|| path.display().to_string())?;
        let size = file.metadata()?.len();
        let mut content = Vec::new();
        if size <= SMALL {
            file.read_to_end(&mut content)?;
        }
        Ok(Self {
            file,
            size,
            content,
        })
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

/// Somebody who looks at payload.
pub(crate) type Look<'a> = dyn FnMut(&[u8]) -> anyhow::Result<()> + 'a;

/// Downloads, by RETR or a listing, and tells how many bytes came. Without somebody who looks at
/// them they stay where they are.
pub(crate) fn get(
    session: &mut Session,
    line: &str,
    is_big: bool,
    mut look: Option<&mut Look<'_>>,
) -> anyhow::Result<u64> {
    let data = session.open_data()?;
    session.send(line)?;
    let mut got = 0;
    if session.config.is_some() {
        let mut stream = secure(session, data, is_big).with_context(|| line.to_owned())?;
        stream.drain(&mut |payload| {
            got += payload.len() as u64;
            look.as_mut().map_or(Ok(()), |look| look(payload))
        })?;
        stream.finish().ok();
    } else {
        let mut block = vec![0; if is_big { 1 << 20 } else { 64 << 10 }];
        let flags = match look {
            // The bytes are dropped in the socket.
            None => RecvFlags::TRUNC,
            Some(_) => RecvFlags::empty(),
        };
        loop {
            let (_, length) = recv(&data, &mut block[..], flags)?;
            if length == 0 {
                break;
            }
            got += length as u64;
            if let Some(look) = look.as_mut() {
                look(&block[..length])?;
            }
        }
        // Closed before the reply is read: some servers wait for that.
        drop(data);
    }
    session.complete().with_context(|| line.to_owned())?;
    Ok(got)
}

fn secure(session: &mut Session, data: TcpStream, is_big: bool) -> anyhow::Result<Stream> {
    let config = session.config.clone();
    let config = config.context("there is no TLS")?;
    Stream::connect(data, Arc::clone(&config), is_big)
        .with_context(|| format!("the server said {:?}", session.refusal()))
}

/// Uploads a file.
pub(crate) fn put(session: &mut Session, path: &str, source: &Source) -> anyhow::Result<()> {
    let data = session.open_data()?;
    session.send(&format!("STOR {path}"))?;
    if session.config.is_some() {
        let mut stream = secure(session, data, source.size > SMALL)?;
        send_encrypted(&mut stream, source)?;
        stream.finish()?;
        stream.socket().shutdown(Shutdown::Write)?;
        // Tickets that were left unread would make the system reset the connection.
        stream.drain(&mut |_| Ok(()))?;
    } else {
        send(data, source)?;
    }
    session.complete().with_context(|| format!("STOR {path}"))
}

fn send(mut data: TcpStream, source: &Source) -> anyhow::Result<()> {
    if source.size <= SMALL {
        return Ok(data.write_all(&source.content)?);
    }
    let mut at = 0;
    while at < source.size {
        let length = usize::try_from((source.size - at).min(1 << 30))?;
        let sent = sendfile(&data, &source.file, Some(&mut at), length)?;
        ensure!(sent > 0, "a file has become shorter");
    }
    Ok(())
}

fn send_encrypted(stream: &mut Stream, source: &Source) -> anyhow::Result<()> {
    if source.size <= SMALL {
        return stream.send(&source.content);
    }
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    while at < source.size {
        let length = usize::try_from((source.size - at).min(BLOCK as u64))?;
        source.file.read_exact_at(&mut block[..length], at)?;
        stream.send(&block[..length])?;
        at += length as u64;
    }
    Ok(())
}

/// A transfer that has begun and goes on when this is dropped, or ends then.
pub(crate) enum Held {
    Clear { _data: TcpStream },
    Tls { _stream: Box<Stream> },
}

/// Begins a download, and takes a little of it.
pub(crate) fn hold_get(session: &mut Session, path: &str) -> anyhow::Result<Held> {
    let data = session.open_data()?;
    session.send(&format!("RETR {path}"))?;
    if session.config.is_some() {
        let mut stream = secure(session, data, true)?;
        stream.take_some()?;
        return Ok(Held::Tls {
            _stream: Box::new(stream),
        });
    }
    let (_, length) = recv(&data, &mut vec![0; 4096][..], RecvFlags::empty())?;
    if length == 0 {
        bail!("the server said {:?}", session.refusal());
    }
    Ok(Held::Clear { _data: data })
}

/// Begins an upload, and sends a little of it.
pub(crate) fn hold_put(session: &mut Session, path: &str) -> anyhow::Result<Held> {
    let mut data = session.open_data()?;
    session.send(&format!("STOR {path}"))?;
    let payload = vec![b'x'; BLOCK];
    if session.config.is_some() {
        let mut stream = secure(session, data, true)?;
        stream.send(&payload)?;
        return Ok(Held::Tls {
            _stream: Box::new(stream),
        });
    }
    data.write_all(&payload)?;
    Ok(Held::Clear { _data: data })
}
