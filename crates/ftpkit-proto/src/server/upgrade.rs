//! TLS: AUTH, PBSZ, PROT, CCC (RFC 2228, RFC 4217), and SSCN and CPSV for two servers (de
//! facto). The handshake itself is the driver's.

use super::{config::TlsPolicy, connection::Connection};
use crate::{
    Code, Error, Output, Text, TlsEvent,
    command::{Protection, Row},
    error::{PeerMisbehaved, Timer},
};

impl Connection {
    pub(super) fn auth_command(&mut self, mechanism: &Text) {
        let row = Row::Auth;
        if self.config.tls == TlsPolicy::Off {
            return self.say(row, Code::NOT_IMPLEMENTED, "TLS is not served here.");
        }
        if self.security.is_secured() {
            return self.say(row, Code::BAD_SEQUENCE, "TLS is on already.");
        }
        let known = [&b"TLS"[..], b"SSL", b"TLS-C", b"TLS-P"]
            .iter()
            .any(|known| mechanism.as_bytes().eq_ignore_ascii_case(known));
        if !known {
            return self.say(row, Code::BAD_PARAMETER, "Only AUTH TLS is served.");
        }
        let Some(drained) = self.framer.drained() else {
            // Whoever put bytes in clear behind AUTH may not be who speaks TLS afterwards.
            return self.close(Err(PeerMisbehaved::BytesBeforeTls.into()));
        };
        self.forget_all();
        self.say(row, Code::SECURITY_COMPLETE, "Start TLS now.");
        self.security.start(drained);
        self.outbox.push(Output::StartTls);
        self.begin(Timer::Handshake);
    }

    pub(super) fn pbsz_command(&mut self) {
        match self.security.size() {
            // TLS needs no buffer size: whatever was asked for, it is 0 (RFC 4217 sec. 9).
            Ok(()) => self.say(Row::Pbsz, Code::OK, "PBSZ=0"),
            Err(_) => self.say(Row::Pbsz, Code::BAD_SEQUENCE, "Send AUTH TLS first."),
        }
    }

    pub(super) fn prot_command(&mut self, protection: Protection) {
        let row = Row::Prot;
        if self.security.may_protect().is_err() {
            return self.say(row, Code::BAD_SEQUENCE, "Send AUTH TLS and PBSZ 0 first.");
        }
        match protection {
            Protection::Private => {
                self.security.protect(true);
                self.say(row, Code::OK, "Data connections are under TLS.");
            }
            Protection::Clear if self.config.data_needs_tls() => {
                let text = "Data connections must be under TLS.";
                self.say(row, Code::POLICY_REFUSED, text);
            }
            Protection::Clear => {
                self.security.protect(false);
                self.say(row, Code::OK, "Data connections are in clear.");
            }
            Protection::Safe | Protection::Confidential => {
                let text = "TLS serves PROT C and PROT P only.";
                self.say(row, Code::PROTECTION_UNSUPPORTED, text);
            }
        }
    }

    /// Whether commands for transfers between two servers under TLS are served, and come where
    /// they may; else the command has got its refusal.
    fn may_reverse(&mut self, row: Row) -> bool {
        if !self.config.dangerous_server_to_server {
            let text = "Transfers between servers are not served.";
            self.say(row, Code::NOT_IMPLEMENTED, text);
        } else if !self.security.is_data_private() {
            let text = "Send AUTH TLS, PBSZ 0 and PROT P first.";
            self.say(row, Code::BAD_SEQUENCE, text);
        } else {
            return true;
        }
        false
    }

    /// `SSCN`: which end of TLS this side is on the data connections from now on.
    pub(super) fn sscn_command(&mut self, client: Option<bool>) {
        let row = Row::Sscn;
        if !self.may_reverse(row) {
            return;
        }
        if let Some(client) = client {
            self.security.reverse(client);
        }
        let text = if self.security.is_reversed() {
            "SSCN:CLIENT METHOD"
        } else {
            "SSCN:SERVER METHOD"
        };
        self.say(row, Code::OK, text);
    }

    /// `CPSV`: `PASV` whose data connection has this side as the client of its TLS.
    pub(super) fn cpsv_command(&mut self) {
        if self.may_reverse(Row::Cpsv) {
            self.passive_command(Row::Cpsv);
        }
    }

    pub(super) fn ccc_command(&mut self) {
        let row = Row::Ccc;
        if !self.security.is_secured() {
            let text = "The control connection is in clear.";
            return self.say(row, Code::PROTECTION_DENIED, text);
        }
        if !self.config.dangerous_ccc {
            let text = "The control connection stays under TLS.";
            return self.say(row, Code::POLICY_REFUSED, text);
        }
        self.say(row, Code::OK, "Going back to clear text.");
        self.security.stop();
        self.outbox.push(Output::StopTls);
        self.begin(Timer::Handshake);
    }

    /// News of TLS on the control connection.
    pub(super) fn tls(&mut self, event: TlsEvent) {
        match event {
            TlsEvent::Started(facts) => {
                if self.security.started(facts) {
                    self.secured();
                }
            }
            TlsEvent::Stopped => {
                if self.security.stopped() {
                    self.begin(Timer::Idle);
                }
            }
            TlsEvent::Failed => self.close(Err(Error::TlsFailed)),
        }
    }
}
