//! What holds at the server from one transfer to the next, as far as the client knows.

use super::{learned::Resumption, plan::Worked};
use crate::{
    command::{Command, Type},
    reply::Code,
    time::Instant,
};

/// What holds at the server from one transfer to the next.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The representation type in force; unknown until one was accepted.
    pub(super) kind: Option<Type>,
    /// Whether PROT P is in force.
    pub(super) protected: bool,
    /// Which ways to a data connection were seen to work.
    pub(super) worked: Worked,
    /// Whether the server has refused to know PRET.
    pub(super) no_pret: bool,
    /// Whether the server may hold an offset that no transfer has used: a transfer that was
    /// given up or refused behind its REST leaves it there, and the next one would begin at it.
    pub(super) offset_pending: bool,
    /// Whether it may hold a range in the same way, behind RANG.
    pub(super) range_pending: bool,
    /// Whether EPSV ALL was accepted: no other way of setting up is allowed any more.
    pub(super) only_epsv: bool,
    /// Whether data connections must resume the TLS session.
    pub(super) resumption: Resumption,
    /// Whether one has.
    pub(super) has_resumed: bool,
    /// Whether a transfer was refused since nothing was left to resume with.
    pub(super) starved: bool,
    /// Whether EPSV was sent ahead in vain.
    pub(super) no_ahead: bool,
    /// Until when the last transfer counts as one of many small ones.
    pub(super) small_until: Option<Instant>,
    /// Whether SSCN has made the server the TLS client of its data connections.
    pub(super) sscn: bool,
}

impl Parameters {
    /// AUTH and a new login make the server forget; what the network lets through stays known.
    pub(super) const fn forget_session(&mut self) {
        self.kind = None;
        self.sscn = false;
    }

    /// What a final reply to this command changes.
    pub(super) const fn note(&mut self, command: &Command, code: Code) {
        let done = code.is_success();
        match command {
            Command::Type(kind) if done => self.kind = Some(*kind),
            Command::Sscn(Some(on)) if done => self.sscn = *on,
            Command::Rest(offset) => self.offset_pending = *offset != 0 && !code.is_refusal(),
            Command::Rang(range) => self.range_pending = range.is_some() && !code.is_refusal(),
            _ => {}
        }
    }
}
