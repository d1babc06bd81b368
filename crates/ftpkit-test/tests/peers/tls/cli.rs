//! The program `ftpkit`, both ways: `serve` to a client, `get`, `put` and `ls` from servers.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use super::{
    curl,
    ftplib::{self, Reuse},
};
use crate::{
    servers::{self, Kind, Security, Version, tls_file},
    site::{Site, authority},
    tree::content,
    under_test::run,
};

/// The program as it is in the tree: cargo builds it, and tells where it is.
pub(crate) static FTPKIT: LazyLock<PathBuf> = LazyLock::new(|| {
    let told = run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "ftpkit-cli"])
        .args(["--bin", "ftpkit", "--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR")));
    told.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .unwrap_or_else(|| panic!("cargo names no program: {told}"))
});

/// `ftpkit serve`, which ends with the value.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves `root` with all that there is to demand; where, explicit and implicit.
fn serve(root: &Path) -> (Serving, SocketAddr, SocketAddr) {
    let child = Command::new(&*FTPKIT)
        .arg("serve")
        .arg(root)
        .args(["--listen", "127.0.0.1:0", "--implicit", "127.0.0.1:0"])
        .arg("--tls-cert")
        .arg(tls_file("server.pem"))
        .arg("--tls-key")
        .arg(tls_file("server.key"))
        .args(["--tls-required", "--tls-reuse", "required"])
        .args(["--user", "ana:secret"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    let mut listening = |scheme: &str| -> SocketAddr {
        let line = lines.next().unwrap().unwrap();
        line.strip_prefix(&format!("listening on {scheme}://"))
            .and_then(|rest| rest.trim_end_matches('/').parse().ok())
            .unwrap_or_else(|| panic!("{line}"))
    };
    let (explicit, implicit) = (listening("ftpes"), listening("ftps"));
    (serving, explicit, implicit)
}

#[test]
fn serve_takes_clients_that_resume() {
    for version in Version::ALL {
        let root = tempfile::tempdir().unwrap();
        let (_serving, explicit, implicit) = serve(root.path());
        let site = |address, security| Site {
            address,
            user: "ana",
            password: "secret",
            root: root.path().to_owned(),
            home: "/".to_owned(),
            security,
        };
        let implicit = site(implicit, Security::Implicit(version));
        ftplib::session(&implicit, version, Reuse::Session);
        curl::session(&site(explicit, Security::Explicit(version)), version);
    }
}

#[test]
fn get_put_and_ls_reach_servers_that_demand_tls() {
    let local = tempfile::tempdir().unwrap();
    let (up, down) = (local.path().join("up"), local.path().join("down"));
    let bytes = content(7, 3_000_001);
    fs::write(&up, &bytes).unwrap();
    let ftpkit = |subcommand: &str| {
        let mut command = Command::new(&*FTPKIT);
        command.arg(subcommand).arg("--cacert").arg(authority());
        command
    };
    for (kind, security) in [
        (Kind::Vsftpd, Security::Explicit(Version::Tls13)),
        (Kind::Vsftpd, Security::Implicit(Version::Tls12)),
        (Kind::Proftpd, Security::Explicit(Version::Tls12)),
        (Kind::Proftpd, Security::Implicit(Version::Tls13)),
    ] {
        let server = servers::start(kind, security);
        let url = server.url();
        let file = format!("{url}file");
        run(ftpkit("put").arg(&up).arg(&file));
        let stored = fs::read(server.root.join("file")).unwrap();
        assert!(stored == bytes, "{kind:?} {security:?}");
        run(ftpkit("get").arg(&file).arg(&down));
        assert!(
            fs::read(&down).unwrap() == bytes,
            "{kind:?} {security:?} down"
        );
        fs::remove_file(&down).unwrap();
        let listing = run(ftpkit("ls").arg(&url));
        assert!(listing.contains("file"), "{listing}");
        // Nobody vouches for the suite's authority but the option.
        let mut doubting = Command::new(&*FTPKIT);
        let refused = doubting.arg("ls").arg(&url).output().unwrap();
        let told = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && told.contains("certificate"),
            "{kind:?} {security:?}: {told}"
        );
    }
}
