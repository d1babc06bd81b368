//! SFTP's client machine against any server, under any requests.

use std::collections::BTreeMap;

use bytes::Bytes;
use ftpkit_sftp::{
    Framer,
    client::{
        Config, Connection, Download, Event, Existing, File, Outcome, Output, Request, RequestId,
        Upload,
    },
    packet::{
        Attributes, Chunks, ClientPacket, Extended, Extension, Handle, Name, Request as Packet,
        RequestId as WireId, Response, ServerPacket, Status, StatusCode, SymlinkOrder, Version,
    },
};

use super::{
    OUTPUTS,
    steps::{Step, steps},
};

/// Any server under any requests: packets and raw bytes of it, answers that fit in any order,
/// requests that are submitted, fed and taken back. Whole and byte by byte the machine does the
/// same; each request ends once, payload comes without gaps and within what was asked for, and it
/// ends.
///
/// # Panics
/// If it does not.
pub fn sftp_client(data: &[u8]) {
    let whole = play(data, usize::MAX);
    assert_eq!(
        play(data, 1),
        whole,
        "in other pieces it does something else"
    );
}

struct Stage {
    machine: Connection,
    max_bytes: u64,
    framer: Framer,
    /// What was sent and not answered yet.
    sent: Vec<(WireId, Packet)>,
    /// Where the next byte of a download is to be.
    next: BTreeMap<RequestId, u64>,
    submitted: Vec<RequestId>,
    done: Vec<RequestId>,
    log: Vec<String>,
    wrote: usize,
    closed: bool,
}

fn play(data: &[u8], piece: usize) -> Vec<String> {
    let (settings, steps) = steps(data);
    let mut config = Config::default();
    if settings & 1 != 0 {
        config.max_in_flight = 2;
        config.max_readdirs = 1;
    }
    if settings & 2 != 0 {
        config.max_bytes = 20;
        config.max_block = 8;
    }
    if settings & 4 != 0 {
        config.max_requests = 3;
    }
    if settings & 8 != 0 {
        config.max_sent = 100;
        config.max_received = 200;
    }
    let mut stage = Stage {
        max_bytes: config.max_bytes.max(config.max_block.into()),
        machine: Connection::new(config),
        framer: Framer::new(usize::MAX),
        sent: Vec::new(),
        next: BTreeMap::new(),
        submitted: Vec::new(),
        done: Vec::new(),
        log: Vec::new(),
        wrote: 0,
        closed: false,
    };
    stage.drain();
    for step in steps {
        match step {
            Step::Bytes(bytes) => stage.take_in(&bytes, piece),
            Step::Hello => {
                let version = ServerPacket::Version(Version::new(Extension::ALL));
                stage.take_in(&wire(&version), piece);
            }
            Step::Answer { which, how } => stage.answer(which, how, piece),
            Step::Lose(which) => stage.cancel(which),
            Step::Eof => stage.machine.handle_eof(),
            Step::Own(b's', kind, with) => stage.submit(kind, with),
            Step::Own(b'u', which, length) => {
                if let Some(id) = stage.one(which) {
                    let bytes = vec![length; length.into()];
                    stage.machine.payload(id, bytes.into());
                }
            }
            Step::Own(b'f', which, _) => {
                if let Some(id) = stage.one(which) {
                    stage.machine.finish(id);
                }
            }
            Step::Stop | Step::Own(..) => {}
        }
        stage.drain();
    }
    stage.machine.handle_eof();
    stage.drain();
    assert!(stage.closed, "it does not end");
    stage.submitted.sort_unstable();
    stage.done.sort_unstable();
    assert_eq!(stage.done, stage.submitted, "each request ends once");
    stage.log
}

fn wire(packet: &ServerPacket) -> Vec<u8> {
    let mut out = Chunks::new(usize::MAX);
    packet.encode(&mut out).expect("not too long");
    let mut bytes = Vec::new();
    while let Some(chunk) = out.next_chunk() {
        bytes.extend(chunk);
    }
    bytes
}

/// One request of each kind.
fn request(kind: u8, with: u8) -> Request {
    let path = || Bytes::from(vec![b'a'; usize::from(with % 40)]);
    let handle = || Handle::from_number(with.into());
    let attributes = || Attributes::default().with_size(with.into());
    let existing = [
        Existing::Keep,
        Existing::Replace,
        Existing::ReplaceInTwoSteps,
    ];
    match kind % 24 {
        0 => Request::Stat(path()),
        1 => Request::List(path()),
        2 => Request::Download(Download::new(File::Path(path()))),
        3 => {
            let mut download = Download::new(File::Handle(handle()));
            download.offset = u64::MAX - u64::from(with);
            Request::Download(download)
        }
        4 => {
            let mut download = Download::new(File::Path(path()));
            download.length = Some(with.into());
            Request::Download(download)
        }
        5 => Request::Upload(Upload::new(File::Path(path()))),
        6 => {
            let mut upload = Upload::new(File::Handle(handle()));
            upload.offset = u64::MAX - u64::from(with);
            upload.sync = true;
            Request::Upload(upload)
        }
        7 => Request::Rename {
            from: path(),
            to: path(),
            existing: existing[usize::from(with) % 3],
        },
        8 => Request::Open {
            path: path(),
            flags: ftpkit_sftp::packet::OpenFlags::from_bits(with.into()),
            attributes: attributes(),
        },
        9 => Request::Opendir(path()),
        10 => Request::Close(handle()),
        11 => Request::Read {
            handle: handle(),
            offset: with.into(),
            length: with.into(),
        },
        12 => Request::Write {
            handle: handle(),
            offset: u64::MAX,
            data: path(),
        },
        13 => Request::Readdir(handle()),
        14 => Request::Realpath(path()),
        15 => Request::Readlink(path()),
        16 => Request::Statvfs(path()),
        17 => Request::UsersGroups {
            uids: vec![with.into(); with.into()],
            gids: vec![],
        },
        18 => Request::Fsync(handle()),
        19 => Request::Symlink {
            target: path(),
            link: path(),
        },
        20 => Request::Lsetstat {
            path: path(),
            attributes: attributes(),
        },
        21 => Request::ExpandPath(path()),
        22 => Request::Fstat(handle()),
        _ => Request::Mkdir {
            path: path(),
            attributes: attributes(),
        },
    }
}

/// What a server may answer, mostly what fits.
fn response(packet: &Packet, how: u8) -> Response {
    let code = StatusCode::from_number(u32::from(how % 10));
    if how & 0x40 != 0 {
        return Status::from(code).into();
    }
    let data = |most: u32| Bytes::from(vec![how; most.min(u32::from(how)) as usize]);
    match packet {
        Packet::Open { .. } | Packet::Opendir(_) => {
            Response::Handle(Handle::from_number(how.into()))
        }
        Packet::Read { length, .. } if !how.is_multiple_of(7) => Response::Data(data(*length)),
        Packet::Readdir(_) if !how.is_multiple_of(7) => {
            let names = [&b"a"[..], b"..", b"x/y", b"b", b""];
            let names = names.into_iter().take(usize::from(how % 6));
            Response::Name(names.map(|name| Name::of_path(name.into())).collect())
        }
        Packet::Read { .. } | Packet::Readdir(_) => Status::from(StatusCode::Eof).into(),
        Packet::Realpath(_) | Packet::Readlink(_) => {
            let names = usize::from(how % 3);
            Response::Name(vec![Name::of_path(Bytes::from_static(b"/")); names])
        }
        Packet::Stat(_) | Packet::Lstat(_) | Packet::Fstat(_) => {
            Response::Attrs(Attributes::default().with_size(how.into()))
        }
        Packet::Extended(Extended::Limits) => {
            let limit = u64::from(how) * 10;
            let limits = [limit, u64::from(how), limit, u64::from(how % 4)];
            let raw: Vec<u8> = limits
                .iter()
                .flat_map(|limit| limit.to_be_bytes())
                .collect();
            Response::ExtendedReply(ftpkit_sftp::packet::ExtendedReply::Raw(raw.into()))
        }
        _ => Status::from(StatusCode::Ok).into(),
    }
}

impl Stage {
    fn take_in(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece) {
            self.machine.handle_bytes(piece);
            self.drain();
        }
    }

    fn one(&self, which: u8) -> Option<RequestId> {
        let most = self.submitted.len().max(1);
        self.submitted.get(usize::from(which) % most).copied()
    }

    fn submit(&mut self, kind: u8, with: u8) {
        let request = request(kind, with);
        let from = match &request {
            Request::Download(download) => Some(download.offset),
            _ => None,
        };
        let id = self.machine.submit(request);
        self.submitted.push(id);
        self.next.extend(from.map(|offset| (id, offset)));
    }

    fn cancel(&mut self, which: u8) {
        if let Some(id) = self.one(which) {
            self.machine.cancel(id);
        }
    }

    fn answer(&mut self, which: u8, how: u8, piece: usize) {
        if self.sent.is_empty() {
            return;
        }
        let (id, packet) = self.sent.remove(usize::from(which) % self.sent.len());
        let packet = ServerPacket::Response(id, response(&packet, how));
        self.take_in(&wire(&packet), piece);
    }

    fn drain(&mut self) {
        for _ in 0..OUTPUTS {
            match self.machine.poll_output() {
                Output::Write(head, payload) => {
                    self.framer.push(&head);
                    self.wrote += head.len();
                    if let Some(payload) = payload {
                        self.framer.push(&payload);
                        self.wrote += payload.len();
                    }
                    self.sent();
                }
                Output::Event(event) => self.event(&event),
                Output::Wait => return,
                Output::Closed(result) => {
                    if !core::mem::replace(&mut self.closed, true) {
                        self.log.push(format!("{result:?}"));
                    }
                    return;
                }
                output => panic!("an output that is not known: {output:?}"),
            }
        }
        panic!("it never rests");
    }

    fn sent(&mut self) {
        while let Some(packet) = self.framer.next_packet().expect("our own length") {
            let packet = ClientPacket::parse(packet, SymlinkOrder::OpenSsh);
            match packet.expect("what we write we read") {
                ClientPacket::Init(_) => {}
                ClientPacket::Request(id, packet) => {
                    let twice = self.sent.iter().any(|(other, _)| *other == id);
                    assert!(!twice, "an id that is under way is used again");
                    self.log.push(format!("{id:?} {packet:?}"));
                    self.sent.push((id, packet));
                }
            }
        }
        let mut asked = BTreeMap::<&[u8], u64>::new();
        for (_, packet) in &self.sent {
            if let Packet::Read { handle, length, .. } = packet {
                *asked.entry(handle.as_bytes()).or_default() += u64::from(*length);
            }
        }
        // Single READs and several transfers may share a handle here, which is why it is not
        // exact; a window that is not kept is off by more.
        let transfers = self.submitted.len() as u64;
        for asked in asked.values() {
            assert!(
                *asked <= (self.max_bytes + 255) * transfers,
                "{asked} bytes"
            );
        }
    }

    fn event(&mut self, event: &Event) {
        self.log.push(format!("{} {event:?}", self.wrote));
        match event {
            Event::Payload {
                request,
                offset,
                bytes,
            } => {
                let next = self.next.get_mut(request).expect("of a download");
                assert_eq!(offset, next, "a gap");
                assert!(!bytes.is_empty());
                *next += bytes.len() as u64;
            }
            Event::Done(id, outcome) => {
                if let Outcome::Downloaded(done) = outcome {
                    assert!(done.bytes <= self.next[id]);
                }
                self.done.push(*id);
            }
            _ => {}
        }
    }
}
