//! TLS: what `serve` shows and asks for, whom `get`, `put` and `ls` trust.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    sync::Arc,
};

use ftpkit_tokio::tls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    date_time_ymd,
};

use crate::run::{Done, Server, run};

const SELF_SIGNED: [&str; 5] = [
    "--tls-self-signed",
    "--implicit",
    "127.0.0.1:0",
    "--user",
    "ana:pw",
];

fn self_signed(more: &[&str]) -> Server {
    Server::start(&[&SELF_SIGNED[..], more].concat())
}

fn ca(server: &Server) -> &str {
    server.told("its CA, for clients: ")
}

fn fingerprint(server: &Server) -> &str {
    server.told("certificate SHA-256 ")
}

/// A CA, and who it has signed.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A certificate for 127.0.0.1, or of a client of this name; and the key to it.
    fn sign(&self, client: Option<&str>) -> (String, String) {
        let mut params = CertificateParams::default();
        match client {
            None => params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())],
            Some(name) => {
                params.distinguished_name = rcgen::DistinguishedName::new();
                params
                    .distinguished_name
                    .push(rcgen::DnType::CommonName, name);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// `ca.pem`, `cert.pem` and `key.pem` in a directory.
fn write_identity(dir: &Path) -> Authority {
    let authority = Authority::new();
    let (certificate, key) = authority.sign(None);
    fs::write(dir.join("ca.pem"), &authority.1).unwrap();
    fs::write(dir.join("cert.pem"), certificate).unwrap();
    fs::write(dir.join("key.pem"), key).unwrap();
    authority
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_self_signed_server_is_reached_by_its_ca_or_its_pin() {
    let server = self_signed(&[]);
    let (ca, pin) = (ca(&server), fingerprint(&server));
    fs::write(server.local.join("a"), b"hello").unwrap();
    for scheme in ["ftpes", "ftps"] {
        let url = |path: &str| server.url_by(scheme, "ana:pw", path);
        for trust in [["--cacert", ca], ["--pin", pin]] {
            let run = |args: &[&str]| server.run(&[args, &trust].concat());
            run(&["put", "a", &url("b")]).ok();
            assert_eq!(run(&["get", &url("b"), "-"]).ok(), b"hello");
            assert!(run(&["ls", &url("")]).text().contains(" b\n"));
            run(&["mv", &url("b"), "c"]).ok();
            run(&["rm", &url("c")]).ok();
            for version in ["1.2", "1.3", "any"] {
                run(&["ls", &url(""), "--tls-version", version]).ok();
            }
        }
        let done = server.run(&["ls", &url(""), "--insecure"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.err.contains("warning: --insecure"), "{}", done.err);
    }
    // The name that it has, too.
    let by_name = server.url_by("ftpes", "ana:pw", "");
    let by_name = by_name.replace("127.0.0.1", "localhost");
    server.run(&["ls", &by_name, "--cacert", ca]).ok();
}

#[test]
fn who_is_not_trusted_is_told_by_fingerprint_and_nothing_is_said() {
    let server = self_signed(&[]);
    let other = Authority::new();
    fs::write(server.local.join("other.pem"), &other.1).unwrap();
    let wrong = "00".repeat(32);
    for scheme in ["ftpes", "ftps"] {
        for trust in [&[][..], &["--cacert", "other.pem"], &["--pin", &wrong]] {
            let url = server.url_by(scheme, "ana:pw", "");
            let done = server.run(&[&["ls", "-v", &url], trust].concat());
            assert_eq!(done.code, Some(1), "{done:?}");
            let hint = format!("--pin {}", fingerprint(&server));
            assert!(done.err.contains(&hint), "{}", done.err);
            assert!(!done.err.contains("USER"), "{}", done.err);
        }
    }
}

#[test]
fn a_certificate_for_another_host_is_none() {
    let dir = tempfile::tempdir().unwrap();
    write_identity(dir.path());
    let (certificate, key) = (path(dir.path(), "cert.pem"), path(dir.path(), "key.pem"));
    let server = Server::start(&["--tls-cert", &certificate, "--tls-key", &key]);
    let url = server.url_by("ftpes", "anonymous", "");
    let ca = path(dir.path(), "ca.pem");
    server.run(&["ls", &url, "--cacert", &ca]).ok();
    let url = url.replace("127.0.0.1", "localhost");
    let line = server.run(&["ls", &url, "--cacert", &ca]).failed();
    assert!(line.contains("--pin"), "{line}");
}

#[test]
fn a_login_in_clear_is_refused_where_tls_is_required() {
    let server = self_signed(&["--tls-required"]);
    assert!(server.lines[0].starts_with("listening on ftpes://"));
    let line = server
        .run(&["ls", &server.url_by("ftp", "ana:pw", "")])
        .failed();
    assert!(line.contains("TLS"), "{line}");
    let server = self_signed(&[]);
    server
        .run(&["ls", &server.url_by("ftp", "ana:pw", "")])
        .ok();
}

#[test]
fn data_connections_resume_where_they_must() {
    for reuse in ["off", "auto", "required"] {
        let server = self_signed(&["--tls-reuse", reuse]);
        fs::write(server.root.join("a"), b"hello").unwrap();
        let pin = fingerprint(&server);
        for version in ["1.2", "1.3"] {
            let url = server.url_by("ftpes", "ana:pw", "a");
            let get = ["get", &url, "-", "--pin", pin, "--tls-version", version];
            assert_eq!(server.run(&get).ok(), b"hello");
        }
    }
}

#[test]
fn a_self_signed_certificate_is_kept_and_its_key_is_private() {
    let server = self_signed(&[]);
    let (first, ca) = (fingerprint(&server).to_owned(), ca(&server).to_owned());
    let ca_text = fs::read(&ca).unwrap();
    let key = Path::new(&ca).with_file_name("server.pem");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let dir = server.stop();
    let server = Server::start_in(dir, &SELF_SIGNED);
    assert_eq!(fingerprint(&server), first);
    assert_eq!(fs::read(&ca).unwrap(), ca_text);

    // What is there and cannot be used is left alone.
    let dir = server.stop();
    fs::write(&key, b"my notes").unwrap();
    let done = serve_in(dir.path());
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("move it away"), "{}", done.err);
    assert_eq!(fs::read(&key).unwrap(), b"my notes");

    // One that has expired is renewed, and that is told.
    let mut params = CertificateParams::default();
    params.not_after = date_time_ymd(2020, 1, 1);
    let pair = KeyPair::generate().unwrap();
    let expired = params.self_signed(&pair).unwrap();
    fs::write(&key, [pair.serialize_pem(), expired.pem()].concat()).unwrap();
    let mut server = Server::start_in(dir, &SELF_SIGNED);
    assert_ne!(fingerprint(&server), first);
    let url = server.url_by("ftpes", "ana:pw", "");
    server.run(&["ls", &url, "--cacert", &ca]).ok();
    server.child.kill().unwrap();
    let done = server.ended();
    assert!(done.err.contains("fingerprint has changed"), "{}", done.err);
}

#[test]
fn without_a_place_to_keep_it_a_certificate_is_made_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("state"), b"no directory").unwrap();
    let mut server = Server::start_in(dir, &SELF_SIGNED);
    let url = server.url_by("ftpes", "ana:pw", "");
    let pin = fingerprint(&server).to_owned();
    server.run(&["ls", &url, "--pin", &pin]).ok();
    assert!(server.told("try: ").contains(&pin));
    server.child.kill().unwrap();
    let done = server.ended();
    assert!(done.err.contains("cannot be kept"), "{}", done.err);
}

/// A server that ends at once.
fn serve_in(dir: &Path) -> Done {
    let output = crate::run::ftpkit()
        .args(["serve", "--listen", "127.0.0.1:0", "--tls-self-signed"])
        .current_dir(dir)
        .env("XDG_STATE_HOME", dir.join("state"))
        .output()
        .unwrap();
    Done {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_key_of_another_certificate_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let authority = write_identity(dir.path());
    fs::write(dir.path().join("other.pem"), authority.sign(None).1).unwrap();
    let serve = ["serve", "--tls-cert", "cert.pem", "--tls-key", "other.pem"];
    let done = run(dir.path(), &serve);
    assert_eq!(done.code, Some(2), "{done:?}");
    for word in ["cert.pem", "other.pem", "is not that of"] {
        assert!(done.err.contains(word), "{}", done.err);
    }
}

#[test]
fn a_client_certificate_stands_in_for_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let clients = path(dir.path(), "clients.pem");
    fs::write(&clients, &authority.1).unwrap();
    let server = self_signed(&["--user", "bob:secret", "--tls-client-ca", &clients]);
    let pin = fingerprint(&server);
    let write = |name: &str, (certificate, key): (String, String)| {
        fs::write(server.local.join(name), [key, certificate].concat()).unwrap();
    };
    write("ana.pem", authority.sign(Some("ana")));
    write("eve.pem", Authority::new().sign(Some("ana")));
    for scheme in ["ftpes", "ftps"] {
        let ls = |user: &str, more: &[&str]| {
            let url = server.url_by(scheme, user, "");
            server.run(&[&["ls", &url, "--pin", pin], more].concat())
        };
        ls("ana", &["--cert", "ana.pem"]).ok();
        ls("ana", &["--cert", "ana.pem", "--key", "ana.pem"]).ok();
        ls("bob:secret", &["--cert", "ana.pem"]).ok();
        ls("bob:secret", &[]).ok();
        ls("bob", &["--cert", "ana.pem"]).failed();
        ls("ana", &[]).failed();
        // Who vouches for it is not known here.
        ls("ana", &["--cert", "eve.pem"]).failed();
    }
}

#[test]
fn passwords_in_clear_are_warned_about_unless_tls_is_required() {
    for (options, warns) in [
        (&["--listen", "0.0.0.0:0"][..], true),
        (&["--listen", "0.0.0.0:0", "--tls-required"], false),
        (&["--implicit", "0.0.0.0:0"], false),
    ] {
        let options = [options, &["--tls-self-signed", "--user", "a:b"]].concat();
        let mut server = Server::start(&options);
        server.child.kill().unwrap();
        let done = server.ended();
        let warned = done.err.contains("in clear");
        assert_eq!(warned, warns, "{options:?}: {}", done.err);
    }
}

#[test]
fn one_command_goes_to_each_url_by_its_own_scheme() {
    let server = self_signed(&[]);
    fs::create_dir(server.root.join("a")).unwrap();
    fs::create_dir(server.root.join("b")).unwrap();
    let (clear, secured) = (
        server.url_by("ftp", "ana:pw", "a/"),
        server.url_by("ftpes", "ana:pw", "b/"),
    );
    // The second is not trusted, and so not reached over the connection of the first.
    let done = server.run(&["rm", &clear, &secured]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.err.contains("--pin"), "{}", done.err);
    assert_eq!(server.names(), ["b"]);
}

/// An upload whose data connection is cut without a goodbye of TLS: the last reply.
fn cut_upload(server: &Server) -> String {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(ca(server)).unwrap();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let connect = |address: &str| {
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let client = ClientConnection::new(Arc::clone(&config), name).unwrap();
        StreamOwned::new(client, TcpStream::connect(address).unwrap())
    };
    let address = server.told("listening on ftps://");
    let mut control = BufReader::new(connect(address.trim_end_matches('/')));
    let read = |control: &mut BufReader<_>| {
        let mut line = String::new();
        control.read_line(&mut line).unwrap();
        line
    };
    read(&mut control);
    let mut reply = String::new();
    for command in ["USER ana", "PASS pw", "PBSZ 0", "PROT P", "EPSV"] {
        let line = format!("{command}\r\n");
        control.get_mut().write_all(line.as_bytes()).unwrap();
        reply = read(&mut control);
    }
    let port = reply.split('|').nth(3).unwrap();
    control.get_mut().write_all(b"STOR half\r\n").unwrap();
    // Its handshake is carried out as the payload is written.
    let mut data = connect(&format!("127.0.0.1:{port}"));
    data.write_all(b"half of it").unwrap();
    data.flush().unwrap();
    assert!(read(&mut control).starts_with("150"));
    data.sock.shutdown(Shutdown::Write).unwrap();
    read(&mut control)
}

#[test]
fn an_upload_without_a_goodbye_is_complete_only_where_that_is_wanted() {
    let server = self_signed(&[]);
    let reply = cut_upload(&server);
    assert!(reply.starts_with("426"), "{reply}");
    assert!(server.names().is_empty());
    let server = self_signed(&["--accept-unclean-close"]);
    let reply = cut_upload(&server);
    assert!(reply.starts_with("226"), "{reply}");
    assert_eq!(server.names(), ["half"]);
}

#[cfg(unix)]
mod hangup {
    use ftpkit::client::{Client, tls::ClientTls};

    use super::*;

    #[tokio::test]
    async fn a_hangup_has_the_certificate_read_again() {
        let dir = tempfile::tempdir().unwrap();
        write_identity(dir.path());
        let (certificate, key) = (path(dir.path(), "cert.pem"), path(dir.path(), "key.pem"));
        let options = ["--tls-cert", &certificate, "--tls-key", &key];
        let mut server = Server::start(&options);
        let mut log = BufReader::new(server.child.stderr.take().unwrap());
        let mut hang_up = || {
            server.signal("HUP");
            let mut line = String::new();
            log.read_line(&mut line).unwrap();
            line
        };
        let first = fingerprint(&server);
        let tls = ClientTls::builder().pinned(first.parse().unwrap());
        let mut session = Client::builder()
            .url(&server.url_by("ftpes", "anonymous", ""))
            .tls_config(tls.build().unwrap())
            .connect()
            .await
            .unwrap();
        let ls = |pin: &str| server.run(&["ls", "--pin", pin, &server.url_by("ftpes", "ftp", "")]);

        write_identity(dir.path());
        let line = hang_up();
        let second = line.trim_end().rsplit(' ').next().unwrap();
        assert!(line.contains("was read again"), "{line}");
        assert_ne!(second, first);
        ls(second).ok();
        ls(first).failed();
        // Who is there already stays, and has new data connections.
        for _ in 0..3 {
            session.list("").await.unwrap().collect().await.unwrap();
        }
        session.quit().await.unwrap();

        fs::write(&certificate, b"half a certif").unwrap();
        let line = hang_up();
        assert!(line.contains("stays the one it was"), "{line}");
        assert!(line.contains("cert.pem"), "{line}");
        ls(second).ok();
    }
}
