//! EPSV sent ahead: behind the command of a transfer among small files, so that the address for
//! the next one comes together with the end of this one. Each file is spared a round trip.
//!
//! It is sent where the transfer before was small and has just ended, since then another one
//! will most likely follow; what nobody takes up is a port that the server listens on for
//! nothing. Only servers that read their next command when the transfer is over bear it, and
//! that cannot be seen from outside, so that it is a matter of the configuration.

use core::time::Duration;

use super::{
    config::EpsvAhead,
    connection::Connection,
    plan::Way,
    state::{Ahead, Step},
    tolerance::Lately,
    transfer::{ON, Run, Went},
};
use crate::{
    command::{Command, Epsv},
    reply::{Reply, fields},
    text::Text,
};

/// The most bytes of a file among others like it. Behind a long transfer a round trip is little,
/// and ABOR would stand behind the EPSV.
const SMALL: u64 = 1024 * 1024;
/// How soon another transfer must follow for more to be expected.
const SOON: Duration = Duration::from_secs(1);
/// How long an address is worth trying; servers close ports that nobody calls.
const FRESH: Duration = Duration::from_secs(10);
/// Servers that bear it, by a word of their greeting.
const KNOWN: [&[u8]; 2] = [b"vsFTPd", b"ftpkit"];

impl Connection {
    /// Sends EPSV behind the command that was just sent, if it is worth it.
    pub(super) fn send_ahead(&mut self, run: &mut Run) {
        let more = self
            .parameters
            .small_until
            .is_some_and(|until| self.now < until);
        let as_told = run.plan.way() == Some(Way::Epsv) && !run.pret;
        let none = matches!(*self.ahead, Ahead::Nothing);
        run.leads = more && as_told && none && self.may_send_epsv_ahead();
        if run.leads {
            self.send(Command::Epsv(Epsv::Any));
            self.ahead.go(Ahead::Asked);
        }
    }

    fn may_send_epsv_ahead(&self) -> bool {
        let known = |greeting: &Reply| {
            let mut lines = greeting.lines().map(Text::as_bytes);
            lines.any(|line| KNOWN.iter().any(|name| contains(line, name)))
        };
        // A Synch would take with it what the server has not read.
        !self.parameters.no_ahead
            && !self.config.telnet_abort
            && match self.config.epsv_ahead {
                EpsvAhead::Never => false,
                EpsvAhead::Known => self.greeting.as_ref().is_some_and(known),
                EpsvAhead::Always => true,
            }
    }

    /// A transfer has ended well.
    pub(super) fn note_size(&mut self, bytes: u64) {
        self.parameters.small_until = (bytes <= SMALL).then(|| self.now + SOON);
    }

    /// The final reply to the transfer command came: the one to the EPSV behind it is next.
    pub(super) fn ahead_is_due(&mut self) {
        if matches!(*self.ahead, Ahead::Asked) {
            self.ahead.go(Ahead::Due { wanted: true });
        }
    }

    /// All replies are in, whatever they answered.
    pub(super) fn forget_ahead(&mut self) {
        if matches!(*self.ahead, Ahead::Asked) {
            self.ahead.go(Ahead::Nothing);
        }
    }

    /// Whether the transfer that runs has an EPSV behind it, which will be answered too.
    pub(super) fn has_asked_ahead(&self) -> bool {
        matches!(*self.ahead, Ahead::Asked)
    }

    /// What may still be said of a transfer that was confirmed: nothing more, where the EPSV
    /// behind it is answered already.
    pub(super) fn lately_of(&self, run: &Run, confirmation: Reply) -> Lately {
        let is_next = matches!(*self.ahead, Ahead::Due { .. });
        if run.leads && !is_next {
            Lately::Nothing
        } else {
            Lately::Confirmed(confirmation)
        }
    }

    /// The server is about to be told of another data connection.
    pub(super) fn void_ahead(&mut self) {
        match *self.ahead {
            Ahead::Due { .. } => {
                self.ahead.go(Ahead::Due { wanted: false });
            }
            Ahead::Told { .. } => {
                self.ahead.go(Ahead::Nothing);
            }
            Ahead::Nothing | Ahead::Asked => {}
        }
    }

    /// Whether this is the reply to an EPSV that was sent ahead; then it is taken.
    pub(super) fn takes_ahead(&mut self, reply: &Reply) -> bool {
        let Ahead::Due { wanted } = *self.ahead else {
            return false;
        };
        let straggler = self.config.lenient && self.lately.is_straggler(reply, &self.exchange);
        if straggler || reply.code().is_preliminary() {
            return false;
        }
        let told = reply.code().is_success();
        let port = fields::extended_passive(reply).filter(|_| told);
        self.parameters.no_ahead |= port.is_none();
        self.ahead.go(match port {
            Some(port) if wanted => Ahead::Told {
                port,
                until: self.now + FRESH,
            },
            _ => Ahead::Nothing,
        });
        true
    }

    /// Uses what was sent ahead instead of an EPSV of this transfer. `None`: nothing was, or it
    /// is of no use any more.
    pub(super) fn take_up(&mut self, run: &mut Run) -> Option<Went> {
        match *self.ahead {
            Ahead::Due { wanted: true } => {
                self.ahead.go(Ahead::Nothing);
                run.ahead = true;
                self.await_reply();
                Some(ON)
            }
            Ahead::Told { port, until } if self.now < until => {
                let address = self.at_peer(port)?;
                self.ahead.go(Ahead::Nothing);
                run.ahead = true;
                Some(self.connect_to(run, address))
            }
            _ => None,
        }
    }

    /// What was sent ahead has led to no connection: asks for an address of its own.
    pub(super) fn ask_afresh(&mut self, run: &mut Run) -> Went {
        self.parameters.no_ahead = true;
        run.step.go(Step::Plan);
        let went = self.ask_passive(run);
        // Once is enough, also where another one was sent ahead meanwhile.
        run.ahead = false;
        went
    }
}

fn contains(line: &[u8], name: &[u8]) -> bool {
    line.windows(name.len()).any(|part| part == name)
}
