//! Questions to the application, which answering uses up.

use core::fmt;

use crate::text::Text;

/// Names one question, to tell which one was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub(crate) u64);

/// A kind of question, with the type of its answer.
pub trait Question: sealed::Sealed<<Self as Question>::Answer> {
    /// What answers it.
    type Answer;
}

pub(crate) mod sealed {
    use crate::server::connection::Connection;
    use crate::time::Instant;

    #[expect(unnameable_types, reason = "nobody else may add kinds of questions")]
    pub trait Sealed<A>: Sized {
        /// Carries the answer into the machine.
        fn settle(
            connection: &mut Connection,
            now: Instant,
            question: Self,
            answer: Result<A, super::Refusal>,
        );
    }
}

/// A question that the server machine asks its application.
///
/// `Connection::answer` takes it by value, so that it is answered once at most. One that is
/// dropped unanswered ends in 451 when the question timer fires.
#[must_use = "a question that is not answered ends in 451 after the question timeout"]
pub struct Ask<Q> {
    pub(crate) id: AskId,
    pub(crate) question: Q,
}

impl<Q> Ask<Q> {
    /// The question's id, which an `Event::Cancelled` may name.
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

/// Why the application refuses; the machine turns it into the reply that the command allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) kind: RefusalKind,
    pub(crate) text: Option<Text>,
}

impl Refusal {
    /// A refusal of this kind with the standard words.
    #[must_use]
    pub const fn new(kind: RefusalKind) -> Self {
        Self { kind, text: None }
    }

    /// Says it in these words instead. They cross the wire: no secrets, no local paths.
    #[must_use]
    pub fn with_text(mut self, text: Text) -> Self {
        self.text = Some(text);
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

/// The kinds of refusal. The table from kind and command to reply code is in `server/refuse.rs`.
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
    /// The restart point is beyond the end of the file.
    BeyondEnd,
    /// This storage cannot do it.
    Unsupported,
    /// The argument makes no sense to the storage.
    Invalid,
    /// Something failed; later it may work.
    Failed,
    /// The user name or password is wrong.
    LoginFailed,
    /// The server or the account has too many sessions; the session ends with 421.
    TooMany,
}
