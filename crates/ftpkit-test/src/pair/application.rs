//! What the applications of a pair ask for, and what came of it.

use ftpkit_proto::{
    Instant, Secret, Text, Transitions,
    client::{self, Credentials, Outcome, Request, RequestId, Transfer},
    server,
};

use super::{Ended, Pair, arg};
use crate::{
    net::{Conditions, Side},
    player::{Input, Player},
    store::{Store, USER},
    transcript::Transcript,
};

impl Pair {
    // What the client's application does.

    /// Submits a request.
    pub fn submit(&mut self, request: Request) -> RequestId {
        let text = matches!(&request, Request::Transfer { ascii: true, .. });
        self.happen(Side::Client, Input::Ask(request));
        let id = *self.client.requests.last().expect("it was just asked for");
        self.submitted.push(id);
        if text {
            self.texts.insert(id);
        }
        id
    }

    /// Logs in as the user of [`Store`].
    pub fn login(&mut self) -> RequestId {
        self.submit(Request::Login(Credentials::new(
            Text::from_static(USER.0),
            Secret::from_static(USER.1),
        )))
    }

    /// Retrieves a file.
    pub fn download(&mut self, path: &str) -> RequestId {
        self.download_from(path, 0)
    }

    /// Retrieves a file from an offset on.
    pub fn download_from(&mut self, path: &str, offset: u64) -> RequestId {
        self.transfer(Transfer::Download {
            path: arg(path),
            offset,
        })
    }

    /// Submits a transfer of bytes as they are.
    pub fn transfer(&mut self, transfer: Transfer) -> RequestId {
        self.submit(Request::Transfer {
            transfer,
            ascii: false,
        })
    }

    /// Stores a file.
    pub fn upload(&mut self, path: &str, content: impl Into<Vec<u8>>) -> RequestId {
        let path = arg(path);
        self.send(Transfer::Upload { path, offset: 0 }, content)
    }

    /// Submits a transfer that sends this content.
    pub fn send(&mut self, transfer: Transfer, content: impl Into<Vec<u8>>) -> RequestId {
        // The machine may ask for the payload before `transfer` has returned an id only when it
        // is polled, which happens in `step`.
        let id = self.transfer(transfer);
        self.uploads.insert(id, content.into());
        id
    }

    /// Takes a request back.
    pub fn abort(&mut self, id: RequestId) {
        let at = self.client.requests.iter().position(|one| *one == id);
        if let Some(at) = at {
            self.happen(Side::Client, Input::GiveUp(at + 1));
        }
    }

    // What the server's application does.

    /// Ends the session when it is idle.
    pub fn drain(&mut self) {
        self.happen(Side::Server, Input::Drain);
    }

    /// Ends the session now.
    pub fn shut_down(&mut self) {
        self.happen(Side::Server, Input::ShutDown);
    }

    // What came of it.

    /// How a request ended, if it has.
    #[must_use]
    pub fn outcome(&self, id: RequestId) -> Option<&Outcome> {
        self.outcomes.get(&id)
    }

    /// Whether a transfer came to its end.
    #[must_use]
    pub fn is_transferred(&self, id: RequestId) -> bool {
        matches!(self.outcomes.get(&id), Some(Outcome::Transferred(_)))
    }

    /// The code of a request's final reply.
    #[must_use]
    pub fn code(&self, id: RequestId) -> Option<u16> {
        let reply = match self.outcomes.get(&id)? {
            Outcome::Reply(reply) => Some(reply),
            Outcome::Transferred(done) => Some(&done.reply),
            Outcome::TransferFailed(failed) => failed.reply.as_ref(),
            _ => None,
        };
        reply.map(|reply| reply.code().number())
    }

    /// What a download brought, if it came to its end.
    #[must_use]
    pub fn downloaded(&self, id: RequestId) -> Option<&[u8]> {
        if !self.is_transferred(id) {
            return None;
        }
        self.downloads.get(&id).map(Vec::as_slice)
    }

    /// The storage.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The client's machine.
    #[must_use]
    pub const fn client(&self) -> &client::Connection {
        &self.client.machine
    }

    /// The server's machine.
    #[must_use]
    pub const fn server(&self) -> &server::Connection {
        &self.server.machine
    }

    /// What was said so far.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// Which legal transitions the client's automata and the server's have taken.
    #[must_use]
    pub fn transitions(&self) -> [Transitions; 2] {
        [self.client.transitions(), self.server.transitions()]
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Whether the client's side is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sides[Side::Client as usize].closed.is_some()
    }

    /// How both sides ended, once they have.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        let [Some(client), Some(server)] = self.sides.each_ref().map(|side| side.closed.as_ref())
        else {
            return None;
        };
        Some(if client.is_ok() && server.is_ok() {
            Ended::Well
        } else {
            Ended::Badly
        })
    }

    /// Lets the network be another one from now on.
    pub fn change_conditions(&mut self, change: impl FnOnce(&mut Conditions)) {
        change(&mut self.net.conditions);
    }
}
