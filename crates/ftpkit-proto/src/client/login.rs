//! Login: HOST where a virtual host is meant, USER, and PASS and ACCT as the server asks for
//! them (RFC 959 sec. 5.4, RFC 1635, RFC 7151).

use super::{
    connection::Connection,
    event::Outcome,
    request::{Credentials, RequestId},
    state::{Exchange, Login},
    tolerance::Lately,
};
use crate::{automaton::At, command::Command, reply::Reply};

/// A login under way.
#[derive(Debug)]
pub(super) struct LoginRun {
    pub(super) id: RequestId,
    credentials: Credentials,
    pub(super) step: At<Login>,
}

impl Connection {
    pub(super) fn begin_login(&mut self, id: RequestId, credentials: Credentials) {
        let knows_host = self
            .features
            .as_ref()
            .is_none_or(|features| features.is_empty() || features.host());
        let first = match &credentials.host {
            Some(_) if knows_host || credentials.host_required => Login::Host,
            _ => Login::User,
        };
        // From here on the server treats the session as new, whatever becomes of it.
        self.features = None;
        self.parameters.forget_session();
        let run = LoginRun {
            id,
            credentials,
            step: At::begin(first, &self.taken),
        };
        self.send_login(run);
    }

    pub(super) fn login_reply(&mut self, mut run: LoginRun, reply: Reply) {
        let credentials = &run.credentials;
        let next = run.step.next(
            reply.code(),
            credentials.account.is_some(),
            credentials.host_required,
        );
        if let Some(step) = next {
            run.step.go(step);
            return self.send_login(run);
        }
        if !reply.code().is_success() {
            return self.done(run.id, Outcome::Reply(reply));
        }
        self.lately = Lately::LoggedIn;
        // Unless they are asked for, those of an earlier connection stand in.
        let learned = self.config.learned.as_deref();
        self.features = learned.and_then(|learned| learned.features.clone());
        if self.config.negotiate {
            self.begin_negotiation(run.id, Some(reply));
        } else {
            self.done(run.id, Outcome::Reply(reply));
        }
    }

    fn send_login(&mut self, run: LoginRun) {
        let credentials = &run.credentials;
        self.send(match (*run.step, &credentials.host, &credentials.account) {
            (Login::Host, Some(host), _) => Command::Host(host.clone()),
            (Login::Password, ..) => Command::Pass(credentials.password.clone()),
            (Login::Account, _, Some(account)) => Command::Acct(account.clone()),
            _ => Command::User(credentials.user.clone()),
        });
        self.go_on(Exchange::Login(run));
    }
}
