//! lftp: mirrors both ways, with TLS demanded for the control connection and the data.

use std::process::Command;

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

/// Mirrors a difficult tree both ways, and uploads in a row.
#[track_caller]
pub(crate) fn session(site: &Site, version: Version) {
    let local = tempfile::tempdir().unwrap();
    let (source, down) = (local.path().join("source"), local.path().join("down"));
    tree::make(&source, 3 << 20);
    lftp(
        site,
        version,
        "",
        &format!("mirror -R {} tree", source.display()),
    );
    tree::assert_same(&source, &site.path("tree"));
    lftp(
        site,
        version,
        // Not each server lists hidden files unasked.
        "set ftp:list-options -a",
        &format!("mirror tree {}", down.display()),
    );
    tree::assert_same(&source, &down);
    lftp(site, version, "set ftp:list-options -a", "rm -r tree");

    let row = local.path().join("row");
    std::fs::create_dir(&row).unwrap();
    for index in 0..20 {
        let bytes = tree::content(index, 1000 * usize::try_from(index).unwrap());
        std::fs::write(row.join(format!("f{index}")), bytes).unwrap();
    }
    lftp(site, version, "", &format!("mput {}/*; cls", row.display()));
}
