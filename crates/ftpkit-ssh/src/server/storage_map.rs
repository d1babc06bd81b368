//! From what a storage can do to what is offered, and from its errors to refusals: one table each.
//! Which status a refusal becomes is the machine's matter.

use ftpkit_sftp::server::{Offers, Refusal, RefusalKind};
use ftpkit_storage::{Capabilities, Error, ErrorKind, PathError};

/// What a user of a storage that can do this is offered.
pub(super) fn offers(can: Capabilities) -> Offers {
    let mut offers = Offers::LIMITS | Offers::EXPAND_PATH | Offers::HOME_DIRECTORY;
    if can.contains(Capabilities::SPACE) {
        offers = offers | Offers::STATVFS | Offers::FSTATVFS;
    }
    if can.contains(Capabilities::NAMES) {
        offers = offers | Offers::USERS_GROUPS_BY_ID;
    }
    if !can.contains(Capabilities::WRITE) {
        return offers;
    }
    for (needed, offer) in [
        (Capabilities::ATOMIC_REPLACE, Offers::POSIX_RENAME),
        (Capabilities::HARD_LINKS, Offers::HARDLINK),
        (Capabilities::SYNC, Offers::FSYNC),
        (Capabilities::SYMLINK_ATTRIBUTES, Offers::LSETSTAT),
        (Capabilities::ANY_ORDER, Offers::COPY_DATA),
    ] {
        if can.contains(needed) {
            offers = offers | offer;
        }
    }
    offers
}

/// The refusal that tells this error to the client. What the error says besides its kind may
/// name things of this machine, so it goes to the log.
pub(super) fn refusal(error: &Error) -> Refusal {
    tracing::debug!(
        %error,
        source = std::error::Error::source(error).map(tracing::field::display),
        "the storage refuses"
    );
    refusal_kind(error.kind()).into()
}

pub(super) fn path_refusal(error: PathError) -> Refusal {
    refusal(&error.into())
}

const fn refusal_kind(kind: ErrorKind) -> RefusalKind {
    match kind {
        ErrorKind::NotFound => RefusalKind::NotFound,
        ErrorKind::Exists => RefusalKind::Exists,
        ErrorKind::Denied | ErrorKind::ReadOnly => RefusalKind::Denied,
        ErrorKind::NotADirectory => RefusalKind::NotADirectory,
        ErrorKind::IsADirectory => RefusalKind::IsADirectory,
        ErrorKind::NotEmpty => RefusalKind::NotEmpty,
        ErrorKind::InvalidName => RefusalKind::NameNotAllowed,
        ErrorKind::Invalid => RefusalKind::Invalid,
        ErrorKind::Busy => RefusalKind::Busy,
        ErrorKind::NoSpace => RefusalKind::NoSpace,
        ErrorKind::Quota => RefusalKind::Quota,
        ErrorKind::BeyondEnd => RefusalKind::BeyondEnd,
        ErrorKind::Unsupported => RefusalKind::Unsupported,
        _ => RefusalKind::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_storage_looks_like_a_denial_and_an_unreachable_one_like_a_failure() {
        for (kind, expected) in [
            (ErrorKind::ReadOnly, RefusalKind::Denied),
            (ErrorKind::Unavailable, RefusalKind::Failed),
            (ErrorKind::Other, RefusalKind::Failed),
            (ErrorKind::InvalidName, RefusalKind::NameNotAllowed),
        ] {
            assert_eq!(refusal(&kind.into()).kind(), expected);
        }
        let long = PathError::TooLong;
        assert_eq!(path_refusal(long).kind(), RefusalKind::NameNotAllowed);
    }

    #[test]
    fn who_may_not_write_is_offered_no_change() {
        let guests = offers(Capabilities::ALL.without(Capabilities::WRITE));
        for change in [Offers::POSIX_RENAME, Offers::HARDLINK, Offers::COPY_DATA] {
            assert!(offers(Capabilities::ALL).contains(change));
            assert!(!guests.contains(change), "{change:?}");
        }
        assert!(guests.contains(Offers::STATVFS | Offers::LIMITS));
        assert_eq!(offers(Capabilities::ALL), Offers::ALL);
        let bare = Offers::LIMITS | Offers::EXPAND_PATH | Offers::HOME_DIRECTORY;
        assert_eq!(offers(Capabilities::WRITE), bare);
    }
}
