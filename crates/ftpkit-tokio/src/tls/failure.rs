//! Why a handshake failed, as something that a program can tell apart.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFailure {
    /// Nobody who is trusted vouches for the peer's certificate.
    UnknownIssuer,
    /// The peer's certificate is for another name or address.
    OtherName,
    /// The peer's certificate is of the past or of the future.
    Expired,
    /// The peer's certificate is not the one that was pinned.
    NotPinned,
    /// Something else is wrong with the peer's certificate.
    BadCertificate,
    /// The peer wants a certificate, and was shown none that it trusts.
    CertificateWanted,
    /// Both speak TLS, and no version or cipher of it in common.
    Incompatible,
    /// What the peer speaks is no TLS.
    NotTls,
    /// The connection ended in the midst of the handshake.
    Ended,
    /// Anything else.
    Other,
}

impl TlsFailure {
    pub(crate) fn of(error: &io::Error) -> Self {
        let known = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
        match known {
            None if is_end(error.kind()) => Self::Ended,
            None => Self::Other,
            Some(Error::InvalidCertificate(error)) => Self::of_certificate(error),
            Some(Error::AlertReceived(alert)) => Self::of_alert(*alert),
            Some(Error::PeerIncompatible(_)) => Self::Incompatible,
            Some(Error::NoCertificatesPresented) => Self::CertificateWanted,
            Some(
                Error::InvalidMessage(_)
                | Error::InappropriateMessage { .. }
                | Error::PeerSentOversizedRecord,
            ) => Self::NotTls,
            Some(_) => Self::Other,
        }
    }

    const fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as E;
        match error {
            E::UnknownIssuer => Self::UnknownIssuer,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::OtherName,
            E::Expired
            | E::ExpiredContext { .. }
            | E::NotValidYet
            | E::NotValidYetContext { .. } => Self::Expired,
            E::ApplicationVerificationFailure => Self::NotPinned,
            _ => Self::BadCertificate,
        }
    }

    const fn of_alert(alert: AlertDescription) -> Self {
        use AlertDescription as A;
        match alert {
            A::ProtocolVersion | A::HandshakeFailure | A::InsufficientSecurity => {
                Self::Incompatible
            }
            A::CertificateRequired
            | A::BadCertificate
            | A::UnknownCA
            | A::CertificateUnknown
            | A::CertificateExpired
            | A::CertificateRevoked
            | A::UnsupportedCertificate
            | A::AccessDenied => Self::CertificateWanted,
            _ => Self::Other,
        }
    }
}

const fn is_end(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_apart() {
        for (error, expected) in [
            (
                Error::InvalidCertificate(CertificateError::UnknownIssuer),
                TlsFailure::UnknownIssuer,
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidForName),
                TlsFailure::OtherName,
            ),
            (
                Error::InvalidCertificate(CertificateError::NotValidYet),
                TlsFailure::Expired,
            ),
            (
                Error::InvalidCertificate(CertificateError::BadSignature),
                TlsFailure::BadCertificate,
            ),
            (
                Error::AlertReceived(AlertDescription::ProtocolVersion),
                TlsFailure::Incompatible,
            ),
            (
                Error::AlertReceived(AlertDescription::UnknownCA),
                TlsFailure::CertificateWanted,
            ),
            (
                Error::AlertReceived(AlertDescription::InternalError),
                TlsFailure::Other,
            ),
            (Error::PeerSentOversizedRecord, TlsFailure::NotTls),
        ] {
            let text = error.to_string();
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            assert_eq!(TlsFailure::of(&error), expected, "{text}");
        }
        let end = io::ErrorKind::UnexpectedEof.into();
        assert_eq!(TlsFailure::of(&end), TlsFailure::Ended);
        let other = io::ErrorKind::OutOfMemory.into();
        assert_eq!(TlsFailure::of(&other), TlsFailure::Other);
    }
}
