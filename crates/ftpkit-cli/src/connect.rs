//! How the client commands reach a server, and what a URL means to them.

use ftpkit::{
    client::{Client, Error, ErrorKind, Family},
    proto::{
        PathArg, SafeName,
        url::{Scheme, Url},
    },
};
use ftpkit_tokio::tls::{ClientTls, Identity, Roots};

use crate::{
    args::{self, Common, versions},
    line::Line,
    output, probe, sftp, usage,
};

/// Connects and logs in; the path of the URL is left to the command.
pub(crate) async fn connect(url: &Url, common: &Common) -> anyhow::Result<Line> {
    if url.scheme() == Scheme::Sftp {
        return sftp::connect(url, common).await.map(Line::Sftp);
    }
    if let Some(option) = common.ssh.option() {
        return Err(usage(format!("{option} is for sftp://")));
    }
    let mut builder = Client::builder().server(url);
    if let Some(tls) = client_tls(url, &common.tls)? {
        builder = builder.tls_config(tls);
    }
    if common.active {
        builder = builder.active();
    }
    if common.reach.ipv4 {
        builder = builder.family(Family::V4);
    }
    if common.reach.ipv6 {
        builder = builder.family(Family::V6);
    }
    if let Some(timeout) = common.reach.timeout {
        builder = builder.timeout(timeout.0);
    }
    match builder.connect().await {
        Ok(client) => Ok(Line::Ftp(Box::new(client))),
        Err(error) => Err(explained(error, url, common).await),
    }
}

/// TLS as the options want it; none: the URL wants none.
fn client_tls(url: &Url, options: &args::Tls) -> anyhow::Result<Option<ClientTls>> {
    if url.scheme() == Scheme::Ftp {
        return match options.option() {
            None => Ok(None),
            Some(option) => Err(usage(format!(
                "{option} is for TLS: write ftpes:// instead of ftp://, or ftps:// where the \
                 server begins with TLS"
            ))),
        };
    }
    let mut builder = ClientTls::builder().versions(versions(options.tls_version));
    if let Some(file) = &options.cacert {
        let roots =
            Roots::from_pem_file(file).map_err(|error| usage(format!("--cacert: {error}")))?;
        builder = builder.roots(roots);
    }
    if let Some(pin) = options.pin {
        builder = builder.pinned(pin);
    }
    if options.insecure {
        output::note(
            "warning: --insecure trusts anybody: whoever is on the way can read and change all",
        );
        builder = builder.dangerous_trust_anybody();
    }
    if let Some((cert, key)) = options.identity_files() {
        let identity = Identity::from_pem_files(cert, key)
            .map_err(|error| usage(format!("--cert: {error}")))?;
        builder = builder.identity(identity);
    }
    let tls = builder.build().map_err(|error| usage(error.to_string()))?;
    Ok(Some(tls))
}

/// Tells the fingerprint of a server that is not trusted: whoever can compare it may pin it.
async fn explained(error: Error, url: &Url, common: &Common) -> anyhow::Error {
    if error.kind() != ErrorKind::Tls || error.reply().is_some() {
        return error.into();
    }
    match probe::untrusted(url, &common.reach, &common.tls).await {
        Some(fingerprint) => anyhow::anyhow!(
            "{error}; where whoever runs the server tells you this SHA-256 fingerprint, trust it \
             by --pin {fingerprint}"
        ),
        None => error.into(),
    }
}

/// Whether one connection serves both.
pub(crate) fn same_server(one: &Url, other: &Url) -> bool {
    // What is to be under TLS must not go over a connection in clear.
    one.scheme() == other.scheme()
        && (one.host(), one.port(), one.user()) == (other.host(), other.port(), other.user())
        && one.password().map(|p| p.as_bytes()) == other.password().map(|p| p.as_bytes())
}

/// The path of a URL. Of sftp:// too it is relative to the home directory, and begins at the root
/// with a second slash; `~/`, which other programs want for the former, is taken as well.
pub(crate) fn path_in(url: &Url) -> Option<PathArg> {
    let path = url.path()?;
    if url.scheme() != Scheme::Sftp {
        return Some(path.clone());
    }
    match path.as_bytes() {
        b"~" | b"~/" => None,
        bytes => match bytes.strip_prefix(b"~/") {
            Some(below) => PathArg::try_from(below).ok(),
            None => Some(path.clone()),
        },
    }
}

/// The path of a URL that must name something.
pub(crate) fn path_of(url: &Url) -> anyhow::Result<PathArg> {
    path_in(url).ok_or_else(|| usage(format!("the URL {url} names no file")))
}

/// Whether the URL ends in `/`, and so means a directory.
pub(crate) fn is_directory(url: &Url) -> bool {
    path_in(url).is_none_or(|path| path.as_bytes().ends_with(b"/"))
}

/// The last component of a remote path, if it can be a file name anywhere.
pub(crate) fn last_name(path: &PathArg) -> Option<SafeName> {
    let bytes = path.as_bytes();
    let start = bytes
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    SafeName::try_from(bytes.get(start..)?).ok()
}

/// A directory's path with a name behind it.
pub(crate) fn join(directory: Option<&PathArg>, name: &[u8]) -> anyhow::Result<PathArg> {
    let mut bytes = directory.map_or_else(Vec::new, |path| path.as_bytes().to_vec());
    if !bytes.is_empty() && !bytes.ends_with(b"/") {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name);
    PathArg::try_from(&bytes[..]).map_err(|error| {
        usage(format!(
            "{:?} cannot be the name of a remote file: {error}",
            String::from_utf8_lossy(name)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_is_safe_or_none() {
        for (path, name) in [
            ("a", Some("a")),
            ("a/b c", Some("b c")),
            ("/a/-x", Some("-x")),
            ("a/", None),
            ("a/..", None),
            ("..", None),
            ("a/b\\c", None),
        ] {
            let path = PathArg::try_from(path).unwrap();
            let found = last_name(&path);
            assert_eq!(found.as_ref().and_then(SafeName::to_str), name, "{path}");
        }
    }

    #[test]
    fn the_home_directory_has_two_forms_under_sftp() {
        for (url, path) in [
            ("sftp://h/a/b", Some("a/b")),
            ("sftp://h/~/a/b", Some("a/b")),
            ("sftp://h/~", None),
            ("sftp://h/~/", None),
            ("sftp://h/", None),
            ("sftp://h//a", Some("/a")),
            ("ftp://h/~/a", Some("~/a")),
        ] {
            let found = path_in(&url.parse().unwrap());
            assert_eq!(found.as_ref().and_then(PathArg::to_str), path, "{url}");
        }
    }

    #[test]
    fn joining_adds_one_slash() {
        let dir = |text: &str| Some(PathArg::try_from(text).unwrap());
        for (directory, joined) in [
            (None, "x"),
            (dir("a"), "a/x"),
            (dir("a/"), "a/x"),
            (dir("/"), "/x"),
        ] {
            assert_eq!(
                join(directory.as_ref(), b"x").unwrap().as_bytes(),
                joined.as_bytes()
            );
        }
        assert!(join(None, b"a\nb").is_err());
    }
}
