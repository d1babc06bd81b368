//! Python's ftplib: as it is, which starts a session of its own for each data connection, and
//! taught to resume that of its control connection.

use std::process::{Command, Output};

use crate::{
    servers::Version,
    site::{Site, authority},
};

/// What the data connections do with the control connection's session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reuse {
    /// As ftplib is.
    None,
    Session,
}

/// Uploads in a row, and all of them read back, listed and removed.
pub(crate) fn play(site: &Site, version: Version, reuse: Reuse) -> Output {
    Command::new("/usr/bin/python3")
        .args(["-c", SCRIPT])
        .arg(site.address.ip().to_string())
        .arg(site.address.port().to_string())
        .args([site.user, site.password])
        .arg(if site.security.is_implicit() {
            "implicit"
        } else {
            "explicit"
        })
        .arg(version.name())
        .arg(match reuse {
            Reuse::None => "none",
            Reuse::Session => "session",
        })
        .arg(authority())
        .output()
        .unwrap()
}

#[track_caller]
pub(crate) fn session(site: &Site, version: Version, reuse: Reuse) {
    let output = play(site, version, reuse);
    assert!(
        output.status.success(),
        "{site:?} {version:?} {reuse:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

const SCRIPT: &str = r#"
import ftplib, io, socket, ssl, sys
host, port, user, password, how, version, reuse, authority = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.minimum_version = context.maximum_version = {
    "TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[version]
resumed = []

def names():
    # Pure-FTPd names the directory and its parent, too.
    return sorted(name for name in ftp.nlst() if name not in (".", ".."))

class Resuming(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        if self._prot_p:
            connection = self.context.wrap_socket(
                connection, server_hostname=self.host, session=self.sock.session)
            resumed.append(connection.session_reused)
        return connection, size

class Implicit:
    def connect(self, host, port):
        self.host, self.port = host, port
        self.sock = self.context.wrap_socket(
            socket.create_connection((host, port), self.timeout), server_hostname=host)
        self.af = self.sock.family
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome

kind = Resuming if reuse == "session" else ftplib.FTP_TLS
if how == "implicit":
    kind = type("Client", (Implicit, kind), {})
ftp = kind(context=context, timeout=60)
ftp.connect(host, int(port))
ftp.login(user, password)
assert ftp.sock.version() == version, ftp.sock.version()
ftp.prot_p()
assert names() == []
files = {f"file {i}": bytes(range(256)) * i * 40 for i in range(20)}
for name, data in files.items():
    assert ftp.storbinary("STOR " + name, io.BytesIO(data)).startswith("226"), name
for name, data in files.items():
    got = bytearray()
    assert ftp.retrbinary("RETR " + name, got.extend).startswith("226"), name
    assert bytes(got) == data, name
    assert names() == sorted(files), names()
for name in files:
    ftp.delete(name)
assert names() == []
if reuse == "session":
    assert len(resumed) == 62 and all(resumed), resumed
assert ftp.quit().startswith("221")
"#;
