//! Watches a server: one final reply a command, in order, inside the command's row.

use ftpkit_proto::{
    Code, Command, Verb,
    command::Replies,
    reply::ReplyReader,
    server::Event,
    wire::{Framed, Framer},
};

/// What a server has said, and what it has to say.
#[derive(Debug)]
pub(crate) struct Witness {
    /// Whether the server tells what it takes up and answers (`Config::trace`).
    told: bool,
    framer: Framer,
    reader: ReplyReader,
    /// The final replies on the wire.
    written: Vec<Code>,
    /// The final replies that it told.
    replied: Vec<Code>,
    /// The command that waits for its final reply, and one that is answered in its midst.
    waiting: Option<Replies>,
    /// Whether that one has its preliminary reply.
    begun: bool,
    between: Option<(Verb, Replies)>,
}

impl Witness {
    pub(crate) fn new(told: bool) -> Self {
        Self {
            told,
            framer: Framer::new(0),
            reader: ReplyReader::new(1 << 20, false),
            written: Vec::new(),
            replied: Vec::new(),
            waiting: None,
            begun: false,
            between: None,
        }
    }

    /// Takes what the server writes.
    pub(crate) fn reads(&mut self, bytes: &[u8]) {
        // A refusal of a Telnet option is written between replies and is none.
        self.framer.push(bytes);
        while let Some(framed) = self.framer.next_line() {
            let Framed::Line(line) = framed else {
                panic!("a line that is too long");
            };
            let reply = self.reader.push_line(line);
            match reply.unwrap_or_else(|error| panic!("{}: {error}", line.escape_ascii())) {
                Some(reply) if reply.code().is_preliminary() => self.begun = true,
                Some(reply) => self.written.push(reply.code()),
                None => {}
            }
        }
    }

    /// Takes what the server tells.
    pub(crate) fn sees(&mut self, event: &Event) {
        match event {
            Event::Command(command) => self.takes_up(command),
            Event::Replied(code) => self.replies(*code),
            _ => {}
        }
    }

    fn takes_up(&mut self, command: &Command) {
        let replies = command.replies();
        if self.waiting.is_none() {
            self.waiting = Some(replies);
            self.begun = false;
            return;
        }
        let verb = command.verb();
        assert!(
            matches!(command, Command::Abor | Command::Noop | Command::Stat(_)),
            "{verb} is taken up in the midst of another command"
        );
        // Before its 150 a transfer has no reply that theirs could be told apart from.
        let apart = self.begun || matches!(command, Command::Abor);
        assert!(apart, "{verb} is answered in the place of another command");
        let before = self.between.replace((verb, replies));
        assert!(before.is_none(), "two commands in the midst of another");
    }

    fn replies(&mut self, code: Code) {
        let replies = match self.between.take() {
            // ABOR is answered behind the command that it ended.
            Some((verb, replies)) if verb == Command::Abor.verb() && self.waiting.is_some() => {
                self.between = Some((verb, replies));
                self.waiting.take()
            }
            Some((_, replies)) => Some(replies),
            None => self.waiting.take(),
        };
        match replies {
            Some(replies) => assert!(replies.allow(code), "{code} is outside of its row"),
            // A line that is no command, or the end of the session.
            None => assert!(
                code == Code::SERVICE_CLOSING || (500..600).contains(&code.number()),
                "{code} answers nothing"
            ),
        }
        self.replied.push(code);
    }

    /// The session is over; gives how many final replies there were, with the greeting.
    pub(crate) fn finish(&self) -> usize {
        assert!(
            self.framer.is_empty() && !self.reader.is_open(),
            "half a reply was written"
        );
        if let (true, Some((greeting, rest))) = (self.told, self.written.split_first()) {
            let greets = [Code::READY, Code::SERVICE_CLOSING].contains(greeting);
            assert!(greets, "{greeting} is no greeting");
            assert_eq!(rest, self.replied, "what was written is what was told");
        }
        self.written.len()
    }
}
