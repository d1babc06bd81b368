//! Login: USER, and PASS and ACCT as the server asks for them (RFC 959 sec. 5.4, RFC 1635).

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
    step: At<Login>,
}

impl Connection {
    pub(super) fn begin_login(&mut self, id: RequestId, credentials: Credentials) {
        // From here on the server treats the session as new, whatever becomes of it.
        self.features = None;
        self.parameters.forget_session();
        self.send(Command::User(credentials.user.clone()));
        let step = At::begin(Login::User, &self.taken);
        self.go_on(Exchange::Login(LoginRun {
            id,
            credentials,
            step,
        }));
    }

    pub(super) fn login_reply(&mut self, mut run: LoginRun, reply: Reply) {
        let account = run.credentials.account.as_ref();
        let Some(step) = run.step.next(reply.code(), account.is_some()) else {
            if reply.code().is_success() {
                self.lately = Lately::LoggedIn;
            }
            return self.done(run.id, Outcome::Reply(reply));
        };
        match (step, account) {
            (Login::Account, Some(account)) => self.send(Command::Acct(account.clone())),
            _ => self.send(Command::Pass(run.credentials.password.clone())),
        }
        run.step.go(step);
        self.go_on(Exchange::Login(run));
    }
}
