//! From clear text to TLS: AUTH, the handshake, PBSZ and PROT (RFC 4217 sec. 4, 8, 9).

use super::{
    connection::Connection,
    event::Outcome,
    request::RequestId,
    state::{Exchange, Session, Upgrade, Upgraded},
};
use crate::{
    automaton::At,
    command::{Command, Protection},
    error::Error,
    error::{PeerMisbehaved, Timer},
    machine::{Output, TlsEvent},
    reply::Reply,
    text::Text,
    wire::framer::Drained,
};

/// An upgrade under way.
#[derive(Debug)]
pub(super) struct UpgradeRun {
    pub(super) id: RequestId,
    protect_data: bool,
    step: At<Upgrade>,
}

impl Connection {
    /// Over a connection that is under TLS already only the protection of data is settled.
    pub(super) fn begin_upgrade(&mut self, id: RequestId, protect_data: bool) {
        let step = if self.secured {
            Upgrade::BufferSize
        } else {
            Upgrade::AuthTls
        };
        let run = UpgradeRun {
            id,
            protect_data,
            step: At::begin(step, &self.taken),
        };
        self.send_upgrade(&run);
        self.go_on(Exchange::Secure(run));
    }

    pub(super) fn upgrade_reply(&mut self, mut run: UpgradeRun, reply: Reply) {
        match run.step.next(reply.code(), self.config.lenient) {
            Upgraded::Send(step) => {
                run.step.go(step);
                self.send_upgrade(&run);
                self.go_on(Exchange::Secure(run));
            }
            Upgraded::StartTls => {
                run.step.go(Upgrade::Handshake);
                self.go_on(Exchange::Secure(run));
                match self.framer.drained() {
                    Some(drained) => self.start_tls(drained),
                    None => self.close(Err(PeerMisbehaved::BytesBeforeTls.into())),
                }
            }
            Upgraded::Outcome => {
                if *run.step == Upgrade::Protection && reply.code().is_success() {
                    self.parameters.protected = run.protect_data;
                }
                self.done(run.id, Outcome::Reply(reply));
            }
        }
    }

    fn send_upgrade(&mut self, run: &UpgradeRun) {
        match *run.step {
            Upgrade::AuthTls => self.send(Command::Auth(Text::from_static("TLS"))),
            Upgrade::AuthSsl => self.send(Command::Auth(Text::from_static("SSL"))),
            Upgrade::BufferSize => self.send(Command::Pbsz(0)),
            Upgrade::Protection if run.protect_data => {
                self.send(Command::Prot(Protection::Private));
            }
            Upgrade::Protection => self.send(Command::Prot(Protection::Clear)),
            Upgrade::Handshake => {}
        }
    }

    /// Only a framer without a byte left gives the proof that this asks for.
    pub(super) fn start_tls(&mut self, _proof: Drained) {
        self.session.go(Session::Handshaking);
        self.output(Output::StartTls);
        self.arm(Timer::Handshake, self.config.timeouts.handshake);
    }

    pub(super) fn on_tls(&mut self, event: &TlsEvent) {
        if !matches!(*self.session, Session::Handshaking) {
            return;
        }
        self.disarm(Timer::Handshake);
        match event {
            TlsEvent::Started => {
                self.session.go(Session::Ready);
                self.secured = true;
                self.features = None;
                self.parameters.forget_session();
                if let Exchange::Secure(mut run) = self.exchange.lend() {
                    run.step.go(Upgrade::BufferSize);
                    self.send_upgrade(&run);
                    self.go_on(Exchange::Secure(run));
                }
            }
            TlsEvent::Failed | TlsEvent::Stopped => self.close(Err(Error::TlsFailed)),
        }
    }
}
