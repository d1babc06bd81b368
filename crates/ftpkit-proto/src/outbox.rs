//! The output queue of both roles: one total order over writes, requests and events.
//! Consecutive writes join, so that a burst of replies leaves as one write.

use alloc::collections::VecDeque;

use bytes::BytesMut;

use crate::{command::Command, machine::Output, reply::Reply};

/// The output queue of a machine; it owns no memory while it is empty.
#[derive(Debug)]
pub(crate) struct Outbox<E> {
    queue: VecDeque<Output<E>>,
    /// The write that is still growing; it stands behind all of `queue`.
    tail: BytesMut,
}

impl<E> Outbox<E> {
    /// How many bytes may wait before a machine must stop producing more.
    const ROOM: usize = 32 * 1024;
    /// How many entries may wait before a machine must stop producing more.
    const ENTRIES: usize = 64;

    /// An empty queue.
    pub(crate) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            tail: BytesMut::new(),
        }
    }

    /// Appends the wire form of a reply.
    pub(crate) fn write(&mut self, reply: &Reply) {
        reply.encode(&mut self.tail);
    }

    /// Appends bytes as they are.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
    }

    /// Appends the wire form of a command.
    pub(crate) fn write_command(&mut self, command: &Command) {
        command.encode(&mut self.tail);
    }

    /// Appends an entry of another kind behind all that was written before.
    pub(crate) fn push(&mut self, output: Output<E>) {
        if !self.tail.is_empty() {
            let write = core::mem::take(&mut self.tail).freeze();
            self.queue.push_back(Output::Write(write));
        }
        self.queue.push_back(output);
    }

    /// Takes the oldest entry.
    pub(crate) fn pop(&mut self) -> Option<Output<E>> {
        if let Some(output) = self.queue.pop_front() {
            if self.queue.is_empty() {
                self.queue = VecDeque::new();
            }
            return Some(output);
        }
        if self.tail.is_empty() {
            return None;
        }
        Some(Output::Write(core::mem::take(&mut self.tail).freeze()))
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.tail.is_empty()
    }

    /// Whether so much waits that no further command should be taken up.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= Self::ENTRIES
            || self.queued().saturating_add(self.tail.len()) >= Self::ROOM
    }

    /// Bytes of the writes in `queue`, which is empty most often and never long.
    fn queued(&self) -> usize {
        let lengths = self.queue.iter().map(|output| match output {
            Output::Write(bytes) | Output::WriteUrgent(bytes) => bytes.len(),
            _ => 0,
        });
        lengths.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effort::size;
    use crate::{Code, Text};
    use std::{format, vec::Vec};

    fn drain(outbox: &mut Outbox<u8>) -> Vec<std::string::String> {
        core::iter::from_fn(|| outbox.pop())
            .map(|output| format!("{output:?}"))
            .collect()
    }

    #[test]
    fn consecutive_writes_join_and_the_order_holds() {
        let mut outbox = Outbox::new();
        assert!(outbox.is_empty());
        outbox.write(&Reply::new(Code::OK, "a"));
        outbox.write(&Reply::new(Code::OK, "b"));
        outbox.push(Output::StartTls);
        outbox.push(Output::Event(7));
        outbox.write_command(&crate::Command::Noop);
        assert_eq!(
            drain(&mut outbox),
            [
                r#"Write(b"200 a\r\n200 b\r\n")"#,
                "StartTls",
                "Event(7)",
                r#"Write(b"NOOP\r\n")"#,
            ]
        );
        assert!(outbox.is_empty());
        assert_eq!(outbox.queue.capacity(), 0);
    }

    #[test]
    fn a_byte_that_telnet_would_eat_is_doubled_once() {
        let mut outbox = Outbox::<u8>::new();
        outbox.write(&Reply::new(Code::OK, "x"));
        outbox.write(&Reply::with_text(
            Code::OK,
            Text::try_from(&b"a\xffb\xff\xffc"[..]).unwrap(),
        ));
        assert_eq!(
            drain(&mut outbox),
            [r#"Write(b"200 x\r\n200 a\xff\xffb\xff\xff\xff\xffc\r\n")"#]
        );
    }

    #[test]
    fn it_tells_when_it_is_full_and_when_there_is_room_again() {
        let text = Text::try_from("Done. ".repeat(size(1, 600))).unwrap();
        let mut outbox = Outbox::<u8>::new();
        let mut writes = 0;
        while !outbox.is_full() {
            outbox.write(&Reply::with_text(Code::OK, text.clone()));
            writes += 1;
        }
        assert!(writes > size(1000, 3));
        outbox.push(Output::StartTls);
        assert!(outbox.is_full());
        while outbox.pop().is_some() {}
        assert!(!outbox.is_full());
        while !outbox.is_full() {
            outbox.push(Output::StartTls);
        }
        assert_eq!(outbox.queue.len(), Outbox::<u8>::ENTRIES);
    }
}
