//! A client for tests: SSH by its library, SFTP a packet at a time.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use ftpkit_sftp::{
    Framer,
    packet::{
        Attributes, Chunks, ClientPacket, Handle as FileHandle, Init, OpenFlags, Request,
        RequestId, Response, ServerPacket, StatusCode, SymlinkOrder, Version,
    },
};
use russh::{
    Channel, ChannelId, ChannelMsg, Names, Preferred,
    client::{self, Handle, Msg, Session},
    keys::PublicKeyOrCertificate,
};
use tokio::time::timeout;

/// Far more than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Takes any host key.
#[derive(Default)]
pub(crate) struct Anybody {
    /// Once half of the first window is used up, the server gets that back, and never any more.
    pub(crate) keeps_window: bool,
    /// How often keys were exchanged.
    pub(crate) exchanges: Arc<AtomicUsize>,
}

impl client::Handler for Anybody {
    type Error = russh::Error;

    fn adjust_window(&mut self, _: ChannelId, window: u32) -> u32 {
        if self.keeps_window { 0 } else { window }
    }

    async fn kex_done(
        &mut self,
        _: Option<&[u8]>,
        _: &Names,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

pub(crate) type Ssh = Handle<Anybody>;

/// A connection, before login.
pub(crate) async fn connect(addr: SocketAddr) -> Ssh {
    connect_with(addr, Preferred::default()).await.unwrap()
}

pub(crate) async fn connect_with(addr: SocketAddr, offers: Preferred) -> Result<Ssh, russh::Error> {
    let config = client::Config {
        preferred: offers,
        ..Default::default()
    };
    connect_as(addr, config, Anybody::default()).await
}

async fn connect_as(
    addr: SocketAddr,
    config: client::Config,
    anybody: Anybody,
) -> Result<Ssh, russh::Error> {
    let connect = client::connect(Arc::new(config), addr, anybody);
    timeout(LONG, connect).await.unwrap()
}

/// A connection of a user whose password is `secret`.
pub(crate) async fn log_in(addr: SocketAddr, user: &str) -> Ssh {
    let ssh = connect(addr).await;
    logged_in(ssh, user).await
}

/// A connection of `alice`, with settings of its own.
pub(crate) async fn log_in_with(addr: SocketAddr, config: client::Config, anybody: Anybody) -> Ssh {
    let ssh = connect_as(addr, config, anybody).await.unwrap();
    logged_in(ssh, "alice").await
}

async fn logged_in(mut ssh: Ssh, user: &str) -> Ssh {
    let login = timeout(LONG, ssh.authenticate_password(user, "secret"));
    assert!(login.await.unwrap().unwrap().success());
    ssh
}

/// An SFTP session.
pub(crate) struct Sftp {
    pub(crate) channel: Channel<Msg>,
    framer: Framer,
    last: u32,
    pub(crate) version: Version,
}

impl Sftp {
    pub(crate) async fn open(ssh: &Ssh) -> Self {
        let channel = ssh.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "sftp").await.unwrap();
        let mut sftp = Self {
            channel,
            framer: Framer::default(),
            last: 0,
            version: Version::new([]),
        };
        sftp.write(&ClientPacket::Init(Init::new(3))).await;
        match sftp.packet().await {
            ServerPacket::Version(version) => sftp.version = version,
            other => panic!("{other:?}"),
        }
        sftp
    }

    async fn write(&self, packet: &ClientPacket) {
        let mut chunks = Chunks::default();
        packet.encode(&mut chunks, SymlinkOrder::OpenSsh).unwrap();
        while let Some(chunk) = chunks.next_chunk() {
            self.channel.data_bytes(chunk).await.unwrap();
        }
    }

    async fn packet(&mut self) -> ServerPacket {
        loop {
            if let Some(packet) = self.framer.next_packet().unwrap() {
                return ServerPacket::parse(packet).unwrap();
            }
            match timeout(LONG, self.channel.wait()).await.unwrap() {
                Some(ChannelMsg::Data { data }) => self.framer.push(&data),
                Some(ChannelMsg::Success | ChannelMsg::WindowAdjusted { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends a request, and does not wait for its answer.
    pub(crate) async fn send(&mut self, request: Request) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        self.write(&ClientPacket::Request(id, request)).await;
        id
    }

    /// The next answer.
    pub(crate) async fn next(&mut self) -> (RequestId, Response) {
        match self.packet().await {
            ServerPacket::Response(id, response) => (id, response),
            other => panic!("{other:?}"),
        }
    }

    /// The answer to a request, where none is in flight.
    pub(crate) async fn ask(&mut self, request: Request) -> Response {
        let id = self.send(request).await;
        let (answered, response) = self.next().await;
        assert_eq!(answered, id);
        response
    }

    /// The status of a request.
    pub(crate) async fn status(&mut self, request: Request) -> StatusCode {
        match self.ask(request).await {
            Response::Status(status) => status.code,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn open_file(
        &mut self,
        path: &str,
        flags: OpenFlags,
    ) -> Result<FileHandle, StatusCode> {
        let open = Request::Open {
            path: Bytes::copy_from_slice(path.as_bytes()),
            flags,
            attributes: Attributes::default(),
        };
        self.handle(open).await
    }

    pub(crate) async fn handle(&mut self, request: Request) -> Result<FileHandle, StatusCode> {
        match self.ask(request).await {
            Response::Handle(handle) => Ok(handle),
            Response::Status(status) => Err(status.code),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn put(&mut self, path: &str, data: &[u8]) {
        let handle = self.open_file(path, put_flags()).await.unwrap();
        for (number, block) in data.chunks(32 * 1024).enumerate() {
            let write = write(&handle, number as u64 * 32 * 1024, block);
            assert_eq!(self.status(write).await, StatusCode::Ok);
        }
        assert_eq!(self.status(Request::Close(handle)).await, StatusCode::Ok);
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<Vec<u8>, StatusCode> {
        let handle = self.open_file(path, OpenFlags::READ).await?;
        let mut data = Vec::new();
        loop {
            let read = Request::Read {
                handle: handle.clone(),
                offset: data.len() as u64,
                length: 100_000,
            };
            match self.ask(read).await {
                Response::Data(more) => data.extend(more),
                Response::Status(status) if status.code == StatusCode::Eof => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(self.status(Request::Close(handle)).await, StatusCode::Ok);
        Ok(data)
    }
}

/// The flags of an upload.
pub(crate) fn put_flags() -> OpenFlags {
    OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE
}

pub(crate) fn write(handle: &FileHandle, offset: u64, data: &[u8]) -> Request {
    Request::Write {
        handle: handle.clone(),
        offset,
        data: Bytes::copy_from_slice(data),
    }
}
