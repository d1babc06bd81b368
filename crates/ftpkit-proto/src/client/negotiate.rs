//! What client and server tell each other before work begins: FEAT, and CLNT and OPTS UTF8 where
//! the server lists them (RFC 2389, RFC 2640). By itself, or at the end of a login.

use super::{
    connection::Connection,
    event::Outcome,
    request::RequestId,
    state::{Exchange, Negotiation},
};
use crate::{
    automaton::At,
    command::{Command, Opts},
    features::Features,
    reply::Reply,
};

/// A negotiation under way.
#[derive(Debug)]
pub(super) struct NegotiationRun {
    pub(super) id: RequestId,
    /// The reply that the request ends with, where it is no news about features: to a login, or
    /// a refusal of FEAT.
    outcome: Option<Reply>,
    step: At<Negotiation>,
}

impl Connection {
    /// Asks for the features; `login` is the reply to the login that this belongs to.
    pub(super) fn begin_negotiation(&mut self, id: RequestId, login: Option<Reply>) {
        let run = NegotiationRun {
            id,
            outcome: login,
            step: At::begin(Negotiation::Features, &self.taken),
        };
        self.send(Command::Feat);
        self.go_on(Exchange::Negotiation(run));
    }

    pub(super) fn negotiation_reply(&mut self, mut run: NegotiationRun, reply: Reply) {
        if *run.step == Negotiation::Features {
            self.learn(&reply);
            if reply.code().is_refusal() && run.outcome.is_none() {
                run.outcome = Some(reply);
            }
        }
        // Whether the others are refused does not matter: they are courtesies.
        let features = self.features.as_ref();
        let listed = |feature: fn(&Features) -> bool| features.is_some_and(feature);
        let name = self.config.client_name.as_ref();
        let name = name.filter(|_| listed(Features::clnt));
        let (next, command) = match (*run.step, name) {
            (Negotiation::Features, Some(name)) => (Negotiation::Name, Command::Clnt(name.clone())),
            (Negotiation::Features | Negotiation::Name, _) if listed(Features::utf8) => {
                (Negotiation::Utf8, Command::Opts(Opts::Utf8(true)))
            }
            _ => {
                let outcome = match run.outcome {
                    Some(reply) => Outcome::Reply(reply),
                    None => Outcome::Features(features.cloned().unwrap_or_default()),
                };
                return self.done(run.id, outcome);
            }
        };
        run.step.go(next);
        self.send(command);
        self.go_on(Exchange::Negotiation(run));
    }

    /// Remembers what the server can do, if this reply to FEAT says so.
    pub(super) fn learn(&mut self, reply: &Reply) {
        if reply.code().is_success() {
            self.features = Some(Features::from_reply(reply));
        }
    }
}
