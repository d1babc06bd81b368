//! A transfer, from its command to its final reply.

use core::net::SocketAddr;

use crate::{
    DataId, TlsRole,
    automaton::{At, automaton},
    command::Row,
    server::{
        ask::AskId,
        event::{End, TransferEnded},
    },
};

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Step {
    /// The application was asked to open the file.
    Opening(AskId),
    /// 150 is out; the data connection is being made.
    Meeting,
    /// TLS is being started on it.
    Securing,
    /// Payload flows.
    Flowing,
    /// The application was asked to make the upload durable.
    Committing(AskId),
}

automaton! { Step "transfer": Opening;
    Opening => Meeting Over;
    Meeting => Meeting Securing Flowing Over;
    Securing => Flowing Over;
    Flowing => Flowing Committing Over;
    Committing => Over;
}

/// A transfer, from its command to its final reply.
#[derive(Debug)]
pub(in crate::server) struct Moving {
    /// The command.
    pub(in crate::server) row: Row,
    /// The data connection.
    pub(in crate::server) id: DataId,
    /// Where to connect to; `None`: the caller of a listener is awaited.
    pub(in crate::server) target: Option<SocketAddr>,
    pub(in crate::server) upload: bool,
    /// Which end of TLS this side is on the data connection; `None`: in clear.
    pub(in crate::server) tls: Option<TlsRole>,
    pub(in crate::server) step: At<Step>,
    pub(in crate::server) bytes: u64,
    pub(in crate::server) peer: Option<SocketAddr>,
}

impl Moving {
    /// The open question about it.
    pub(in crate::server) const fn asked(&self) -> Option<AskId> {
        match self.step.state() {
            Step::Opening(id) | Step::Committing(id) => Some(*id),
            _ => None,
        }
    }

    /// Whether the application has opened something for it, which must be let go once.
    pub(in crate::server) const fn is_opened(&self) -> bool {
        !matches!(self.step.state(), Step::Opening(_))
    }

    /// Whether the driver still has something of it: an attempt or a connection. Until the
    /// file is open, a listener belongs to the rendezvous; all of an upload came with its end.
    pub(in crate::server) const fn holds_connection(&self) -> bool {
        matches!(
            self.step.state(),
            Step::Meeting | Step::Securing | Step::Flowing
        )
    }

    /// The application has opened the file.
    pub(in crate::server) fn opened(&mut self) {
        self.step.go(Step::Meeting);
    }

    /// Somebody else has called the listener.
    pub(in crate::server) fn met_stranger(&mut self) {
        self.step.go(Step::Meeting);
    }

    /// The data connection is made.
    pub(in crate::server) fn met(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
        self.step.go(if self.tls.is_some() {
            Step::Securing
        } else {
            Step::Flowing
        });
    }

    /// TLS is up on it.
    pub(in crate::server) fn secured(&mut self) {
        self.step.go(Step::Flowing);
    }

    /// So many bytes have moved; tells whether that is more than before.
    pub(in crate::server) fn moved(&mut self, bytes: u64) -> bool {
        let more = bytes > self.bytes;
        if more {
            self.bytes = bytes;
            self.step.go(Step::Flowing);
        }
        more
    }

    /// All of an upload has come.
    pub(in crate::server) fn arrived(&mut self, commit: AskId) {
        self.step.go(Step::Committing(commit));
    }

    /// What the application is told of its end.
    pub(in crate::server) const fn ended(&self, end: End) -> TransferEnded {
        TransferEnded {
            id: self.id,
            bytes: self.bytes,
            peer: self.peer,
            end,
        }
    }
}
