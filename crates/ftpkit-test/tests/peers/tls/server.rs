//! The clients against ftpkit's server, which demands TLS for the login and for data, and that
//! data connections resume their control connection's session.

use std::process::Command;

use ftpkit::server::tls::{SessionReuse, TlsVersions};

use super::{
    curl,
    ftplib::{self, Reuse},
    lftp,
};
use crate::{
    filezilla,
    servers::{Security, Version},
    site::{Site, authority},
    under_test::Served,
};

/// Each way to begin TLS, in each version, at a server of its own. The client chooses.
fn in_every_way(reuse: SessionReuse, session: impl Fn(&Site, Version)) {
    for version in Version::ALL {
        for security in [Security::Explicit(version), Security::Implicit(version)] {
            let served = Served::start_tls(reuse, TlsVersions::All);
            session(&served.site(security), version);
        }
    }
}

#[test]
fn curl_resumes() {
    in_every_way(SessionReuse::Required, curl::session);
}

#[test]
fn lftp_resumes() {
    in_every_way(SessionReuse::Required, lftp::session);
}

#[test]
fn ftplib_resumes_when_it_is_told() {
    in_every_way(SessionReuse::Required, |site, version| {
        ftplib::session(site, version, Reuse::Session);
    });
}

#[test]
fn ftplib_as_it_is_is_served_by_default_and_refused_where_it_must_resume() {
    in_every_way(SessionReuse::Auto, |site, version| {
        ftplib::session(site, version, Reuse::None);
    });
    in_every_way(SessionReuse::Required, |site, version| {
        let output = ftplib::play(site, version, Reuse::None);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && told.contains("522 "),
            "{site:?}: {told}"
        );
    });
}

#[test]
fn filezilla_resumes() {
    // It tells nobody which version it speaks, so the server leaves it no choice.
    for (version, versions) in [
        (Version::Tls12, TlsVersions::Tls12),
        (Version::Tls13, TlsVersions::Tls13),
    ] {
        for security in [Security::Explicit(version), Security::Implicit(version)] {
            let served = Served::start_tls(SessionReuse::Required, versions);
            filezilla::works_off_a_queue(&served.site(security), Some(version));
        }
    }
}

#[test]
fn clear_text_is_refused() {
    let served = Served::start_tls(SessionReuse::Auto, TlsVersions::All);
    let url = served.url("");
    let code = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["--silent", "--max-time", "60"]);
        let command = command.args(arguments).arg("--cacert").arg(authority());
        command.arg(&url).output().unwrap().status.code()
    };
    assert_eq!(code(&[]), Some(67), "a login in clear");
    // TLS for the control connection, and PROT C.
    assert_eq!(code(&["--ftp-ssl-control"]), Some(19), "a listing in clear");
    assert_eq!(code(&["--ssl-reqd"]), Some(0), "both under TLS");
}
