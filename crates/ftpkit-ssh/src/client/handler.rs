//! What SSH tells of a connection: the host's key, to be checked, and what was agreed on.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use russh::{Names, client::Session, keys::PublicKeyOrCertificate};

use super::known_hosts::{Check, HostKey, Refusal};

/// What was agreed on with a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreed {
    /// How keys were exchanged.
    pub key_exchange: String,
    /// The cipher, of both directions.
    pub cipher: String,
    /// Whether the exchange was strict (the answer to the Terrapin attack).
    pub strict: bool,
    /// The host's key; of a host that shows a certificate, the key in it.
    pub host_key: Option<HostKey>,
}

/// Is told what was agreed on.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) Arc<dyn Fn(&Agreed) + Send + Sync>);

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Told")
    }
}

pub(crate) struct Handler {
    pub(crate) check: Arc<Check>,
    pub(crate) agreed: Arc<Mutex<Agreed>>,
    pub(crate) told: Option<Told>,
}

/// Why the handshake ended.
#[derive(Debug)]
pub(crate) enum Broken {
    Ssh(russh::Error),
    Host(Box<Refusal>),
}

impl From<russh::Error> for Broken {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Handler {
    fn note(&self, note: impl FnOnce(&mut Agreed)) {
        if let Ok(mut agreed) = self.agreed.lock() {
            note(&mut agreed);
        }
    }
}

impl russh::client::Handler for Handler {
    type Error = Broken;

    async fn check_server_key(
        &mut self,
        server_key: &PublicKeyOrCertificate,
    ) -> Result<bool, Broken> {
        let key = HostKey::of(&server_key.public_key());
        self.note(|agreed| agreed.host_key = Some(key.clone()));
        let check = Arc::clone(&self.check);
        let certificate = server_key.certificate().cloned();
        // It reads files, and may wait for a person.
        let judged = tokio::task::spawn_blocking(move || match certificate {
            Some(certificate) => check.judge_certificate(&certificate),
            None => check.judge(&key),
        });
        match judged.await {
            Ok(Ok(())) => Ok(true),
            Ok(Err(refusal)) => Err(Broken::Host(Box::new(refusal))),
            Err(_) => Ok(false),
        }
    }

    async fn kex_done(
        &mut self,
        _shared_secret: Option<&[u8]>,
        names: &Names,
        _session: &mut Session,
    ) -> Result<(), Broken> {
        self.note(|agreed| {
            agreed.key_exchange = names.kex.as_ref().to_owned();
            agreed.cipher = names.cipher.as_ref().to_owned();
            // Later exchanges do not say it again.
            agreed.strict |= names.strict_kex();
            if let Some(Told(told)) = &self.told {
                told(agreed);
            }
        });
        Ok(())
    }
}
