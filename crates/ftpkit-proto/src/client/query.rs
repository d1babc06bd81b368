//! Requests of one command or two: queries, which may be sent ahead, FEAT, a rename, QUIT.

use super::{
    connection::Connection,
    event::Outcome,
    request::RequestId,
    state::{Exchange, Rename},
};
use crate::{
    automaton::At,
    command::{Command, Epsv, Mode, Opts, Structure, Type, Verb},
    reply::Reply,
    text::PathArg,
};

/// How many queries may be on the way at once.
pub(super) const MAX_AHEAD: usize = 16;

/// One command on the way to its reply.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) id: RequestId,
    pub(super) effect: Effect,
    /// Whether others may be on the way together with it.
    pub(super) stateless: bool,
}

/// What the machine must remember when the command succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// This type is in force.
    Type(Type),
    /// Only EPSV is allowed from now on.
    OnlyEpsv,
    /// What the server can do.
    Features,
    /// The features may be others from now on; and its 220 is no second greeting.
    Host,
}

impl Effect {
    const fn of(command: &Command) -> Self {
        match command {
            Command::Type(kind) => Self::Type(*kind),
            Command::Epsv(Epsv::All) => Self::OnlyEpsv,
            Command::Feat => Self::Features,
            Command::Host(_) => Self::Host,
            _ => Self::None,
        }
    }
}

/// Whether the command only asks, so that its place among other queries does not matter.
pub(super) const fn is_stateless(command: &Command) -> bool {
    matches!(
        command,
        Command::Noop
            | Command::Pwd
            | Command::Syst
            | Command::Size(_)
            | Command::Mdtm(_)
            | Command::Mlst(_)
            | Command::Feat
            | Command::Stat(_)
            | Command::Help(_)
            | Command::Avbl(_)
            | Command::Checksum { .. }
            | Command::Mmd5(_)
            | Command::Opts(Opts::Hash(None))
    )
}

/// Whether the command may be sent on its own: those of logins, transfers, data connections
/// and security have requests of their own, and a mode that the data plane does not speak
/// would garble the next transfer.
pub(super) fn is_single(command: &Command) -> bool {
    match command {
        Command::User(_)
        | Command::Pass(_)
        | Command::Acct(_)
        | Command::Rein
        | Command::Quit
        | Command::Port(_)
        | Command::Pasv
        | Command::Retr(_)
        | Command::Stor(_)
        | Command::Stou(_)
        | Command::Appe(_)
        | Command::Rest(_)
        | Command::Rnfr(_)
        | Command::Rnto(_)
        | Command::Abor
        | Command::List(_)
        | Command::Nlst(_)
        | Command::Auth(_)
        | Command::Adat(_)
        | Command::Pbsz(_)
        | Command::Prot(_)
        | Command::Ccc
        | Command::Mic(_)
        | Command::Conf(_)
        | Command::Enc(_)
        | Command::Eprt(_)
        | Command::Lprt(_)
        | Command::Lpsv
        | Command::Cpsv
        | Command::Sscn(_)
        | Command::Pret(_)
        | Command::Rang(_)
        | Command::Mlsd(_) => false,
        Command::Epsv(which) => *which == Epsv::All,
        Command::Mode(mode) => *mode == Mode::Stream,
        Command::Stru(structure) => *structure == Structure::File,
        Command::Other { verb, .. } => !is_reserved(verb),
        _ => true,
    }
}

/// Verbs without a variant of their own that begin data connections, transfers or security, and
/// those with one, spelt by hand.
fn is_reserved(verb: &Verb) -> bool {
    const RESERVED: &[&str] = &[
        "USER", "PASS", "ACCT", "REIN", "QUIT", "PORT", "PASV", "LPRT", "LPSV", "CPSV", "EPRT",
        "EPSV", "PRET", "TYPE", "STRU", "MODE", "RETR", "STOR", "STOU", "APPE", "REST", "RANG",
        "ABOR", "RNFR", "RNTO", "LIST", "NLST", "MLSD", "AUTH", "ADAT", "PBSZ", "PROT", "CCC",
        "MIC", "CONF", "ENC", "SSCN", "HOST", "FEAT", "HASH",
    ];
    RESERVED
        .iter()
        .any(|reserved| verb.as_str().eq_ignore_ascii_case(reserved))
}

/// A rename under way.
#[derive(Debug)]
pub(super) struct RenameRun {
    pub(super) id: RequestId,
    to: PathArg,
    step: At<Rename>,
}

impl Connection {
    /// Sends the command; the caller has made sure that it may be on the way now.
    pub(super) fn send_query(&mut self, id: RequestId, command: Command) -> Query {
        let query = Query {
            id,
            effect: Effect::of(&command),
            stateless: is_stateless(&command),
        };
        self.send(command);
        query
    }

    pub(super) fn query_reply(&mut self, query: &Query, reply: Reply) {
        if reply.code().is_success() {
            match query.effect {
                Effect::Type(kind) => self.parameters.kind = Some(kind),
                Effect::OnlyEpsv => self.parameters.only_epsv = true,
                Effect::Features => self.learn(&reply),
                Effect::Host => self.features = None,
                Effect::None => {}
            }
        }
        self.done(query.id, Outcome::Reply(reply));
    }

    pub(super) fn features_reply(&mut self, id: RequestId, reply: Reply) {
        self.learn(&reply);
        let outcome = match &self.features {
            Some(features) if reply.code().is_success() => Outcome::Features(features.clone()),
            _ => Outcome::Reply(reply),
        };
        self.done(id, outcome);
    }

    pub(super) fn begin_rename(&mut self, id: RequestId, from: PathArg, to: PathArg) {
        self.send(Command::Rnfr(from));
        let step = At::begin(Rename::From, &self.taken);
        self.go_on(Exchange::Rename(RenameRun { id, to, step }));
    }

    pub(super) fn rename_reply(&mut self, mut run: RenameRun, reply: Reply) {
        let granted =
            reply.code().is_intermediate() || (self.config.lenient && reply.code().is_success());
        if *run.step == Rename::From && granted {
            self.send(Command::Rnto(run.to.clone()));
            run.step.go(Rename::To);
            self.go_on(Exchange::Rename(run));
        } else {
            self.done(run.id, Outcome::Reply(reply));
        }
    }
}
