//! `ftpkit probe sftp://`: who the server is, what SSH agrees on with it, and what its SFTP can
//! do, for the user who logs in. Nobody is asked, and nothing is changed.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use ftpkit::{
    sftp::packet::{Extension, Limits, Statvfs},
    ssh::client::{Agreed, Answer, ErrorKind, HostKey, SftpBuilder, SftpClient, UnknownHost},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    net::TcpStream,
};

use super::{
    limit, reached,
    report::{Finding, Outcome, Report},
    wire,
};
use crate::{
    args::{Common, Probe, Seconds},
    sftp,
};

/// What a server may say before its identification (RFC 4253 sec. 4.2), in bytes.
const MOST_BEFORE: u64 = 8192;

pub(super) async fn run(probe: Probe) -> anyhow::Result<()> {
    let mut reach = probe.reach.clone();
    reach.timeout = Some(Seconds(limit(&probe.reach)));
    let common = Common {
        active: false,
        reach,
        tls: probe.tls.clone(),
        ssh: probe.ssh.clone(),
    };
    let builder = sftp::builder(&probe.url, &common)?;
    let (address, stream) = reached(&probe.url, &probe.reach).await?;
    let mut report = Report::new(probe.json);
    report.add(
        Finding::new("address", Outcome::Yes, address.to_string())
            .with(|object| object.text("url", &probe.url.to_string())),
    )?;
    let talked = match identification(stream, limit(&probe.reach)).await {
        Ok(line) => {
            report.add(Finding::new("server", Outcome::Yes, line))?;
            ssh(builder, &probe, &mut report).await
        }
        Err(reason) => {
            report.add(Finding::new("server", Outcome::Failed, &*reason))?;
            Err(anyhow!(
                "cannot talk to {}:{}: {reason}; check that this is an SSH server",
                probe.url.host(),
                probe.url.port_or_default()
            ))
        }
    };
    report.finish()?;
    talked
}

/// The line by which an SSH server says who it is.
async fn identification(stream: TcpStream, limit: Duration) -> Result<String, String> {
    let mut lines = BufReader::new(stream).take(MOST_BEFORE);
    let read = async {
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::Error::other("it does not say that it speaks SSH"));
            }
            if line.starts_with(b"SSH-") {
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
    };
    wire::within(limit, read).await
}

/// What is learnt while a session begins, also where it does not come to its end.
#[derive(Default)]
struct Seen {
    /// The key of a host that nobody vouches for.
    unknown: Option<HostKey>,
    agreed: Option<Agreed>,
}

async fn ssh(builder: SftpBuilder, probe: &Probe, report: &mut Report) -> anyhow::Result<()> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let note = |seen: &Arc<Mutex<Seen>>, note: &dyn Fn(&mut Seen)| {
        note(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
    };
    let of_host = Arc::clone(&seen);
    let ask = move |host: &UnknownHost| {
        note(&of_host, &|seen| seen.unknown = Some(host.key.clone()));
        Answer::Refuse
    };
    let known = sftp::known_hosts(&probe.ssh, Some(ask));
    let agreed = Arc::clone(&seen);
    let begun = builder
        .known_hosts(known)
        .on_agreed(move |told| note(&agreed, &|seen| seen.agreed = Some(told.clone())))
        .connect()
        .await;
    let Seen { unknown, agreed } =
        std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));

    let key = agreed.as_ref().and_then(|agreed| agreed.host_key.clone());
    if let Some(key) = key.as_ref().or(unknown.as_ref()) {
        report.add(host_key(key))?;
    }
    match &begun {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::HostKeyUnknown | ErrorKind::HostKeyChanged
            ) =>
        {
            return report.add(Finding::new("trusted", Outcome::No, error.to_string()));
        }
        _ if agreed.is_some() => report.add(Finding::new("trusted", Outcome::Yes, ""))?,
        _ => {}
    }
    if let Some(agreed) = &agreed {
        report.add(Finding::new(
            "key_exchange",
            Outcome::Yes,
            &*agreed.key_exchange,
        ))?;
        let strict = "against the Terrapin attack";
        report.add(Finding::new("strict", Outcome::of(agreed.strict), strict))?;
        report.add(Finding::new("cipher", Outcome::Yes, &*agreed.cipher))?;
    }
    match begun {
        Ok(client) => {
            session(&client, probe, report).await?;
            client.close().await;
            Ok(())
        }
        Err(error) => {
            let step = if agreed.is_some() { "login" } else { "ssh" };
            report.add(Finding::new(step, Outcome::Failed, error.to_string()))?;
            match agreed {
                Some(_) => Ok(()),
                None => Err(error.into()),
            }
        }
    }
}

fn host_key(key: &HostKey) -> Finding {
    let fingerprint = key.fingerprint().to_string();
    let text = format!("{} {fingerprint}", key.algorithm());
    Finding::new("host_key", Outcome::Yes, text).with(|object| {
        object.text("algorithm", key.algorithm());
        object.text("sha256", &fingerprint);
    })
}

/// What SFTP can do, for who has logged in.
async fn session(client: &SftpClient, probe: &Probe, report: &mut Report) -> anyhow::Result<()> {
    report.add(Finding::new("login", Outcome::Yes, ""))?;
    report.add(Finding::new("sftp", Outcome::Yes, "version 3"))?;
    let directory = match probe.url.path() {
        Some(path) => path.as_bytes().to_vec(),
        None => Vec::new(),
    };
    report.add(match client.canonicalize("").await {
        Ok(home) => {
            let text = String::from_utf8_lossy(&home).into_owned();
            Finding::new("directory", Outcome::Yes, text)
        }
        Err(error) => Finding::new("directory", Outcome::Failed, error.to_string()),
    })?;
    report.add(listed(client, &directory).await)?;

    let offered = client.extensions();
    let names: Vec<_> = offered.iter().map(|extension| extension.name()).collect();
    report.add(
        Finding::new(
            "extensions",
            Outcome::of(!names.is_empty()),
            names.join(" "),
        )
        .with(|object| object.list("names", names.iter().map(|name| name.as_bytes()))),
    )?;
    // The listing's answers came behind that of the limits.
    report.add(match client.limits() {
        Some(limits) => of_limits(limits),
        None => Finding::new("limits", Outcome::Unknown, "the server does not tell them"),
    })?;
    if offered.contains(&Extension::Statvfs) {
        report.add(match client.space(&directory).await {
            Ok(space) => of_space(&space),
            Err(error) => Finding::new("space", Outcome::Failed, error.to_string()),
        })?;
    }
    Ok(())
}

async fn listed(client: &SftpClient, directory: &[u8]) -> Finding {
    let mut listing = client.list(directory);
    let mut count = 0;
    loop {
        match listing.next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => break,
            Err(error) => return Finding::new("list", Outcome::Failed, error.to_string()),
        }
    }
    let refused = listing.refused_count();
    let mut text = format!("{count} entries");
    if refused > 0 {
        text += &format!(", {refused} names that are none");
    }
    Finding::new("list", Outcome::Yes, text).with(|object| {
        object.number("entries", count);
        object.number("refused", refused);
    })
}

fn of_limits(limits: Limits) -> Finding {
    let text = format!(
        "packets of {} bytes, READ {}, WRITE {}, {} handles",
        limits.packet_length, limits.read_length, limits.write_length, limits.open_handles
    );
    Finding::new("limits", Outcome::Yes, text).with(|object| {
        object.number("packet_length", limits.packet_length);
        object.number("read_length", limits.read_length);
        object.number("write_length", limits.write_length);
        object.number("open_handles", limits.open_handles);
    })
}

fn of_space(space: &Statvfs) -> Finding {
    let bytes = |blocks: u64| blocks.saturating_mul(space.fragment_size);
    let (total, available) = (bytes(space.blocks), bytes(space.blocks_available));
    let text = format!("{available} of {total} bytes available");
    Finding::new("space", Outcome::Yes, text).with(|object| {
        object.number("total", total);
        object.number("available", available);
        object.flag("read_only", space.flags & Statvfs::READ_ONLY != 0);
    })
}
