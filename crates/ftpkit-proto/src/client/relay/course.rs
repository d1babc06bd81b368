//! The course of one errand: which command goes to which server next, and what follows from
//! what they answer (RFC 959 sec. 5.2; CPSV and SSCN for TLS).

use alloc::{boxed::Box, collections::VecDeque};
use core::{mem, net::SocketAddr};

use super::{
    super::{event::Phase, state::Session},
    Relay,
    attempt::{Attempt, Form, announce, attempts},
    event::{Both, Errand, ErrandId, RelayFailed, RelayOutcome, Relayed, Side},
    state::Relaying,
};
use crate::{
    command::{Command, TextFormat, Type},
    error::Error,
    reply::{Code, Reply},
};

/// An errand under way.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) id: ErrandId,
    errand: Errand,
    /// The ways that are left.
    attempts: VecDeque<Attempt>,
    now: Option<Attempt>,
    /// What was asked in the present attempt, of whom, and is to be answered.
    asked: Option<(Side, Asked)>,
    /// Whether the listener was told by PRET what will come.
    pret: bool,
    /// Where the one server listens, and whether the other was told.
    address: Option<SocketAddr>,
    announced: bool,
    /// Which servers know where to begin.
    marked: Both<Marked>,
    /// Whether one of them has confirmed the transfer.
    one_has_ended: bool,
    /// Of which ones SSCN was taken back, as far as it could be.
    cleared: Both<bool>,
    /// What they said last.
    said: Both<Option<Reply>>,
    failure: Option<(Phase, Option<Side>)>,
    /// Whether the other way round may be tried once all is still, where the servers came to
    /// no connection.
    again: bool,
}

/// What a server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Type,
    Sscn,
    Pret,
    Listen,
    Announce,
    /// REST and RANG.
    Mark,
    /// SSCN OFF at the end.
    Clear,
}

#[derive(Clone, Copy, Debug, Default)]
struct Marked {
    rest: bool,
    range: bool,
}

impl Course {
    pub(super) fn new(id: ErrandId, errand: Errand) -> Self {
        Self {
            id,
            errand,
            attempts: VecDeque::new(),
            now: None,
            asked: None,
            pret: false,
            address: None,
            announced: false,
            marked: Both::default(),
            one_has_ended: false,
            cleared: Both::default(),
            said: Both::default(),
            failure: None,
            again: false,
        }
    }

    /// Turns to the next attempt.
    fn turn(&mut self) -> bool {
        self.now = self.attempts.pop_front();
        self.pret = false;
        self.address = None;
        self.announced = false;
        self.marked = Both::default();
        self.one_has_ended = false;
        self.now.is_some()
    }

    /// Drops the attempts in which the same server listens.
    fn swap(&mut self) {
        let passive = self.now.map(|attempt| attempt.passive);
        self.attempts
            .retain(|attempt| Some(attempt.passive) != passive);
    }

    fn kind(&self) -> Type {
        match self.errand.ascii {
            true => Type::Ascii(TextFormat::NonPrint),
            false => Type::Image,
        }
    }

    fn transfer(&self, side: Side) -> Command {
        match side {
            Side::Source => Command::Retr(self.errand.from.clone()),
            Side::Destination => Command::Stor(self.errand.to.clone()),
        }
    }
}

impl Relay {
    /// Goes on as far as it goes without news.
    pub(super) fn advance(&mut self) {
        while self.take_step() {}
    }

    /// Whether there was something to do.
    fn take_step(&mut self) -> bool {
        let Some(mut course) = self.course.take() else {
            return self.begin_next();
        };
        let busy = match *self.step {
            Relaying::Idle => false,
            Relaying::Leasing => self.leasing(&mut course),
            Relaying::Arranging => self.arranging(&mut course),
            Relaying::Sending => self.sending(&mut course),
            Relaying::Storing => self.storing(&mut course),
            Relaying::Stopping => self.stopping(&mut course),
            Relaying::Clearing => self.clearing(&mut course),
        };
        // It has ended where the relay is idle again.
        if *self.step != Relaying::Idle {
            self.course = Some(course);
        }
        busy
    }

    fn begin_next(&mut self) -> bool {
        let Some((id, errand)) = self.queue.pop_front() else {
            return false;
        };
        if Side::ALL.iter().any(|side| self.end(*side).is_closed()) {
            self.tell(id, RelayOutcome::Rejected);
            return true;
        }
        self.course = Some(Box::new(Course::new(id, errand)));
        self.step.go(Relaying::Leasing);
        let now = self.now;
        for end in self.ends.each_mut() {
            end.lease(now);
        }
        true
    }

    fn leasing(&mut self, course: &mut Course) -> bool {
        if self.lost(course, Phase::Prepare) {
            return true;
        }
        if self.ends.each().iter().any(|end| end.leg().is_none()) {
            return false;
        }
        course.attempts = attempts(&self.ends, self.config.listens).into();
        if course.turn() {
            self.step.go(Relaying::Arranging);
        } else {
            self.fail(course, Phase::Connect, None);
        }
        true
    }

    /// One command at a time.
    fn arranging(&mut self, course: &mut Course) -> bool {
        if self.lost(course, Phase::Prepare) {
            return true;
        }
        if let Some((side, asked)) = course.asked {
            let Some(reply) = self.answer(course, side) else {
                return false;
            };
            self.judge(course, side, asked, &reply);
            return true;
        }
        match self.next_to_ask(course) {
            Some((side, asked, command)) => {
                course.asked = Some((side, asked));
                self.send(side, command);
            }
            None => {
                self.step.go(Relaying::Sending);
                self.send(Side::Source, course.transfer(Side::Source));
                self.arm(self.config.patience);
            }
        }
        true
    }

    /// What is still to be arranged.
    fn next_to_ask(&self, course: &mut Course) -> Option<(Side, Asked, Command)> {
        let attempt = course.now?;
        for side in Side::ALL {
            let parameters = &self.end(side).parameters;
            if parameters.kind != Some(course.kind()) {
                return Some((side, Asked::Type, Command::Type(course.kind())));
            }
            let client = attempt.sscn == Some(side);
            if parameters.sscn != client {
                return Some((side, Asked::Sscn, Command::Sscn(Some(client))));
            }
        }
        let passive = attempt.passive;
        if course.address.is_none() {
            if !mem::replace(&mut course.pret, true) && self.end(passive).may_pret() {
                let command = Command::Pret(course.transfer(passive).into());
                return Some((passive, Asked::Pret, command));
            }
            return Some((passive, Asked::Listen, attempt.form.command()));
        }
        if let Some(address) = course.address.filter(|_| !course.announced) {
            return Some((passive.other(), Asked::Announce, announce(address)));
        }
        let offset = course.errand.offset;
        for side in Side::ALL {
            let marked = course.marked.at_mut(side);
            let parameters = &self.end(side).parameters;
            if parameters.range_pending && !mem::replace(&mut marked.range, true) {
                return Some((side, Asked::Mark, Command::Rang(None)));
            }
            let rest = offset != 0 || parameters.offset_pending;
            if rest && !mem::replace(&mut marked.rest, true) {
                return Some((side, Asked::Mark, Command::Rest(offset)));
            }
        }
        None
    }

    /// What a final reply means to what was asked.
    fn judge(&mut self, course: &mut Course, side: Side, asked: Asked, reply: &Reply) {
        course.asked = None;
        let code = reply.code();
        let done = code.is_success();
        match asked {
            Asked::Type | Asked::Sscn if done => {}
            Asked::Mark if done || code.is_intermediate() => {}
            Asked::Pret if done || matches!(code.number(), 500..=502 | 504) => {}
            Asked::Type | Asked::Mark | Asked::Pret | Asked::Clear => {
                self.fail(course, Phase::Prepare, Some(side));
            }
            Asked::Sscn => {
                course.attempts.retain(|attempt| attempt.sscn != Some(side));
                self.try_next(course, Phase::Prepare, side);
            }
            Asked::Listen => {
                let form = course.now.map_or(Form::Pasv, |attempt| attempt.form);
                let (listener, caller) = (self.end(side), self.end(side.other()));
                let trust = self.config.trust_passive_address;
                course.address = form.address(listener, caller, reply, trust);
                if course.address.is_none() {
                    self.try_next(course, Phase::Connect, side);
                }
            }
            Asked::Announce if done => course.announced = true,
            // It calls nobody but its client; or not this address.
            Asked::Announce => {
                course.swap();
                self.try_next(course, Phase::Connect, side);
            }
        }
    }

    fn try_next(&mut self, course: &mut Course, phase: Phase, side: Side) {
        if !course.turn() {
            self.fail(course, phase, Some(side));
        }
    }

    /// The source is told to send. The destination follows when it is known that the source
    /// does, or when it is silent for so long that it may be waiting for a call.
    fn sending(&mut self, course: &mut Course) -> bool {
        if self.lost(course, Phase::Command) {
            return true;
        }
        let Some(leg) = self.end(Side::Source).leg() else {
            return false;
        };
        let opened = leg.has_opened();
        if let Some(reply) = self.answer(course, Side::Source) {
            // An empty file may be sent before the destination has looked.
            if !reply.code().is_success() {
                self.refused(course, Side::Source, &reply);
                return true;
            }
        } else if !opened && !self.config.patience.is_zero() && !self.take_expired() {
            return false;
        }
        self.step.go(Relaying::Storing);
        self.send(Side::Destination, course.transfer(Side::Destination));
        self.arm(self.config.limit);
        true
    }

    fn storing(&mut self, course: &mut Course) -> bool {
        if self.lost(course, Phase::Payload) {
            return true;
        }
        let answers = Side::ALL.map(|side| self.answer(course, side));
        for (side, reply) in Side::ALL.into_iter().zip(&answers) {
            if let Some(reply) = reply.as_ref().filter(|reply| !reply.code().is_success()) {
                self.refused(course, side, reply);
                return true;
            }
        }
        match answers {
            [Some(source), Some(destination)] => {
                self.disarm();
                self.step.go(Relaying::Clearing);
                course.said.source = Some(source);
                course.said.destination = Some(destination);
            }
            [None, None] if self.take_expired() => self.fail(course, Phase::Payload, None),
            [None, None] => return false,
            [source, _] => {
                let late = match source {
                    Some(_) => Side::Destination,
                    None => Side::Source,
                };
                if !mem::replace(&mut course.one_has_ended, true) {
                    self.arm(self.config.final_reply);
                    return false;
                }
                if !self.take_expired() {
                    return false;
                }
                self.fail(course, Phase::Confirm, Some(late));
            }
        }
        true
    }

    /// A server refuses its half of the transfer.
    fn refused(&mut self, course: &mut Course, side: Side, reply: &Reply) {
        let opened = self.end(side).leg().is_some_and(|leg| leg.has_opened());
        let connects = reply.code() == Code::NO_DATA_CONNECTION;
        let phase = match opened {
            _ if connects => Phase::Connect,
            true => Phase::Confirm,
            false => Phase::Command,
        };
        self.fail(course, phase, Some(side));
        course.again = true;
    }

    /// Ends the errand, once all is still.
    fn fail(&mut self, course: &mut Course, phase: Phase, side: Option<Side>) {
        self.disarm();
        course.failure = Some((phase, side));
        course.again = false;
        self.step.go(Relaying::Stopping);
    }

    /// A server's connection is over: so is the errand.
    fn lost(&mut self, course: &mut Course, phase: Phase) -> bool {
        let lost = Side::ALL
            .into_iter()
            .find(|side| self.end(*side).is_closed());
        if let Some(side) = lost {
            self.fail(course, phase, Some(side));
        }
        lost.is_some()
    }

    /// The application no longer wants the errand.
    pub(super) fn give_up(&mut self) {
        let Some(mut course) = self.course.take() else {
            return;
        };
        match *self.step {
            Relaying::Stopping | Relaying::Clearing | Relaying::Idle => course.again = false,
            _ => self.fail(&mut course, Phase::Aborted, None),
        }
        self.course = Some(course);
    }

    fn stopping(&mut self, course: &mut Course) -> bool {
        let now = self.now;
        let mut still = true;
        for end in self.ends.each_mut() {
            end.leg_abort(now);
            still &= end.leg().is_none_or(|leg| leg.is_held());
        }
        if !still {
            return false;
        }
        for side in Side::ALL {
            let _said = self.answer(course, side);
        }
        course.asked = None;
        let unconnected = course.said.each().into_iter().flatten();
        let unconnected = unconnected
            .map(Reply::code)
            .any(|code| code == Code::NO_DATA_CONNECTION);
        let alive = self.ends.each().iter().all(|end| !end.is_closed());
        if mem::take(&mut course.again) && unconnected && alive {
            course.swap();
            if course.turn() {
                course.failure = None;
                self.step.go(Relaying::Arranging);
                return true;
            }
        }
        self.step.go(Relaying::Clearing);
        true
    }

    /// A server that stayed a TLS client would not understand this side any more.
    fn clearing(&mut self, course: &mut Course) -> bool {
        if let Some((side, _)) = course.asked {
            let end = self.end(side);
            if end.leg().is_some_and(|leg| !leg.is_held()) {
                return false;
            }
            course.asked = None;
            *course.cleared.at_mut(side) = true;
        }
        let left = Side::ALL.into_iter().find(|side| {
            let end = self.end(*side);
            end.leg().is_some() && end.parameters.sscn && !course.cleared.at(*side)
        });
        if let Some(side) = left {
            course.asked = Some((side, Asked::Clear));
            self.send(side, Command::Sscn(Some(false)));
            return true;
        }
        self.end_course(course);
        true
    }

    fn end_course(&mut self, course: &mut Course) {
        self.step.go(Relaying::Idle);
        let now = self.now;
        for side in Side::ALL {
            let end = self.ends.at_mut(side);
            if let Session::Closed(Err(Error::ServiceClosing(reply))) = &*end.session {
                *course.said.at_mut(side) = Some(reply.as_ref().clone());
            }
            end.release(now);
        }
        let Both {
            source,
            destination,
        } = mem::take(&mut course.said);
        let outcome = match (course.failure, source, destination) {
            (None, Some(source), Some(destination)) => RelayOutcome::Transferred(Relayed {
                source,
                destination,
            }),
            (failure, source, destination) => {
                let (phase, side) = failure.unwrap_or((Phase::Confirm, None));
                RelayOutcome::Failed(RelayFailed {
                    phase,
                    side,
                    source,
                    destination,
                })
            }
        };
        self.tell(course.id, outcome);
    }

    /// The final reply of a server, if nothing of it is awaited.
    fn answer(&self, course: &mut Course, side: Side) -> Option<Reply> {
        let leg = self.end(side).leg().filter(|leg| leg.is_held())?;
        let reply = leg.heard()?.clone();
        *course.said.at_mut(side) = Some(reply.clone());
        Some(reply)
    }

    fn send(&mut self, side: Side, command: Command) {
        let now = self.now;
        self.ends.at_mut(side).leg_send(now, command);
    }
}
