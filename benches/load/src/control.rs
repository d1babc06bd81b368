//! A control connection: commands, replies, and the way to a data connection.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::{options::Options, tls};

/// How long a server may say nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a login is tried: libunftp answers some handshakes in clear.
const LOGINS: u32 = 10;

/// Logins of the whole program that had to be tried again.
pub(crate) static RETRIED_LOGINS: AtomicU64 = AtomicU64::new(0);

/// Connects to this machine, and never waits for ever.
fn connect(port: u16) -> anyhow::Result<TcpStream> {
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// The transport of commands and replies.
enum Channel {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Channel {
    const fn socket(&self) -> &TcpStream {
        match self {
            Self::Clear(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Clear(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Clear(socket) => socket.write_all(bytes),
            Self::Tls(stream) => {
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }
}

/// A session that has logged in.
pub(crate) struct Session {
    channel: Channel,
    /// What came; what is read of it lies before `at`.
    buffer: Vec<u8>,
    at: usize,
    pub(crate) config: Option<Arc<ClientConfig>>,
    quick_ack: bool,
}

impl Session {
    /// Connects and logs in, under TLS where there are settings for it.
    pub(crate) fn log_in(
        options: &Options,
        config: Option<&Arc<ClientConfig>>,
    ) -> anyhow::Result<Self> {
        for _ in 1..LOGINS {
            match Self::try_to_log_in(options, config) {
                Err(_) if config.is_some() => RETRIED_LOGINS.fetch_add(1, Relaxed),
                other => return other,
            };
        }
        Self::try_to_log_in(options, config)
    }

    fn try_to_log_in(
        options: &Options,
        config: Option<&Arc<ClientConfig>>,
    ) -> anyhow::Result<Self> {
        let socket = connect(options.port).context("the server cannot be reached")?;
        socket.set_nodelay(true)?;
        let mut session = Self {
            channel: Channel::Clear(socket),
            buffer: Vec::new(),
            at: 0,
            config: config.cloned(),
            quick_ack: options.quick_ack,
        };
        session.expect(220)?;
        if let Some(config) = config {
            session.command("AUTH TLS", 234)?;
            session.start_tls(config)?;
        }
        session.send(&format!("USER {}", options.user))?;
        match session.reply()? {
            (230 | 232, _) => {}
            (331, _) => session.command(&format!("PASS {}", options.password), 230)?,
            (_, line) => bail!("USER was answered with {line:?}"),
        }
        Ok(session)
    }

    fn start_tls(&mut self, config: &Arc<ClientConfig>) -> anyhow::Result<()> {
        let Channel::Clear(socket) = &self.channel else {
            bail!("TLS has been started already");
        };
        let mut socket = socket.try_clone()?;
        let mut connection = ClientConnection::new(Arc::clone(config), tls::name())?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        tls::count(connection.handshake_kind());
        self.channel = Channel::Tls(Box::new(StreamOwned::new(connection, socket)));
        Ok(())
    }

    /// What transfers need: protection where there is TLS, and bytes as they are.
    pub(crate) fn prepare_transfers(&mut self) -> anyhow::Result<()> {
        if self.config.is_some() {
            self.command("PBSZ 0", 200)?;
            self.command("PROT P", 200)?;
        }
        self.command("TYPE I", 200)
    }

    /// Opens a data connection.
    pub(crate) fn open_data(&mut self) -> anyhow::Result<TcpStream> {
        self.send("EPSV")?;
        let (code, line) = self.reply()?;
        ensure!(code == 229, "EPSV was answered with {line:?}");
        let port = line.split('|').nth(3).and_then(|port| port.parse().ok());
        let port: u16 = port.with_context(|| format!("no port is in {line:?}"))?;
        connect(port).context("no data connection")
    }

    /// Sends a command and wants a reply with this code.
    pub(crate) fn command(&mut self, line: &str, code: u16) -> anyhow::Result<()> {
        self.send(line)?;
        self.expect(code).with_context(|| line.to_owned())
    }

    pub(crate) fn send(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(self.channel.write_all(format!("{line}\r\n").as_bytes())?)
    }

    /// Sends what may be more than both sides' sockets hold, while the replies are read.
    pub(crate) fn burst(&mut self, line: &str, count: u64, code: u16) -> anyhow::Result<()> {
        let text = format!("{line}\r\n").repeat(usize::try_from(count)?);
        let Channel::Clear(socket) = &self.channel else {
            self.channel.write_all(text.as_bytes())?;
            return (0..count).try_for_each(|_| self.expect(code));
        };
        let mut writer = socket.try_clone()?;
        std::thread::scope(|scope| {
            let writing = scope.spawn(move || writer.write_all(text.as_bytes()));
            let read = (0..count).try_for_each(|_| self.expect(code));
            if read.is_err() {
                // It must not wait for room for ever.
                let _ = self.channel.socket().shutdown(Shutdown::Both);
            }
            read?;
            let written = writing.join();
            Ok(written.map_err(|_| anyhow!("the writer has panicked"))??)
        })
    }

    /// Reads a reply and wants this code.
    pub(crate) fn expect(&mut self, code: u16) -> anyhow::Result<()> {
        self.fill_line()?;
        // Nearly all replies, without a string for each.
        let line = &self.buffer[self.at..];
        let digits = [code / 100, code / 10 % 10, code % 10].map(|digit| b'0' + digit as u8);
        if line.starts_with(&digits) && line.get(3) == Some(&b' ') {
            self.skip_line();
            return Ok(());
        }
        let (found, line) = self.reply()?;
        ensure!(found == code, "{line:?} instead of {code}");
        Ok(())
    }

    /// Reads a reply; what is given is its first line.
    pub(crate) fn reply(&mut self) -> anyhow::Result<(u16, String)> {
        let first = self.line()?;
        let code = first.get(..3).and_then(|code| code.parse().ok());
        let code = code.with_context(|| format!("{first:?} is no reply"))?;
        if first.as_bytes().get(3) == Some(&b'-') {
            let end = format!("{code} ");
            while !self.line()?.starts_with(&end) {}
        }
        Ok((code, first))
    }

    /// The reply to a transfer: 226 or 250, behind a 150 that may have come before.
    pub(crate) fn complete(&mut self) -> anyhow::Result<()> {
        if self.quick_ack {
            // The system forgets it after a while.
            rustix::net::sockopt::set_tcp_quickack(self.channel.socket(), true)?;
        }
        loop {
            match self.reply()? {
                (125 | 150, _) => {}
                (226 | 250, _) => return Ok(()),
                (_, line) => bail!("the transfer was answered with {line:?}"),
            }
        }
    }

    /// What a refused transfer was answered with.
    pub(crate) fn refusal(&mut self) -> String {
        let reply = self.reply();
        reply.map_or_else(|error| error.to_string(), |(_, line)| line)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let end = self.fill_line()?;
        let line = String::from_utf8_lossy(&self.buffer[self.at..end]);
        let line = line.trim_end().to_owned();
        self.at = end;
        Ok(line)
    }

    fn skip_line(&mut self) {
        let rest = &self.buffer[self.at..];
        let length = rest.iter().position(|byte| *byte == b'\n');
        self.at += length.map_or(rest.len(), |length| length + 1);
    }

    /// Reads until a whole line is there, and tells where it ends.
    fn fill_line(&mut self) -> anyhow::Result<usize> {
        loop {
            let rest = &self.buffer[self.at..];
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                return Ok(self.at + length + 1);
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            let mut piece = [0; 16 << 10];
            let length = self.channel.read(&mut piece)?;
            ensure!(length > 0, "the server has closed the control connection");
            self.buffer.extend_from_slice(&piece[..length]);
        }
    }

    /// Says goodbye. A server that is gone already hears nothing.
    pub(crate) fn quit(mut self) {
        let _ = self.send("QUIT").and_then(|()| self.reply());
    }
}
