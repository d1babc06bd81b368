//! What a server shows to everybody, before a login.

use std::net::SocketAddr;

use ftpkit::proto::{Reply, Text, features::Features, url::Scheme};
use ftpkit_tokio::tls::TlsVersions;

use super::{
    Learned, Secure, Target, Unsecured,
    report::{Finding, Outcome, Report},
    tls::{self, Verdict},
    version_name,
    wire::{Handshake, Wire},
};
use crate::certificate::{Description, moment};

/// The port of FTP under TLS from the first byte.
const IMPLICIT_PORT: u16 = 990;

/// Finds out what can be; the inner error is why the server could not be talked to.
pub(super) async fn probe(
    target: &Target,
    report: &mut Report,
) -> anyhow::Result<Result<Learned, String>> {
    match target.secure() {
        Secure::Explicit => {
            let mut wire = match target.wire(target.address).await {
                Ok(wire) => wire,
                Err(reason) => return Ok(Err(reason)),
            };
            let greeting = match wire.greeting().await {
                Ok(greeting) => greeting,
                Err(reason) => {
                    report.add(Finding::new("greeting", Outcome::Failed, &*reason))?;
                    return Ok(Err(format!(
                        "there is no greeting ({reason}); a server that begins with TLS is \
                         probed by ftps://"
                    )));
                }
            };
            let (features, system_refused) = greeted(&greeting, &mut wire, report).await?;
            wire.quit().await;
            let tls = versions(target, Secure::Explicit, report).await?;
            implicit_port(target, report).await?;
            let tls = tls.map(|(verdict, ..)| (Secure::Explicit, verdict));
            Ok(Ok(Learned {
                features,
                system_refused,
                tls,
            }))
        }
        Secure::Implicit => {
            let Some((verdict, greeting, mut wire)) =
                versions(target, Secure::Implicit, report).await?
            else {
                let reason = "no version of TLS can be spoken; a server that begins in clear is \
                              probed by ftp://";
                return Ok(Err(reason.to_owned()));
            };
            let (features, system_refused) = greeted(&greeting, &mut wire, report).await?;
            wire.quit().await;
            Ok(Ok(Learned {
                features,
                system_refused,
                tls: Some((Secure::Implicit, verdict)),
            }))
        }
    }
}

/// What a greeted connection tells by itself: its features, and its refusal of SYST, which may
/// be one to strangers only.
async fn greeted(
    greeting: &Reply,
    wire: &mut Wire,
    report: &mut Report,
) -> anyhow::Result<(Features, Option<Reply>)> {
    let (mut features, mut system_refused) = (Features::new(), None);
    report.add(reply("greeting", greeting))?;
    if !greeting.code().is_success() {
        return Ok((features, system_refused));
    }
    match wire.command("SYST").await {
        Ok(syst) if syst.code().is_success() => report.add(reply("system", &syst))?,
        Ok(refusal) => system_refused = Some(refusal),
        Err(reason) => report.add(Finding::new("system", Outcome::Failed, reason))?,
    }
    match wire.command("FEAT").await {
        Ok(feat) if feat.code().is_success() => {
            features = Features::from_reply(&feat);
            report.add(listed("features", &features))?;
        }
        Ok(feat) => report.add(reply("features", &feat))?,
        Err(reason) => report.add(Finding::new("features", Outcome::Failed, reason))?,
    }
    Ok((features, system_refused))
}

/// A reply as a finding.
pub(super) fn reply(name: &'static str, reply: &Reply) -> Finding {
    let outcome = Outcome::of(reply.code().is_success());
    Finding::new(name, outcome, reply.to_string())
        .with(|object| object.number("code", reply.code().number().into()))
}

/// The lines of FEAT as a finding.
pub(super) fn listed(name: &'static str, features: &Features) -> Finding {
    let shown: Vec<String> = features.iter().map(Text::to_string).collect();
    Finding::new(name, Outcome::of(!features.is_empty()), shown.join(", ")).with(|object| {
        object.list("features", shown.iter().map(String::as_bytes));
    })
}

/// Tries each version of TLS; what the first that works has shown.
async fn versions(
    target: &Target,
    how: Secure,
    report: &mut Report,
) -> anyhow::Result<Option<(Verdict, Reply, Wire)>> {
    let name = match how {
        Secure::Explicit => "tls_explicit",
        Secure::Implicit => "tls_implicit",
    };
    let mut best = None;
    let mut tried = Vec::new();
    let mut offered = false;
    for versions in target.settings.versions().iter().copied() {
        match attempt(target, target.address, how, versions).await {
            Err(Unsecured::Refused(refusal)) => {
                // It will not say anything else to another version.
                report.add(reply(name, &refusal))?;
                return Ok(None);
            }
            Err(Unsecured::Failed(reason)) => tried.push((versions, Err(reason))),
            Ok((session, wire, greeting, shown)) => {
                offered = true;
                tried.push((versions, Ok(shown.suite.clone())));
                match best {
                    None => best = Some((session, wire, greeting, shown)),
                    Some(_) => wire.quit().await,
                }
            }
        }
    }
    report.add(match (offered, how) {
        (true, Secure::Explicit) => Finding::new(name, Outcome::Yes, "by AUTH TLS"),
        (true, Secure::Implicit) => Finding::new(name, Outcome::Yes, "from the first byte"),
        (false, _) => Finding::new(name, Outcome::Failed, "no handshake succeeded"),
    })?;
    for (versions, result) in tried {
        let (name, _) = version_name(versions);
        report.add(match result {
            Ok(suite) => Finding::new(name, Outcome::Yes, &*suite)
                .with(|object| object.text("cipher_suite", &suite)),
            Err(reason) => Finding::new(name, Outcome::No, reason),
        })?;
    }
    let Some((session, wire, greeting, shown)) = best else {
        return Ok(None);
    };
    let verdict = certificate(&session, &shown, report)?;
    Ok(Some((verdict, greeting, wire)))
}

/// One handshake with one version.
async fn attempt(
    target: &Target,
    address: SocketAddr,
    how: Secure,
    versions: TlsVersions,
) -> Result<(tls::Session, Wire, Reply, Handshake), Unsecured> {
    let session = target.settings.session(versions)?;
    let (wire, greeting, shown) = target.secured(address, how, &session).await?;
    Ok((session, wire, greeting, shown))
}

/// What the server's certificate says, and whether it is trusted.
fn certificate(
    session: &tls::Session,
    shown: &Handshake,
    report: &mut Report,
) -> anyhow::Result<Verdict> {
    let described = Description::of(shown.certificate.as_deref().unwrap_or_default());
    let fingerprint = described.fingerprint.to_string();
    report.add(match &described.details {
        Ok(details) => {
            let until = moment(details.not_after).unwrap_or_default();
            let end = match details.remaining() {
                Some(left) => format!("until {until}, {} more days", left.as_secs() / (24 * 3600)),
                None => format!("expired {until}"),
            };
            let names = match &details.names {
                Some(names) => names.join(", "),
                None => "names that cannot be read".to_owned(),
            };
            let text = format!(
                "{} for {}; by {}; {end}",
                or(&details.subject, "(no subject)"),
                or(&names, "no name"),
                or(&details.issuer, "(no issuer)"),
            );
            Finding::new("certificate", Outcome::Yes, text).with(|object| {
                object.text("subject", &details.subject);
                object.text("issuer", &details.issuer);
                if let Some(names) = &details.names {
                    object.list("names", names.iter().map(String::as_bytes));
                }
                if let Some(from) = moment(details.not_before) {
                    object.text("not_before", &from);
                }
                object.text("not_after", &until);
            })
        }
        Err(reason) => Finding::new(
            "certificate",
            Outcome::Unknown,
            format!("it cannot be read: {reason}"),
        ),
    })?;
    report.add(
        Finding::new(
            "fingerprint",
            Outcome::Yes,
            format!("SHA-256 {fingerprint}"),
        )
        .with(|object| object.text("sha256", &fingerprint)),
    )?;
    let verdict = session.verdict();
    report.add(match &verdict {
        Verdict::Trusted => Finding::new("trusted", Outcome::Yes, ""),
        Verdict::Unchecked => Finding::new("trusted", Outcome::Skipped, "by --insecure"),
        Verdict::Untrusted(reason) => Finding::new(
            "trusted",
            Outcome::No,
            format!("{reason}; to trust it all the same, --pin its fingerprint"),
        ),
    })?;
    report.add(Finding::new(
        "client_certificate",
        Outcome::of(session.was_asked()),
        if session.was_asked() {
            "the server asks for one"
        } else {
            "the server does not ask for one"
        },
    ))?;
    Ok(verdict)
}

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// Looks at the port of implicit TLS, where the URL does not send us elsewhere.
async fn implicit_port(target: &Target, report: &mut Report) -> anyhow::Result<()> {
    let default = target.url.scheme() != Scheme::Ftps
        && target.url.port_or_default() == target.url.scheme().default_port();
    if !default {
        return Ok(());
    }
    let address = SocketAddr::new(target.address.ip(), IMPLICIT_PORT);
    let any = target.settings.any_version();
    let finding = match attempt(target, address, Secure::Implicit, any).await {
        Ok((_, wire, _, shown)) => {
            wire.quit().await;
            let text = format!("on port {IMPLICIT_PORT}: {}", shown.suite);
            Finding::new("tls_implicit", Outcome::Yes, text)
        }
        Err(reason) => {
            let text = format!("on port {IMPLICIT_PORT}: {}", reason.text());
            Finding::new("tls_implicit", Outcome::No, text)
        }
    };
    report.add(finding)
}
