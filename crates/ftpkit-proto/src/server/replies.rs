//! Which codes a command may get: [`Row`], one for each row of the command table (RFC 959
//! sec. 5.4 and the RFCs after it). What is chosen within a row stands with the commands.

use crate::{
    Code,
    command::{Command, Site},
};

macro_rules! rows {
    ($($(#[$doc:meta])* $row:ident: $($code:literal)*;)*) => {
        /// A row of the command table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Row {
            $($(#[$doc])* $row,)*
        }

        impl Row {
            /// All rows, for tests.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$row,)*];

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
    Site: 200 202 211 214 250 550;
    Syst: 215;
    Stat: 211 212 213 550;
    Help: 211 214;
    Noop: 200;
    Auth: 234 431;
    /// ADAT, MIC, CONF and ENC.
    Shielded: ;
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
    Mfmt: 213 550;
    Clnt: 200;
    /// What cannot be read, or is not known; EPRT's 522 for a family that is not known.
    Unread: 522;
}

impl Row {
    /// The command's row.
    pub(super) const fn of(command: &Command) -> Self {
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
            Command::Site(
                Site::Help | Site::Chmod { .. } | Site::Utime { .. } | Site::Other(_),
            ) => Self::Site,
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
            Command::Clnt(_) => Self::Clnt,
            Command::Other { .. } => Self::Unread,
        }
    }

    /// Whether the command moves payload over a data connection.
    pub(super) const fn is_transfer(self) -> bool {
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
    pub(super) const fn before_login(self) -> bool {
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
                    | Self::Stat
                    | Self::Mdtm
                    | Self::Size
                    | Self::Mlst
                    | Self::Mfmt
            )
    }

    /// Whether a reply with this code stays inside the row.
    pub(super) fn allows(self, code: Code) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_its_own_codes_and_those_of_all() {
        for row in Row::ALL {
            for number in 100..=599 {
                let code = Code::new(number).unwrap();
                if row.own().contains(&number) {
                    assert!(row.allows(code), "{row:?} {code}");
                }
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
