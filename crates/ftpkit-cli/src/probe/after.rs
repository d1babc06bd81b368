//! What a server shows to a user; and without one, what it says of itself in FEAT.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ftpkit::proto::{
    PathArg, Text,
    features::Features,
    listing::Dialect,
    reply::fields,
    time::{Civil, Timestamp},
    url::Scheme,
};

use super::{
    Learned, Secure, Target,
    before::{listed, reply},
    files::Files,
    report::{Finding, Outcome, Report},
    session::{Fault, Listed, Session, Way},
    tls::Verdict,
};
use crate::clock;

/// How many files are asked for their times one by one.
const ASKED: usize = 3;

pub(super) async fn probe(
    target: &Target,
    learned: &Learned,
    report: &mut Report,
) -> anyhow::Result<()> {
    let today = clock::now().context("the clock tells no date")?;
    let Some((mut session, how)) = login(target, learned, report).await? else {
        if let Some(refusal) = &learned.system_refused {
            report.add(reply("system", refusal))?;
        }
        return by_features(&learned.features, report);
    };
    if learned.system_refused.is_some() {
        report.add(match session.succeed("SYST").await {
            Ok(syst) => reply("system", &syst),
            Err(fault) => failed("system", &fault),
        })?;
    }
    let mut features = learned.features.clone();
    if let Ok(feat) = session.succeed("FEAT").await {
        let found = Features::from_reply(&feat);
        if found != features {
            report.add(listed("features_of_user", &found))?;
            features = found;
        }
    }
    if session.tls.is_some() {
        report.add(match session.protect().await {
            Ok(protected) => reply("protected_data", &protected),
            Err(fault) => failed("protected_data", &fault),
        })?;
    }
    utf8(&mut session, &features, report).await?;
    directory(target, &mut session, report).await?;
    let _ = session.command("TYPE I").await;
    let (mut way, mut list) = ways(target, how, &mut session, &PASSIVE, report).await?;
    let passive = way.is_some();
    if !passive {
        (way, list) = ways(target, how, &mut session, &ACTIVE, report).await?;
    }
    revive(target, how, &mut session).await;
    let files = match &list {
        Some(list) => Files::read(&list.bytes, None, today),
        None => Files::default(),
    };
    report.add(match &list {
        Some(_) => files.finding("list"),
        None => skipped("list", NO_DATA),
    })?;
    let moments = moments(&mut session, way, &files, today, report).await?;
    report.add(match &list {
        Some(_) => files.time_zone(&moments, today),
        None => skipped("time_zone", NO_DATA),
    })?;
    rest(&mut session, &features, report).await?;
    hash(&mut session, &features, report).await?;
    if session.protected {
        resumption(target, &mut session, how, way, list.as_ref(), report).await?;
    }
    // Last, since a server that cannot call back takes its time to say so.
    if passive {
        ways(target, how, &mut session, &ACTIVE, report).await?;
    }
    session.quit().await;
    Ok(())
}

const NO_DATA: &str = "no data connection could be made";
const PASSIVE: [(&str, Way); 2] = [("epsv", Way::Epsv), ("pasv", Way::Pasv)];
const ACTIVE: [(&str, Way); 2] = [("eprt", Way::Eprt), ("port", Way::Port)];

/// Logs in again where an earlier step has cost the session.
async fn revive(target: &Target, how: Option<Secure>, session: &mut Session) {
    if session.is_in_step() {
        return;
    }
    let Ok((mut anew, _)) = enter(target, how).await else {
        return;
    };
    if session.protected && anew.protect().await.is_err() {
        return;
    }
    if let Some(path) = target.url.path() {
        let _ = anew.command([b"CWD ", path.as_bytes()].concat()).await;
    }
    let _ = anew.command("TYPE I").await;
    *session = anew;
}

fn failed(name: &'static str, fault: &Fault) -> Finding {
    match fault {
        Fault::Refused(refusal) => reply(name, refusal),
        Fault::Failed(reason) => Finding::new(name, Outcome::Failed, &**reason),
    }
}

fn skipped(name: &'static str, why: &str) -> Finding {
    Finding::new(name, Outcome::Skipped, why)
}

/// Logs in where the URL has a user, under TLS where that can be had.
async fn login(
    target: &Target,
    learned: &Learned,
    report: &mut Report,
) -> anyhow::Result<Option<(Session, Option<Secure>)>> {
    const NAME: &str = "login";
    if target.url.user().is_none() {
        let text = "the URL has no user: what follows is by FEAT alone";
        report.add(skipped(NAME, text))?;
        return Ok(None);
    }
    let may_be_clear = target.url.scheme() == Scheme::Ftp;
    let how = match &learned.tls {
        Some((how, Verdict::Trusted | Verdict::Unchecked)) => Some(*how),
        _ if may_be_clear => None,
        Some((_, Verdict::Untrusted(_))) => {
            let text = "a server that is not trusted is not told a password";
            report.add(skipped(NAME, text))?;
            return Ok(None);
        }
        None => {
            let text = "there is no TLS to tell a password under; ftp:// does so in clear";
            report.add(skipped(NAME, text))?;
            return Ok(None);
        }
    };
    match enter(target, how).await {
        Ok((session, welcome)) => {
            let text = match how {
                Some(_) => welcome.to_string(),
                None => format!("in clear: {welcome}"),
            };
            report.add(Finding::new(NAME, Outcome::Yes, text).with(|object| {
                object.number("code", welcome.code().number().into());
                object.flag("tls", how.is_some());
            }))?;
            Ok(Some((session, how)))
        }
        Err(fault) => {
            report.add(failed(NAME, &fault))?;
            Ok(None)
        }
    }
}

async fn enter(
    target: &Target,
    how: Option<Secure>,
) -> Result<(Session, ftpkit::proto::Reply), Fault> {
    let mut session = target.session(how).await?;
    let user = target.url.user().map(Text::as_bytes).unwrap_or_default();
    let password = target.url.password().map(|password| password.as_bytes());
    let welcome = session
        .login(user, password.unwrap_or(b"anonymous@"))
        .await?;
    Ok((session, welcome))
}

/// What FEAT says of what else would be tried.
fn by_features(features: &Features, report: &mut Report) -> anyhow::Result<()> {
    if features.is_empty() {
        return Ok(());
    }
    for (name, listed) in [
        ("utf8", features.utf8()),
        ("epsv", features.epsv()),
        ("eprt", features.eprt()),
        ("mlsd", features.mlst().is_some()),
        ("rest", features.rest_stream()),
    ] {
        report.add(match listed {
            true => Finding::new(name, Outcome::Yes, "FEAT lists it"),
            false => Finding::new(name, Outcome::Unknown, "FEAT does not list it"),
        })?;
    }
    report.add(hash_finding(features))
}

async fn utf8(
    session: &mut Session,
    features: &Features,
    report: &mut Report,
) -> anyhow::Result<()> {
    let answer = session.command("OPTS UTF8 ON").await;
    let (outcome, text) = match (features.utf8(), answer) {
        (true, Ok(reply)) => (
            Outcome::Yes,
            format!("FEAT lists it; OPTS UTF8 ON: {reply}"),
        ),
        (true, Err(reason)) => (
            Outcome::Yes,
            format!("FEAT lists it; OPTS UTF8 ON: {reason}"),
        ),
        (false, Ok(reply)) if reply.code().is_success() => (
            Outcome::Yes,
            format!("FEAT does not list it; OPTS UTF8 ON: {reply}"),
        ),
        (false, Ok(reply)) => (
            Outcome::Unknown,
            format!("FEAT does not list it; OPTS UTF8 ON: {reply}"),
        ),
        (false, Err(reason)) => (Outcome::Failed, reason),
    };
    report.add(Finding::new("utf8", outcome, text))
}

/// Goes to the directory of the URL.
async fn directory(
    target: &Target,
    session: &mut Session,
    report: &mut Report,
) -> anyhow::Result<()> {
    if let Some(path) = target.url.path() {
        let cwd = [b"CWD ", path.as_bytes()].concat();
        if let Err(fault) = session.succeed(cwd).await {
            report.add(failed("directory", &fault))?;
            return Ok(());
        }
    }
    report.add(match session.succeed("PWD").await {
        Ok(pwd) => match fields::path(&pwd) {
            Some(path) => Finding::new("directory", Outcome::Yes, path.to_string())
                .with(|object| object.bytes("path", path.as_bytes())),
            None => Finding::new("directory", Outcome::Unknown, pwd.to_string()),
        },
        Err(fault) => failed("directory", &fault),
    })
}

/// Tries each way to a data connection with LIST; the first that works, and what came by it.
async fn ways(
    target: &Target,
    how: Option<Secure>,
    session: &mut Session,
    ways: &[(&'static str, Way)],
    report: &mut Report,
) -> anyhow::Result<(Option<Way>, Option<Listed>)> {
    let v4 = session.wire.peer.is_ipv4();
    let (mut best, mut list) = (None, None);
    for (name, way) in ways.iter().copied() {
        if !v4 && matches!(way, Way::Pasv | Way::Port) {
            report.add(skipped(name, "it is for IPv4 only"))?;
            continue;
        }
        revive(target, how, session).await;
        match session.list(way, "LIST", true).await {
            Ok(listed) => {
                report.add(met(name, session, &listed))?;
                if best.is_none() {
                    (best, list) = (Some(way), Some(listed));
                }
            }
            Err(fault) => report.add(failed(name, &fault))?,
        }
    }
    Ok((best, list))
}

/// A data connection that was made.
fn met(name: &'static str, session: &Session, listed: &Listed) -> Finding {
    let elsewhere = listed
        .told
        .filter(|told| told.ip().to_canonical() != session.wire.peer);
    let mut text = "a listing came".to_owned();
    if listed.resumed.is_some() {
        text.push_str(", under TLS");
    }
    if let Some(told) = elsewhere {
        text.push_str(&format!(
            "; the reply names another address, {}, as behind NAT",
            told.ip()
        ));
    }
    Finding::new(name, Outcome::Yes, text).with(|object| {
        object.flag("tls", listed.resumed.is_some());
        if let Some(told) = listed.told {
            object.text("address", &told.to_string());
        }
    })
}

/// Tries MLSD, and asks for single files where that gives no times in UTC.
async fn moments(
    session: &mut Session,
    way: Option<Way>,
    files: &Files,
    today: Civil,
    report: &mut Report,
) -> anyhow::Result<BTreeMap<Vec<u8>, Timestamp>> {
    let mut moments = BTreeMap::new();
    match way {
        Some(way) => match session.list(way, "MLSD", true).await {
            Ok(listed) => {
                let facts = Files::read(&listed.bytes, Some(Dialect::Mlsx), today);
                report.add(facts.finding("mlsd"))?;
                moments = facts.moments();
            }
            Err(fault) => report.add(failed("mlsd", &fault))?,
        },
        None => report.add(skipped("mlsd", NO_DATA))?,
    }
    let mut asked = files.dated().take(ASKED).peekable();
    let Some(first) = asked.peek() else {
        report.add(skipped("mdtm", "there is no file to ask about"))?;
        return Ok(moments);
    };
    let mut outcome = Finding::new("mdtm", Outcome::Unknown, first.to_string());
    for name in asked {
        let Ok(path) = PathArg::try_from(name.as_bytes()) else {
            continue;
        };
        match session.succeed([b"MDTM ", path.as_bytes()].concat()).await {
            Ok(answer) => {
                if let Some(time) = fields::modified(&answer) {
                    moments.entry(path.as_bytes().to_vec()).or_insert(time);
                }
                outcome = reply("mdtm", &answer);
            }
            Err(fault) => {
                outcome = failed("mdtm", &fault);
                break;
            }
        }
    }
    report.add(outcome)?;
    Ok(moments)
}

async fn rest(
    session: &mut Session,
    features: &Features,
    report: &mut Report,
) -> anyhow::Result<()> {
    let answer = session.command("REST 1").await;
    // Whatever comes next must not begin in the middle.
    let _ = session.command("REST 0").await;
    let listed = if features.rest_stream() {
        "FEAT lists it"
    } else {
        "FEAT does not list it"
    };
    report.add(match answer {
        Ok(answer) => Finding::new(
            "rest",
            Outcome::of(answer.code().is_intermediate()),
            format!("{listed}; REST 1: {answer}"),
        ),
        Err(reason) => Finding::new("rest", Outcome::Failed, reason),
    })
}

async fn hash(
    session: &mut Session,
    features: &Features,
    report: &mut Report,
) -> anyhow::Result<()> {
    if features.hashes().next().is_none()
        && let Ok(reply) = session.succeed("OPTS HASH").await
    {
        let text = format!("FEAT does not list it; OPTS HASH: {reply}");
        return report.add(Finding::new("hash", Outcome::Yes, text));
    }
    report.add(hash_finding(features))
}

/// The algorithms of HASH, and older commands of its kind.
fn hash_finding(features: &Features) -> Finding {
    let algorithms: Vec<String> = features
        .hashes()
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect();
    let older: Vec<&str> = [
        "XCRC", "XMD5", "XSHA", "XSHA1", "XSHA256", "XSHA512", "MD5", "MMD5",
    ]
    .into_iter()
    .filter(|name| features.has(name))
    .collect();
    let text = match (algorithms.is_empty(), older.is_empty()) {
        (true, true) => "FEAT lists none".to_owned(),
        (true, false) => older.join(", "),
        (false, true) => algorithms.join(", "),
        (false, false) => format!("{}; also {}", algorithms.join(", "), older.join(", ")),
    };
    let any = !algorithms.is_empty() || !older.is_empty();
    Finding::new("hash", Outcome::of(any), text).with(|object| {
        object.list("algorithms", algorithms.iter().map(String::as_bytes));
        object.list("commands", older.iter().map(|name| name.as_bytes()));
    })
}

/// Whether data connections can resume the TLS session, and whether they must.
async fn resumption(
    target: &Target,
    session: &mut Session,
    how: Option<Secure>,
    way: Option<Way>,
    list: Option<&Listed>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let Some(way) = way else {
        report.add(skipped("resumption", NO_DATA))?;
        return Ok(());
    };
    // The first data connection of all may have come before the tickets.
    let mut resumed = list.and_then(|listed| listed.resumed) == Some(true);
    if !resumed {
        resumed = matches!(
            session.list(way, "LIST", true).await,
            Ok(Listed {
                resumed: Some(true),
                ..
            })
        );
    }
    report.add(Finding::new(
        "resumption",
        Outcome::of(resumed),
        if resumed {
            "data connections resume the TLS session"
        } else {
            "data connections begin TLS sessions of their own"
        },
    ))?;
    // On a connection that has never resumed, and so has not shown that it could.
    let anew = match enter(target, how).await {
        Ok((mut other, _)) => {
            let anew = match other.protect().await {
                Ok(_) => other.list(way, "LIST", false).await,
                Err(fault) => Err(fault),
            };
            other.quit().await;
            anew
        }
        Err(fault) => Err(fault),
    };
    const NAME: &str = "resumption_required";
    report.add(match anew {
        Ok(_) if resumed && session.is_in_step() => match session.list(way, "LIST", false).await {
            Ok(_) => Finding::new(NAME, Outcome::No, "data connections need not resume"),
            Err(fault) => Finding::new(
                NAME,
                Outcome::No,
                format!("only of clients that have done it before: {}", fault.text()),
            ),
        },
        Ok(_) => Finding::new(NAME, Outcome::No, "data connections need not resume"),
        Err(Fault::Refused(refusal)) => Finding::new(NAME, Outcome::Yes, refusal.to_string()),
        Err(Fault::Failed(reason)) => Finding::new(NAME, Outcome::Failed, reason),
    })
}
