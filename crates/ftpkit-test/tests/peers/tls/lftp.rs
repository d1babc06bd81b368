//! lftp: mirrors both ways, with TLS demanded for the control connection and the data.

use std::{fs, process::Command};

use crate::{
    servers::Version,
    site::{Site, authority},
    tree,
    under_test::run,
};

#[track_caller]
fn lftp(site: &Site, version: Version, settings: &str, script: &str) -> String {
    let version = match version {
        Version::Tls12 => "1.2",
        Version::Tls13 => "1.3",
    };
    let setup = format!(
        "set net:max-retries 1; set net:timeout 60; set cmd:fail-exit yes; \
         set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ftp:ssl-protect-list yes; \
         set ssl:ca-file {}; set ssl:verify-certificate yes; \
         set ssl:priority NORMAL:-VERS-ALL:+VERS-TLS{version}; {settings}; \
         open {}; {script}; exit",
        authority().display(),
        site.url(""),
    );
    run(Command::new("lftp").args(["--norc", "-c", &setup]))
}

/// Mirrors a difficult tree down and up, and uploads in a row.
#[track_caller]
pub(crate) fn session(site: &Site, version: Version) {
    let local = tempfile::tempdir().unwrap();
    let [down, called, small] = ["down", "called", "small"].map(|name| local.path().join(name));
    tree::make(&site.path("tree"), 3 << 20);
    lftp(
        site,
        version,
        // Not each server lists hidden files unasked.
        "set ftp:list-options -a",
        &format!("mirror tree {}", down.display()),
    );
    tree::assert_same(&site.path("tree"), &down);
    lftp(
        site,
        version,
        // The server calls, and is the server of TLS all the same.
        "set ftp:list-options -a; set ftp:passive-mode no",
        &format!("mirror tree {}", called.display()),
    );
    tree::assert_same(&down, &called);

    fs::create_dir_all(small.join("dir é")).unwrap();
    for (index, name) in tree::NAMES.iter().chain(ROW).enumerate() {
        let bytes = tree::content(index as u64, 500 * index);
        fs::write(small.join("dir é").join(name), bytes).unwrap();
    }
    let mut sources = vec![(&small, "small")];
    // With TLS 1.3 lftp stops for good, whatever the server, in the middle of an upload that does
    // not fit into the socket's buffer.
    if version == Version::Tls12 {
        sources.push((&down, "up"));
    }
    for (source, target) in sources {
        lftp(
            site,
            version,
            "",
            &format!("mirror -R {} {target}", source.display()),
        );
        tree::assert_same(source, &site.path(target));
    }
}

/// More names than a server gives tickets for at once.
const ROW: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
