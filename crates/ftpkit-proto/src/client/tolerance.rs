//! Replies too many: which of them a lenient client drops, and why that cannot go wrong.
//!
//! Servers send a second 220 or 230, confirm a transfer twice, or answer ABOR late. Such a
//! straggler always comes before the reply to the next command, so it is looked for only
//! until that reply, or in a login a 220 until its end; and it is told from it by a code that
//! the next command cannot have.

use super::{
    query::Effect,
    state::{Exchange, Login},
};
use crate::reply::{Code, Reply};

/// The end that stragglers may follow.
#[derive(Debug, Default)]
pub(super) enum Lately {
    /// Something else.
    #[default]
    Nothing,
    /// The greeting.
    Greeted,
    /// A login.
    LoggedIn,
    /// A transfer, with this reply.
    Confirmed(Reply),
    /// The replies behind ABOR.
    Aborted,
}

impl Lately {
    /// Whether this reply belongs to what ended lately, not to what is under way.
    pub(super) fn is_straggler(&self, reply: &Reply, current: &Exchange) -> bool {
        let code = reply.code();
        match self {
            // More of the greeting: a login has no 220, but in answer to HOST.
            _ if code == Code::READY && matches!(current, Exchange::Login(_)) => {
                !asks_host(current)
            }
            Self::Nothing => false,
            Self::Greeted => code == Code::READY && !asks_host(current),
            Self::LoggedIn => {
                matches!(code, Code::LOGGED_IN | Code::LOGGED_IN_SECURELY)
                    && !matches!(current, Exchange::Login(_))
            }
            Self::Confirmed(confirmation) => reply == confirmation,
            Self::Aborted => matches!(
                code,
                Code::NO_TRANSFER | Code::TRANSFER_COMPLETE | Code::TRANSFER_ABORTED
            ),
        }
    }
}

/// Whether HOST is to be answered, by a 220 of its own.
fn asks_host(current: &Exchange) -> bool {
    match current {
        Exchange::Queries(flight) => flight
            .front()
            .is_some_and(|query| query.effect == Effect::Host),
        Exchange::Login(run) => *run.step == Login::Host,
        _ => false,
    }
}
