//! TLS of `ftpkit serve`: what is shown, who is asked for certificates, and how a certificate
//! is renewed while the server runs.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use ftpkit_tokio::tls::{
    ClientCertificates, Fingerprint, Identity, Roots, ServerTls, SessionReuse, TlsError, rustls,
};

use super::self_signed::self_signed;
use crate::{
    args::{Reuse, ServeTls},
    certificate::{self, Description},
    output, usage,
};

/// A server's TLS, and what is told of it.
pub(super) struct Tls {
    pub(super) server: ServerTls,
    pub(super) fingerprint: Fingerprint,
    /// The file with the CA of a certificate of our own making.
    pub(super) ca: Option<PathBuf>,
    /// The certificate is one of our own making, which nobody trusts by itself.
    pub(super) self_signed: bool,
    files: Option<Files>,
}

/// Where a certificate and its key were read from.
#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// Reads what the options name, or makes it. Blocks.
    pub(super) fn new(
        options: &ServeTls,
        addresses: &[SocketAddr],
    ) -> anyhow::Result<Option<Self>> {
        if let Some(option) = options.idle_option() {
            return Err(usage(format!(
                "{option} needs TLS: give --tls-cert and --tls-key, or --tls-self-signed"
            )));
        }
        let files = match (&options.tls_cert, &options.tls_key) {
            (Some(certificate), Some(key)) => Some(Files {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            _ => None,
        };
        let (identity, ca) = match &files {
            Some(files) => {
                let identity = files.read().map_err(usage)?;
                (identity, None)
            }
            None if options.tls_self_signed => {
                let made = self_signed(addresses)
                    .context("--tls-self-signed cannot have a certificate")?;
                for note in made.notes {
                    output::note(&note);
                }
                (made.identity, made.ca)
            }
            None => return Ok(None),
        };
        let described = describe(&identity);
        if let Ok(details) = &described.details
            && details.remaining().is_none()
        {
            let when = certificate::moment(details.not_after).unwrap_or_default();
            output::note(&format!(
                "warning: the certificate has expired ({when}), clients will refuse it"
            ));
        }
        let mut builder = ServerTls::builder().identity(identity);
        if let Some(file) = &options.tls_client_ca {
            let roots = Roots::from_pem_file(file)
                .map_err(|error| usage(format!("--tls-client-ca: {error}")))?;
            builder = builder.clients(ClientCertificates::Asked(roots));
        }
        if let Some(reuse) = options.tls_reuse {
            builder = builder.reuse(match reuse {
                Reuse::Off => SessionReuse::Off,
                Reuse::Auto => SessionReuse::Auto,
                Reuse::Required => SessionReuse::Required,
            });
        }
        Ok(Some(Self {
            server: builder.build().map_err(|error| usage(error.to_string()))?,
            fingerprint: described.fingerprint,
            ca,
            self_signed: options.tls_self_signed,
            files,
        }))
    }

    /// Reads the certificate and its key again at each SIGHUP, for as long as the server runs.
    /// A pair that cannot be used changes nothing.
    #[cfg(unix)]
    pub(super) fn reload_on_hangup(&self) -> anyhow::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let Some(files) = self.files.clone() else {
            return Ok(());
        };
        let server = self.server.clone();
        let mut hangup = signal(SignalKind::hangup()).context("cannot wait for signals")?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                let files = files.clone();
                let read = tokio::task::spawn_blocking(move || files.read()).await;
                match read {
                    Ok(Ok(identity)) => {
                        let fingerprint = describe(&identity).fingerprint;
                        server.set_identity(identity);
                        output::note(&format!(
                            "the certificate was read again: SHA-256 {fingerprint}"
                        ));
                    }
                    Ok(Err(error)) => {
                        output::note(&format!("the certificate stays the one it was: {error}"));
                    }
                    Err(error) => output::note(&format!("the certificate was not read: {error}")),
                }
            }
        });
        Ok(())
    }

    /// There are no signals for it.
    #[cfg(not(unix))]
    pub(super) fn reload_on_hangup(&self) -> anyhow::Result<()> {
        let _ = &self.files;
        Ok(())
    }
}

impl Files {
    fn read(&self) -> Result<Identity, String> {
        Identity::from_pem_files(&self.certificate, &self.key).map_err(|error| match error {
            TlsError::Identity(rustls::Error::InconsistentKeys(_)) => format!(
                "the private key in {:?} is not that of the first certificate in {:?}",
                self.key, self.certificate
            ),
            TlsError::Identity(error) => format!(
                "the certificate in {:?} and the private key in {:?} cannot be used: {error}",
                self.certificate, self.key
            ),
            other => other.to_string(),
        })
    }
}

fn describe(identity: &Identity) -> Description {
    let first = identity.chain().first();
    Description::of(first.map_or(&[], |certificate| certificate.as_ref()))
}
