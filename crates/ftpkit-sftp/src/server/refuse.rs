//! From a refusal, of the application or of the machine itself, to a status: one table.

use super::ask::{Refusal, RefusalKind};
use crate::packet::{Status, StatusCode};

/// The status that tells this refusal.
pub(super) fn status(refusal: Refusal) -> Status {
    let (code, words) = row(refusal.kind);
    match refusal.text {
        Some(text) => Status::new(code, text),
        None => Status::new(code, words),
    }
}

/// The code of a kind, and its words: what is wrong, and nothing of this server's insides.
/// Version 3 has four codes for all refusals, so that the words say what the code cannot.
const fn row(kind: RefusalKind) -> (StatusCode, &'static str) {
    match kind {
        RefusalKind::NotFound => (StatusCode::NoSuchFile, "no such file or directory"),
        // Behind a file there is nothing, as OpenSSH says too; and who may not see a directory
        // learns no more than that.
        RefusalKind::NotADirectory => (StatusCode::NoSuchFile, "not a directory"),
        RefusalKind::Denied => (StatusCode::PermissionDenied, "permission denied"),
        RefusalKind::NameNotAllowed => (StatusCode::PermissionDenied, "this name is not allowed"),
        RefusalKind::Unsupported => (StatusCode::OpUnsupported, "this server cannot do that"),
        RefusalKind::Exists => (StatusCode::Failure, "it exists already"),
        RefusalKind::IsADirectory => (StatusCode::Failure, "it is a directory"),
        RefusalKind::NotEmpty => (StatusCode::Failure, "the directory is not empty"),
        RefusalKind::Busy => (StatusCode::Failure, "the file is in use; try again later"),
        RefusalKind::NoSpace => (StatusCode::Failure, "no space is left"),
        RefusalKind::Quota => (StatusCode::Failure, "the quota is used up"),
        RefusalKind::BeyondEnd => (
            StatusCode::Failure,
            "the offset is beyond what a file can have",
        ),
        RefusalKind::Invalid => (StatusCode::Failure, "the request makes no sense here"),
        RefusalKind::Failed => (StatusCode::Failure, "a local error; try again later"),
        RefusalKind::TooMany => (StatusCode::Failure, "too many open handles"),
    }
}

/// What the machine refuses itself, beyond what an application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// A handle that is not open, or no longer.
    NoHandle,
    NotAFile,
    NotADirectory,
    NotForReading,
    NotForWriting,
    ReadOfNothing,
    WriteTooLong,
    /// The flags of an OPEN that contradict each other.
    OpenFlags,
    SameHandle,
    Malformed,
    /// The application's answer is longer than a packet.
    AnswerTooLong,
}

impl From<Own> for Status {
    fn from(own: Own) -> Self {
        let (code, words) = match own {
            Own::NoHandle => (StatusCode::Failure, "this handle is not open"),
            Own::NotAFile => (StatusCode::Failure, "this handle is not of a file"),
            Own::NotADirectory => (StatusCode::Failure, "this handle is not of a directory"),
            Own::NotForReading => {
                let words = "the file was not opened for reading";
                (StatusCode::PermissionDenied, words)
            }
            Own::NotForWriting => {
                let words = "the file was not opened for writing";
                (StatusCode::PermissionDenied, words)
            }
            Own::ReadOfNothing => (StatusCode::Failure, "a read of no bytes"),
            Own::WriteTooLong => (StatusCode::Failure, "more bytes than a write may hold"),
            Own::OpenFlags => (
                StatusCode::Failure,
                "these open flags make no sense together",
            ),
            Own::SameHandle => (StatusCode::Failure, "both handles are the same"),
            Own::Malformed => (StatusCode::BadMessage, "the packet is malformed"),
            Own::AnswerTooLong => (StatusCode::Failure, "the answer is longer than a packet"),
        };
        Self::new(code, words)
    }
}
