//! What the client machine does, against servers that are scripted or random.

mod hostile;
mod single;
mod transfer;

use std::{string::String, vec::Vec};

use bytes::Bytes;

use super::*;
use crate::{
    Framer,
    packet::{
        Chunks, ClientPacket, Extension, Handle, Request as Packet, RequestId as WireId, Response,
        ServerPacket, Status, StatusCode, SymlinkOrder, Version,
    },
};

/// A client, and what it has sent and told.
struct Stage {
    client: Connection,
    framer: Framer,
    sent: Vec<(WireId, Packet)>,
    events: Vec<Event>,
    closed: Option<Result<(), Error>>,
}

impl Stage {
    /// A client that has not been greeted.
    fn silent(config: Config) -> Self {
        let mut stage = Self {
            client: Connection::new(config),
            framer: Framer::default(),
            sent: Vec::new(),
            events: Vec::new(),
            closed: None,
        };
        stage.drain();
        stage
    }

    /// A client of a server with these extensions.
    fn with(config: Config, extensions: &[Extension]) -> Self {
        let mut stage = Self::silent(config);
        stage.greet(extensions);
        stage.events.clear();
        stage
    }

    fn greet(&mut self, extensions: &[Extension]) {
        self.feed(&ServerPacket::Version(Version::new(
            extensions.iter().copied(),
        )));
    }

    fn feed(&mut self, packet: &ServerPacket) {
        let mut chunks = Chunks::default();
        packet.encode(&mut chunks).unwrap();
        while let Some(chunk) = chunks.next_chunk() {
            self.client.handle_bytes(&chunk);
        }
        self.drain();
    }

    fn answer(&mut self, id: WireId, response: impl Into<Response>) {
        self.feed(&ServerPacket::Response(id, response.into()));
    }

    fn submit(&mut self, request: Request) -> RequestId {
        let id = self.client.submit(request);
        self.drain();
        id
    }

    fn drain(&mut self) {
        for _ in 0..100_000 {
            match self.client.poll_output() {
                Output::Write(head, payload) => {
                    self.framer.push(&head);
                    self.framer.push(&payload.unwrap_or_default());
                    while let Some(packet) = self.framer.next_packet().unwrap() {
                        match ClientPacket::parse(packet, SymlinkOrder::OpenSsh).unwrap() {
                            ClientPacket::Init(init) => assert_eq!(init.version, 3),
                            ClientPacket::Request(id, packet) => self.sent.push((id, packet)),
                        }
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
        panic!("the machine never rests");
    }

    /// The oldest packet that was not looked at.
    fn next(&mut self) -> (WireId, Packet) {
        assert!(!self.sent.is_empty(), "nothing was sent: {:?}", self.events);
        self.sent.remove(0)
    }

    /// How the one request ended that has ended.
    fn outcome(&mut self) -> Outcome {
        let mut ended = Vec::new();
        for event in self.events.drain(..) {
            if let Event::Done(_, outcome) = event {
                ended.push(outcome);
            }
        }
        assert_eq!(ended.len(), 1, "{ended:?}");
        ended.remove(0)
    }

    fn failure(&mut self) -> Failure {
        match self.outcome() {
            Outcome::Failed(failure) => failure,
            other => panic!("it did not fail: {other:?}"),
        }
    }
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn handle() -> Handle {
    Handle::from_number(7)
}

fn status(code: StatusCode) -> Status {
    code.into()
}

fn text(value: &impl core::fmt::Display) -> String {
    std::format!("{value}")
}
