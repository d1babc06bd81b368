//! curl: several files on one control connection, with TLS demanded.

use std::{fs, process::Command};

use crate::{
    servers::Version,
    site::{Site, authority},
    tree::content,
    under_test::run,
};

const UPLOADS: usize = 20;
const DOWNLOADS: usize = 8;

fn curl(version: Version) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail", "--max-time", "120"])
        .arg("--ssl-reqd")
        .arg("--cacert")
        .arg(authority());
    match version {
        Version::Tls12 => command.args(["--tlsv1.2", "--tls-max", "1.2"]),
        Version::Tls13 => command.arg("--tlsv1.3"),
    };
    // Each transfer then tells how many connections it made.
    command.args(["--write-out", "%{stderr}%{num_connects}\n"]);
    command
}

/// Fails unless each transfer but the first made a data connection only.
#[track_caller]
fn assert_one_control_connection(told: &[u8], transfers: usize) {
    let told = String::from_utf8_lossy(told);
    let counts: Vec<&str> = told.lines().collect();
    let mut expected = vec!["1"; transfers];
    expected[0] = "2";
    assert_eq!(counts, expected, "connections per transfer");
}

/// Uploads in a row, downloads in a row, listings.
#[track_caller]
pub(crate) fn session(site: &Site, version: Version) {
    let local = tempfile::tempdir().unwrap();
    let who = format!("{site:?} {version:?}");
    let size = |index: usize| {
        [0, 1, 4096, 3_000_001]
            .get(index)
            .copied()
            .unwrap_or(1000 + index)
    };
    for index in 0..UPLOADS {
        let path = local.path().join(format!("f{index}"));
        fs::write(path, content(index as u64, size(index))).unwrap();
    }
    // With TLS 1.3 curl looks for the ticket of its next data connection only while it reads, so
    // that whether a second upload on one control connection resumes is a matter of chance.
    let names: Vec<String> = (0..UPLOADS).map(|index| format!("f{index}")).collect();
    let batches: Vec<&[String]> = match version {
        Version::Tls12 => vec![&names],
        Version::Tls13 => names.chunks(1).collect(),
    };
    for batch in batches {
        let up = curl(version)
            .current_dir(local.path())
            .args(["-T", &format!("{{{}}}", batch.join(",")), &site.url("")])
            .output()
            .unwrap();
        assert!(
            up.status.success(),
            "{who}: {}",
            String::from_utf8_lossy(&up.stderr)
        );
        assert_one_control_connection(&up.stderr, batch.len());
    }
    for index in 0..UPLOADS {
        let name = format!("f{index}");
        assert!(
            site.read(&name) == content(index as u64, size(index)),
            "{who}: {name} up"
        );
    }
    let down = curl(version)
        .current_dir(local.path())
        .args(["-o", "down#1"])
        .arg(site.url(&format!("f[0-{}]", DOWNLOADS - 1)))
        .output()
        .unwrap();
    assert!(
        down.status.success(),
        "{who}: {}",
        String::from_utf8_lossy(&down.stderr)
    );
    assert_one_control_connection(&down.stderr, DOWNLOADS);
    for index in 0..DOWNLOADS {
        let got = fs::read(local.path().join(format!("down{index}"))).unwrap();
        assert!(
            got == content(index as u64, size(index)),
            "{who}: f{index} down"
        );
    }
    // Directories and files by turns on one connection.
    let listing = run(curl(version)
        .arg(site.url(""))
        .arg(site.url("f1"))
        .arg(site.url("")));
    assert_eq!(listing.matches(" f19").count(), 2, "{who}: {listing}");
}
