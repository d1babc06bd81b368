//! A server as the clients of the suite are told of it, whoever's server it is.

use std::{fs, net::SocketAddr, path::PathBuf};

use crate::servers::{Running, Security, tls_file};

/// Where a server is, who may log in, and where the login directory lies on disk.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    pub(crate) root: PathBuf,
    /// The login directory as the server's clients see it.
    pub(crate) home: String,
    pub(crate) security: Security,
}

impl Site {
    /// What curl and lftp take; TLS behind `ftp://` is demanded by their settings.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.security.is_implicit() {
            "ftps"
        } else {
            "ftp"
        };
        format!(
            "{scheme}://{}:{}@{}/{path}",
            self.user, self.password, self.address
        )
    }

    /// Where a served file lies on disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }
}

impl From<&Running> for Site {
    fn from(running: &Running) -> Self {
        Self {
            address: running.address,
            user: running.user,
            password: running.password,
            root: running.root.clone(),
            home: running.home.clone(),
            security: running.security,
        }
    }
}

/// The certificate that signed those of the suite.
pub(crate) fn authority() -> PathBuf {
    tls_file("ca.pem")
}
