//! What a reply means: a greeting, the answer to what is under way, one too many, or the end.

use alloc::{boxed::Box, collections::VecDeque};

use super::{
    connection::Connection,
    event::{Event, Outcome},
    query::Query,
    state::{Exchange, Greeted, Session},
    tolerance::Lately,
};
use crate::{
    error::{Error, PeerMisbehaved, Timer},
    reply::{Code, Reply},
    wire::Framed,
};

impl Connection {
    pub(super) fn read_replies(&mut self) {
        loop {
            if matches!(*self.session, Session::Closed(_)) {
                return;
            }
            let read = match self.framer.next_line() {
                None => return,
                Some(Framed::Line(line)) => self.reader.push_line(line),
                Some(Framed::TooLong) => Err(PeerMisbehaved::LineTooLong),
            };
            match read {
                Ok(Some(reply)) => self.on_reply(reply),
                Ok(None) => {}
                Err(error) => self.close(Err(error.into())),
            }
        }
    }

    fn on_reply(&mut self, reply: Reply) {
        if self.config.trace {
            self.event(Event::Received(reply.clone()));
        }
        if matches!(*self.session, Session::Greeting) {
            return self.on_greeting(reply);
        }
        if reply.code() == Code::SERVICE_CLOSING {
            return self.on_service_closing(reply);
        }
        if self.takes_ahead(&reply) {
            self.lately = Lately::Nothing;
            return;
        }
        let current = self.exchange.lend();
        if matches!(current, Exchange::Idle) {
            if !self.config.lenient {
                self.close(Err(PeerMisbehaved::UnsolicitedReply.into()));
            }
            return;
        }
        let straggler = self.config.lenient && self.lately.is_straggler(&reply, &current);
        if straggler || reply.code().is_preliminary() {
            if !self.count_extra() {
                self.go_on(current);
                return self.close(Err(PeerMisbehaved::UnsolicitedReply.into()));
            }
            if self.timers.is_set(Timer::Reply) {
                self.arm(Timer::Reply, self.config.timeouts.reply);
            }
        } else {
            self.lately = Lately::Nothing;
            self.disarm(Timer::Reply);
        }
        match current {
            current if straggler => self.go_on(current),
            Exchange::Transfer(run) => self.transfer_reply(run, reply),
            Exchange::Leg(run) => self.leg_reply(run, reply),
            current if reply.code().is_preliminary() => self.go_on(current),
            Exchange::Idle => {}
            Exchange::Queries(flight) => self.on_query_reply(flight, reply),
            Exchange::Login(run) => self.login_reply(run, reply),
            Exchange::Features(id) => self.features_reply(id, reply),
            Exchange::Negotiation(run) => self.negotiation_reply(run, reply),
            Exchange::Secure(run) => self.upgrade_reply(run, reply),
            Exchange::Clear(run) => self.downgrade_reply(run, reply),
            Exchange::Rename(run) => self.rename_reply(run, reply),
            Exchange::Hash(run) => self.hash_reply(run, reply),
            Exchange::Quit(id) => {
                self.done(id, Outcome::Reply(reply));
                self.close(Ok(()));
            }
        }
        self.advance();
    }

    fn on_greeting(&mut self, reply: Reply) {
        match Greeted::by(reply.code()) {
            Greeted::Wait => {
                if !self.count_extra() {
                    return self.close(Err(PeerMisbehaved::UnsolicitedReply.into()));
                }
                self.arm(Timer::Reply, self.config.timeouts.reply);
            }
            Greeted::Ready => {
                self.disarm(Timer::Reply);
                self.session.go(Session::Ready);
                self.lately = Lately::Greeted;
                self.greeting = Some(reply.clone());
                self.event(Event::Greeting(reply));
                self.advance();
            }
            Greeted::Refused => self.close(Err(Error::ServiceClosing(Box::new(reply)))),
            Greeted::NotFtp => self.close(Err(PeerMisbehaved::NotFtp.into())),
        }
    }

    fn on_query_reply(&mut self, mut flight: VecDeque<Query>, reply: Reply) {
        if let Some(query) = flight.pop_front() {
            self.query_reply(&query, reply);
        }
        if !flight.is_empty() {
            self.arm(Timer::Reply, self.config.timeouts.reply);
            self.go_on(Exchange::Queries(flight));
        }
    }

    /// 421: the request whose reply is due gets it, everything else is lost.
    fn on_service_closing(&mut self, reply: Reply) {
        let answered = match self.exchange.lend() {
            Exchange::Queries(mut flight) => {
                let first = flight.pop_front().map(|query| query.id);
                if !flight.is_empty() {
                    self.go_on(Exchange::Queries(flight));
                }
                first
            }
            Exchange::Transfer(run) if run.awaits_reply() => {
                self.transfer_refused_service(run, reply.clone());
                None
            }
            Exchange::Quit(id) => {
                self.done(id, Outcome::Reply(reply));
                return self.close(Ok(()));
            }
            other => match other.procedure() {
                Some(id) => Some(id),
                None => {
                    self.go_on(other);
                    None
                }
            },
        };
        if let Some(id) = answered {
            self.done(id, Outcome::Reply(reply.clone()));
        }
        self.close(Err(Error::ServiceClosing(Box::new(reply))));
    }
}
