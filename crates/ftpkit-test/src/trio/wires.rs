//! The control connections of a [`Trio`]: what is on its way on them, and their ends.

use ftpkit_proto::{TlsEvent, TlsFacts, client::Side as End};

use super::{Item, To, Trio};
use crate::player::{Input, Player as _};

impl Trio {
    /// Gives the machines what has arrived for them, as far as they want it.
    pub(super) fn hand_over(&mut self, end: End) -> bool {
        let now = self.now;
        for to in [To::Server, To::Client] {
            let server = &mut self.servers[end as usize];
            let wants = match to {
                To::Server => server.player.wants_read(),
                To::Client => self.relay.wants_read(end),
            };
            let held = &mut server.held[to as usize];
            if !wants && !matches!(held.front(), Some(Item::Tls)) {
                continue;
            }
            let Some(item) = held.pop_front() else {
                continue;
            };
            match (to, item) {
                (To::Server, Item::Bytes(bytes)) => server.player.take(now, Input::Bytes(bytes)),
                (To::Server, Item::Eof) => server.player.take(now, Input::Eof),
                (To::Server, Item::Tls) => {
                    server
                        .player
                        .take(now, Input::Tls(TlsEvent::Started(TlsFacts::default())));
                }
                (To::Client, Item::Bytes(bytes)) => self.relay.handle_bytes(now, end, &bytes),
                (To::Client, Item::Eof) => self.relay.handle_eof(now, end),
                (To::Client, Item::Tls) => {
                    self.relay
                        .handle_tls(now, end, TlsEvent::Started(TlsFacts::default()))
                }
            }
            return true;
        }
        false
    }

    pub(super) fn starts_tls(&mut self, end: End, whose: To) {
        let starts = &mut self.servers[end as usize].starts_tls;
        starts[whose as usize] = true;
        if *starts == [true; 2] {
            self.send(end, To::Server, Item::Tls);
            self.send(end, To::Client, Item::Tls);
        }
    }

    /// The server's words, up to where its connection is lost.
    pub(super) fn said(&mut self, end: End, bytes: &[u8]) {
        let server = &mut self.servers[end as usize];
        let room = server.loses.unwrap_or(usize::MAX).min(bytes.len());
        if let Some(loses) = &mut server.loses {
            *loses -= room;
        }
        let loses = server.loses == Some(0);
        self.send(end, To::Client, Item::Bytes(bytes[..room].to_vec()));
        if loses && !self.servers[end as usize].lost {
            self.tell(format_args!("{end:?} loses its control connection"));
            for to in [To::Server, To::Client] {
                self.send(end, to, Item::Eof);
            }
            self.servers[end as usize].lost = true;
        }
    }

    pub(super) fn send(&mut self, end: End, to: To, item: Item) {
        if self.servers[end as usize].lost {
            return;
        }
        let at = self.now + self.net.conditions.delay;
        let items = match item {
            Item::Bytes(bytes) => {
                let piece = match self.net.conditions.fragment {
                    0 => bytes.len().max(1),
                    piece => piece,
                };
                let pieces = bytes.chunks(piece);
                pieces.map(|piece| Item::Bytes(piece.to_vec())).collect()
            }
            item => vec![item],
        };
        for item in items {
            self.sent += 1;
            self.wires.insert((at, self.sent), (end, to, item));
        }
    }
}
