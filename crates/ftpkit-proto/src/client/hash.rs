//! HASH, and RANG ahead of it where only a part of the file is meant (draft-bryan-ftpext-hash).

use super::{
    connection::Connection,
    event::Outcome,
    request::RequestId,
    state::{Exchange, Hashing},
};
use crate::{
    automaton::At,
    command::{ByteRange, Command},
    reply::Reply,
    text::PathArg,
};

/// A HASH under way.
#[derive(Debug)]
pub(super) struct HashRun {
    pub(super) id: RequestId,
    path: PathArg,
    range: Option<ByteRange>,
    step: At<Hashing>,
}

impl Connection {
    /// A range that an earlier request has left at the server is taken back.
    pub(super) fn begin_hash(&mut self, id: RequestId, path: PathArg, range: Option<ByteRange>) {
        let first = if range.is_some() || self.parameters.range_pending {
            Hashing::Range
        } else {
            Hashing::Hash
        };
        let run = HashRun {
            id,
            path,
            range,
            step: At::begin(first, &self.taken),
        };
        self.send_hash(&run);
        self.go_on(Exchange::Hash(run));
    }

    fn send_hash(&mut self, run: &HashRun) {
        match *run.step {
            Hashing::Range => self.send(Command::Rang(run.range)),
            Hashing::Hash => self.send(Command::Hash(run.path.clone())),
        }
    }

    pub(super) fn hash_reply(&mut self, mut run: HashRun, reply: Reply) {
        if *run.step == Hashing::Hash || reply.code().is_refusal() {
            return self.done(run.id, Outcome::Reply(reply));
        }
        // Not every server forgets the range once HASH has used it.
        self.parameters.range_pending = run.range.is_some();
        run.step.go(Hashing::Hash);
        self.send_hash(&run);
        self.go_on(Exchange::Hash(run));
    }
}
