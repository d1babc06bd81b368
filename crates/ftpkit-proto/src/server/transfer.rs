//! A transfer, from its command to its final reply. How its data connection is agreed on stands
//! in `rendezvous`; payload flows elsewhere.

use alloc::{boxed::Box, format};

use super::{
    ask::{Ask, Refusal, RefusalKind, sealed::Sealed},
    connection::Connection,
    event::{Commit, Completeness, End, Event, Open, Opened, Transfer},
    state::{Exchange, Moving, Rendezvous, Step},
};
use crate::{
    Code, DataEvent, DataFailure, DataId, DataRequest, Flow, Instant, Reply, Text,
    address::same_host, automaton::At, command::Row, error::Timer,
};

impl Connection {
    /// Begins a transfer: asks the application first, since what it refuses needs no data
    /// connection.
    pub(super) fn transfer(&mut self, row: Row, transfer: Transfer) {
        if self.config.data_needs_tls() && !self.security.is_data_private() {
            let text = "Data connections must be under TLS; send PROT P.";
            return self.say(row, Code::PROTECTION_TOO_LOW, text);
        }
        let (id, target, by) = match self.rendezvous.state() {
            Rendezvous::Active(target) => {
                let target = **target;
                (self.next_data(), Some(target), None)
            }
            Rendezvous::Listening { id, row } => (*id, None, Some(*row)),
            Rendezvous::None | Rendezvous::Binding { .. } => {
                let text = "Send EPSV, PASV, EPRT or PORT first.";
                return self.say(row, Code::NO_DATA_CONNECTION, text);
            }
        };
        let ask = self.next_ask();
        let step = At::begin(Step::Opening(ask), &self.taken);
        self.exchange.go(Exchange::Transfer(Box::new(Moving {
            row,
            id,
            target,
            upload: transfer.is_upload(),
            tls: self.security.data_tls(by == Some(Row::Cpsv)),
            step,
            bytes: 0,
            peer: None,
        })));
        self.begin(Timer::Question);
        let expected = self.parameters.take_allocated();
        let question = Open {
            id,
            expected: expected.filter(|_| transfer.is_upload()),
            transfer,
            ascii: self.parameters.is_ascii(),
        };
        self.event(Event::Open(Ask { id: ask, question }));
    }

    /// The file is open: 150, and the data connection is made.
    fn opened(&mut self, mut moving: Box<Moving>, opened: Opened) {
        moving.opened();
        let listens =
            matches!(*self.rendezvous, Rendezvous::Listening { id, .. } if id == moving.id);
        if moving.target.is_none() && !listens {
            // The listener was lost while the application was busy.
            return self.fail(&moving, DataFailure::Listen);
        }
        // From here on the data connection belongs to the transfer, and serves no other.
        self.rendezvous.go(Rendezvous::None);
        let text = match (&opened.name, opened.size) {
            (Some(name), _) if moving.row == Row::Stou => {
                let mut text = alloc::vec::Vec::from(&b"FILE: "[..]);
                text.extend_from_slice(name.as_bytes());
                Text::new(text).unwrap_or_default()
            }
            (_, Some(size)) => Text::sanitized(&format!("Opening data connection ({size} bytes).")),
            _ => Text::from_static("Opening data connection."),
        };
        self.reply(moving.row, &Reply::with_text(Code::OPENING_DATA, text));
        let request = moving
            .target
            .map_or(DataRequest::Accept, DataRequest::Connect);
        self.data(moving.id, request);
        self.begin(Timer::DataConnect);
        self.exchange.go(Exchange::Transfer(moving));
    }

    /// News of a data connection.
    pub(super) fn data_event(&mut self, id: DataId, event: DataEvent) {
        match self.exchange.state() {
            Exchange::Transfer(moving) if moving.id == id && moving.is_opened() => {}
            _ => return self.listener_event(id, event),
        }
        let Exchange::Transfer(mut moving) = self.exchange.lend() else {
            return;
        };
        match (event, *moving.step) {
            (DataEvent::Connected(caller), Step::Meeting) => {
                let expected = self.config.dangerous_server_to_server
                    || same_host(self.ends.peer().ip(), caller.ip());
                if moving.target.is_none() && !expected {
                    // A stranger is dropped in silence, and the wait goes on.
                    moving.met_stranger();
                    self.data(id, DataRequest::Reject);
                    self.data(id, DataRequest::Accept);
                } else {
                    moving.met(caller);
                    match moving.tls {
                        Some(role) => {
                            self.data(id, DataRequest::Secure(role));
                            self.begin(Timer::Handshake);
                        }
                        None => self.flow(&moving),
                    }
                }
                self.exchange.go(Exchange::Transfer(moving));
            }
            (DataEvent::Secured { .. }, Step::Securing) => {
                moving.secured();
                self.flow(&moving);
                self.exchange.go(Exchange::Transfer(moving));
            }
            (DataEvent::Progress { bytes }, Step::Flowing) => {
                if moving.moved(bytes) {
                    self.begin(Timer::Stall);
                }
                self.exchange.go(Exchange::Transfer(moving));
            }
            (DataEvent::Finished { bytes, clean }, Step::Flowing) => {
                moving.moved(bytes);
                self.arrived(moving, clean);
            }
            (DataEvent::Failed(failure), Step::Meeting | Step::Securing | Step::Flowing) => {
                self.fail(&moving, failure);
            }
            // Not what this step waits for.
            _ => {
                self.exchange.go(Exchange::Transfer(moving));
            }
        }
    }

    fn flow(&mut self, moving: &Moving) {
        let flow = if moving.upload {
            Flow::Receive
        } else {
            Flow::Send
        };
        self.data(moving.id, DataRequest::Transfer(flow));
        self.begin(Timer::Stall);
    }

    /// The payload has ended.
    fn arrived(&mut self, mut moving: Box<Moving>, clean: bool) {
        if !moving.upload {
            return self.complete(&moving);
        }
        if !clean && !self.config.accept_unclean_close {
            self.event(Event::TransferEnded(moving.ended(End::Truncated)));
            let text = "TLS ended without close_notify; the file may be truncated.";
            return self.say(moving.row, Code::TRANSFER_ABORTED, text);
        }
        let id = self.next_ask();
        moving.arrived(id);
        let question = Commit {
            id: moving.id,
            bytes: moving.bytes,
            completeness: if moving.tls.is_some() && clean {
                Completeness::Proven
            } else {
                Completeness::Assumed
            },
        };
        self.exchange.go(Exchange::Transfer(moving));
        self.begin(Timer::Question);
        self.event(Event::Commit(Ask { id, question }));
    }

    fn complete(&mut self, moving: &Moving) {
        self.event(Event::TransferEnded(moving.ended(End::Complete)));
        self.say(moving.row, Code::TRANSFER_COMPLETE, "Transfer complete.");
    }

    /// The data connection failed, and is gone.
    fn fail(&mut self, moving: &Moving, failure: DataFailure) {
        let flows = *moving.step == Step::Flowing;
        self.event(Event::TransferEnded(moving.ended(End::Failed(failure))));
        let (code, text) = match failure {
            DataFailure::Local => (Code::LOCAL_ERROR, "Reading or writing the file failed."),
            DataFailure::NoSpace if moving.upload => (Code::NO_SPACE, "No space is left."),
            DataFailure::Quota if moving.upload => (Code::QUOTA_EXCEEDED, "The quota is used up."),
            DataFailure::NoSpace | DataFailure::Quota => {
                (Code::LOCAL_ERROR, "Reading the file failed.")
            }
            DataFailure::Tls if !flows => (
                Code::PROTOCOL_REFUSED,
                "TLS on the data connection could not be started.",
            ),
            DataFailure::NotResumed if !flows => (
                Code::PROTOCOL_REFUSED,
                "Resume the TLS session of the control connection.",
            ),
            DataFailure::Certificate if !flows => (
                Code::PROTOCOL_REFUSED,
                "Present the certificate of the control connection.",
            ),
            _ if flows => (Code::TRANSFER_ABORTED, "The data connection broke."),
            _ => (
                Code::NO_DATA_CONNECTION,
                "The data connection could not be made.",
            ),
        };
        self.say(moving.row, code, text);
    }

    /// Lets go of all that a transfer holds.
    pub(super) fn end_transfer(&mut self, moving: &Moving, end: End) {
        if let Some(ask) = moving.asked() {
            self.event(Event::Cancelled(ask));
        }
        if moving.holds_connection() {
            self.data(moving.id, DataRequest::Abort);
        }
        if moving.is_opened() {
            self.event(Event::TransferEnded(moving.ended(end)));
        }
    }

    /// A deadline of a transfer has passed.
    pub(super) fn transfer_expired(&mut self, timer: Timer) {
        let Exchange::Transfer(moving) = self.exchange.lend() else {
            return;
        };
        let (end, code, text) = match (timer, *moving.step) {
            (Timer::DataConnect, Step::Meeting) => (
                End::Failed(DataFailure::TimedOut),
                Code::NO_DATA_CONNECTION,
                "The data connection was not made in time.",
            ),
            (Timer::Handshake, Step::Securing) => (
                End::Failed(DataFailure::Tls),
                Code::PROTOCOL_REFUSED,
                "TLS on the data connection took too long.",
            ),
            (Timer::Stall, Step::Flowing) => (
                End::Stalled,
                Code::TRANSFER_ABORTED,
                "The transfer stalled.",
            ),
            (Timer::Question, Step::Opening(_) | Step::Committing(_)) => (
                End::Refused,
                Code::LOCAL_ERROR,
                "The storage did not answer in time.",
            ),
            _ => {
                self.exchange.go(Exchange::Transfer(moving));
                return;
            }
        };
        self.end_transfer(&moving, end);
        self.say(moving.row, code, text);
    }

    /// ABOR: ends what is being carried out, whatever it waits for.
    pub(super) fn abort(&mut self) {
        match self.exchange.lend() {
            Exchange::Idle | Exchange::Binding => {
                self.say(Row::Abor, Code::NO_TRANSFER, "Nothing to abort.");
            }
            Exchange::Asking { id, row, .. } => {
                self.event(Event::Cancelled(id));
                self.reply(row, &Reply::new(Code::LOCAL_ERROR, "Aborted."));
                self.say(Row::Abor, Code::TRANSFER_COMPLETE, "Aborted.");
            }
            Exchange::Transfer(moving) => {
                self.cut(&moving, "Transfer aborted.");
                self.say(Row::Abor, Code::TRANSFER_COMPLETE, "Aborted.");
            }
        }
    }

    /// The client has ended its half of the control connection during a transfer. It may
    /// still read: without the 426 it would take the end of its data for the file's.
    pub(super) fn forsake_transfer(&mut self) {
        if let Exchange::Transfer(moving) = self.exchange.lend() {
            self.cut(
                &moving,
                "The control connection was closed; transfer aborted.",
            );
        }
    }

    fn cut(&mut self, moving: &Moving, text: &'static str) {
        self.end_transfer(moving, End::Aborted);
        self.drop_rendezvous();
        self.reply(moving.row, &Reply::new(Code::TRANSFER_ABORTED, text));
    }

    /// The transfer whose question was just answered.
    fn answered_transfer(&mut self) -> Option<Box<Moving>> {
        match self.exchange.lend() {
            Exchange::Transfer(moving) => Some(moving),
            other => {
                self.exchange.go(other);
                None
            }
        }
    }
}

impl Sealed<Opened> for Open {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        _question: Self,
        answer: Result<Opened, Refusal>,
    ) {
        let Some(moving) = connection.answered_transfer() else {
            return;
        };
        match answer {
            Ok(opened) => connection.opened(moving, opened),
            Err(refusal) => connection.refused(moving.row, refusal),
        }
    }
}

impl Sealed<()> for Commit {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        _question: Self,
        answer: Result<(), Refusal>,
    ) {
        let Some(moving) = connection.answered_transfer() else {
            return;
        };
        match answer {
            Ok(()) => connection.complete(&moving),
            Err(refusal) => {
                let refusal = match refusal.kind() {
                    // The payload has come: the command itself was served.
                    RefusalKind::Unsupported => Refusal::new(RefusalKind::Failed),
                    _ => refusal,
                };
                connection.event(Event::TransferEnded(moving.ended(End::Refused)));
                connection.refused(moving.row, refusal);
            }
        }
    }
}
