//! Login: USER, PASS, ACCT, HOST, REIN (RFC 959 sec. 4.1.1, RFC 7151). Who may come in is
//! the application's answer; how often may be tried is counted here.

use alloc::boxed::Box;

use super::{
    ask::{Refusal, RefusalKind, sealed::Sealed},
    connection::Connection,
    event::{Event, Login, LoginAnswer},
    policy, refuse,
};
use crate::{
    Code, Error, Instant, Output, Reply, Secret, Text,
    command::Row,
    error::{PeerMisbehaved, Timer},
};

impl Connection {
    pub(super) fn user_command(&mut self, user: Text) {
        if self.config.login_needs_tls() && !self.security.is_secured() {
            let text = "Login needs TLS; send AUTH TLS first.";
            return self.say(Row::User, Code::POLICY_REFUSED, text);
        }
        self.log_out();
        if self.security.has_certificate() {
            self.login.certify(user.clone());
            return self.ask_login(Row::User, user, None, None);
        }
        self.login.name(user);
        self.want_password();
    }

    fn want_password(&mut self) {
        // The same for every name, so that names cannot be found out.
        self.say(Row::User, Code::NEED_PASSWORD, "Password, please.");
    }

    /// The certificate alone does not let the user in.
    pub(super) fn not_by_certificate(&mut self) {
        self.login.name_certified();
        self.want_password();
    }

    pub(super) fn pass_command(&mut self, password: Secret) {
        if self.login.is_in() && self.security.has_certificate() {
            // From a client that did not wait for what came of USER.
            return self.say(Row::Pass, Code::SUPERFLUOUS, "No password is needed.");
        }
        match self.login.give_password() {
            Ok(user) => self.ask_login(Row::Pass, user, Some(password), None),
            Err(_) => self.say(Row::Pass, Code::BAD_SEQUENCE, "Send USER first."),
        }
    }

    pub(super) fn acct_command(&mut self, account: Secret) {
        if self.login.is_in() {
            return self.say(Row::Acct, Code::SUPERFLUOUS, "No account is needed.");
        }
        match self.login.give_account() {
            Ok((user, password)) => self.ask_login(Row::Acct, user, password, Some(account)),
            Err(_) => self.say(Row::Acct, Code::BAD_SEQUENCE, "Send USER and PASS first."),
        }
    }

    fn ask_login(
        &mut self,
        row: Row,
        user: Text,
        password: Option<Secret>,
        account: Option<Secret>,
    ) {
        let question = Login {
            user,
            password,
            account,
            host: self.host.as_deref().cloned(),
            secured: self.security.is_secured(),
            certificate: self.security.has_certificate(),
        };
        self.ask(row, question, Event::Login);
    }

    pub(super) fn host_command(&mut self, host: Text) {
        if self.login.is_in() {
            return self.say(Row::Host, Code::BAD_SEQUENCE, "HOST must come before USER.");
        }
        let asked = self.security.server_name();
        if asked.is_some_and(|asked| !policy::same_name(asked, &host)) {
            // Whoever vouched for one host is not to be given another's users (RFC 7151 sec.
            // 3.2.2).
            let text = "TLS was begun for another host; connect anew for this one.";
            return self.say(Row::Host, Code::BAD_PARAMETER, text);
        }
        match self.config.host(&host) {
            Some(host) => {
                // A name that was given to the host before is none of this one's (RFC 7151
                // sec. 4).
                self.log_out();
                self.host = Some(Box::new(host));
                self.say(Row::Host, Code::READY, "Host noted.");
            }
            None => self.say(Row::Host, Code::BAD_PARAMETER, "This host is not served."),
        }
    }

    pub(super) fn rein_command(&mut self) {
        let secured = self.security.is_secured();
        if secured && !self.config.dangerous_rein_under_tls {
            let text = "REIN would end TLS; connect anew instead.";
            return self.say(Row::Rein, Code::NOT_IMPLEMENTED, text);
        }
        self.forget_all();
        self.host = None;
        self.security.reset();
        self.say(Row::Rein, Code::READY, "Ready for a new user.");
        if secured {
            self.security.stop();
            self.outbox.push(Output::StopTls);
            self.begin(Timer::Handshake);
        }
    }

    /// TLS is up for this name, whose host is the session's: it was named by whoever has begun
    /// TLS, which HOST in clear may not have been.
    pub(super) fn host_by_tls(&mut self) {
        if let Some(name) = self.security.server_name() {
            self.host = self.config.host(name).map(Box::new);
        }
    }

    /// Back to where a session begins (REIN, AUTH); only EPSV ALL stays, and at AUTH the host,
    /// since HOST may precede it (RFC 7151 sec. 3.2.2).
    pub(super) fn forget_all(&mut self) {
        self.log_out();
        self.parameters.reset();
    }

    /// Forgets who was in, and how the next data connection was to come about.
    fn log_out(&mut self) {
        self.drop_rendezvous();
        if self.login.leave() {
            self.event(Event::LoggedOut);
            self.begin_login();
        }
    }

    /// A login was refused; the last try that is allowed ends the session.
    pub(super) fn login_failed(&mut self, row: Row, refusal: Refusal) {
        self.login.leave();
        if refusal.kind() == RefusalKind::TooMany {
            return self.leave(refuse::reply(refusal, row), Ok(()));
        }
        self.failed_logins = self.failed_logins.saturating_add(1);
        let limit = self.config.limits.login_attempts;
        if limit > 0 && self.failed_logins >= limit {
            return self.leave(
                Reply::new(Code::SERVICE_CLOSING, "Too many failed logins."),
                Err(Error::from(PeerMisbehaved::TooManyLogins)),
            );
        }
        self.refused(row, refusal);
    }
}

impl Sealed<LoginAnswer> for Login {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        question: Self,
        answer: Result<LoginAnswer, Refusal>,
    ) {
        let Some(row) = connection.answered() else {
            return;
        };
        match answer {
            Ok(LoginAnswer::Accepted { home, offers }) => {
                connection.login.enter(question.user, home, offers);
                connection.deadlines.end_login();
                match row {
                    Row::User => {
                        let text = "Logged in by the certificate.";
                        connection.say(row, Code::LOGGED_IN_SECURELY, text);
                    }
                    _ => connection.say(row, Code::LOGGED_IN, "Logged in."),
                }
            }
            Ok(LoginAnswer::AccountNeeded) if question.account.is_none() => {
                connection
                    .login
                    .want_account(question.user, question.password);
                connection.say(row, Code::NEED_ACCOUNT, "Account, please.");
            }
            Ok(LoginAnswer::PasswordNeeded) if row == Row::User => connection.not_by_certificate(),
            Err(refusal) if row == Row::User && refusal.kind() != RefusalKind::TooMany => {
                connection.not_by_certificate();
            }
            // An account was given, and it is still wanted: it is not the right one.
            Ok(LoginAnswer::AccountNeeded | LoginAnswer::PasswordNeeded) => {
                connection.login_failed(row, Refusal::new(RefusalKind::LoginFailed));
            }
            Err(refusal) => connection.login_failed(row, refusal),
        }
    }
}
