//! `ftpkit get`, `put`, `ls`, `mv`, `mkdir` and `rm` against OpenSSH's server.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::served::{fails, make_keys};
use crate::{
    servers::{free_port, peers},
    tls::cli::FTPKIT,
    tree::{NAMES, content},
    under_test::run,
};

pub(super) const USER: &str = "ftpkit-test";

/// OpenSSH's server, which runs until it is dropped; its user logs in into `root`.
pub(super) struct Sshd {
    child: Child,
    pub(super) port: u16,
    dir: TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sshd {
    pub(super) fn start() -> Self {
        // A port that was free may be somebody else's when the server asks for it.
        (0..5)
            .find_map(|_| Self::try_start())
            .unwrap_or_else(|| panic!("sshd ends before it greets"))
    }

    /// None if the server ends by itself.
    fn try_start() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        make_keys(dir.path());
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        // It reads the keys, and serves, with the rights of who logs in.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        run(Command::new("chown").arg(USER).arg(&root));
        let (port, d) = (free_port(), dir.path().display());
        let configuration = dir.path().join("sshd_config");
        let text = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {d}/host\nPidFile none\nUsePAM no\n\
             StrictModes no\nAuthorizedKeysFile {d}/authorized_keys\n\
             PasswordAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n\
             ForceCommand internal-sftp -d {d}/root\n"
        );
        fs::write(&configuration, text).unwrap();
        let host = run(Command::new("ssh-keygen")
            .args(["-y", "-f"])
            .arg(dir.path().join("host")));
        let known = format!("[127.0.0.1]:{port} {host}");
        fs::write(dir.path().join("known_hosts"), known).unwrap();
        let child = Command::new(peers().join("openssh-server/usr/sbin/sshd"))
            .args(["-D", "-e", "-f"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, port, dir };
        while server.child.try_wait().unwrap().is_none() {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                let mut line = String::new();
                let read = BufReader::new(stream).read_line(&mut line);
                if read.is_ok() && line.starts_with("SSH-2.0-OpenSSH") {
                    return Some(server);
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
        None
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A URL below the login directory; what has a meaning in a URL is encoded.
    fn url(&self, path: &str) -> String {
        let mut url = format!("sftp://{USER}@127.0.0.1:{}/", self.port);
        for byte in path.bytes() {
            match byte {
                b'/' | b'.' | b'-' | b'_' => url.push(byte.into()),
                byte if byte.is_ascii_alphanumeric() => url.push(byte.into()),
                byte => url += &format!("%{byte:02X}"),
            }
        }
        url
    }

    fn ftpkit(&self, command: &str, key: &str) -> Command {
        let mut ftpkit = Command::new(&*FTPKIT);
        ftpkit
            .args([command, "--known-hosts"])
            .arg(self.file("known_hosts"))
            .arg("--identity")
            .arg(self.file(key))
            .env_remove("SSH_AUTH_SOCK")
            .env("HOME", self.dir.path())
            .stdin(Stdio::null());
        ftpkit
    }

    fn run(&self, command: &str, arguments: &[&str]) -> String {
        run(self.ftpkit(command, "ed25519").args(arguments))
    }
}

#[test]
fn files_of_all_sizes_and_names_go_up_are_moved_and_come_down() {
    let server = Sshd::start();
    let (up, down) = (server.file("up"), server.file("down"));
    let (up_name, down_name) = (up.to_str().unwrap(), down.to_str().unwrap());
    server.run("mkdir", &[&server.url("dir"), &server.url("dir/sub")]);
    let sizes = [0, 1, 32_768, 261_121, 5_000_001];
    let files = sizes
        .iter()
        .map(|size| (*size, format!("dir/sub/{size}.bin")));
    let files = files.chain(NAMES.iter().map(|name| (100, format!("dir/{name}"))));
    for (size, name) in files {
        let bytes = content(size as u64, size);
        fs::write(&up, &bytes).unwrap();
        server.run("put", &[up_name, &server.url(&name)]);
        assert!(
            fs::read(server.file("root").join(&name)).unwrap() == bytes,
            "{name}"
        );
        server.run(
            "mv",
            &[&server.url(&name), &server.url(&format!("{name}~"))],
        );
        server.run("get", &[&server.url(&format!("{name}~")), down_name]);
        assert!(fs::read(&down).unwrap() == bytes, "{name}");
        fs::remove_file(&down).unwrap();
        let listed = server.run("ls", &[&server.url(&format!("{name}~"))]);
        assert!(listed.contains(&size.to_string()), "{name}: {listed}");
        if size == 100 {
            server.run("rm", &[&server.url(&format!("{name}~"))]);
        }
    }
    let listed = server.run("ls", &[&server.url("dir/sub")]);
    for size in sizes {
        assert!(listed.contains(&format!("{size}.bin~")), "{listed}");
        server.run("rm", &[&server.url(&format!("dir/sub/{size}.bin~"))]);
    }
    server.run("rm", &[&server.url("dir/sub"), &server.url("dir")]);
    assert_eq!(fs::read_dir(server.file("root")).unwrap().count(), 0);
}

#[test]
fn transfers_resume_both_ways_and_replace_what_is_there() {
    let server = Sshd::start();
    let whole = content(1, 2_000_000);
    let (here, there) = (server.file("here"), server.file("root/there"));
    let (name, url) = (here.to_str().unwrap(), server.url("there"));
    fs::write(&here, &whole).unwrap();
    server.run("put", &[name, &url]);
    for part in [1, 1_234_567] {
        fs::write(&here, &whole[..part]).unwrap();
        server.run("get", &["--resume", &url, name]);
        assert!(fs::read(&here).unwrap() == whole, "{part} down");
        // Written as it is, so that it stays its user's.
        fs::write(&there, &whole[..part]).unwrap();
        server.run("put", &["--resume", name, &url]);
        assert!(fs::read(&there).unwrap() == whole, "{part} up");
    }
    fs::write(&here, b"short").unwrap();
    server.run("put", &[name, &url]);
    assert_eq!(fs::read(&there).unwrap(), b"short");
}

#[test]
fn keys_are_taken_and_hosts_are_checked() {
    let server = Sshd::start();
    for key in ["ed25519", "rsa"] {
        run(server.ftpkit("ls", key).arg(server.url("")));
    }
    let refused = fails(server.ftpkit("ls", "stranger").arg(server.url("")));
    assert!(
        refused.contains("stranger") || refused.contains("publickey"),
        "{refused}"
    );
    let missing = fails(
        server
            .ftpkit("get", "rsa")
            .arg(server.url("missing"))
            .arg("-"),
    );
    assert!(missing.contains("missing"), "{missing}");

    // Another key than the one that is known, and none at all.
    let other = fs::read_to_string(server.file("stranger.pub")).unwrap();
    let known = format!("[127.0.0.1]:{} {other}", server.port);
    fs::write(server.file("known_hosts"), known).unwrap();
    let changed = fails(server.ftpkit("ls", "rsa").arg(server.url("")));
    fs::write(server.file("known_hosts"), "").unwrap();
    let unknown = fails(server.ftpkit("ls", "rsa").arg(server.url("")));
    for told in [&changed, &unknown] {
        assert!(told.contains("SHA256:"), "{told}");
    }
    assert_ne!(changed, unknown);
    run(server
        .ftpkit("ls", "rsa")
        .arg("--accept-new-host-key")
        .arg(server.url("")));
    run(server.ftpkit("ls", "rsa").arg(server.url("")));
}
