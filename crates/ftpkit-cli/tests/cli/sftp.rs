//! sftp:// in the client commands, against a server of SFTP in this process.

use std::{fs, path::Path, sync::Arc};

use ftpkit::{
    accounts::Users,
    fs::LocalDirectory,
    ssh::server::{HostKey, SftpServer},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::run::{Done, run, run_with};

/// A server over a directory, in which `ana` may do all.
pub(crate) struct Sftp {
    dir: TempDir,
    port: u16,
    fingerprint: String,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Sftp {
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (root, local) = (dir.path().join("root"), dir.path().join("local"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&local).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let storage = Arc::new(LocalDirectory::open(&root).unwrap());
        let users = Users::builder().user("ana", "secret", storage);
        let builder = SftpServer::builder()
            .listen("127.0.0.1:0")
            .host_key(HostKey::generate_ed25519().unwrap())
            .authenticator(users.build().unwrap());
        let server = runtime.block_on(builder.bind()).unwrap();
        let port = server.local_addrs()[0].port();
        let fingerprint = server.fingerprints()[0].clone();
        runtime.spawn(server.serve());
        Self {
            dir,
            port,
            fingerprint,
            runtime: Some(runtime),
        }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("root")
    }

    pub(crate) fn local(&self) -> std::path::PathBuf {
        self.dir.path().join("local")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("sftp://ana:secret@127.0.0.1:{}/{path}", self.port)
    }

    /// With the host's key pinned.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        let pin = ["--host-key", &*self.fingerprint];
        run(&self.local(), &[args, &pin].concat())
    }
}

impl Drop for Sftp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_go_there_and_back() {
    let server = Sftp::start();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|at| (at % 251) as u8).collect();
    fs::write(server.local().join("a"), &bytes).unwrap();
    server.run(&["mkdir", "-p", &server.url("d/e")]).ok();
    server.run(&["put", "a", &server.url("d/e/")]).ok();
    assert!(fs::read(server.root().join("d/e/a")).unwrap() == bytes);
    server.run(&["get", &server.url("d/e/a"), "b"]).ok();
    assert!(fs::read(server.local().join("b")).unwrap() == bytes);
    assert!(server.run(&["get", &server.url("~/d/e/a"), "-"]).ok() == bytes);

    fs::write(server.local().join("b"), &bytes[..300_000]).unwrap();
    server
        .run(&["get", &server.url("/d/e/a"), "b", "--resume"])
        .ok();
    assert!(fs::read(server.local().join("b")).unwrap() == bytes);
    fs::write(server.root().join("d/e/a"), &bytes[..300_000]).unwrap();
    server
        .run(&["put", "a", &server.url("d/e/a"), "--resume"])
        .ok();
    assert!(fs::read(server.root().join("d/e/a")).unwrap() == bytes);
    assert_eq!(names(&server.local()), ["a", "b"]);
}

#[test]
fn names_are_listed_moved_and_removed() {
    let server = Sftp::start();
    fs::create_dir_all(server.root().join("d/e")).unwrap();
    fs::write(server.root().join("d/e/f"), b"12345").unwrap();
    let lines = server.run(&["ls", "-R", "--json", &server.url("d")]).text();
    assert!(
        lines.contains(r#""name":"e/f","kind":"file","size":5"#),
        "{lines}"
    );
    let table = server.run(&["ls", &server.url("d/e/f")]).text();
    assert!(
        table.starts_with("-rw") && table.ends_with(" f\n"),
        "{table}"
    );
    server
        .run(&["mv", &server.url("d/e/f"), &server.url("g")])
        .ok();
    assert_eq!(names(&server.root()), ["d", "g"]);
    server
        .run(&[
            "rm",
            &server.url("g"),
            &server.url("d/e"),
            &server.url("d/"),
        ])
        .ok();
    assert!(names(&server.root()).is_empty());
    let line = server.run(&["get", &server.url("none"), "-"]).failed();
    assert!(
        line.starts_with("cannot download none from 127.0.0.1:"),
        "{line}"
    );
    assert!(line.contains("no such file"), "{line}");
    server.run(&["ls", &server.url("none")]).failed();
    server.run(&["rm", &server.url("none")]).failed();
}

#[test]
fn a_host_is_known_before_a_password_is_sent() {
    let server = Sftp::start();
    fs::write(server.root().join("a"), b"x").unwrap();
    let get = |options: &[&str]| {
        let url = server.url("a");
        run(&server.local(), &[&["get", &url, "-"], options].concat())
    };
    let hosts = ["--known-hosts", "hosts"];
    // There is no terminal to ask on.
    let line = get(&hosts).failed();
    assert!(
        line.contains("is not known") && line.contains(&server.fingerprint),
        "{line}"
    );
    assert!(!server.local().join("hosts").exists());
    get(&[&hosts[..], &["--accept-new-host-key"]].concat()).ok();
    assert_eq!(get(&hosts).ok(), b"x");
    // Another server on the same port.
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let text = format!("[127.0.0.1]:{} {other}\n", server.port);
    fs::write(server.local().join("hosts"), text).unwrap();
    let line = get(&[&hosts[..], &["--accept-new-host-key"]].concat()).failed();
    assert!(
        line.contains("line 1 of") && line.contains("another"),
        "{line}"
    );
    let pin = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    assert!(get(&["--host-key", pin]).failed().contains("pinned"));
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let server = Sftp::start();
    let url = format!("sftp://ana:wrong@127.0.0.1:{}/", server.port);
    let line = server.run(&["ls", &url]).failed();
    assert!(line.contains("cannot log in to 127.0.0.1:"), "{line}");
    assert!(!line.contains("wrong"), "{line}");
}

#[test]
fn standard_input_can_be_put() {
    let server = Sftp::start();
    let url = server.url("in");
    let args = ["put", "-", &*url, "--host-key", &*server.fingerprint];
    run_with(&server.local(), &args, b"piped").ok();
    assert_eq!(fs::read(server.root().join("in")).unwrap(), b"piped");
}

#[test]
fn a_server_is_found_out() {
    let server = Sftp::start();
    fs::create_dir(server.root().join("d")).unwrap();
    for name in ["d/a", "d/b"] {
        fs::write(server.root().join(name), b"x").unwrap();
    }
    let probe = |args: &[&str]| -> Value {
        let done = server.run(&[&["probe", "--json"], args].concat());
        serde_json::from_slice(&done.ok()).unwrap()
    };
    let found = probe(&[&server.url("d")]);
    for step in [
        "address",
        "server",
        "host_key",
        "trusted",
        "key_exchange",
        "strict",
        "cipher",
        "login",
        "sftp",
        "directory",
        "list",
        "extensions",
        "limits",
        "space",
    ] {
        assert_eq!(found[step]["result"], "yes", "{step}: {found}");
    }
    assert_eq!(found["host_key"]["sha256"], server.fingerprint);
    assert_eq!(found["host_key"]["algorithm"], "ssh-ed25519");
    let cipher = found["cipher"]["text"].as_str().unwrap();
    assert!(cipher.starts_with("aes256-gcm"), "{found}");
    let greeting = found["server"]["text"].as_str().unwrap();
    assert!(greeting.starts_with("SSH-2.0-"), "{found}");
    assert_eq!(found["list"]["entries"], 2);
    let extensions = found["extensions"]["names"].as_array().unwrap();
    assert_eq!(extensions.len(), 11, "{found}");
    assert!(found["limits"]["write_length"].as_u64().unwrap() >= 32 * 1024);
    assert!(found["space"]["total"].as_u64().unwrap() > 0);
    assert_eq!(names(&server.root()), ["d"]);

    // What SSH agreed on is told without a login too.
    let url = format!("sftp://ana:wrong@127.0.0.1:{}/", server.port);
    let found = probe(&[&url]);
    assert_eq!(found["login"]["result"], "failed", "{found}");
    assert_eq!(found["cipher"]["result"], "yes", "{found}");
    assert!(!found.to_string().contains("wrong"), "{found}");
}

#[test]
fn a_probe_shows_the_key_of_a_host_that_is_not_known() {
    let server = Sftp::start();
    let (url, hosts) = (server.url(""), ["--known-hosts", "hosts"]);
    let done = run(&server.local(), &[&["probe", &*url], &hosts[..]].concat());
    let text = done.text();
    assert!(text.contains(&server.fingerprint), "{text}");
    let trusted = text.lines().find(|line| line.starts_with("trusted"));
    assert!(trusted.is_some_and(|line| line.contains(" no ")), "{text}");
    assert!(!text.contains("login"), "{text}");
    assert!(!server.local().join("hosts").exists());
}

#[test]
fn a_probe_of_no_ssh_server_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let peer = std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        // The client may have gone before all of it is taken.
        let _ = stream.write_all(b"220 FTP\r\n");
    });
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sftp://ana@127.0.0.1:{port}/");
    let done = run(dir.path(), &["probe", &url]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.err.contains("check that this is an SSH server"),
        "{done:?}"
    );
    peer.join().unwrap();
}
