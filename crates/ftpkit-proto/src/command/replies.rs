//! Which codes a command may get: [`Replies`], one for each row of the command table (RFC 959
//! sec. 5.4 and the RFCs after it). Which of them a server chooses stands in `server`.

use super::{Command, Verb};
use crate::Code;

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident: $($code:literal)*;)*) => {
        /// A row of the command table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Row {
            $($(#[$doc])* $row,)*
        }

        impl Row {
            /// All rows, for tests.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$row,)*];

            /// The codes that are this row's own.
            const fn own(self) -> &'static [u16] {
                match self {
                    $(Self::$row => &[$($code),*],)*
                }
            }
        }
    };
}

rows! {
    /// Before the first command.
    Greeting: 120 220;
    User: 331 332 230 232;
    Pass: 230 202 332;
    Acct: 230 202;
    Cwd: 250 550;
    Cdup: 200 250 550;
    Smnt: 202 250 550;
    Rein: 220 120;
    Quit: 221;
    Port: 200 521 522;
    Pasv: 227 425 522;
    Type: 200;
    Stru: 200;
    Mode: 200;
    Retr: 125 150 226 250 425 426 550 554;
    Stor: 125 150 226 250 425 426 452 532 550 551 552 553 554;
    Stou: 125 150 226 250 425 426 452 532 550 551 552 553 554;
    Appe: 125 150 226 250 425 426 452 532 550 551 552 553 554;
    Allo: 200 202 552;
    Rest: 350;
    Rnfr: 350 550;
    Rnto: 250 532 553;
    Abor: 225 226;
    Dele: 250 550;
    Rmd: 250 550;
    Mkd: 257 550;
    Pwd: 257 550;
    List: 125 150 226 250 425 426 550;
    Nlst: 125 150 226 250 425 426 550;
    /// The first half of a copy in two, CPFR, gets 350 as RNFR does.
    Site: 200 202 211 214 250 350 550;
    Syst: 215;
    Stat: 211 212 213 550;
    Help: 211 214;
    Noop: 200;
    Auth: 234 431;
    /// ADAT, MIC, CONF and ENC.
    Shielded: 235 334 335 336 431;
    Pbsz: 200;
    Prot: 200;
    Ccc: 200;
    Feat: 211;
    Opts: 200 451;
    Eprt: 200 522;
    Epsv: 200 229 522 425;
    Lang: 200;
    Mdtm: 213 550;
    Size: 213 550;
    Mlst: 250 550;
    Mlsd: 150 226 425 426 550;
    Host: 220;
    Lprt: 200 521;
    Lpsv: 228 425 521;
    Mfmt: 213 550;
    Mfct: 213 550;
    Mff: 213 550;
    Hash: 213 550 556;
    Rang: 350 551;
    /// `XCRC` and its kin, and `MD5`.
    Checksum: 213 250 251 550;
    Mmd5: 252 550;
    Clnt: 200;
    Csid: 200;
    Avbl: 213 550;
    Comb: 250 550;
    Pret: 200 550;
    Sscn: 200;
    Cpsv: 227 425 522;
    /// What cannot be read, or is not known.
    Unread: ;
}

impl Row {
    /// The command's row.
    pub(crate) const fn of(command: &Command) -> Self {
        match command {
            Command::User(_) => Self::User,
            Command::Pass(_) => Self::Pass,
            Command::Acct(_) => Self::Acct,
            Command::Cwd(_) => Self::Cwd,
            Command::Cdup => Self::Cdup,
            Command::Smnt(_) => Self::Smnt,
            Command::Rein => Self::Rein,
            Command::Quit => Self::Quit,
            Command::Port(_) => Self::Port,
            Command::Pasv => Self::Pasv,
            Command::Type(_) => Self::Type,
            Command::Stru(_) => Self::Stru,
            Command::Mode(_) => Self::Mode,
            Command::Retr(_) => Self::Retr,
            Command::Stor(_) => Self::Stor,
            Command::Stou(_) => Self::Stou,
            Command::Appe(_) => Self::Appe,
            Command::Allo(_) => Self::Allo,
            Command::Rest(_) => Self::Rest,
            Command::Rnfr(_) => Self::Rnfr,
            Command::Rnto(_) => Self::Rnto,
            Command::Abor => Self::Abor,
            Command::Dele(_) => Self::Dele,
            Command::Rmd(_) => Self::Rmd,
            Command::Mkd(_) => Self::Mkd,
            Command::Pwd => Self::Pwd,
            Command::List(_) => Self::List,
            Command::Nlst(_) => Self::Nlst,
            Command::Site(_) => Self::Site,
            Command::Syst => Self::Syst,
            Command::Stat(_) => Self::Stat,
            Command::Help(_) => Self::Help,
            Command::Noop => Self::Noop,
            Command::Auth(_) => Self::Auth,
            Command::Adat(_) | Command::Mic(_) | Command::Conf(_) | Command::Enc(_) => {
                Self::Shielded
            }
            Command::Pbsz(_) => Self::Pbsz,
            Command::Prot(_) => Self::Prot,
            Command::Ccc => Self::Ccc,
            Command::Feat => Self::Feat,
            Command::Opts(_) => Self::Opts,
            Command::Eprt(_) => Self::Eprt,
            Command::Epsv(_) => Self::Epsv,
            Command::Lang(_) => Self::Lang,
            Command::Mdtm(_) => Self::Mdtm,
            Command::Size(_) => Self::Size,
            Command::Mlst(_) => Self::Mlst,
            Command::Mlsd(_) => Self::Mlsd,
            Command::Host(_) => Self::Host,
            Command::Mfmt { .. } => Self::Mfmt,
            Command::Lprt(_) => Self::Lprt,
            Command::Lpsv => Self::Lpsv,
            Command::Mfct { .. } => Self::Mfct,
            Command::Mff { .. } => Self::Mff,
            Command::Hash(_) => Self::Hash,
            Command::Rang(_) => Self::Rang,
            Command::Checksum { .. } => Self::Checksum,
            Command::Mmd5(_) => Self::Mmd5,
            Command::Clnt(_) => Self::Clnt,
            Command::Csid(_) => Self::Csid,
            Command::Avbl(_) => Self::Avbl,
            Command::Comb { .. } => Self::Comb,
            Command::Pret(_) => Self::Pret,
            Command::Sscn(_) => Self::Sscn,
            Command::Cpsv => Self::Cpsv,
            Command::Other { .. } => Self::Unread,
        }
    }

    /// The row of the commands of this verb.
    pub(crate) const fn of_verb(verb: Verb) -> Self {
        match verb {
            Verb::USER => Self::User,
            Verb::PASS => Self::Pass,
            Verb::ACCT => Self::Acct,
            Verb::CWD | Verb::XCWD => Self::Cwd,
            Verb::CDUP | Verb::XCUP => Self::Cdup,
            Verb::SMNT => Self::Smnt,
            Verb::REIN => Self::Rein,
            Verb::QUIT => Self::Quit,
            Verb::PORT => Self::Port,
            Verb::PASV => Self::Pasv,
            Verb::TYPE => Self::Type,
            Verb::STRU => Self::Stru,
            Verb::MODE => Self::Mode,
            Verb::RETR => Self::Retr,
            Verb::STOR => Self::Stor,
            Verb::STOU => Self::Stou,
            Verb::APPE => Self::Appe,
            Verb::ALLO => Self::Allo,
            Verb::REST => Self::Rest,
            Verb::RNFR => Self::Rnfr,
            Verb::RNTO => Self::Rnto,
            Verb::ABOR => Self::Abor,
            Verb::DELE => Self::Dele,
            Verb::RMD | Verb::XRMD => Self::Rmd,
            Verb::MKD | Verb::XMKD => Self::Mkd,
            Verb::PWD | Verb::XPWD => Self::Pwd,
            Verb::LIST => Self::List,
            Verb::NLST => Self::Nlst,
            Verb::SITE => Self::Site,
            Verb::SYST => Self::Syst,
            Verb::STAT => Self::Stat,
            Verb::HELP => Self::Help,
            Verb::NOOP => Self::Noop,
            Verb::AUTH => Self::Auth,
            Verb::ADAT | Verb::MIC | Verb::CONF | Verb::ENC => Self::Shielded,
            Verb::PBSZ => Self::Pbsz,
            Verb::PROT => Self::Prot,
            Verb::CCC => Self::Ccc,
            Verb::FEAT => Self::Feat,
            Verb::OPTS => Self::Opts,
            Verb::EPRT => Self::Eprt,
            Verb::EPSV => Self::Epsv,
            Verb::LPRT => Self::Lprt,
            Verb::LPSV => Self::Lpsv,
            Verb::LANG => Self::Lang,
            Verb::MDTM => Self::Mdtm,
            Verb::SIZE => Self::Size,
            Verb::MLST => Self::Mlst,
            Verb::MLSD => Self::Mlsd,
            Verb::HOST => Self::Host,
            Verb::MFMT => Self::Mfmt,
            Verb::MFCT => Self::Mfct,
            Verb::MFF => Self::Mff,
            Verb::HASH => Self::Hash,
            Verb::RANG => Self::Rang,
            Verb::XCRC
            | Verb::XMD5
            | Verb::XSHA
            | Verb::XSHA1
            | Verb::XSHA256
            | Verb::XSHA512
            | Verb::MD5 => Self::Checksum,
            Verb::MMD5 => Self::Mmd5,
            Verb::CLNT => Self::Clnt,
            Verb::CSID => Self::Csid,
            Verb::AVBL => Self::Avbl,
            Verb::COMB => Self::Comb,
            Verb::PRET => Self::Pret,
            Verb::SSCN => Self::Sscn,
            Verb::CPSV => Self::Cpsv,
            _ => Self::Unread,
        }
    }

    /// Whether the command moves payload over a data connection.
    pub(crate) const fn is_transfer(self) -> bool {
        matches!(
            self,
            Self::Retr
                | Self::Stor
                | Self::Stou
                | Self::Appe
                | Self::List
                | Self::Nlst
                | Self::Mlsd
        )
    }

    /// Whether the command is answered before login too.
    pub(crate) const fn is_login(self) -> bool {
        matches!(self, Self::User | Self::Pass | Self::Acct)
    }

    pub(crate) const fn before_login(self) -> bool {
        matches!(
            self,
            Self::User
                | Self::Pass
                | Self::Acct
                | Self::Rein
                | Self::Quit
                | Self::Syst
                | Self::Stat
                | Self::Help
                | Self::Noop
                | Self::Auth
                | Self::Shielded
                | Self::Pbsz
                | Self::Prot
                | Self::Feat
                | Self::Opts
                | Self::Lang
                | Self::Host
                | Self::Clnt
                | Self::Csid
                | Self::Unread
        )
    }

    /// Whether answering it involves the storage.
    const fn touches_storage(self) -> bool {
        self.is_transfer()
            || matches!(
                self,
                Self::Cwd
                    | Self::Cdup
                    | Self::Rnfr
                    | Self::Rnto
                    | Self::Dele
                    | Self::Rmd
                    | Self::Mkd
                    | Self::Site
                    | Self::Allo
                    | Self::Stat
                    | Self::Mdtm
                    | Self::Size
                    | Self::Mlst
                    | Self::Mfmt
                    | Self::Mfct
                    | Self::Mff
                    | Self::Hash
                    | Self::Checksum
                    | Self::Mmd5
                    | Self::Avbl
                    | Self::Comb
                    | Self::Pret
            )
    }

    /// Whether a reply with this code stays inside the row.
    pub(crate) fn allows(self, code: Code) -> bool {
        match code.number() {
            // Closing, syntax, not served, bad sequence, bad parameter, not logged in, and
            // what a security rule refuses: open to every command.
            421 | 500..=504 | 530 | 533..=537 => true,
            450 | 451 if self.touches_storage() => true,
            521 | 522 if self.is_transfer() => true,
            number => self.own().contains(&number),
        }
    }
}

/// The replies that a command may get (RFC 959 sec. 5.4 and the RFCs after it).
///
/// Those that every command may get belong to it: 421, 500 to 504, 530 and 533 to 537; where
/// the storage is involved 450 and 451; and 521 and 522 where payload is moved. A transfer's
/// 1yz is among them, and so is the 426 that a transfer gets before its `ABOR` is answered.
///
/// ```
/// use ftpkit_proto::{Code, command::Replies, Command, PathArg};
/// let replies = Command::Dele(PathArg::from_static("a")).replies();
/// assert!(replies.allow(Code::FILE_ACTION_OK) && !replies.allow(Code::TRANSFER_COMPLETE));
/// assert!(Replies::GREETING.allow(Code::READY));
/// let own: Vec<u16> = replies.own().map(Code::number).collect();
/// assert_eq!(own, [250, 550]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replies(Row);

impl Replies {
    /// What a server may say before the first command.
    pub const GREETING: Self = Self(Row::Greeting);

    /// Of a command of this verb, whose argument may be anything; of one that is not known,
    /// the refusals.
    #[must_use]
    pub fn of_verb(verb: Verb) -> Self {
        Self(Row::of_verb(verb))
    }

    /// Whether this one is allowed.
    #[must_use]
    pub fn allow(self, code: Code) -> bool {
        self.0.allows(code)
    }

    /// All that are allowed, by number.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        (100..600)
            .filter_map(Code::new)
            .filter(move |code| self.allow(*code))
    }

    /// Those of this command itself, without the ones that every command may get.
    pub fn own(self) -> impl Iterator<Item = Code> {
        self.0.own().iter().copied().filter_map(Code::new)
    }
}

impl Command {
    /// The replies that this command may get.
    #[must_use]
    pub const fn replies(&self) -> Replies {
        Replies(Row::of(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_own_codes_and_those_of_all() {
        for row in Row::ALL {
            for number in row.own() {
                let code = Code::new(*number).unwrap();
                assert!(row.allows(code), "{row:?} {code}");
            }
            assert!(row.allows(Code::SERVICE_CLOSING));
            assert!(!row.allows(Code::RESTART_MARKER));
        }
        assert!(Row::Retr.allows(Code::PROTECTION_TOO_LOW));
        assert!(!Row::Cwd.allows(Code::PROTECTION_TOO_LOW));
        assert!(!Row::Retr.allows(Code::NO_SPACE));
        assert!(!Row::Rnto.allows(Code::FILE_UNAVAILABLE));
        assert!(!Row::Noop.allows(Code::LOCAL_ERROR));
    }
}
