//! What a session knows of its TLS: with whom it is, and what is told of it to logs and
//! observers. The handshakes are the driver's, the rules the core's.

use ftpkit_accounts::ClientCertificate;
use ftpkit_host::Front as _;
use ftpkit_proto::{DataFailure, Error, server::End};

use super::Session;
use crate::tls::{Fingerprint, TlsInfo};

/// TLS on the control connection.
pub(super) struct Secured {
    certificate: Option<ClientCertificate>,
}

impl Secured {
    fn with(info: &TlsInfo) -> Self {
        let certificate = info.certificates.first().and_then(|der| {
            let read = ClientCertificate::from_der(der);
            read.inspect_err(|error| tracing::warn!(%error, "the certificate logs nobody in"))
                .ok()
        });
        Self { certificate }
    }

    /// The client's certificate, which the handshake has verified.
    pub(super) const fn certificate(&self) -> Option<&ClientCertificate> {
        self.certificate.as_ref()
    }
}

impl Session {
    /// Notes that TLS has begun or ended on the control connection.
    pub(super) fn note_tls(&mut self) {
        let is_up = self.driver.machine().is_secured();
        if is_up == self.secured.is_some() {
            return;
        }
        let info = self.driver.tls_info().filter(|_| is_up);
        let Some(info) = info else {
            if self.secured.take().is_some() {
                tracing::info!("the control connection is in clear again");
            }
            return;
        };
        let secured = Secured::with(&info);
        let shown = info.certificates.first().map(|der| Fingerprint::of(der));
        tracing::Span::current().record("tls", info.version.as_str());
        tracing::info!(
            version = info.version,
            cipher = info.cipher_suite,
            server_name = info.server_name,
            certificate = shown.map(tracing::field::display),
            subject = secured.certificate().map(ClientCertificate::subject),
            "under TLS"
        );
        let event = self.origin().secured(&info, secured.certificate());
        self.shared.observe(&event);
        self.secured = Some(secured);
    }

    /// Notes that the session ended for want of TLS.
    pub(super) fn note_end(&self, end: &Result<(), Error>) {
        if matches!(end, Err(Error::TlsFailed)) {
            self.note_failure(false, &Error::TlsFailed);
        }
    }

    /// Notes that a transfer ended for want of TLS.
    pub(super) fn note_failed_data(&self, end: End) {
        let End::Failed(failure) = end else {
            return;
        };
        match failure {
            DataFailure::Tls => self.note_failure(true, &failure),
            DataFailure::NotResumed | DataFailure::Certificate => {
                self.tell_failure(true, &failure.to_string());
            }
            _ => {}
        }
    }

    fn note_failure(&self, data: bool, what: &dyn std::error::Error) {
        let reason = match self.driver.tls_failure() {
            Some(why) => format!("{what}: {why}"),
            None => what.to_string(),
        };
        self.tell_failure(data, &reason);
    }

    fn tell_failure(&self, data: bool, reason: &str) {
        tracing::info!(data, reason, "TLS failed");
        let event = self.origin().tls_failed(data, reason);
        self.shared.observe(&event);
    }
}
