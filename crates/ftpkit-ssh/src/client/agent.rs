//! The SSH agent that a client logs in by: where it is, and how long it may take. Which of its keys
//! are tried, and when, is the login's matter (`auth.rs`).

#[cfg(unix)]
pub(crate) use self::socket::{Agent, Silence};

#[cfg(unix)]
use std::path::PathBuf;

/// Where the agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// None is asked.
    Nowhere,
    /// Where `SSH_AUTH_SOCK` says.
    #[default]
    Environment,
    /// At this socket.
    #[cfg(unix)]
    Socket(PathBuf),
}

#[cfg(unix)]
mod socket {
    use std::{io, time::Duration};

    use russh::{
        AgentAuthError, Signer,
        client::Handle,
        keys::{
            Error, HashAlg, PublicKey,
            agent::{AgentIdentity, client::AgentClient},
        },
    };
    use tokio::{net::UnixStream, time::timeout};

    use super::Place;
    use crate::client::handler::Handler;

    /// How long an agent may take to be there and to tell its keys.
    const ANSWER: Duration = Duration::from_secs(10);
    /// How long it may take to sign: it may ask a person. Servers commonly give a login two
    /// minutes, of which other ways to log in must keep some.
    const SIGNATURE: Duration = Duration::from_secs(60);

    /// A connection to an agent.
    pub(crate) struct Agent {
        client: AgentClient<UnixStream>,
        silent: bool,
    }

    /// An agent has not answered in time.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Silence;

    impl Agent {
        /// Its keys; none where there is no agent.
        pub(crate) async fn open(
            place: &Place,
            ssh: &Handle<Handler>,
        ) -> Result<Option<(Self, Vec<(PublicKey, String)>)>, Silence> {
            let opened = timeout(ANSWER, async {
                let mut client = match place {
                    Place::Nowhere => return Ok(None),
                    Place::Environment => AgentClient::connect_env().await?,
                    Place::Socket(path) => AgentClient::connect_uds(path).await?,
                };
                if let Some(binding) = ssh.agent_session_binding().cloned() {
                    // Older agents do not know it.
                    let _ = client.bind_session(&binding, false).await;
                }
                let keys = client.request_identities().await?;
                Ok::<_, Error>(Some((client, keys)))
            });
            let (client, keys) = match opened.await.map_err(|_| Silence)? {
                Ok(Some(opened)) => opened,
                Ok(None) => return Ok(None),
                Err(error) => {
                    tracing::debug!(%error, "there is no usable agent");
                    return Ok(None);
                }
            };
            let keys = keys.into_iter().filter_map(|identity| match identity {
                AgentIdentity::PublicKey { key, comment } => Some((key, comment)),
                AgentIdentity::Certificate { .. } => None,
            });
            let silent = false;
            Ok(Some((Self { client, silent }, keys.collect())))
        }

        /// Whether it did not sign in time. What it says later would be taken for the answer to
        /// something else, so that it must not be asked again.
        pub(crate) const fn is_silent(&self) -> bool {
            self.silent
        }
    }

    impl Signer for Agent {
        type Error = AgentAuthError;

        async fn auth_sign(
            &mut self,
            key: &AgentIdentity,
            hash: Option<HashAlg>,
            data: Vec<u8>,
        ) -> Result<Vec<u8>, AgentAuthError> {
            let signed = timeout(SIGNATURE, self.client.auth_sign(key, hash, data)).await;
            signed.unwrap_or_else(|_| {
                self.silent = true;
                let late = io::Error::from(io::ErrorKind::TimedOut);
                Err(AgentAuthError::Key(late.into()))
            })
        }
    }
}
