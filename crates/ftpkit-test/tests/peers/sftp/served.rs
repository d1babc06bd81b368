//! `ftpkit serve --sftp` as the server under test, and the keys of those who log in.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{tls::cli::FTPKIT, under_test::run};

/// How a client of OpenSSH's proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Password,
    /// keyboard-interactive, where the server asks for the password.
    Interactive,
    /// A key by its name in the directory of keys; a certificate lies beside `certified`.
    Key(&'static str),
}

impl Login {
    pub(crate) const ALL: [Self; 5] = [
        Self::Password,
        Self::Interactive,
        Self::Key("ed25519"),
        Self::Key("rsa"),
        Self::Key("certified"),
    ];
    pub(crate) const USUAL: Self = Self::Key("ed25519");
}

/// A server that runs until it is dropped, over a temporary directory.
pub(crate) struct Sftp {
    child: Child,
    pub(crate) address: SocketAddr,
    root: TempDir,
    keys: TempDir,
}

impl Drop for Sftp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sftp {
    pub(crate) const USER: &str = "ana";
    pub(crate) const PASSWORD: &str = "secret";

    /// Serves an empty directory on a port of its own.
    pub(crate) fn start() -> Self {
        Self::over(tempfile::tempdir().unwrap())
    }

    /// Serves this directory.
    pub(crate) fn over(root: TempDir) -> Self {
        let keys = tempfile::tempdir().unwrap();
        make_keys(keys.path());
        let mut child = Command::new(&*FTPKIT)
            .args(["serve", "--sftp", "127.0.0.1:0", "--host-key"])
            .arg(keys.path().join("host"))
            .arg("--authorized-keys")
            .arg(keys.path().join("authorized_keys"))
            .args(["--user", &format!("{}:{}", Self::USER, Self::PASSWORD)])
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = Vec::new();
        let address: Option<SocketAddr> = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .inspect(|line| told.push(line.clone()))
            .find_map(|line| {
                line.strip_prefix("listening on sftp://")?
                    .trim_end_matches('/')
                    .parse()
                    .ok()
            });
        let Some(address) = address else {
            let _ = child.kill();
            panic!("no address of SFTP: {told:?}");
        };
        let host = run(Command::new("ssh-keygen")
            .args(["-y", "-f"])
            .arg(keys.path().join("host")));
        let known = format!("[{}]:{} {host}", address.ip(), address.port());
        fs::write(keys.path().join("known_hosts"), known).unwrap();
        Self {
            child,
            address,
            root,
            keys,
        }
    }

    /// The server's process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A file of the directory of keys.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.keys.path().join(name)
    }

    /// What `ssh` needs, the port excepted, whose letter differs between the programs.
    pub(crate) fn options(&self, login: Login) -> Vec<String> {
        let mut options = vec!["-F".to_owned(), "none".to_owned()];
        let mut set = |option: String| options.extend(["-o".to_owned(), option]);
        set(format!(
            "UserKnownHostsFile={}",
            self.key("known_hosts").display()
        ));
        set("GlobalKnownHostsFile=none".to_owned());
        set("StrictHostKeyChecking=yes".to_owned());
        set("BatchMode=no".to_owned());
        set("NumberOfPasswordPrompts=1".to_owned());
        set("IdentityAgent=none".to_owned());
        set("IdentitiesOnly=yes".to_owned());
        match login {
            Login::Password => set("PreferredAuthentications=password".to_owned()),
            Login::Interactive => set("PreferredAuthentications=keyboard-interactive".to_owned()),
            Login::Key(name) => {
                set("PreferredAuthentications=publickey".to_owned());
                set(format!("IdentityFile={}", self.key(name).display()));
            }
        }
        options
    }

    /// One of OpenSSH's programs that logs in so, with nothing of whom it shall reach.
    pub(crate) fn openssh(&self, program: &str, login: Login) -> Command {
        let mut command = Command::new(program);
        command
            .args(self.options(login))
            .args([
                if program == "ssh" { "-p" } else { "-P" },
                &self.address.port().to_string(),
            ])
            // A password is asked of this program, since there is no terminal.
            .env("SSH_ASKPASS", self.key("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// What OpenSSH's `ssh` and `sftp` call the server.
    pub(crate) fn target(&self) -> String {
        format!("{}@{}", Self::USER, self.address.ip())
    }

    /// What its `scp` calls a served path.
    pub(crate) fn remote(&self, path: &str) -> String {
        format!("{}:{path}", self.target())
    }

    /// A URL with the credentials; the path is encoded already.
    pub(crate) fn url(&self, path: &str) -> String {
        format!(
            "sftp://{}:{}@{}/{path}",
            Self::USER,
            Self::PASSWORD,
            self.address
        )
    }

    /// Where a served file lies on disk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The names in the root directory, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The server's key; keys of users, one with a certificate of a CA, and the file that lets them
/// in; `stranger` is in none.
pub(crate) fn make_keys(dir: &Path) {
    let keygen = |arguments: &[&str]| {
        run(Command::new("ssh-keygen")
            .arg("-q")
            .args(arguments)
            .current_dir(dir));
    };
    for name in ["host", "ed25519", "certified", "ca", "stranger"] {
        keygen(&["-t", "ed25519", "-N", "", "-f", name]);
    }
    keygen(&["-t", "rsa", "-b", "3072", "-N", "", "-f", "rsa"]);
    keygen(&[
        "-s",
        "ca",
        "-I",
        "a test",
        "-n",
        Sftp::USER,
        "-V",
        "-5m:+1d",
        "certified.pub",
    ]);
    let public = |name: &str| fs::read_to_string(dir.join(format!("{name}.pub"))).unwrap();
    let authorized = format!(
        "{}{}cert-authority {}",
        public("ed25519"),
        public("rsa"),
        public("ca")
    );
    fs::write(dir.join("authorized_keys"), authorized).unwrap();
    for (name, word) in [("askpass", Sftp::PASSWORD), ("askpass-wrong", "wrong")] {
        let path = dir.join(name);
        let mut file = fs::File::create(&path).unwrap();
        writeln!(file, "#!/bin/sh\necho {word}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

/// Runs a client that must not succeed, and returns what it said.
#[track_caller]
pub(crate) fn fails(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!output.status.success(), "{command:?} succeeded:\n{said}");
    said
}
