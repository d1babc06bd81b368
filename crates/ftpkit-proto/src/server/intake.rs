//! Commands are taken up here, one after another; the few that are let in between; what is no
//! command; and the deadlines that pass. What commands do stands in `dispatch`.

use super::{
    ask::{Refusal, RefusalKind},
    connection::Connection,
    event::Event,
    policy,
    state::Exchange,
};
use crate::{
    Code, Error, Reply,
    command::{Command, Row},
    error::{PeerMisbehaved, Timer},
    wire::Framed,
};

impl Connection {
    /// Carries on as far as is possible now: takes up commands while none is being carried
    /// out, and meanwhile the few that are answered at once.
    pub(super) fn advance(&mut self) {
        while !self.is_closed() && !self.security.is_changing() && !self.outbox.is_full() {
            if !matches!(*self.exchange, Exchange::Idle) {
                if self.take_immediate() {
                    continue;
                }
                // A control connection that is cut may be a client that was cut, in the midst
                // of an upload.
                if self.eof && self.is_transferring() && !self.framer.has_line() {
                    self.forsake_transfer();
                    self.close(Err(Error::Disconnected));
                }
                return;
            }
            if self.draining {
                let reply = Reply::new(Code::SERVICE_CLOSING, "The server is shutting down.");
                return self.leave(reply, Ok(()));
            }
            match self.framer.next_line() {
                Some(Framed::Line(line)) => {
                    let other = !self.login.is_in() && policy::is_other_protocol(line);
                    let command = Command::parse(policy::without_mark(line));
                    if other {
                        return self.not_ftp();
                    }
                    match command {
                        Ok(command) => self.take_up(command),
                        Err(error) => {
                            if self.config.trace {
                                self.event(Event::Malformed(error));
                            }
                            let row = error.verb().map_or(Row::Unread, Row::of_verb);
                            let code = error.reply_code();
                            self.bad(row, code, bad_words(code));
                        }
                    }
                }
                Some(Framed::TooLong) => {
                    self.bad(Row::Unread, Code::SYNTAX, "The line is too long.")
                }
                None => {
                    if self.eof {
                        self.close(Err(Error::Disconnected));
                    }
                    return;
                }
            }
        }
    }

    fn take_up(&mut self, command: Command) {
        let row = Row::of(&command);
        if self.config.trace {
            self.event(Event::Command(command.clone()));
        }
        self.parameters.begin(row);
        if !self.login.is_in() && !row.before_login() {
            return self.say(row, Code::NOT_LOGGED_IN, "Log in with USER and PASS first.");
        }
        self.dispatch(row, command);
    }

    /// A line that is no command, or none that is known.
    pub(super) fn bad(&mut self, row: Row, code: Code, text: &'static str) {
        self.parameters.begin(Row::Unread);
        if !self.login.is_in() {
            self.bad_commands = self.bad_commands.saturating_add(1);
            let limit = self.config.limits.bad_commands_before_login;
            if limit > 0 && self.bad_commands >= limit {
                return self.not_ftp();
            }
        }
        // A parser that knows more than the row falls back to the plain refusal.
        let code = if row.allows(code) {
            code
        } else {
            Code::BAD_ARGUMENT
        };
        self.say(row, code, text);
    }

    /// Another protocol, or noise: nothing of it is ever echoed (ALPACA).
    fn not_ftp(&mut self) {
        self.leave(
            Reply::new(Code::SERVICE_CLOSING, "This is an FTP server."),
            Err(PeerMisbehaved::NotFtp.into()),
        );
    }

    /// Answers what waits at the head of the queue, if it is of the kind that is answered in
    /// the midst of another command. Tells whether it was.
    fn take_immediate(&mut self) -> bool {
        let (asking, started) = match &*self.exchange {
            Exchange::Asking { row, .. } => (!row.is_login(), false),
            Exchange::Transfer(moving) => (true, moving.is_opened()),
            Exchange::Idle | Exchange::Binding => return false,
        };
        let Some(Framed::Line(line)) = self.framer.peek_line() else {
            return false;
        };
        let (command, row) = match policy::without_mark(line).trim_ascii() {
            line if line.eq_ignore_ascii_case(b"ABOR") && asking => (Command::Abor, Row::Abor),
            // Before its 150 a transfer has no reply that theirs could be told apart from.
            line if line.eq_ignore_ascii_case(b"NOOP") && started => (Command::Noop, Row::Noop),
            line if line.eq_ignore_ascii_case(b"STAT") && started => {
                (Command::Stat(Default::default()), Row::Stat)
            }
            _ => return false,
        };
        let _ = self.framer.next_line();
        if self.config.trace {
            self.event(Event::Command(command));
        }
        match row {
            Row::Abor => self.abort(),
            Row::Stat => {
                let reply = self.status();
                self.reply(row, &reply);
            }
            _ => self.reply(row, &Reply::new(Code::OK, "Still here.")),
        }
        true
    }

    /// A deadline has passed.
    pub(super) fn expire(&mut self, timer: Timer) {
        let row = match &*self.exchange {
            Exchange::Asking { row, .. } => Some(*row),
            _ => None,
        };
        match (timer, row) {
            (Timer::Question, Some(row)) => {
                self.end_exchange();
                match row {
                    Row::User => self.not_by_certificate(),
                    row if row.is_login() => {
                        self.login_failed(row, Refusal::new(RefusalKind::Failed));
                    }
                    row => self.refused(row, Refusal::new(RefusalKind::Failed)),
                }
            }
            (Timer::Login | Timer::Idle, _) => self.leave(
                Reply::new(Code::SERVICE_CLOSING, "Timed out; closing the connection."),
                Err(Error::TimedOut(timer)),
            ),
            (Timer::Handshake, _) if self.security.is_changing() => {
                self.close(Err(Error::TimedOut(timer)));
            }
            (Timer::DataConnect, _) if matches!(*self.exchange, Exchange::Binding) => {
                self.binding_expired();
            }
            _ => self.transfer_expired(timer),
        }
    }
}

/// What is wrong with a line that is no command.
const fn bad_words(code: Code) -> &'static str {
    match code {
        Code::BAD_ARGUMENT => "The argument of this command is not understood.",
        Code::BAD_PARAMETER => "This parameter is not served.",
        Code::PROTOCOL_REFUSED => "This network protocol is not served, use (1,2).",
        // LPRT's, RFC 1639 sec. 5.
        Code::PROTECTION_TOO_LOW => "Supported address families are (4,6).",
        _ => "This is not a command.",
    }
}
