//! SFTP of `ftpkit serve`: the keys that the server is known by, the keys that users log in
//! with, and the server itself.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use etcetera::BaseStrategy as _;
use ftpkit::{
    accounts::{AuthorizedKeys, Door, Users},
    ssh::server::{HostKey, HostKeyKind, SftpServer},
};
use tokio::runtime::Handle;

use crate::{args::Serve, output, usage};

/// The files of kept keys, and of which kind each is.
const KEPT: [(&str, HostKeyKind); 2] = [
    ("host_ed25519", HostKeyKind::Ed25519),
    ("host_rsa", HostKeyKind::Rsa),
];

/// What the options say of SFTP, read; none where it is not served.
pub(super) struct Sftp {
    host_keys: Vec<HostKey>,
    authorized: Option<AuthorizedKeys>,
}

impl Sftp {
    /// Reads what the options name, or makes it. Blocks.
    pub(super) fn new(serve: &Serve) -> anyhow::Result<Option<Self>> {
        let options = &serve.ssh;
        if options.sftp.is_empty() {
            return Ok(None);
        }
        let authorized = match &options.authorized_keys {
            Some(file) => Some(authorized(serve, file)?),
            None => None,
        };
        let host_keys = match &options.host_key[..] {
            [] => kept_keys()?,
            files => files
                .iter()
                .map(|file| {
                    HostKey::from_file(file, None)
                        .map_err(|error| usage(format!("--host-key: {}", whole(&error))))
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Some(Self {
            host_keys,
            authorized,
        }))
    }

    /// The keys by which every `--user` may log in.
    pub(super) const fn authorized(&self) -> Option<&AuthorizedKeys> {
        self.authorized.as_ref()
    }

    /// Binds the server. It enters by the same door as the other one, so that both have their
    /// limits and their end in common.
    pub(super) async fn bind(
        &self,
        serve: &Serve,
        users: std::sync::Arc<Users>,
        door: Door,
        runtimes: &[Handle],
    ) -> anyhow::Result<SftpServer> {
        let authorities = self.authorized.as_ref();
        let mut builder = SftpServer::builder()
            .authenticator(users)
            .door(door)
            .runtimes(runtimes.iter().cloned())
            .idle_timeout(serve.idle_timeout.0)
            .certificates(authorities.is_some_and(AuthorizedKeys::has_authorities));
        for address in &serve.ssh.sftp {
            builder = builder.listen(address);
        }
        for key in &self.host_keys {
            builder = builder.host_key(key.clone());
        }
        builder
            .bind()
            .await
            .map_err(|error| anyhow!("cannot start SFTP: {error}; try another --sftp ADDR:PORT"))
    }

    /// What identifies the server, a line for each of its keys.
    pub(super) fn fingerprints(&self) -> String {
        let line = |key: &HostKey| format!("host key {} {}\n", key.algorithm(), key.fingerprint());
        self.host_keys.iter().map(line).collect()
    }

    /// Reads the authorized keys again at each SIGHUP, for as long as the server runs.
    #[cfg(unix)]
    pub(super) fn reload_on_hangup(&self) -> anyhow::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let Some(keys) = self.authorized.clone() else {
            return Ok(());
        };
        let mut hangup = signal(SignalKind::hangup()).context("cannot wait for signals")?;
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                let read = keys.clone();
                match tokio::task::spawn_blocking(move || read.reload()).await {
                    Ok(Ok(())) => {
                        tell_problems(&keys);
                        output::note(&format!(
                            "the authorized keys were read again: {} can be used",
                            keys.len()
                        ));
                    }
                    Ok(Err(error)) => output::note(&format!(
                        "the authorized keys stay those they were: {}",
                        whole(&error)
                    )),
                    Err(error) => output::note(&format!("no keys were read: {error}")),
                }
            }
        });
        Ok(())
    }

    /// There are no signals for it.
    #[cfg(not(unix))]
    pub(super) fn reload_on_hangup(&self) -> anyhow::Result<()> {
        Ok(())
    }
}

fn authorized(serve: &Serve, file: &Path) -> anyhow::Result<AuthorizedKeys> {
    if serve.user.is_empty() {
        return Err(usage(
            "--authorized-keys says by which keys a --user may log in: give at least one --user",
        ));
    }
    let keys = AuthorizedKeys::read_file(file)
        .map_err(|error| usage(format!("--authorized-keys: {}", whole(&error))))?;
    tell_problems(&keys);
    if keys.is_empty() {
        output::note(&format!(
            "warning: no line of {} can be used, so nobody logs in by a key",
            file.display()
        ));
    }
    Ok(keys)
}

fn tell_problems(keys: &AuthorizedKeys) {
    for problem in keys.problems() {
        output::note(&format!("warning: the authorized keys, {problem}"));
    }
}

/// The keys of the user's state directory, which are made where there are none.
fn kept_keys() -> anyhow::Result<Vec<HostKey>> {
    let Some(directory) = state_directory() else {
        output::note(
            "warning: there is no home directory to keep a host key in; clients will see another \
             one after the next start, and warn",
        );
        let made = HostKey::generate(HostKeyKind::Ed25519).context("cannot make a host key")?;
        return Ok(vec![made]);
    };
    std::fs::create_dir_all(&directory).map_err(|error| {
        anyhow!(
            "the directory {} for host keys cannot be made: {error}; give a key with --host-key \
             FILE",
            directory.display()
        )
    })?;
    let key = |(name, kind): (&str, HostKeyKind)| {
        HostKey::load_or_create(directory.join(name), kind)
            .map_err(|error| anyhow!("{}; give another key with --host-key FILE", whole(&error)))
    };
    KEPT.into_iter().map(key).collect()
}

/// `$XDG_STATE_HOME/ftpkit/ssh`, or its like.
fn state_directory() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Some(state.join("ftpkit").join("ssh"))
}

/// An error with what is behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = source.source();
    }
    text
}
