//! What may differ between sessions, in words that read back as the same: the settings of both
//! machines, and who they take each other for.

use std::{fmt, net::SocketAddr, time::Duration};

use ftpkit_proto::{
    Text,
    client::{self, DataMode, EpsvAhead, Pipelining, Pret},
    server::{self, TlsPolicy},
};

use crate::player::{ClientPlayer, ServerPlayer};

/// The settings of one session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) client: client::Config,
    pub(crate) server: server::Config,
    /// Whether the control connection is one over IPv6.
    pub(crate) v6: bool,
}

/// Something to set: its word, what it is set to, and how to set it.
struct Switch<T> {
    word: &'static str,
    read: fn(&T) -> u64,
    set: fn(&mut T, u64),
}

macro_rules! switches {
    ($($word:literal $config:ident => $read:expr, $value:ident => $set:expr;)*) => {
        &[$(Switch {
            word: $word,
            read: |$config| $read,
            set: |$config, $value| $set,
        },)*]
    };
}

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

const POLICIES: [TlsPolicy; 4] = [
    TlsPolicy::Off,
    TlsPolicy::Offered,
    TlsPolicy::RequiredForLogin,
    TlsPolicy::RequiredForData,
];

/// The virtual hosts, of which a server has the first ones or none.
pub(crate) const HOSTS: &[&str] = &["h.example", "i.example", "j.example"];

const MODES: [DataMode; 3] = [DataMode::Passive, DataMode::Active, DataMode::Auto];
const PRETS: [Pret; 3] = [Pret::Listed, Pret::Always, Pret::Never];
const AHEADS: [EpsvAhead; 3] = [EpsvAhead::Known, EpsvAhead::Always, EpsvAhead::Never];

/// The settings of a client that sessions differ in.
const CLIENT: &[Switch<client::Config>] = switches! {
    "mode" c => MODES.iter().position(|mode| *mode == c.data_mode).unwrap_or(0) as u64,
        v => c.data_mode = MODES[v as usize % MODES.len()];
    "pret" c => PRETS.iter().position(|pret| *pret == c.pret).unwrap_or(0) as u64,
        v => c.pret = PRETS[v as usize % PRETS.len()];
    "ahead" c => AHEADS.iter().position(|ahead| *ahead == c.epsv_ahead).unwrap_or(0) as u64,
        v => c.epsv_ahead = AHEADS[v as usize % AHEADS.len()];
    "long" c => u64::from(c.long_addresses), v => c.long_addresses = v == 1;
    "trust" c => u64::from(c.trust_passive_address), v => c.trust_passive_address = v == 1;
    "pipelining" c => u64::from(c.pipelining == Pipelining::Safe), v => if v == 1 {
        c.pipelining = Pipelining::Safe;
    };
    "lenient" c => u64::from(c.lenient), v => c.lenient = v == 1;
    "unclean" c => u64::from(c.accept_unclean_close), v => c.accept_unclean_close = v == 1;
    "telnet" c => u64::from(c.telnet_abort), v => c.telnet_abort = v == 1;
    "negotiate" c => u64::from(c.negotiate), v => c.negotiate = v == 1;
    "implicit" c => u64::from(c.implicit_tls), v => c.implicit_tls = v == 1;
    "ccc" c => u64::from(c.dangerous_ccc), v => c.dangerous_ccc = v == 1;
    "name" c => u64::from(c.client_name.is_some()), v => {
        c.client_name = (v == 1).then(|| Text::from_static("ftpkit-test"));
    };
    "trace" c => u64::from(c.trace), v => c.trace = v == 1;
    "queue" c => c.limits.queue as u64, v => c.limits.queue = v as usize;
    "line" c => c.limits.line as u64, v => c.limits.line = v as usize;
    "reply" c => c.timeouts.reply.as_secs(), v => c.timeouts.reply = seconds(v);
    "connect" c => c.timeouts.data_connect.as_secs(), v => c.timeouts.data_connect = seconds(v);
    "handshake" c => c.timeouts.handshake.as_secs(), v => c.timeouts.handshake = seconds(v);
    "stall" c => c.timeouts.stall.as_secs(), v => c.timeouts.stall = seconds(v);
    "drain" c => c.timeouts.data_drain.as_secs(), v => c.timeouts.data_drain = seconds(v);
    "final" c => c.timeouts.final_reply.as_secs(), v => c.timeouts.final_reply = seconds(v);
};

/// The settings of a server that sessions differ in.
const SERVER: &[Switch<server::Config>] = switches! {
    "tls" c => POLICIES.iter().position(|policy| *policy == c.tls).unwrap_or(0) as u64,
        v => c.tls = POLICIES[v as usize % POLICIES.len()];
    "hosts" c => c.hosts.len() as u64, v => {
        let hosts = HOSTS.iter().take(v as usize);
        c.hosts = hosts.map(|name| Text::from_static(name)).collect();
    };
    "active" c => u64::from(c.active), v => c.active = v == 1;
    "unclean" c => u64::from(c.accept_unclean_close), v => c.accept_unclean_close = v == 1;
    "ccc" c => u64::from(c.dangerous_ccc), v => c.dangerous_ccc = v == 1;
    "others" c => u64::from(c.dangerous_server_to_server),
        v => c.dangerous_server_to_server = v == 1;
    "rein" c => u64::from(c.dangerous_rein_under_tls), v => c.dangerous_rein_under_tls = v == 1;
    "trace" c => u64::from(c.trace), v => c.trace = v == 1;
    "line" c => c.limits.line as u64, v => c.limits.line = v as usize;
    "pipeline" c => c.limits.pipeline as u64, v => c.limits.pipeline = v as usize;
    "attempts" c => u64::from(c.limits.login_attempts), v => c.limits.login_attempts = v as u32;
    "bad" c => u64::from(c.limits.bad_commands_before_login),
        v => c.limits.bad_commands_before_login = v as u32;
    "survey" c => c.limits.survey_entries as u64, v => c.limits.survey_entries = v as usize;
    "login" c => c.timeouts.login.as_secs(), v => c.timeouts.login = seconds(v);
    "idle" c => c.timeouts.idle.as_secs(), v => c.timeouts.idle = seconds(v);
    "connect" c => c.timeouts.data_connect.as_secs(), v => c.timeouts.data_connect = seconds(v);
    "handshake" c => c.timeouts.handshake.as_secs(), v => c.timeouts.handshake = seconds(v);
    "stall" c => c.timeouts.stall.as_secs(), v => c.timeouts.stall = seconds(v);
    "question" c => c.timeouts.question.as_secs(), v => c.timeouts.question = seconds(v);
};

impl Settings {
    /// The machines of the session before it begins. What the client says of implicit TLS holds
    /// for the server's listener too.
    pub(crate) fn players(&self) -> (ClientPlayer, ServerPlayer) {
        let (client, server) = self.addresses();
        let implicit = self.client.implicit_tls;
        (
            ClientPlayer::new(self.client.clone(), server),
            ServerPlayer::new(self.server.clone(), client, server, implicit),
        )
    }

    /// The client's address and the server's.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        let (client, server) = if self.v6 {
            ("[2001:db8::9]:40000", "[2001:db8::1]:21")
        } else {
            ("192.0.2.9:40000", "192.0.2.1:21")
        };
        let read = |text: &str| text.parse().expect("an address");
        (read(client), read(server))
    }

    /// Reads what prints; none for something else.
    pub(crate) fn read(words: &str) -> Option<Self> {
        let mut settings = Self::default();
        for word in words.split_ascii_whitespace() {
            if word == "v6" {
                settings.v6 = true;
                continue;
            }
            let (name, value) = word.split_once('=')?;
            let value = value.parse().ok()?;
            let (role, name) = name.split_once('.')?;
            match role {
                "client" => set(CLIENT, &mut settings.client, name, value)?,
                "server" => set(SERVER, &mut settings.server, name, value)?,
                _ => return None,
            }
        }
        Some(settings)
    }
}

fn set<T>(switches: &[Switch<T>], config: &mut T, word: &str, value: u64) -> Option<()> {
    let switch = switches.iter().find(|switch| switch.word == word)?;
    (switch.set)(config, value);
    Some(())
}

/// What differs from the defaults.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.v6 {
            f.write_str(" v6")?;
        }
        show(f, "client", CLIENT, &self.client)?;
        show(f, "server", SERVER, &self.server)
    }
}

fn show<T: Default>(
    f: &mut fmt::Formatter<'_>,
    role: &str,
    switches: &[Switch<T>],
    config: &T,
) -> fmt::Result {
    let default = T::default();
    for Switch { word, read, .. } in switches {
        if read(config) != read(&default) {
            write!(f, " {role}.{word}={}", read(config))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prints_reads_back() {
        let mut settings = Settings::default();
        assert_eq!(settings.to_string(), "");
        settings.v6 = true;
        settings.client.lenient = false;
        settings.client.timeouts.reply = Duration::from_secs(7);
        settings.server.tls = TlsPolicy::RequiredForData;
        let text = settings.to_string();
        assert_eq!(text, " v6 client.lenient=0 client.reply=7 server.tls=3");
        assert_eq!(
            Settings::read(&text).map(|read| read.to_string()),
            Some(text)
        );
        assert!(Settings::read("client.lenience=0").is_none());
    }
}
