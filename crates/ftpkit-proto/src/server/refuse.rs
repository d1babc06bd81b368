//! From a refusal of the application to the reply: one table, kind by command, that stays
//! inside the command's row.

use super::ask::{Refusal, RefusalKind};
use crate::{Code, Reply, Text, command::Row};

/// The reply that tells this refusal to a client that sent a command of this row.
pub(super) fn reply(refusal: Refusal, row: Row) -> Reply {
    let Refusal { kind, text } = refusal;
    let code = code(kind, row);
    // Whatever refuses a login says the same, so that an answer of another kind for names that
    // are not there tells nothing.
    let told = match code {
        Code::NOT_LOGGED_IN => RefusalKind::LoginFailed,
        _ => kind,
    };
    let text = text.unwrap_or_else(|| Text::from_static(words(told)));
    Reply::with_text(code, text)
}

/// What the codes of a row have in common, for refusals.
#[derive(Clone, Copy)]
enum Class {
    Login,
    Rename,
    Upload,
    Download,
    MachineListing,
    /// Several commands in one: what cannot be done is a parameter of it.
    Parameter,
    Announcement,
    Other,
}

const fn class(row: Row) -> Class {
    match row {
        Row::User | Row::Pass | Row::Acct => Class::Login,
        Row::Rnto => Class::Rename,
        Row::Stor | Row::Stou | Row::Appe => Class::Upload,
        Row::Retr => Class::Download,
        Row::Mlsd => Class::MachineListing,
        Row::Mff | Row::Site => Class::Parameter,
        Row::Allo => Class::Announcement,
        _ => Class::Other,
    }
}

/// The code for this kind of refusal in this row.
pub(super) const fn code(kind: RefusalKind, row: Row) -> Code {
    use RefusalKind as Kind;
    let class = class(row);
    match (kind, class) {
        (Kind::TooMany, _) => Code::SERVICE_CLOSING,
        // Whatever went wrong behind a login is no business of one who is not in.
        (_, Class::Login) | (Kind::LoginFailed, _) => Code::NOT_LOGGED_IN,
        (Kind::NoSpace | Kind::Quota, Class::Announcement) => Code::QUOTA_EXCEEDED,
        (_, Class::Announcement) => Code::LOCAL_ERROR,
        (Kind::Unsupported, Class::Parameter) => Code::BAD_PARAMETER,
        (Kind::Unsupported, _) => Code::NOT_IMPLEMENTED,
        (Kind::Invalid, _) | (Kind::NotADirectory, Class::MachineListing) => Code::BAD_ARGUMENT,
        (Kind::Busy, _) => Code::FILE_BUSY,
        (Kind::NoSpace, Class::Upload) => Code::NO_SPACE,
        (Kind::Failed | Kind::NoSpace, _) => Code::LOCAL_ERROR,
        (Kind::Quota, Class::Upload) => Code::QUOTA_EXCEEDED,
        (Kind::NameNotAllowed, Class::Upload) => Code::NAME_NOT_ALLOWED,
        (Kind::BeyondEnd, Class::Upload | Class::Download) => Code::BAD_RESTART,
        (
            Kind::NotFound
            | Kind::Exists
            | Kind::Denied
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::NotEmpty
            | Kind::NameNotAllowed
            | Kind::Quota
            | Kind::BeyondEnd,
            // The only refusal of RNTO that is final and about the name.
            Class::Rename,
        ) => Code::NAME_NOT_ALLOWED,
        (
            Kind::NotFound
            | Kind::Exists
            | Kind::Denied
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::NotEmpty
            | Kind::NameNotAllowed
            | Kind::Quota
            | Kind::BeyondEnd,
            _,
        ) => Code::FILE_UNAVAILABLE,
    }
}

/// The standard words for a kind: what is wrong, and nothing about this server's insides.
const fn words(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::NotFound => "No such file or directory.",
        RefusalKind::Exists => "It exists already.",
        RefusalKind::Denied => "Permission denied.",
        RefusalKind::NotADirectory => "Not a directory.",
        RefusalKind::IsADirectory => "It is a directory.",
        RefusalKind::NotEmpty => "The directory is not empty.",
        RefusalKind::NameNotAllowed => "This name is not allowed.",
        RefusalKind::Busy => "The file is in use; try again later.",
        RefusalKind::NoSpace => "No space is left.",
        RefusalKind::Quota => "The quota is used up.",
        RefusalKind::BeyondEnd => "The restart point is beyond the end of the file.",
        RefusalKind::Unsupported => "This storage cannot do that.",
        RefusalKind::Invalid => "The argument makes no sense here.",
        RefusalKind::Failed => "A local error; try again later.",
        RefusalKind::LoginFailed => "Login incorrect.",
        RefusalKind::TooMany => "Too many sessions; try again later.",
    }
}

/// All of them, for the tests of this table and of the machine.
#[cfg(test)]
pub(super) const KINDS: &[RefusalKind] = &[
    RefusalKind::NotFound,
    RefusalKind::Exists,
    RefusalKind::Denied,
    RefusalKind::NotADirectory,
    RefusalKind::IsADirectory,
    RefusalKind::NotEmpty,
    RefusalKind::NameNotAllowed,
    RefusalKind::Busy,
    RefusalKind::NoSpace,
    RefusalKind::Quota,
    RefusalKind::BeyondEnd,
    RefusalKind::Unsupported,
    RefusalKind::Invalid,
    RefusalKind::Failed,
    RefusalKind::LoginFailed,
    RefusalKind::TooMany,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows that a question can be about.
    const ASKED: &[Row] = &[
        Row::Pass,
        Row::Acct,
        Row::Cwd,
        Row::Cdup,
        Row::Mkd,
        Row::Rmd,
        Row::Dele,
        Row::Rnfr,
        Row::Rnto,
        Row::Site,
        Row::Mfmt,
        Row::Mfct,
        Row::Mff,
        Row::Mdtm,
        Row::Size,
        Row::Mlst,
        Row::Hash,
        Row::Checksum,
        Row::Mmd5,
        Row::Avbl,
        Row::Allo,
        Row::Comb,
        Row::Stat,
        Row::Retr,
        Row::Stor,
        Row::Stou,
        Row::Appe,
        Row::List,
        Row::Nlst,
        Row::Mlsd,
    ];

    #[test]
    fn every_refusal_stays_inside_its_row() {
        for row in ASKED {
            for kind in KINDS {
                let reply = reply(Refusal::new(*kind), *row);
                assert!(reply.code().is_refusal(), "{row:?} {kind:?}");
                assert!(row.allows(reply.code()), "{row:?} {kind:?} {reply:?}");
            }
        }
    }

    #[test]
    fn whatever_refuses_a_login_says_the_same() {
        let said = |kind, row| reply(Refusal::new(kind), row).to_bytes();
        let wrong = said(RefusalKind::LoginFailed, Row::Pass);
        for kind in KINDS {
            for row in [Row::Pass, Row::Acct] {
                let same = said(*kind, row) == wrong;
                assert_eq!(same, *kind != RefusalKind::TooMany, "{kind:?} {row:?}");
            }
        }
    }

    #[test]
    fn the_codes_that_clients_look_at() {
        use RefusalKind as Kind;
        for (kind, row, number) in [
            (Kind::NotFound, Row::Retr, 550),
            (Kind::NotFound, Row::Rnto, 553),
            (Kind::BeyondEnd, Row::Retr, 554),
            (Kind::NoSpace, Row::Stor, 452),
            (Kind::Quota, Row::Appe, 552),
            (Kind::NameNotAllowed, Row::Stor, 553),
            (Kind::NotADirectory, Row::Mlsd, 501),
            (Kind::NotADirectory, Row::List, 550),
            (Kind::Busy, Row::Dele, 450),
            (Kind::Failed, Row::Cwd, 451),
            (Kind::Failed, Row::Pass, 530),
            (Kind::TooMany, Row::Pass, 421),
            (Kind::Unsupported, Row::Appe, 502),
            (Kind::Unsupported, Row::Mfct, 502),
            (Kind::Unsupported, Row::Mff, 504),
            (Kind::Unsupported, Row::Site, 504),
            (Kind::IsADirectory, Row::Hash, 550),
            (Kind::BeyondEnd, Row::Checksum, 550),
            (Kind::Busy, Row::Hash, 450),
            (Kind::NoSpace, Row::Comb, 451),
            (Kind::Failed, Row::Allo, 451),
        ] {
            assert_eq!(code(kind, row).number(), number, "{kind:?} {row:?}");
        }
    }

    #[test]
    fn the_words_of_the_application_are_used() {
        let refusal = Refusal::new(RefusalKind::Denied).with_text(Text::from_static("Not today."));
        assert_eq!(
            &reply(refusal, Row::Dele).to_bytes()[..],
            b"550 Not today.\r\n"
        );
    }
}
