//! What can be odd in a transcript: [`Finding`]. Where each is found stands in the modules
//! beside this.

use crate::{Code, Verb, command::CommandError, error::PeerMisbehaved};

/// Something odd. It need not be wrong, but a look at it may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The client speaks first; a transcript that lacks its beginning looks so too.
    #[error("the client speaks before the greeting")]
    BeforeGreeting,
    /// The line cannot be read as a command.
    #[error("the command cannot be read ({error}); a server would answer {}", error.reply_code())]
    UnreadableCommand {
        /// Why.
        error: CommandError,
    },
    /// A command that no standard and no custom has.
    #[error("{verb} is no command that is known")]
    UnknownCommand {
        /// Its verb.
        verb: Verb,
    },
    /// A command that needs a login, before one.
    #[error("{verb} needs a login")]
    BeforeLogin {
        /// Its verb.
        verb: Verb,
    },
    /// The client does not wait for the reply to its last command.
    #[error("the command before has no reply yet")]
    BeforeReply,
    /// Bytes in clear behind AUTH: STARTTLS injection.
    #[error("the line is sent in clear behind AUTH, where TLS must start")]
    BehindAuth,
    /// The session has ended, or has been asked to.
    #[error("the line comes behind the end of the session")]
    BehindEnd,
    /// A password or account without TLS; those of anonymous users are none.
    #[error("the secret of {verb} crosses the network in clear")]
    SecretInClear {
        /// The verb of the command that holds it.
        verb: Verb,
    },
    /// Payload without TLS, while the control connection is under TLS.
    #[error("the payload of {verb} goes in clear, under PROT C")]
    PayloadInClear {
        /// The command that moves it.
        verb: Verb,
    },
    /// Neither PASV nor PORT nor one of their kind was agreed on.
    #[error("no data connection was agreed on for {verb}")]
    NoDataConnection {
        /// The command that needs one.
        verb: Verb,
    },
    /// A data connection was agreed on, and no transfer used it.
    #[error("the data connection that {verb} agreed on was never used")]
    DataConnectionUnused {
        /// The command that agreed on it.
        verb: Verb,
    },
    /// After EPSV ALL, nothing else may set up data connections (RFC 2428 sec. 4).
    #[error("{verb} is not allowed after EPSV ALL")]
    AfterEpsvAll {
        /// The command that does.
        verb: Verb,
    },
    /// The address of a well-known service, as a bounce has it (RFC 2577 sec. 3).
    #[error("port {port} belongs to a well-known service")]
    LowPort {
        /// The port.
        port: u16,
    },
    /// The address is `0.0.0.0` or `::`.
    #[error("the address is unspecified")]
    UnspecifiedAddress,
    /// RNFR without the RNTO that must follow it.
    #[error("RNFR is void: no RNTO follows it")]
    RenameAbandoned,
    /// RNTO without RNFR.
    #[error("no RNFR was accepted before RNTO")]
    RenameWithoutSource,
    /// REST or RANG without the transfer that it is for.
    #[error("the restart marker is void: no transfer follows it")]
    OffsetAbandoned,
    /// Offsets count bytes, which text has none of (RFC 3659 sec. 5).
    #[error("a restart marker means nothing under TYPE A")]
    OffsetInText,
    /// PBSZ, PROT or CCC without TLS.
    #[error("{verb} needs TLS")]
    WithoutTls {
        /// Its verb.
        verb: Verb,
    },
    /// PROT without PBSZ (RFC 4217 sec. 9).
    #[error("no PBSZ was accepted before PROT")]
    WithoutBufferSize,
    /// AUTH under TLS.
    #[error("the connection is under TLS already")]
    TlsAgain,
    /// PASS or ACCT that nothing asked for.
    #[error("nothing asked for {verb}")]
    NotAskedFor {
        /// Its verb.
        verb: Verb,
    },
    /// ABOR without a transfer.
    #[error("there is no transfer to abort")]
    NothingToAbort,
    /// The greeting is none.
    #[error("{code} is no greeting")]
    NotAGreeting {
        /// Its code.
        code: Code,
    },
    /// The line cannot be read as a reply.
    #[error("{error}")]
    UnreadableReply {
        /// Why.
        error: PeerMisbehaved,
    },
    /// No standard has the code.
    #[error("{code} is no code that is known")]
    UnknownCode {
        /// The code.
        code: Code,
    },
    /// The command may not get this code.
    #[error("{verb} may not be answered {code}")]
    OutsideRow {
        /// The command.
        verb: Verb,
        /// The code.
        code: Code,
    },
    /// A reply that answers nothing; another one to the same command looks so too.
    #[error("no command waits for this reply")]
    Unsolicited,
    /// A reply in clear behind the 234: an injection.
    #[error("the reply is sent in clear behind the 234, where TLS must start")]
    BehindSecurityComplete,
    /// A transfer is said to be complete that was never said to begin.
    #[error("{verb} is complete before a 150 or 125 said that it begins")]
    NeverBegan {
        /// The command.
        verb: Verb,
    },
    /// A second 1yz.
    #[error("{verb} begins for the second time")]
    BeganAgain {
        /// The command.
        verb: Verb,
    },
    /// A command that needs a login is served without one.
    #[error("{verb} is served before a login")]
    ServedBeforeLogin {
        /// The command.
        verb: Verb,
    },
    /// The command got no reply, and a later one did; or the transcript ends.
    #[error("{verb} got no reply")]
    Unanswered {
        /// The command.
        verb: Verb,
    },
    /// The value that such a reply must have cannot be read.
    #[error("the value of this {code} cannot be read")]
    NoValue {
        /// The code.
        code: Code,
    },
    /// The last line of a reply has another code than its first.
    #[error("the reply begins with {first} and ends with {last}")]
    OtherClosingCode {
        /// The code of the first line.
        first: Code,
        /// The code of the last line.
        last: Code,
    },
    /// A code with nothing behind it, not even a space.
    #[error("nothing follows the code, not even a space")]
    BareCode,
    /// Lines between the first and the last bear the code too.
    #[error("every line of the reply bears the code")]
    CodeOnEveryLine,
    /// NUL, CR or LF inside a line.
    #[error("a control character stands inside the line")]
    Control,
    /// The transcript ends within a transfer.
    #[error("the transcript ends while {verb} runs")]
    EndsInTransfer {
        /// The command.
        verb: Verb,
    },
    /// The transcript ends within a reply.
    #[error("the transcript ends within a reply of several lines")]
    EndsInReply,
}
