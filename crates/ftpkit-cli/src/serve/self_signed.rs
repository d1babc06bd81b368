//! A certificate of the server's own making: a small CA that vouches for one certificate, and
//! is then gone, since nobody has kept its key. What is made is kept, as host keys of SSH are,
//! so that clients can remember its fingerprint.

use std::{
    fs, io,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, anyhow};
use etcetera::BaseStrategy as _;
use ftpkit_tokio::tls::{Identity, rustls::pki_types::DnsName};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use crate::certificate::{Description, Details};

/// How long a certificate holds.
const VALIDITY: Duration = Duration::from_secs(2 * 365 * 24 * 3600);
/// A certificate is renewed at a start when it holds no longer than this.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);
/// Clocks of clients may be behind by this much.
const SKEW: Duration = Duration::from_secs(24 * 3600);

/// The key and both certificates in one file, so that they always belong together.
const IDENTITY: &str = "server.pem";
/// The CA's certificate, for clients.
const CA: &str = "ca.pem";

/// What a server shows.
pub(super) struct SelfSigned {
    pub(super) identity: Identity,
    /// The file with the CA's certificate; none: it could not be kept.
    pub(super) ca: Option<PathBuf>,
    /// What whoever runs the server should know.
    pub(super) notes: Vec<String>,
}

/// The identity that was kept, or a new one. Blocks.
pub(super) fn self_signed(addresses: &[SocketAddr]) -> anyhow::Result<SelfSigned> {
    let special = special(addresses);
    match state_directory() {
        Some(state) => kept(&state.join(directory(&special)), &special),
        None => made(&special, "there is no home directory to keep it in"),
    }
}

/// The addresses that are not those of every machine. A server that listens on them has a
/// certificate of its own: adding names to one that is in use would change its fingerprint.
fn special(addresses: &[SocketAddr]) -> Vec<IpAddr> {
    let mut special: Vec<IpAddr> = addresses
        .iter()
        .map(|address| address.ip().to_canonical())
        .filter(|ip| !ip.is_unspecified() && !LOCAL.contains(ip))
        .collect();
    special.sort_unstable();
    special.dedup();
    special
}

const LOCAL: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

fn directory(special: &[IpAddr]) -> String {
    if special.is_empty() {
        return "local".to_owned();
    }
    let names: Vec<String> = special
        .iter()
        // Not every file system has colons in names.
        .map(|ip| ip.to_string().replace(':', "-"))
        .collect();
    names.join("_")
}

/// `$XDG_STATE_HOME/ftpkit/tls`, or its like.
fn state_directory() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Some(state.join("ftpkit").join("tls"))
}

fn kept(directory: &Path, special: &[IpAddr]) -> anyhow::Result<SelfSigned> {
    let file = directory.join(IDENTITY);
    let mut notes = Vec::new();
    match fs::read(&file) {
        Ok(pem) => {
            let (identity, details) = read(&pem).with_context(|| {
                format!("the kept certificate {file:?} cannot be used; move it away to have a new one made")
            })?;
            if details.remaining().is_some_and(|left| left > RENEWAL) {
                notes.extend(shared_key(&file));
                notes.extend(other_host(&details, &file));
                return with_ca(identity, directory, notes);
            }
            let pem = make(special)?;
            replace(&file, pem.as_bytes(), true)
                .with_context(|| format!("cannot renew the certificate {file:?}"))?;
            notes.push(
                "the certificate was about to expire and is a new one: its fingerprint has \
                 changed, and so has its CA"
                    .to_owned(),
            );
            with_ca(read(pem.as_bytes())?.0, directory, notes)
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            let pem = make(special)?;
            let written =
                fs::create_dir_all(directory).and_then(|()| replace(&file, pem.as_bytes(), false));
            match written {
                Ok(()) => with_ca(read(pem.as_bytes())?.0, directory, notes),
                // Another server has made one meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let pem = fs::read(&file).with_context(|| format!("cannot read {file:?}"))?;
                    with_ca(read(&pem)?.0, directory, notes)
                }
                Err(error) => forgotten(&pem, &format!("{directory:?}: {error}")),
            }
        }
        Err(error) => {
            Err(anyhow::Error::new(error).context(format!("cannot read the certificate {file:?}")))
        }
    }
}

fn made(special: &[IpAddr], why: &str) -> anyhow::Result<SelfSigned> {
    forgotten(&make(special)?, why)
}

fn forgotten(pem: &str, why: &str) -> anyhow::Result<SelfSigned> {
    Ok(SelfSigned {
        identity: read(pem.as_bytes())?.0,
        ca: None,
        notes: vec![format!(
            "warning: the certificate cannot be kept, and will be another one after the next \
             start ({why})"
        )],
    })
}

fn with_ca(identity: Identity, directory: &Path, notes: Vec<String>) -> anyhow::Result<SelfSigned> {
    let file = directory.join(CA);
    let ca = identity
        .chain()
        .last()
        .ok_or_else(|| anyhow!("the certificate has no CA"))?;
    let pem = pem_of(ca);
    if fs::read(&file).ok().as_deref() != Some(pem.as_bytes()) {
        replace(&file, pem.as_bytes(), true)
            .and_then(|()| readable(&file))
            .with_context(|| format!("cannot write the CA's certificate {file:?}"))?;
    }
    Ok(SelfSigned {
        identity,
        ca: Some(file),
        notes,
    })
}

fn pem_of(der: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    let text = Base64::encode_string(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

fn read(pem: &[u8]) -> anyhow::Result<(Identity, Details)> {
    let identity = Identity::from_pem(pem, pem)?;
    let certificate = identity
        .chain()
        .first()
        .ok_or_else(|| anyhow!("there is no certificate"))?;
    let details = Description::of(certificate)
        .details
        .map_err(|error| anyhow!("the certificate cannot be read: {error}"))?;
    Ok((identity, details))
}

/// Writes a file as a whole or not at all, which only its owner can read.
fn replace(file: &Path, text: &[u8], may_exist: bool) -> io::Result<()> {
    let directory = file.parent().unwrap_or_else(|| Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(text)?;
    new.as_file().sync_all()?;
    if may_exist {
        new.persist(file)?;
    } else {
        new.persist_noclobber(file)?;
    }
    Ok(())
}

#[cfg(unix)]
fn readable(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A word on a key that others can read.
#[cfg(unix)]
fn shared_key(file: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| {
        format!(
            "warning: others can read the private key in {file:?}: move it away to have a new \
             one made"
        )
    })
}

#[cfg(not(unix))]
fn shared_key(_: &Path) -> Option<String> {
    None
}

/// A word on a machine that has another name by now.
fn other_host(details: &Details, file: &Path) -> Option<String> {
    let host = host()?;
    let names = details.names.as_deref().unwrap_or_default();
    let named = names.iter().any(|name| name.eq_ignore_ascii_case(&host));
    (!named).then(|| {
        format!(
            "the certificate does not name this machine, {host}: move {file:?} away to have a \
             new one made"
        )
    })
}

/// The machine's name, where it is one that a certificate can have.
fn host() -> Option<String> {
    let host = gethostname::gethostname().into_string().ok()?;
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    DnsName::try_from(host.as_str()).ok()?;
    Some(host)
}

/// A key, its certificate and that of the CA that signed it, as PEM. The CA's key is dropped:
/// whoever trusts the CA trusts this one certificate, and nobody can make another.
fn make(special: &[IpAddr]) -> anyhow::Result<String> {
    let host = host();
    let label = host.clone().unwrap_or_else(|| "this machine".to_owned());
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .context("the clock shows a year before 1970")?;
    let epoch = date_time_ymd(1970, 1, 1);
    let (from, until) = (epoch + now.saturating_sub(SKEW), epoch + now + VALIDITY);
    let begin = |name: String| {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.not_before, params.not_after) = (from, until);
        params
    };
    let mut ca = begin(format!("ftpkit CA on {label}"));
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;

    let mut leaf = begin(format!("ftpkit on {label}"));
    let names = ["localhost".to_owned()]
        .into_iter()
        .chain(host.filter(|host| host != "localhost"));
    for name in names {
        leaf.subject_alt_names
            .push(SanType::DnsName(name.try_into()?));
    }
    let addresses = LOCAL.iter().chain(special);
    leaf.subject_alt_names
        .extend(addresses.map(|ip| SanType::IpAddress(*ip)));
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &Issuer::from_params(&ca, &ca_key))?;
    Ok([key.serialize_pem(), certificate.pem(), ca_certificate.pem()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<SocketAddr> {
        text.split(' ').map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_of_this_machine_alone_have_a_certificate_of_their_own() {
        for (listen, expected) in [
            ("127.0.0.1:2121", "local"),
            ("0.0.0.0:21 [::]:21 [::1]:990", "local"),
            ("[::ffff:127.0.0.1]:21", "local"),
            ("192.0.2.7:21 0.0.0.0:990 192.0.2.7:990", "192.0.2.7"),
            ("[2001:db8::1]:21 192.0.2.7:21", "192.0.2.7_2001-db8--1"),
        ] {
            assert_eq!(
                directory(&special(&addresses(listen))),
                expected,
                "{listen}"
            );
        }
    }

    #[test]
    fn the_certificate_names_what_is_listened_on_and_its_ca_vouches_for_it() {
        let special = special(&addresses("192.0.2.7:21 [2001:db8::1]:21"));
        let pem = make(&special).unwrap();
        let (identity, details) = read(pem.as_bytes()).unwrap();
        let names = details.names.clone().unwrap();
        for name in ["localhost", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::1"] {
            assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
        }
        if let Some(host) = host() {
            assert!(names.contains(&host), "{host}: {names:?}");
            assert_eq!(other_host(&details, Path::new("x")), None);
        }
        assert!(details.remaining().unwrap() > RENEWAL);
        let [leaf, ca] = identity.chain() else {
            panic!("{} certificates", identity.chain().len());
        };
        assert_ne!(leaf, ca);
        let ca = Description::of(ca).details.unwrap();
        assert_eq!((&ca.issuer, &ca.subject), (&ca.subject, &details.issuer));
    }
}
