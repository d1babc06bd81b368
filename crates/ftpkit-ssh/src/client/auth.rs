//! How a client proves who its user is: an agent, key files, and what the user knows.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use russh::{
    MethodKind, MethodSet,
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg},
};

#[cfg(unix)]
use super::agent::{Agent, Silence};
use super::{
    agent::Place,
    error::{Error, ErrorKind, Result, Step},
    handler::Handler,
};

/// How many keys of an agent are tried: servers hang up after a few.
const AGENT_KEYS: usize = 4;
/// How often a passphrase is asked for.
const PASSPHRASES: usize = 3;
/// How many rounds of questions a server gets.
const ROUNDS: usize = 10;

pub(crate) type AskSecret = Arc<dyn Fn(&Question<'_>) -> Option<String> + Send + Sync>;

/// What a user is asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Question<'a> {
    /// The password of the user, as `user@host:port`.
    Password(&'a str),
    /// The passphrase of a key file.
    Passphrase(&'a Path),
    /// What the server itself asks (keyboard-interactive, RFC 4256), such as a one-time code. It
    /// is the server's text and may hold anything.
    Prompt {
        /// Its words.
        text: &'a str,
        /// Whether the answer may be seen as it is typed.
        echo: bool,
    },
}

/// What a user can prove.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: Option<String>,
    pub(crate) key_files: Vec<PathBuf>,
    pub(crate) default_keys: bool,
    pub(crate) agent: Place,
    pub(crate) ask: Option<AskSecret>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("key_files", &self.key_files)
            .finish_non_exhaustive()
    }
}

struct Login<'a> {
    ssh: &'a mut Handle<Handler>,
    credentials: &'a Credentials,
    host: &'a str,
    /// What the server would try next.
    offered: MethodSet,
    tried: Vec<String>,
    /// What could not be tried although it was there.
    failed: Vec<String>,
}

/// Logs in, with one method after the other, as far as the server offers them.
pub(crate) async fn log_in(
    ssh: &mut Handle<Handler>,
    credentials: &Credentials,
    host: &str,
) -> Result<()> {
    let none = ssh.authenticate_none(credentials.user.clone()).await;
    let mut login = Login {
        ssh,
        credentials,
        host,
        offered: MethodSet::empty(),
        tried: Vec::new(),
        failed: Vec::new(),
    };
    if login.settle(none)? {
        return Ok(());
    }
    // Keys that were named first: a server counts every key of the agent as an attempt.
    let done = login.key_files(&credentials.key_files, true).await?
        || login.agent().await?
        || login.default_keys().await?
        || login.password().await?
        || login.questions().await?;
    if done { Ok(()) } else { Err(login.refused()) }
}

impl Login<'_> {
    fn offers(&self, method: MethodKind) -> bool {
        self.offered.contains(&method)
    }

    /// Notes what the server says; whether the user is in.
    fn settle(&mut self, result: Result<AuthResult, russh::Error>) -> Result<bool> {
        match result {
            Ok(AuthResult::Success) => Ok(true),
            Ok(AuthResult::Failure {
                remaining_methods, ..
            }) => {
                if self.ssh.is_closed() {
                    return Err(self.hung_up());
                }
                self.offered = remaining_methods;
                Ok(false)
            }
            Err(_) if self.ssh.is_closed() => Err(self.hung_up()),
            Err(error) => Err(Error::new(ErrorKind::Login, Step::Login)
                .with_host(self.host)
                .with_detail(error.to_string())
                .with_source(error)),
        }
    }

    fn hung_up(&self) -> Error {
        Error::new(ErrorKind::Login, Step::Login)
            .with_host(self.host)
            .with_detail(format!("the server closed the connection{}", self.told()))
            .with_hint("it may allow fewer attempts: name the one key to be used")
    }

    fn told(&self) -> String {
        match self.tried.as_slice() {
            [] => String::new(),
            tried => format!(" after {}", tried.join(", ")),
        }
    }

    fn refused(&self) -> Error {
        let offered: Vec<&str> = self.offered.iter().map(<&str>::from).collect();
        let tried = match self.tried.as_slice() {
            [] => "nothing could be tried".to_owned(),
            tried => format!("it refused {}", tried.join(", ")),
        };
        let failed = match self.failed.as_slice() {
            [] => String::new(),
            failed => format!("; {}", failed.join(", ")),
        };
        Error::new(ErrorKind::Login, Step::Login)
            .with_host(self.host)
            .with_detail(format!(
                "the server lets {} in by {}; {tried}{failed}",
                super::error::printable(self.credentials.user.as_bytes()),
                match offered.as_slice() {
                    [] => "nothing more".to_owned(),
                    offered => offered.join(" or "),
                }
            ))
            .with_hint("check the user name, the password and the key")
    }

    async fn default_keys(&mut self) -> Result<bool> {
        let credentials = self.credentials;
        if !credentials.default_keys || !credentials.key_files.is_empty() {
            return Ok(false);
        }
        let Some(home) = std::env::home_dir() else {
            return Ok(false);
        };
        let names = ["id_ed25519", "id_ecdsa", "id_rsa"];
        let files = names.map(|name| home.join(".ssh").join(name));
        self.key_files(&files, false).await
    }

    /// Tries key files; those that were named must be usable.
    async fn key_files(&mut self, files: &[PathBuf], named: bool) -> Result<bool> {
        for file in files {
            if !self.offers(MethodKind::PublicKey) {
                return Ok(false);
            }
            if !named && !file.exists() {
                continue;
            }
            let key = match self.load(file).await {
                Ok(key) => key,
                Err(error) if named => return Err(error),
                Err(error) => {
                    tracing::debug!(%error, "a default key is not used");
                    continue;
                }
            };
            let hash = self.hash_for(&key.algorithm()).await;
            self.tried.push(format!("the key {file:?}"));
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
            let user = self.credentials.user.clone();
            let result = self.ssh.authenticate_publickey(user, key).await;
            if self.settle(result)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn load(&self, file: &Path) -> Result<PrivateKey> {
        let failed = |error| Error::local(Step::Login, file, error).with_host(self.host);
        let text = tokio::fs::read_to_string(file).await.map_err(failed)?;
        let bad = |error: russh::keys::Error| {
            Error::new(ErrorKind::InvalidInput, Step::Login)
                .with_host(self.host)
                .with_detail(format!("the key file {file:?} cannot be used: {error}"))
        };
        let mut passphrase: Option<String> = None;
        let mut asked = 0;
        loop {
            let (secret, phrase) = (text.clone(), passphrase.take());
            // Keys under a passphrase are slow to open, by design.
            let opened = tokio::task::spawn_blocking(move || {
                russh::keys::decode_secret_key(&secret, phrase.as_deref())
            });
            let error = match opened.await {
                Ok(Ok(key)) => return Ok(key),
                Ok(Err(error)) => error,
                Err(_) => return Err(bad(russh::keys::Error::CouldNotReadKey)),
            };
            let locked = matches!(error, russh::keys::Error::KeyIsEncrypted);
            if !(locked || asked > 0) || asked == PASSPHRASES {
                return Err(match asked {
                    0 => bad(error),
                    _ => bad(error).with_hint("check the passphrase"),
                });
            }
            asked += 1;
            let path = file.to_owned();
            passphrase = self.ask(move |ask| ask(&Question::Passphrase(&path))).await;
            if passphrase.is_none() {
                return Err(
                    bad(error).with_hint("it needs its passphrase, or an agent that has it")
                );
            }
        }
    }

    /// Puts a question on a thread where it may wait for a person.
    async fn ask(
        &self,
        question: impl FnOnce(&AskSecret) -> Option<String> + Send + 'static,
    ) -> Option<String> {
        let ask = self.credentials.ask.clone()?;
        tokio::task::spawn_blocking(move || question(&ask))
            .await
            .ok()?
    }

    /// With which digest an RSA key signs; never SHA-1.
    async fn hash_for(&self, algorithm: &Algorithm) -> Option<HashAlg> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return None;
        }
        let offered = self.ssh.best_supported_rsa_hash().await.ok().flatten();
        Some(offered.flatten().unwrap_or(HashAlg::Sha512))
    }

    /// Tries an agent's keys. No agent, or one that does not do its part, is no failure: there are
    /// other ways.
    #[cfg(unix)]
    async fn agent(&mut self) -> Result<bool> {
        if !self.offers(MethodKind::PublicKey) {
            return Ok(false);
        }
        let (mut agent, keys) = match Agent::open(&self.credentials.agent, self.ssh).await {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(false),
            Err(Silence) => {
                self.failed
                    .push("the agent has not told its keys in time".to_owned());
                return Ok(false);
            }
        };
        for (key, comment) in keys.into_iter().take(AGENT_KEYS) {
            if !self.offers(MethodKind::PublicKey) {
                return Ok(false);
            }
            let hash = self.hash_for(&key.algorithm()).await;
            let user = self.credentials.user.clone();
            match self
                .ssh
                .authenticate_publickey_with(user, key, hash, &mut agent)
                .await
            {
                Ok(result) => {
                    self.tried.push(format!("the agent's key {comment:?}"));
                    if self.settle(Ok(result))? {
                        return Ok(true);
                    }
                }
                Err(_) if self.ssh.is_closed() => return Err(self.hung_up()),
                Err(_) if agent.is_silent() => {
                    self.failed
                        .push(format!("the agent has not signed with {comment:?} in time"));
                    return Ok(false);
                }
                Err(error) => {
                    tracing::debug!(%error, "the agent does not sign");
                    self.failed
                        .push(format!("the agent does not sign with {comment:?}"));
                }
            }
        }
        Ok(false)
    }

    #[cfg(not(unix))]
    async fn agent(&mut self) -> Result<bool> {
        Ok(false)
    }

    async fn secret(&self) -> Option<String> {
        if let Some(password) = &self.credentials.password {
            return Some(password.clone());
        }
        let who = format!("{}@{}", self.credentials.user, self.host);
        self.ask(move |ask| ask(&Question::Password(&who))).await
    }

    async fn password(&mut self) -> Result<bool> {
        if !self.offers(MethodKind::Password) {
            return Ok(false);
        }
        let Some(password) = self.secret().await else {
            return Ok(false);
        };
        self.tried.push("the password".to_owned());
        let user = self.credentials.user.clone();
        let result = self.ssh.authenticate_password(user, password).await;
        self.settle(result)
    }

    /// Lets the server ask; the first question that hides its answer is taken for the password,
    /// if there is one.
    async fn questions(&mut self) -> Result<bool> {
        let already = self.tried.iter().any(|tried| tried == "the password");
        let password = self.credentials.password.clone().filter(|_| !already);
        if !self.offers(MethodKind::KeyboardInteractive)
            || password.is_none() && self.credentials.ask.is_none()
        {
            return Ok(false);
        }
        self.tried.push("keyboard-interactive".to_owned());
        let mut password = password;
        let user = self.credentials.user.clone();
        let mut answer = self
            .ssh
            .authenticate_keyboard_interactive_start(user, None)
            .await;
        for _ in 0..ROUNDS {
            let prompts = match answer {
                Ok(KeyboardInteractiveAuthResponse::Success) => return Ok(true),
                Ok(KeyboardInteractiveAuthResponse::Failure {
                    remaining_methods, ..
                }) => {
                    self.offered = remaining_methods;
                    return Ok(false);
                }
                Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => prompts,
                Err(_) => return Err(self.hung_up()),
            };
            let mut answers = Vec::with_capacity(prompts.len());
            for prompt in prompts {
                let known = if prompt.echo { None } else { password.take() };
                let said = match known {
                    Some(password) => Some(password),
                    None => {
                        self.ask(move |ask| {
                            ask(&Question::Prompt {
                                text: &prompt.prompt,
                                echo: prompt.echo,
                            })
                        })
                        .await
                    }
                };
                match said {
                    Some(said) => answers.push(said),
                    None => return Ok(false),
                }
            }
            answer = self
                .ssh
                .authenticate_keyboard_interactive_respond(answers)
                .await;
        }
        Ok(false)
    }
}
