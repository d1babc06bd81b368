//! What a session is in, as far as a transcript tells: [`State`], and what is odd about a
//! command or a reply in it. All transitions stand here.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::Finding;
use crate::{
    Code, Verb,
    command::{Command, Epsv, Mode, Protection, Row, Structure, TextFormat, Type},
};

/// How far a login has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Login {
    /// The greeting has not come.
    #[default]
    Unready,
    /// There is none.
    Out,
    /// The name was accepted, the password is awaited.
    NameGiven,
    /// An account is asked for.
    AccountAsked,
    /// It is complete.
    In,
    /// The session has ended.
    Ended,
}

/// What a session is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// How far the login has come.
    pub login: Login,
    /// Whether the control connection is under TLS.
    pub secured: bool,
    /// Whether data connections are to be under TLS.
    pub private: bool,
    /// The representation type.
    pub representation: Type,
    /// The transfer mode.
    pub mode: Mode,
    /// The file structure.
    pub structure: Structure,
    /// The command that agreed on a data connection which no transfer has used yet.
    pub data: Option<Verb>,
    /// The command whose transfer runs.
    pub transfer: Option<Verb>,
    /// Where the next transfer begins, in bytes.
    pub offset: u64,
    /// Whether RNFR was accepted, and RNTO must follow.
    pub renaming: bool,
    /// Whether EPSV ALL was accepted.
    pub epsv_all: bool,
    /// How many commands wait for their final reply.
    pub waiting: usize,
    sized: bool,
    anonymous: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            login: Login::Unready,
            secured: false,
            private: false,
            representation: Type::Ascii(TextFormat::NonPrint),
            mode: Mode::Stream,
            structure: Structure::File,
            data: None,
            transfer: None,
            offset: 0,
            renaming: false,
            epsv_all: false,
            waiting: 0,
            sized: false,
            anonymous: false,
        }
    }
}

impl State {
    /// Takes a command. With others before it that wait for replies it is not known yet what
    /// it will find, so that nothing is said about its order.
    pub(super) fn on_command(&mut self, command: &Command, odd: &mut Vec<Finding>) {
        let verb = command.verb();
        let alone = self.waiting == 0;
        if !verb.is_known() {
            odd.push(Finding::UnknownCommand { verb });
        }
        if alone && self.login != Login::In && needs_login(command) {
            odd.push(Finding::BeforeLogin { verb });
        }
        self.void_what_must_follow(verb, alone, odd);
        match command {
            Command::User(name) => {
                let name = name.as_bytes();
                self.anonymous =
                    name.eq_ignore_ascii_case(b"anonymous") || name.eq_ignore_ascii_case(b"ftp");
            }
            Command::Pass(_) | Command::Acct(_) => {
                let due = match verb {
                    Verb::PASS => Login::NameGiven,
                    _ => Login::AccountAsked,
                };
                if alone && self.login != due {
                    odd.push(Finding::NotAskedFor { verb });
                }
                if !self.secured && !self.anonymous {
                    odd.push(Finding::SecretInClear { verb });
                }
            }
            Command::Rest(offset) if *offset != 0 => {
                if let Type::Ascii(_) | Type::Ebcdic(_) = self.representation {
                    odd.push(Finding::OffsetInText);
                }
            }
            Command::Auth(_) if self.secured => odd.push(Finding::TlsAgain),
            Command::Pbsz(_) | Command::Prot(_) | Command::Ccc if alone && !self.secured => {
                odd.push(Finding::WithoutTls { verb });
            }
            Command::Prot(_) if alone && !self.sized => odd.push(Finding::WithoutBufferSize),
            Command::Abor if alone => odd.push(Finding::NothingToAbort),
            _ => {}
        }
        if sets_up_data(command) {
            self.set_up(command, odd);
        } else if is_transfer(command) {
            if alone && self.data.is_none() && self.login == Login::In {
                odd.push(Finding::NoDataConnection { verb });
            }
            if self.secured && !self.private {
                odd.push(Finding::PayloadInClear { verb });
            }
        } else if matches!(verb, Verb::QUIT | Verb::REIN | Verb::AUTH) {
            self.give_data_up(odd);
        }
    }

    /// RNFR and REST hold for the next command only; those that set up its data connection
    /// may stand between.
    fn void_what_must_follow(&mut self, verb: Verb, alone: bool, odd: &mut Vec<Finding>) {
        if verb == Verb::RNTO {
            if alone && !self.renaming {
                odd.push(Finding::RenameWithoutSource);
            }
        } else if self.renaming {
            odd.push(Finding::RenameAbandoned);
        }
        self.renaming = false;
        let keeps = asks_for_data(verb)
            || matches!(
                verb,
                Verb::RETR
                    | Verb::STOR
                    | Verb::APPE
                    | Verb::STOU
                    | Verb::HASH
                    | Verb::PRET
                    | Verb::REST
                    | Verb::RANG
                    | Verb::NOOP
            );
        if !keeps && self.offset != 0 {
            odd.push(Finding::OffsetAbandoned);
            self.offset = 0;
        }
    }

    /// A data connection is to be agreed on; one that was before is given up by that.
    fn set_up(&mut self, command: &Command, odd: &mut Vec<Finding>) {
        let verb = command.verb();
        if self.epsv_all && verb != Verb::EPSV {
            odd.push(Finding::AfterEpsvAll { verb });
        }
        if let Some(address) = address(command) {
            if address.port() < 1024 {
                odd.push(Finding::LowPort {
                    port: address.port(),
                });
            }
            if address.ip().is_unspecified() {
                odd.push(Finding::UnspecifiedAddress);
            }
        }
        self.give_data_up(odd);
    }

    pub(super) fn give_data_up(&mut self, odd: &mut Vec<Finding>) {
        if let Some(verb) = self.data.take() {
            odd.push(Finding::DataConnectionUnused { verb });
        }
    }

    /// Takes the reply to a command that may get it; `began`: a 1yz came before.
    pub(super) fn on_reply(
        &mut self,
        command: &Command,
        began: bool,
        code: Code,
        odd: &mut Vec<Finding>,
    ) {
        let verb = command.verb();
        if code == Code::SERVICE_CLOSING {
            self.login = Login::Ended;
            return;
        }
        if !code.is_refusal() && self.login != Login::In && needs_login(command) {
            odd.push(Finding::ServedBeforeLogin { verb });
            // Told once: the transcript may lack its beginning.
            self.login = Login::In;
        }
        if is_transfer(command) {
            return self.on_transfer_reply(verb, began, code, odd);
        }
        match command {
            Command::User(_) | Command::Pass(_) | Command::Acct(_) => self.on_login_reply(code),
            Command::Rest(offset) if code == Code::PENDING => self.offset = *offset,
            Command::Rang(range) if code == Code::PENDING => {
                self.offset = range.map_or(0, |range| range.start());
            }
            Command::Rnfr(_) if code == Code::PENDING => self.renaming = true,
            _ if !code.is_success() => {}
            Command::Rein => {
                *self = Self {
                    login: Login::Out,
                    waiting: self.waiting,
                    ..Self::default()
                };
            }
            Command::Quit => self.login = Login::Ended,
            // Whatever was agreed on in clear is void under TLS (RFC 4217 sec. 4).
            Command::Auth(_) if code == Code::SECURITY_COMPLETE => {
                *self = Self {
                    login: Login::Out,
                    secured: true,
                    epsv_all: self.epsv_all,
                    waiting: self.waiting,
                    ..Self::default()
                };
            }
            Command::Ccc => {
                self.secured = false;
                self.sized = false;
            }
            Command::Pbsz(_) => self.sized = true,
            Command::Prot(level) => self.private = *level == Protection::Private,
            Command::Type(kind) => self.representation = *kind,
            Command::Mode(mode) => self.mode = *mode,
            Command::Stru(structure) => self.structure = *structure,
            Command::Epsv(Epsv::All) => self.epsv_all = true,
            Command::Abor => self.transfer = None,
            _ if sets_up_data(command) => self.data = Some(verb),
            _ => {}
        }
    }

    fn on_login_reply(&mut self, code: Code) {
        self.login = match code {
            Code::NEED_PASSWORD | Code::NEED_PASSWORD_CHALLENGE => Login::NameGiven,
            Code::NEED_ACCOUNT => Login::AccountAsked,
            Code::NOT_LOGGED_IN => Login::Out,
            code if code.is_success() => Login::In,
            _ => return,
        };
    }

    fn on_transfer_reply(&mut self, verb: Verb, began: bool, code: Code, odd: &mut Vec<Finding>) {
        if code.is_preliminary() {
            if began {
                odd.push(Finding::BeganAgain { verb });
            }
            self.transfer = Some(verb);
            self.data = None;
            self.offset = 0;
            return;
        }
        if code.is_success() && !began {
            odd.push(Finding::NeverBegan { verb });
        }
        // A refusal leaves what was agreed on for the next try.
        if began || code.is_success() || code == Code::NO_DATA_CONNECTION {
            self.data = None;
        }
        self.transfer = None;
        self.offset = 0;
    }
}

fn needs_login(command: &Command) -> bool {
    !Row::of(command).before_login()
}

pub(super) fn is_transfer(command: &Command) -> bool {
    Row::of(command).is_transfer()
}

/// Whether the command agrees on a data connection.
fn sets_up_data(command: &Command) -> bool {
    match command {
        Command::Epsv(Epsv::All) => false,
        _ => asks_for_data(command.verb()),
    }
}

/// Whether commands of this verb are about a data connection.
const fn asks_for_data(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::PASV | Verb::EPSV | Verb::LPSV | Verb::CPSV | Verb::PORT | Verb::EPRT | Verb::LPRT
    )
}

/// Where the client listens.
const fn address(command: &Command) -> Option<SocketAddr> {
    match command {
        Command::Port(address) => Some(SocketAddr::V4(*address)),
        Command::Eprt(address) | Command::Lprt(address) => Some(*address),
        _ => None,
    }
}
