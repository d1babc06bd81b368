//! ABOR as it goes onto the wire, plain or behind a Telnet Synch (RFC 959 sec. 4.1.3).
//!
//! How its replies are counted stands in `state.rs`.

use bytes::Bytes;

use super::connection::Connection;
use crate::{command::Command, machine::Output};

/// Telnet IAC IP.
const INTERRUPT: &[u8] = b"\xff\xf4";
/// Telnet IAC DM, whose last byte is the urgent one.
const DATA_MARK: &[u8] = b"\xff\xf2";

impl Connection {
    pub(super) fn send_abort(&mut self) {
        // TCP's urgent data does not exist inside TLS, and the Synch would be noise there.
        if self.config.telnet_abort && !self.secured {
            self.output(Output::Write(Bytes::from_static(INTERRUPT)));
            self.output(Output::WriteUrgent(Bytes::from_static(DATA_MARK)));
        }
        self.send(Command::Abor);
    }
}
