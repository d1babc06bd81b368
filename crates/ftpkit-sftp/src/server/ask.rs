//! Questions to the application, which answering uses up, and refusals.

use core::fmt;

use bytes::Bytes;

/// Names one question of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub(super) u64);

/// A kind of question, with the type of its answer.
pub trait Question: sealed::Sealed<<Self as Question>::Answer> {
    /// What answers it.
    type Answer;
}

pub(super) mod sealed {
    use super::{
        super::connection::{Connection, Pending},
        Refusal,
    };

    #[expect(unnameable_types, reason = "nobody else may add kinds of questions")]
    pub trait Sealed<A>: Sized {
        /// Carries the answer into the machine.
        fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<A, Refusal>);

        /// What an answer still does that comes when the session is over.
        fn late(_: &mut Connection, _: Result<A, Refusal>) {}
    }
}

/// A question that the server machine asks its application.
///
/// `Connection::answer` takes it by value, so that it is answered once at most. Many are open at
/// the same time, and each may be answered whenever its answer is known.
#[must_use = "a question that is not answered leaves the client waiting, and a request in flight"]
pub struct Ask<Q> {
    pub(super) id: AskId,
    pub(super) question: Q,
}

impl<Q> Ask<Q> {
    /// The question's id, for logs and tables.
    #[must_use]
    pub const fn id(&self) -> AskId {
        self.id
    }

    /// The question.
    #[must_use]
    pub const fn question(&self) -> &Q {
        &self.question
    }
}

impl<Q: fmt::Debug> fmt::Debug for Ask<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask#{}({:?})", self.id.0, self.question)
    }
}

/// Why the application refuses; the machine turns it into the status that goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) kind: RefusalKind,
    pub(super) text: Option<Bytes>,
}

impl Refusal {
    /// A refusal of this kind with the standard words.
    #[must_use]
    pub const fn new(kind: RefusalKind) -> Self {
        Self { kind, text: None }
    }

    /// Says it in these words instead, in UTF-8. They cross the wire: no secrets, no local paths.
    /// More than 1 KiB of them is cut off.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        let mut end = text.len().min(1024);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let words = text.as_bytes().get(..end).unwrap_or_default();
        self.text = Some(Bytes::copy_from_slice(words));
        self
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        self.kind
    }
}

impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Self {
        Self::new(kind)
    }
}

/// The kinds of refusal, named as those of FTP. The table from kind to status is in
/// `server/refuse.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// There is no such file, or it may not be seen.
    NotFound,
    /// It exists already.
    Exists,
    /// Access is denied.
    Denied,
    /// It is not a directory.
    NotADirectory,
    /// It is a directory.
    IsADirectory,
    /// The directory is not empty.
    NotEmpty,
    /// The name is not allowed.
    NameNotAllowed,
    /// The file is in use; later it may work.
    Busy,
    /// The disk is full.
    NoSpace,
    /// The quota is used up.
    Quota,
    /// The offset is beyond what the file may have.
    BeyondEnd,
    /// This storage cannot do it.
    Unsupported,
    /// The request makes no sense to the storage.
    Invalid,
    /// Something failed; later it may work.
    Failed,
    /// Too much is open.
    TooMany,
}
