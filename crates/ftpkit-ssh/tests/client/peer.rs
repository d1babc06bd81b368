//! A server of SSH and SFTP in one process: files in a map, one user, and misbehaviour on demand.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use ftpkit_sftp::{
    Framer,
    packet::{
        Attributes, Chunks, ClientPacket, FileType, Handle, Name, OpenFlags, Request, Response,
        ServerPacket, Status, StatusCode, SymlinkOrder, Version,
    },
};
use russh::{
    Channel, ChannelId, Disconnect,
    keys::{Algorithm, Certificate, PrivateKey, PublicKey},
    server::{Auth, ChannelOpenHandle, Config, Msg, PublicKeyOffer, Session, VerifiedPublicKey},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
    task::JoinSet,
};

/// How it behaves.
#[derive(Clone, Default)]
pub(crate) struct Setup {
    /// Whose key logs in.
    pub(crate) user_key: Option<PublicKey>,
    /// What every listing says; none: what is there.
    pub(crate) listing: Vec<String>,
    /// It takes no password, but asks for one, and then for a code.
    pub(crate) asks: bool,
    /// Its key, and the certificates for it; none: a key of its own.
    pub(crate) host: Option<(PrivateKey, Vec<Certificate>)>,
    /// It never greets.
    pub(crate) silent: bool,
}

#[derive(Default)]
struct State {
    files: Mutex<BTreeMap<String, Option<Vec<u8>>>>,
    read: AtomicU64,
    handles: AtomicU64,
    logins: AtomicU64,
    stop: Notify,
}

pub(crate) struct Peer {
    pub(crate) port: u16,
    state: Arc<State>,
}

pub(crate) fn new_key() -> PrivateKey {
    PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap()
}

impl Peer {
    pub(crate) async fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let host = setup.host.clone();
        let (key, certificates) = host.unwrap_or_else(|| (new_key(), Vec::new()));
        let config = Arc::new(Config {
            keys: vec![key],
            certificates,
            auth_rejection_time: Duration::ZERO,
            auth_rejection_time_initial: Some(Duration::ZERO),
            ..Config::default()
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            // Dropped with the task, and the sessions with it.
            let mut sessions = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let handler = Handler {
                    setup: setup.clone(),
                    state: Arc::clone(&shared),
                    channel: None,
                    work: JoinSet::new(),
                };
                let config = Arc::clone(&config);
                let state = Arc::clone(&shared);
                sessions.spawn(async move {
                    let Ok(session) = russh::server::run_stream(config, stream, handler).await
                    else {
                        return;
                    };
                    let handle = session.handle();
                    tokio::select! {
                        _ = session => {}
                        () = state.stop.notified() => {
                            let reason = Disconnect::ByApplication;
                            let _ = handle.disconnect(reason, String::new(), String::new()).await;
                        }
                    }
                });
            }
        });
        Self { port, state }
    }

    /// Ends the session that goes on.
    pub(crate) fn stop(&self) {
        self.state.stop.notify_one();
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let mut files = self.state.files.lock().unwrap();
        files.insert(name.to_owned(), Some(bytes.to_vec()));
    }

    pub(crate) fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.state
            .files
            .lock()
            .unwrap()
            .get(name)
            .cloned()
            .flatten()
    }

    pub(crate) fn read_so_far(&self) -> u64 {
        self.state.read.load(Ordering::SeqCst)
    }

    pub(crate) fn open_handles(&self) -> u64 {
        self.state.handles.load(Ordering::SeqCst)
    }

    pub(crate) fn logins(&self) -> u64 {
        self.state.logins.load(Ordering::SeqCst)
    }
}

struct Handler {
    setup: Setup,
    state: Arc<State>,
    channel: Option<Channel<Msg>>,
    work: JoinSet<()>,
}

impl Handler {
    fn verdict(right: bool) -> Auth {
        if right { Auth::Accept } else { Auth::reject() }
    }
}

impl russh::server::Handler for Handler {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        self.state.logins.fetch_add(1, Ordering::SeqCst);
        if self.setup.asks {
            return Ok(Auth::reject());
        }
        Ok(Self::verdict((user, password) == ("ana", "secret")))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<russh::server::Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let answers: Vec<Bytes> = response.into_iter().flatten().collect();
        let question = |text: &'static str, echo| Auth::Partial {
            name: "".into(),
            instructions: "".into(),
            prompts: vec![(text.into(), echo)].into(),
        };
        Ok(match answers.as_slice() {
            _ if !self.setup.asks => Auth::reject(),
            [] => question("Password:", false),
            [answer] if answer == "secret" => question("Code:", true),
            [answer] => Self::verdict(answer == "42"),
            _ => Auth::reject(),
        })
    }

    async fn auth_publickey_offered(
        &mut self,
        _user: &str,
        _offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(Self::verdict(self.setup.user_key.is_some()))
    }

    async fn auth_publickey(
        &mut self,
        _user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let right = self.setup.user_key.as_ref().map(PublicKey::key_data);
        Ok(Self::verdict(right == Some(key.public_key.key_data())))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        self.channel = Some(channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)?;
        if let (Some(channel), false) = (self.channel.take(), self.setup.silent) {
            let serve = serve(channel, self.setup.clone(), Arc::clone(&self.state));
            self.work.spawn(serve);
        }
        Ok(())
    }
}

enum Open {
    File(String),
    Directory(Vec<String>),
}

struct Sftp {
    setup: Setup,
    state: Arc<State>,
    open: BTreeMap<Vec<u8>, Open>,
    last: u32,
}

async fn serve(channel: Channel<Msg>, setup: Setup, state: Arc<State>) {
    let mut stream = channel.into_stream();
    let mut sftp = Sftp {
        setup,
        state,
        open: BTreeMap::new(),
        last: 0,
    };
    let mut framer = Framer::default();
    let mut block = vec![0; 65_536];
    loop {
        match stream.read(&mut block).await {
            Ok(0) | Err(_) => return,
            Ok(read) => framer.push(&block[..read]),
        }
        while let Some(packet) = framer.next_packet().unwrap() {
            let answer = match ClientPacket::parse(packet, SymlinkOrder::OpenSsh).unwrap() {
                ClientPacket::Init(_) => ServerPacket::Version(Version::new([])),
                ClientPacket::Request(id, request) => {
                    ServerPacket::Response(id, sftp.answer(request))
                }
            };
            let mut chunks = Chunks::default();
            answer.encode(&mut chunks).unwrap();
            while let Some(chunk) = chunks.next_chunk() {
                if stream.write_all(&chunk).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn name(path: &Bytes) -> String {
    String::from_utf8(path.to_vec()).unwrap()
}

fn status(code: StatusCode) -> Response {
    Status::from(code).into()
}

impl Sftp {
    fn answer(&mut self, request: Request) -> Response {
        self.try_answer(request).unwrap_or_else(status)
    }

    fn try_answer(&mut self, request: Request) -> Result<Response, StatusCode> {
        let state = Arc::clone(&self.state);
        let mut files = state.files.lock().unwrap();
        let done = || Ok(status(StatusCode::Ok));
        let there = |found: bool| match found {
            true => Ok(()),
            false => Err(StatusCode::NoSuchFile),
        };
        match request {
            Request::Open { path, flags, .. } => {
                let path = name(&path);
                there(flags.contains(OpenFlags::CREATE) || files.contains_key(&path))?;
                let file = files.entry(path.clone()).or_insert(Some(Vec::new()));
                let Some(bytes) = file else {
                    return Err(StatusCode::Failure);
                };
                if flags.contains(OpenFlags::TRUNCATE) {
                    bytes.clear();
                }
                Ok(self.opened(Open::File(path)))
            }
            Request::Opendir(_) => {
                let names = match self.setup.listing.as_slice() {
                    [] => files.keys().cloned().collect(),
                    names => names.to_vec(),
                };
                Ok(self.opened(Open::Directory(names)))
            }
            Request::Readdir(handle) => match self.open.get_mut(handle.as_bytes()) {
                Some(Open::Directory(names)) if !names.is_empty() => {
                    let names = std::mem::take(names).into_iter();
                    let name = |name: String| {
                        Name::new(Bytes::from(name), Bytes::new(), Attributes::default())
                    };
                    Ok(Response::Name(names.map(name).collect()))
                }
                _ => Err(StatusCode::Eof),
            },
            Request::Close(handle) => {
                there(self.open.remove(handle.as_bytes()).is_some())?;
                self.state.handles.fetch_sub(1, Ordering::SeqCst);
                done()
            }
            Request::Read {
                handle,
                offset,
                length,
            } => {
                let bytes = self.bytes(&mut files, &handle)?;
                let start = usize::try_from(offset).unwrap().min(bytes.len());
                let end = (start + length as usize).min(bytes.len());
                if start == end {
                    return Err(StatusCode::Eof);
                }
                let data = Bytes::copy_from_slice(&bytes[start..end]);
                self.state
                    .read
                    .fetch_add(data.len() as u64, Ordering::SeqCst);
                Ok(Response::Data(data))
            }
            Request::Write {
                handle,
                offset,
                data,
            } => {
                let bytes = self.bytes(&mut files, &handle)?;
                let start = usize::try_from(offset).unwrap();
                bytes.resize(bytes.len().max(start + data.len()), 0);
                bytes[start..start + data.len()].copy_from_slice(&data);
                done()
            }
            Request::Stat(path) | Request::Lstat(path) => match files.get(&name(&path)) {
                Some(Some(bytes)) => {
                    let mode = FileType::Regular.with_permissions(0o644);
                    let attributes = Attributes::default().with_size(bytes.len() as u64);
                    Ok(Response::Attrs(attributes.with_mode(mode)))
                }
                Some(None) => {
                    let mode = FileType::Directory.with_permissions(0o755);
                    Ok(Response::Attrs(Attributes::default().with_mode(mode)))
                }
                None => Err(StatusCode::NoSuchFile),
            },
            Request::Mkdir { path, .. } => match files.insert(name(&path), None) {
                None => done(),
                Some(_) => Err(StatusCode::Failure),
            },
            Request::Rmdir(path) | Request::Remove(path) => {
                there(files.remove(&name(&path)).is_some())?;
                done()
            }
            Request::Rename { from, to } => {
                let file = files.remove(&name(&from)).ok_or(StatusCode::NoSuchFile)?;
                files.insert(name(&to), file);
                done()
            }
            _ => Err(StatusCode::OpUnsupported),
        }
    }

    fn opened(&mut self, open: Open) -> Response {
        self.last += 1;
        let handle = Handle::from_number(self.last.into());
        self.open.insert(handle.as_bytes().to_vec(), open);
        self.state.handles.fetch_add(1, Ordering::SeqCst);
        Response::Handle(handle)
    }

    fn bytes<'f>(
        &self,
        files: &'f mut BTreeMap<String, Option<Vec<u8>>>,
        handle: &Handle,
    ) -> Result<&'f mut Vec<u8>, StatusCode> {
        match self.open.get(handle.as_bytes()) {
            Some(Open::File(path)) => files.get_mut(path).and_then(Option::as_mut),
            _ => None,
        }
        .ok_or(StatusCode::Failure)
    }
}
