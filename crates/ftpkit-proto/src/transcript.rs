//! Transcripts of sessions, explained line by line: [`Explainer`]. For logs of any client, for
//! the output of a proxy, and for what a failed test leaves. Lines in, findings out.

mod finding;
mod line;
mod state;
mod watch;

pub use finding::Finding;
pub use line::without_secret;
pub use state::{Login, State};
pub use watch::{ReplyWatch, Watched};

use alloc::{collections::VecDeque, vec::Vec};

use crate::{
    Code, Command, Reply, Verb,
    command::CommandError,
    error::PeerMisbehaved,
    reply::{Separator, Value, head},
};
use line::{Marked, marked};

/// How many commands may wait for their replies; of more, the oldest are forgotten.
const WAITING_LIMIT: usize = 64;

/// Explains a transcript line by line.
///
/// What the client says stands behind `C:`, as in the standards, or behind the marks of
/// `curl -v` (`> `), `lftp -d` (`---> `), `wget -d` (`--> `), FileZilla (`Command:`), WinSCP or
/// Net::FTP; what the server says behind their counterparts. Times, dates and numbers may stand
/// before. Where no mark was seen before a reply, lines that look like one are the server's.
/// All other lines are remarks.
///
/// It keeps what the session is in, a reply that has not ended, and a few commands: memory is
/// bounded however long the transcript is.
///
/// ```
/// use ftpkit_proto::transcript::{Explainer, Finding, Login};
/// let mut explainer = Explainer::new();
/// for line in ["S: 220 Hi", "C: USER ana", "S: 331 Password?"] {
///     assert_eq!(explainer.push_line(line.as_bytes()).findings, []);
/// }
/// assert_eq!(explainer.state().login, Login::NameGiven);
/// let explained = explainer.push_line(b"C: PASS hunter2");
/// assert!(matches!(explained.findings[..], [Finding::SecretInClear { .. }]));
/// ```
#[derive(Debug, Default)]
pub struct Explainer {
    state: State,
    watch: ReplyWatch,
    waiting: VecDeque<Asked>,
    greeted: bool,
    /// A server's line with a mark was seen: lines without one are not the server's.
    marks: bool,
    /// The reply that is open began on a line without a mark.
    bare: bool,
    /// The last line completed a 234.
    behind_security: bool,
}

/// A command whose final reply has not come.
#[derive(Debug)]
struct Asked {
    /// Or the verb of one that cannot be read.
    command: Result<Command, Option<Verb>>,
    began: bool,
}

impl Asked {
    fn verb(&self) -> Option<Verb> {
        match &self.command {
            Ok(command) => Some(command.verb()),
            Err(verb) => *verb,
        }
    }

    fn is(&self, verb: Verb) -> bool {
        self.verb() == Some(verb)
    }

    /// Whether it may get this code.
    fn allows(&self, code: Code) -> bool {
        match &self.command {
            Ok(command) => command.replies().allow(code),
            Err(_) => code.is_refusal(),
        }
    }

    fn is_running(&self) -> bool {
        self.began && self.command.as_ref().is_ok_and(state::is_transfer)
    }
}

/// What a line of a transcript says, and what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained<'a> {
    /// What it says.
    pub said: Said<'a>,
    /// What is odd.
    pub findings: Vec<Finding>,
}

/// What a line of a transcript says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Said<'a> {
    /// Something that crossed no control connection. It may hold a password all the same: see
    /// [`without_secret`].
    Remark(&'a [u8]),
    /// A command.
    Command(Command),
    /// A line of the client that is no command.
    UnreadableCommand {
        /// The line without its mark; see [`without_secret`].
        text: &'a [u8],
        /// Why, and what a server would answer.
        error: CommandError,
    },
    /// A line of a reply that goes on.
    ReplyPart(&'a [u8]),
    /// The line that completes a reply.
    Reply {
        /// The whole of it.
        reply: Reply,
        /// The command that it answers; none for a greeting, or where nothing was asked.
        to: Option<Verb>,
    },
    /// A line of the server that is no reply.
    UnreadableReply {
        /// The line without its mark.
        text: &'a [u8],
        /// Why.
        error: PeerMisbehaved,
    },
}

impl Explainer {
    /// At the start of a session, in clear.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the session is in behind the last line.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Takes the next line, without its end.
    pub fn push_line<'a>(&mut self, line: &'a [u8]) -> Explained<'a> {
        let mut findings = Vec::new();
        let said = match marked(line) {
            Marked::Client(text) => self.client(text.trim_ascii_start(), &mut findings),
            Marked::Server(text) => {
                self.marks = true;
                self.bare = false;
                self.server(text, &mut findings)
            }
            Marked::Bare(text) if self.is_bare_reply(text) => {
                let said = self.server(text, &mut findings);
                self.bare = self.watch.is_open();
                said
            }
            Marked::Bare(text) => {
                self.state.secured |= tells_of_tls(text);
                Said::Remark(text)
            }
        };
        self.state.waiting = self.waiting.len();
        Explained { said, findings }
    }

    /// Says that the transcript ends; gives what is odd about that.
    pub fn finish(&mut self) -> Vec<Finding> {
        let mut odd = Vec::new();
        if self.watch.is_open() {
            odd.push(Finding::EndsInReply);
        }
        for asked in &self.waiting {
            match asked.verb() {
                Some(verb) if asked.is_running() => odd.push(Finding::EndsInTransfer { verb }),
                Some(verb) => odd.push(Finding::Unanswered { verb }),
                None => {}
            }
        }
        self.state.give_data_up(&mut odd);
        *self = Self::new();
        odd
    }

    /// A line without a mark is the server's where servers have no marks in this transcript.
    fn is_bare_reply(&self, text: &[u8]) -> bool {
        let begins = matches!(head(text), Some((code, separator, _))
            if separator != Separator::None && code.number() < 600);
        self.bare || !self.marks && !self.watch.is_open() && begins
    }

    fn client<'a>(&mut self, text: &'a [u8], odd: &mut Vec<Finding>) -> Said<'a> {
        self.behind_security = false;
        if !self.greeted && self.state.login == Login::Unready {
            odd.push(Finding::BeforeGreeting);
            self.state.login = Login::Out;
        }
        let parsed = Command::parse(text);
        let verb = match &parsed {
            Ok(command) => Some(command.verb()),
            Err(error) => error.verb(),
        };
        let over = self.state.login == Login::Ended
            || self.waiting.iter().any(|asked| asked.is(Verb::QUIT));
        if over {
            odd.push(Finding::BehindEnd);
        } else if self.waiting.iter().any(|asked| asked.is(Verb::AUTH)) && !self.state.secured {
            odd.push(Finding::BehindAuth);
        } else if let Some(last) = self.waiting.back() {
            let immediate = matches!(
                verb,
                Some(Verb::ABOR | Verb::STAT | Verb::NOOP | Verb::QUIT)
            );
            if !(immediate && last.is_running()) {
                odd.push(Finding::BeforeReply);
            }
        }
        match parsed {
            Ok(command) => {
                if !over {
                    self.state.on_command(&command, odd);
                }
                self.wait(Ok(command.clone()));
                Said::Command(command)
            }
            Err(error) => {
                odd.push(Finding::UnreadableCommand { error });
                self.wait(Err(error.verb()));
                Said::UnreadableCommand { text, error }
            }
        }
    }

    fn wait(&mut self, command: Result<Command, Option<Verb>>) {
        if self.waiting.len() >= WAITING_LIMIT {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Asked {
            command,
            began: false,
        });
    }

    fn server<'a>(&mut self, text: &'a [u8], odd: &mut Vec<Finding>) -> Said<'a> {
        let Some(Watched {
            reply,
            odd: mut found,
        }) = self.watch.push_line(text)
        else {
            return Said::ReplyPart(text);
        };
        odd.append(&mut found);
        match reply {
            Ok(reply) => {
                let to = self.reply(&reply, odd);
                Said::Reply { reply, to }
            }
            Err(error) => {
                odd.push(Finding::UnreadableReply { error });
                Said::UnreadableReply { text, error }
            }
        }
    }

    /// Finds the command that a reply answers, and follows it.
    fn reply(&mut self, reply: &Reply, odd: &mut Vec<Finding>) -> Option<Verb> {
        let code = reply.code();
        if core::mem::take(&mut self.behind_security) {
            odd.push(Finding::BehindSecurityComplete);
        }
        if self.state.login == Login::Ended {
            odd.push(Finding::BehindEnd);
        } else if self.greet(code, odd) {
            return None;
        }
        let Some(at) = self.answered(code, odd) else {
            // A server may leave at any time.
            if code == Code::SERVICE_CLOSING {
                self.state.login = Login::Ended;
            } else {
                odd.push(Finding::Unsolicited);
            }
            return None;
        };
        let asked = self.waiting.get_mut(at)?;
        let (verb, began) = (asked.verb(), asked.began);
        asked.began |= code.is_preliminary();
        let Some(asked) = self.waiting.get(at) else {
            return verb;
        };
        if let Some(verb) = verb {
            if !asked.allows(code) && code.is_known() {
                odd.push(Finding::OutsideRow { verb, code });
            }
        }
        if let Ok(command) = &asked.command {
            self.state.on_reply(command, began, code, odd);
            judge_value(reply, command.verb(), odd);
        }
        self.behind_security = code == Code::SECURITY_COMPLETE;
        if !code.is_preliminary() {
            self.waiting.remove(at);
        }
        verb
    }

    /// Takes the greeting; whether the reply is it.
    fn greet(&mut self, code: Code, odd: &mut Vec<Finding>) -> bool {
        if self.greeted {
            return false;
        }
        // The 220 will come.
        self.greeted = code != Code::READY_SOON;
        match code {
            Code::READY => self.state.login = Login::Out,
            Code::READY_SOON => {}
            // The transcript has none; the client spoke first in it.
            _ if !self.waiting.is_empty() => return false,
            Code::SERVICE_CLOSING => self.state.login = Login::Ended,
            _ => {
                odd.push(Finding::NotAGreeting { code });
                self.state.login = Login::Out;
            }
        }
        true
    }

    /// Which of the waiting commands a reply with this code answers: the first, but for
    /// commands that are answered within a transfer, and for those that were left out.
    fn answered(&mut self, code: Code, odd: &mut Vec<Finding>) -> Option<usize> {
        let first = self.waiting.front()?;
        // What every command may get belongs to the one that was not served in time.
        let common = matches!(code.number(), 500..=504 | 530 | 533..=537);
        if self.waiting.len() == 1 || first.allows(code) && !(first.is_running() && common) {
            return Some(0);
        }
        let later = self
            .waiting
            .iter()
            .position(|asked| !asked.is_running() && asked.allows(code))
            .unwrap_or(0);
        if first.is_running() {
            return Some(later);
        }
        for left_out in self.waiting.drain(..later) {
            if let Some(verb) = left_out.verb() {
                odd.push(Finding::Unanswered { verb });
            }
        }
        Some(0)
    }
}

/// A reply that must carry a value to this command, and carries none that can be read.
fn judge_value(reply: &Reply, to: Verb, odd: &mut Vec<Finding>) {
    let code = reply.code();
    let must = match code {
        Code::FILE_STATUS => matches!(to, Verb::SIZE | Verb::MDTM | Verb::HASH | Verb::AVBL),
        Code::FILE_ACTION_OK => to == Verb::MLST,
        _ => false,
    };
    if must && Value::all(reply, Some(to)).is_empty() {
        odd.push(Finding::NoValue { code });
    }
}

/// Whether a client remarks that TLS is up, which of implicit TLS nothing else tells.
fn tells_of_tls(text: &[u8]) -> bool {
    const SIGNS: [&[u8]; 3] = [
        b"SSL connection using",
        b"TLS connection established",
        b"TLS connection using",
    ];
    SIGNS.iter().any(|sign| {
        text.windows(sign.len())
            .any(|window| window.eq_ignore_ascii_case(sign))
    })
}

#[cfg(test)]
mod tests;
