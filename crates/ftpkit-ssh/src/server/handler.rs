//! What a client asks of SSH before and beside SFTP: to be let in, and channels. All that is not
//! SFTP is refused here.

use std::{collections::HashMap, sync::Arc};

use ftpkit_accounts::{Admission, Attempt, AuthFailure, AuthFailureKind, Credential};
use ftpkit_sftp::packet::SymlinkOrder;
use russh::{
    Channel, ChannelId, ChannelOpenFailure, Error, MethodKind, MethodSet, Pty,
    keys::Certificate,
    server::{
        Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
    },
};
use tokio::{
    sync::mpsc::UnboundedSender,
    time::{Instant, timeout_at},
};

use super::{front::Shared, key_login, tell::Teller};

/// How many logins may fail in one connection.
const FAILED_LOGINS: u32 = 3;

/// What the handler tells its session.
pub(super) enum News {
    /// A user is in.
    LoggedIn(Admission),
    /// Too many logins failed.
    GiveUp,
    /// A channel is for SFTP from here on, whose client orders the paths of a SYMLINK so; none: as
    /// the server's settings have it.
    Sftp(Channel<Msg>, Option<SymlinkOrder>),
}

/// Clients that order the two paths of a SYMLINK as the draft has it with every server that does
/// not call itself OpenSSH; nearly all others do as OpenSSH with any.
const BY_THE_DRAFT: [&[u8]; 2] = [b"AsyncSSH", b"WinSCP"];

/// The order that a client is known for by its identification (RFC 4253 section 4.2).
fn symlink_order(identification: &[u8]) -> Option<SymlinkOrder> {
    let is = |name: &[u8]| identification.windows(name.len()).any(|w| w == name);
    let known = BY_THE_DRAFT.into_iter().any(is);
    known.then_some(SymlinkOrder::Draft)
}

/// A client, as SSH knows it.
pub(super) struct Client {
    shared: Arc<Shared>,
    teller: Teller,
    /// When somebody must have logged in.
    deadline: Instant,
    news: UnboundedSender<News>,
    failed: u32,
    /// Who was let in, until SSH has said so.
    admission: Option<Admission>,
    /// Channels that have not been told what they are for.
    waiting: HashMap<ChannelId, Channel<Msg>>,
    /// Those that are open.
    channels: usize,
}

/// The ways to log in.
pub(super) fn methods() -> MethodSet {
    MethodSet::from(
        &[
            MethodKind::PublicKey,
            MethodKind::Password,
            MethodKind::KeyboardInteractive,
        ][..],
    )
}

/// SSH's library would take the method away that failed.
fn reject() -> Auth {
    Auth::Reject {
        proceed_with_methods: Some(methods()),
        partial_success: false,
    }
}

impl Client {
    pub(super) fn new(
        shared: Arc<Shared>,
        teller: Teller,
        deadline: Instant,
        news: UnboundedSender<News>,
    ) -> Self {
        Self {
            shared,
            teller,
            deadline,
            news,
            failed: 0,
            admission: None,
            waiting: HashMap::new(),
            channels: 0,
        }
    }

    fn attempt(&self, user: &str, credential: Credential) -> Attempt {
        Attempt::new(user, credential, self.teller.origin.peer).secured(true)
    }

    async fn password(&mut self, user: &str, password: &[u8]) -> Auth {
        if self.failed >= FAILED_LOGINS {
            return reject();
        }
        let attempt = self.attempt(user, Credential::password(password));
        match self.ask(&attempt).await {
            Ok(admission) => self.admit(admission),
            Err(failure) => {
                self.teller.login_failed(user, &failure);
                self.failed += 1;
                if self.failed >= FAILED_LOGINS {
                    self.tell(News::GiveUp);
                }
                reject()
            }
        }
    }

    async fn ask(&self, attempt: &Attempt) -> Result<Admission, AuthFailure> {
        let shared = &self.shared;
        let answer = shared.door.authenticate(&*shared.authenticator, attempt);
        let answer = timeout_at(self.deadline, answer).await;
        answer.unwrap_or_else(|_| Err(AuthFailureKind::Unavailable.into()))
    }

    /// A key whose owner has signed.
    async fn key(&mut self, user: &str, credential: Option<Credential>) -> Auth {
        let Some(credential) = credential else {
            return reject();
        };
        let attempt = self.attempt(user, credential);
        match self.ask(&attempt).await {
            Ok(admission) => self.admit(admission),
            Err(failure) => {
                self.teller.login_failed(user, &failure);
                reject()
            }
        }
    }

    fn admit(&mut self, admission: Admission) -> Auth {
        self.admission = Some(admission);
        Auth::Accept
    }

    fn tell(&self, news: News) {
        // Where the session is gone, the connection ends by itself.
        let _ = self.news.send(news);
    }

    fn refuse(&self, channel: ChannelId, what: &str, session: &mut Session) -> Result<(), Error> {
        tracing::info!(%channel, what, "refused: only SFTP is served");
        session.channel_failure(channel)
    }
}

impl Handler for Client {
    type Error = Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Error> {
        Ok(reject())
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        Ok(self.password(user, password.as_bytes()).await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: "".into(),
                instructions: "".into(),
                prompts: vec![("Password: ".into(), false)].into(),
            });
        };
        let password = response.next().unwrap_or_default();
        Ok(self.password(user, &password).await)
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        if !key_login::is_good(offer.algorithm, offer.public_key) {
            return Ok(reject());
        }
        // The library does not tell whether a certificate comes with the key, so that one which
        // may be behind it must be let through: it is judged once the client has signed.
        if self.shared.certificates {
            return Ok(Auth::Accept);
        }
        let Some(credential) = key_login::of_key(offer.public_key) else {
            return Ok(reject());
        };
        let attempt = self.attempt(user, credential);
        // The account is dropped: only a signature lets anybody in.
        let known = self.shared.authenticator.authenticate(&attempt);
        Ok(match timeout_at(self.deadline, known).await {
            Ok(Ok(_)) => Auth::Accept,
            _ => reject(),
        })
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        let good = key_login::is_good(key.algorithm, key.public_key);
        let credential = good.then(|| key_login::of_key(key.public_key)).flatten();
        Ok(self.key(user, credential).await)
    }

    async fn auth_openssh_certificate(
        &mut self,
        user: &str,
        certificate: &Certificate,
    ) -> Result<Auth, Error> {
        match key_login::of_certificate(certificate) {
            Ok(credential) => Ok(self.key(user, Some(credential)).await),
            Err(why) => {
                let key_id = certificate.key_id().escape_debug();
                tracing::info!(%key_id, why, "a certificate was refused");
                Ok(reject())
            }
        }
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Error> {
        match self.admission.take() {
            Some(admission) => {
                self.tell(News::LoggedIn(admission));
                Ok(())
            }
            None => Err(Error::Inconsistent),
        }
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        if self.channels >= self.shared.channels {
            tracing::info!(limit = self.shared.channels, "refused: too many channels");
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.channels += 1;
        self.waiting.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        tracing::info!(what = "x11", "refused: only SFTP is served");
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        tracing::info!(what = "direct-tcpip", "refused: only SFTP is served");
        Ok(())
    }

    async fn channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        tracing::info!(what = "forwarded-tcpip", "refused: only SFTP is served");
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        tracing::info!(what = "direct-streamlocal", "refused: only SFTP is served");
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.waiting.remove(&channel);
        self.channels = self.channels.saturating_sub(1);
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        match self.waiting.remove(&channel) {
            // Nothing can come of it any more.
            Some(_) => session.close(channel),
            None => Ok(()),
        }
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        _: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        // Nobody would read it, and SSH would wait for ever until somebody does.
        match self.waiting.remove(&channel) {
            Some(_) => {
                tracing::info!(%channel, "closed: data came before the channel was for SFTP");
                session.close(channel)
            }
            None => Ok(()),
        }
    }

    async fn extended_data(
        &mut self,
        channel: ChannelId,
        _: u32,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.data(channel, data, session).await
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        if name != "sftp" {
            let what = format!("subsystem {}", name.escape_debug());
            return self.refuse(channel, &what, session);
        }
        match self.waiting.remove(&channel) {
            Some(sftp) => {
                session.channel_success(channel)?;
                let order = symlink_order(session.remote_sshid());
                self.tell(News::Sftp(sftp, order));
                Ok(())
            }
            None => self.refuse(channel, "a second subsystem", session),
        }
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        self.refuse(channel, "pty", session)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.refuse(channel, "x11", session)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        // Every OpenSSH client sends some, so that the log is spared.
        session.channel_failure(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.refuse(channel, "shell", session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        let command = command.get(..80).unwrap_or(command);
        let what = format!("exec {}", command.escape_ascii());
        self.refuse(channel, &what, session)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn agent_request(&mut self, channel: ChannelId, _: &mut Session) -> Result<bool, Error> {
        tracing::info!(%channel, what = "agent forwarding", "refused: only SFTP is served");
        Ok(false)
    }

    async fn tcpip_forward(
        &mut self,
        _: &str,
        _: &mut u32,
        _: &mut Session,
    ) -> Result<bool, Error> {
        tracing::info!(what = "tcpip-forward", "refused: only SFTP is served");
        Ok(false)
    }

    async fn streamlocal_forward(&mut self, _: &str, _: &mut Session) -> Result<bool, Error> {
        tracing::info!(what = "streamlocal-forward", "refused: only SFTP is served");
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_keep_to_the_draft_are_known_by_their_names() {
        for (identification, expected) in [
            ("SSH-2.0-AsyncSSH_2.24.1", Some(SymlinkOrder::Draft)),
            ("SSH-2.0-WinSCP_release_6.5.3", Some(SymlinkOrder::Draft)),
            ("SSH-2.0-OpenSSH_9.2p1 Debian-2", None),
            ("SSH-2.0-paramiko_5.1.0", None),
            ("", None),
        ] {
            let seen = symlink_order(identification.as_bytes());
            assert_eq!(seen, expected, "{identification}");
        }
    }
}
