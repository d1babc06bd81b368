//! The machine between a scripted client and a scripted application.

use alloc::{sync::Arc, vec::Vec};
use std::vec;

use bytes::Bytes;

use super::*;
use crate::{
    Framer,
    packet::{
        Chunks, ClientPacket, Handle, Init, OpenFlags, Request, RequestId, Response, ServerPacket,
        StatusCode, SymlinkOrder,
    },
};

mod handles;
mod hostile;
mod limits;
mod requests;

/// A session, what it wrote and what it asked.
struct Stage {
    machine: Connection,
    framer: Framer,
    written: Vec<ServerPacket>,
    events: Vec<Event>,
    closed: Option<Result<(), Error>>,
}

impl Stage {
    /// A session that has not begun.
    fn new(config: Config) -> Self {
        Self {
            machine: Connection::new(Arc::new(config)),
            framer: Framer::new(usize::MAX),
            written: Vec::new(),
            events: Vec::new(),
            closed: None,
        }
    }

    /// A session behind its VERSION.
    fn begun(config: Config) -> Self {
        let mut stage = Self::new(config);
        stage.bytes(&init(3));
        let packet = stage.written.remove(0);
        assert!(matches!(packet, ServerPacket::Version(_)), "{packet:?}");
        stage
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.machine.handle_bytes(bytes);
        self.drain();
    }

    fn send(&mut self, id: u32, request: Request) {
        self.bytes(&wire(id, request));
    }

    fn answer<Q: Question>(&mut self, ask: Ask<Q>, answer: Result<Q::Answer, Refusal>) {
        self.machine.answer(ask, answer);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.machine.poll_output() {
                Output::Write(bytes) => {
                    self.framer.push(&bytes);
                    while let Some(packet) = self.framer.next_packet().unwrap() {
                        self.written.push(ServerPacket::parse(packet).unwrap());
                    }
                }
                Output::Event(event) => self.events.push(event),
                Output::Wait => return,
                Output::Closed(result) => {
                    self.closed = Some(result);
                    return;
                }
            }
        }
    }

    /// The one event that there is.
    fn event(&mut self) -> Event {
        assert_eq!(self.events.len(), 1, "{:?}", self.events);
        self.events.remove(0)
    }

    /// The one response that there is, to this request.
    fn response(&mut self, id: u32) -> Response {
        assert_eq!(self.written.len(), 1, "{:?}", self.written);
        match self.written.remove(0) {
            ServerPacket::Response(of, response) if of == RequestId(id) => response,
            packet => panic!("{packet:?}"),
        }
    }

    /// The code of the one status that there is, to this request.
    fn code(&mut self, id: u32) -> StatusCode {
        match self.response(id) {
            Response::Status(status) => status.code,
            response => panic!("{response:?}"),
        }
    }

    /// Opens a file that the application calls `file`.
    fn open(&mut self, flags: OpenFlags, file: u64) -> Handle {
        self.send(900, open(flags));
        let ask = take!(self.event(), Open);
        self.answer(ask, Ok(FileId(file)));
        match self.response(900) {
            Response::Handle(handle) => handle,
            response => panic!("{response:?}"),
        }
    }

    fn open_directory(&mut self, file: u64) -> Handle {
        self.send(901, Request::Opendir("/".into()));
        let ask = take!(self.event(), OpenDirectory);
        self.answer(ask, Ok(FileId(file)));
        match self.response(901) {
            Response::Handle(handle) => handle,
            response => panic!("{response:?}"),
        }
    }
}

/// The question that an event must be.
macro_rules! take {
    ($event:expr, $kind:ident) => {
        match $event {
            Event::$kind(ask) => ask,
            event => panic!("{event:?}"),
        }
    };
}
use take;

const BOTH: OpenFlags = OpenFlags::from_bits(0x1b);

fn all() -> Config {
    Config {
        offers: Offers::ALL,
        ..Config::default()
    }
}

fn open(flags: OpenFlags) -> Request {
    Request::Open {
        path: "/f".into(),
        flags,
        attributes: Default::default(),
    }
}

fn read(handle: &Handle, offset: u64, length: u32) -> Request {
    Request::Read {
        handle: handle.clone(),
        offset,
        length,
    }
}

fn write(handle: &Handle, offset: u64, data: impl Into<Bytes>) -> Request {
    Request::Write {
        handle: handle.clone(),
        offset,
        data: data.into(),
    }
}

fn encoded(packet: &ClientPacket) -> Vec<u8> {
    let mut out = Chunks::new(1 << 20);
    packet.encode(&mut out, SymlinkOrder::OpenSsh).unwrap();
    let mut bytes = vec![];
    while let Some(chunk) = out.next_chunk() {
        bytes.extend(chunk);
    }
    bytes
}

fn init(version: u32) -> Vec<u8> {
    encoded(&ClientPacket::Init(Init::new(version)))
}

fn wire(id: u32, request: Request) -> Vec<u8> {
    encoded(&ClientPacket::Request(RequestId(id), request))
}
