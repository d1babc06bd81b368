//! From clear text to TLS: AUTH, the handshake, PBSZ and PROT (RFC 4217 sec. 4, 8, 9); and back
//! by CCC (RFC 4217 sec. 6).

use super::{
    connection::Connection,
    event::Outcome,
    request::RequestId,
    state::{Downgrade, Exchange, Session, Upgrade, Upgraded},
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

/// A way back to clear text.
#[derive(Debug)]
pub(super) struct DowngradeRun {
    pub(super) id: RequestId,
    /// The server's consent.
    reply: Option<Reply>,
    step: At<Downgrade>,
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

    /// Implicit TLS begins with the connection, and covers the data connections too.
    pub(super) fn start_implicit(&mut self) {
        self.parameters.protected = true;
        if let Some(nothing_came) = self.framer.drained() {
            self.start_tls(nothing_came);
        }
    }

    /// Only a framer without a byte left gives the proof that this asks for.
    pub(super) fn start_tls(&mut self, _proof: Drained) {
        self.session.go(Session::Handshaking);
        self.output(Output::StartTls);
        self.arm(Timer::Handshake, self.config.timeouts.handshake);
    }

    /// What is in clear already cannot be cleared.
    pub(super) fn begin_downgrade(&mut self, id: RequestId) {
        if !self.secured {
            return self.done(id, Outcome::Rejected);
        }
        self.send(Command::Ccc);
        self.go_on(Exchange::Clear(DowngradeRun {
            id,
            reply: None,
            step: At::begin(Downgrade::Asked, &self.taken),
        }));
    }

    pub(super) fn downgrade_reply(&mut self, mut run: DowngradeRun, reply: Reply) {
        if !reply.code().is_success() {
            return self.done(run.id, Outcome::Reply(reply));
        }
        run.step.go(Downgrade::Stopping);
        run.reply = Some(reply);
        self.go_on(Exchange::Clear(run));
        match self.framer.drained() {
            Some(_) => {
                self.session.go(Session::Stopping);
                self.output(Output::StopTls);
                self.arm(Timer::Handshake, self.config.timeouts.handshake);
            }
            None => self.close(Err(PeerMisbehaved::UnsolicitedReply.into())),
        }
    }

    pub(super) fn on_tls(&mut self, event: &TlsEvent) {
        match (&*self.session, event) {
            (Session::Handshaking, TlsEvent::Started(_)) => self.tls_started(),
            (Session::Stopping, TlsEvent::Stopped) => self.tls_stopped(),
            (Session::Handshaking | Session::Stopping, TlsEvent::Failed | TlsEvent::Stopped) => {
                self.close(Err(Error::TlsFailed));
            }
            _ => {}
        }
    }

    fn tls_started(&mut self) {
        self.disarm(Timer::Handshake);
        self.secured = true;
        if self.greeting.is_none() {
            return self.await_greeting();
        }
        self.session.go(Session::Ready);
        self.features = None;
        self.parameters.forget_session();
        if let Exchange::Secure(mut run) = self.exchange.lend() {
            run.step.go(Upgrade::BufferSize);
            self.send_upgrade(&run);
            self.go_on(Exchange::Secure(run));
        }
    }

    /// Login, parameters and the protection of data connections stay as they are.
    fn tls_stopped(&mut self) {
        self.disarm(Timer::Handshake);
        self.session.go(Session::Ready);
        self.secured = false;
        if let Exchange::Clear(DowngradeRun {
            id,
            reply: Some(reply),
            ..
        }) = self.exchange.lend()
        {
            self.done(id, Outcome::Reply(reply));
        }
    }
}
