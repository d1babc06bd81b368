//! From what a storage can do to what is offered, and from its errors to refusals of the
//! protocol and to what the pump tells: one table each. Which reply a refusal becomes is the
//! core's matter.

use std::io;

use ftpkit_proto::server::{Offers, Refusal, RefusalKind};
use ftpkit_storage::{Capabilities, Error, ErrorKind, PathError};

/// What a user of a storage that can do this is offered.
pub(crate) fn offers(can: Capabilities) -> Offers {
    let mut offers = Offers::EMPTY;
    // What can be read can be hashed.
    if cfg!(feature = "hash") || can.contains(Capabilities::CHECKSUM) {
        offers |= Offers::HASHES;
    }
    if can.contains(Capabilities::SPACE) {
        offers |= Offers::SPACE;
    }
    if !can.contains(Capabilities::WRITE) {
        return offers;
    }
    for (needed, offer) in [
        (Capabilities::SET_TIMES, Offers::SET_MODIFIED),
        (Capabilities::SET_CREATED, Offers::SET_CREATED),
        (Capabilities::MODES, Offers::SET_MODE),
        (Capabilities::OWNERS, Offers::SET_OWNER),
        (Capabilities::MAKE_SYMLINKS, Offers::SYMLINK),
        (Capabilities::COPY, Offers::COPY),
        (Capabilities::IN_PLACE, Offers::COMBINE),
    ] {
        if can.contains(needed) {
            offers |= offer;
        }
    }
    offers
}

/// The refusal that tells this error to the client. What the error says besides its kind may
/// name things of this machine, so it goes to the log.
pub(crate) fn refusal(error: &Error) -> Refusal {
    tracing::debug!(
        %error,
        source = std::error::Error::source(error).map(tracing::field::display),
        "the storage refuses"
    );
    refusal_kind(error.kind()).into()
}

pub(crate) fn path_refusal(error: PathError) -> Refusal {
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

/// The error with which a source or sink ends its pump: the pump tells a full disk and a used
/// up quota from the rest by its kind.
pub(crate) fn io_error(error: Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::NoSpace => io::ErrorKind::StorageFull,
        ErrorKind::Quota => io::ErrorKind::QuotaExceeded,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
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
        let all = offers(Capabilities::ALL);
        assert_eq!(all, Offers::ALL);
        let guests = offers(Capabilities::ALL.without(Capabilities::WRITE));
        assert_eq!(guests, Offers::HASHES | Offers::SPACE);
        let bare = offers(Capabilities::WRITE);
        assert!(Offers::HASHES.contains(bare), "{bare:?}");
    }

    #[test]
    fn the_pump_learns_of_a_full_disk() {
        assert_eq!(
            io_error(ErrorKind::NoSpace.into()).kind(),
            io::ErrorKind::StorageFull
        );
        assert_eq!(
            io_error(ErrorKind::Quota.into()).kind(),
            io::ErrorKind::QuotaExceeded
        );
        assert_eq!(
            io_error(ErrorKind::NotFound.into()).kind(),
            io::ErrorKind::Other
        );
    }
}
