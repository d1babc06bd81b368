//! How the client commands reach an SFTP server: whom they take for it, and how they log in.

use std::io::{IsTerminal as _, Write as _};

use console::Term;
use ftpkit::{
    proto::url::Url,
    ssh::client::{Answer, KnownHosts, Question, SftpBuilder, SftpClient, UnknownHost},
};

use crate::{
    args::{Common, Ssh},
    usage,
};

/// Holds the password where the URL has none.
const PASSWORD: &str = "FTPKIT_PASSWORD";

pub(crate) async fn connect(url: &Url, common: &Common) -> anyhow::Result<SftpClient> {
    let known = known_hosts(&common.ssh, can_ask().then_some(ask_about_host));
    let mut builder = builder(url, common)?.known_hosts(known);
    if can_ask() {
        builder = builder.ask(ask);
    }
    Ok(builder.connect().await?)
}

/// What the options say of a session, but for whom to take for the server. Nobody is asked.
pub(crate) fn builder(url: &Url, common: &Common) -> anyhow::Result<SftpBuilder> {
    let other = common
        .active
        .then_some("--active")
        .or_else(|| common.tls.option());
    if let Some(option) = other {
        return Err(usage(format!("{option} is not for sftp://")));
    }
    let mut builder = SftpClient::builder().server(url);
    if url.password().is_none()
        && let Ok(password) = std::env::var(PASSWORD)
    {
        builder = builder.password(password);
    }
    for file in &common.ssh.identity {
        builder = builder.key_file(file);
    }
    if common.reach.ipv4 {
        builder = builder.ipv4();
    }
    if common.reach.ipv6 {
        builder = builder.ipv6();
    }
    if let Some(timeout) = common.reach.timeout {
        builder = builder.timeout(timeout.0).connect_timeout(timeout.0);
    }
    Ok(builder)
}

/// Whom the options take for a server. `ask` is asked where they leave that open.
pub(crate) fn known_hosts(
    options: &Ssh,
    ask: Option<impl Fn(&UnknownHost) -> Answer + Send + Sync + 'static>,
) -> KnownHosts {
    if let Some(fingerprint) = options.host_key {
        return KnownHosts::pinned([fingerprint]);
    }
    let known = match &options.known_hosts {
        Some(file) => KnownHosts::file(file),
        None => KnownHosts::new(),
    };
    match ask {
        _ if options.accept_new_host_key => known.accept_new(),
        Some(ask) => known.ask(ask),
        None => known,
    }
}

/// Questions go to the terminal, and answers come from it: both must be there.
fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn ask_about_host(unknown: &UnknownHost) -> Answer {
    let fingerprint = unknown.key.fingerprint().to_string();
    let mut term = Term::stderr();
    let mut ask = || -> std::io::Result<Answer> {
        writeln!(
            term,
            "The host {} is not known. Its {} key has the fingerprint {fingerprint}.",
            unknown.host,
            unknown.key.algorithm()
        )?;
        loop {
            write!(
                term,
                "Connect, and remember it (yes, no, or the fingerprint)? "
            )?;
            match term.read_line()?.trim() {
                "yes" => return Ok(Answer::Remember),
                "no" => return Ok(Answer::Refuse),
                typed if typed == fingerprint => return Ok(Answer::Remember),
                // The end of the input answers nothing for ever.
                "" => return Ok(Answer::Refuse),
                _ => writeln!(term, "Type yes, no, or the fingerprint as you know it.")?,
            }
        }
    };
    ask().unwrap_or(Answer::Refuse)
}

fn ask(question: &Question<'_>) -> Option<String> {
    let mut term = Term::stderr();
    let (text, hidden) = match question {
        Question::Password(who) => (format!("Password of {who}: "), true),
        Question::Passphrase(file) => (format!("Passphrase of {file:?}: "), true),
        Question::Prompt { text, echo } => {
            // The server's words must not rewrite the terminal.
            let text: String = text.chars().filter(|c| !c.is_control()).collect();
            (format!("The server asks: {text} "), !echo)
        }
        _ => return None,
    };
    write!(term, "{text}").ok()?;
    let answer = match hidden {
        true => term.read_secure_line(),
        false => term.read_line(),
    };
    answer.ok().filter(|answer| !answer.is_empty())
}
