//! The clients against the servers of others: whether the configurations demand what they are
//! meant to demand, and what each client can.

use super::{curl, ftplib, ftplib::Reuse, lftp};
use crate::{
    filezilla,
    servers::{self, Kind, Security, Version},
    site::Site,
};

/// vsftpd demands resumption.
fn in_every_version(session: impl Fn(&Site, Version)) {
    for version in Version::ALL {
        let server = servers::start(Kind::Vsftpd, Security::Explicit(version));
        session(&Site::from(&server), version);
    }
}

#[test]
fn curl_resumes() {
    // curl uses a ticket of TLS 1.3 once, and vsftpd sends new ones too late for small uploads in
    // a row: those it refuses.
    let server = servers::start(Kind::Vsftpd, Security::Explicit(Version::Tls12));
    curl::session(&Site::from(&server), Version::Tls12);
}

#[test]
fn lftp_resumes() {
    in_every_version(lftp::session);
}

#[test]
fn ftplib_resumes_when_it_is_told() {
    in_every_version(|site, version| ftplib::session(site, version, Reuse::Session));
}

#[test]
fn filezilla_resumes() {
    in_every_version(|site, version| {
        filezilla::works_off_a_queue(site, Some(version));
    });
}

/// Without this a server that lets everything through would prove nothing.
#[test]
fn a_data_connection_that_resumes_nothing_is_refused() {
    for kind in [Kind::Vsftpd, Kind::Proftpd] {
        for version in Version::ALL {
            let server = servers::start(kind, Security::Explicit(version));
            let output = ftplib::play(&Site::from(&server), version, Reuse::None);
            assert!(!output.status.success(), "{kind:?} {version:?}");
            let told = String::from_utf8_lossy(&output.stderr);
            let code = match kind {
                Kind::Vsftpd => "522",
                _ => "425",
            };
            assert!(told.contains(code), "{kind:?} {version:?}: {told}");
        }
    }
}

#[test]
fn each_server_speaks_the_version_that_it_is_told() {
    for kind in Kind::ALL {
        for version in Version::ALL {
            let server = servers::start(kind, Security::Explicit(version));
            let other = match version {
                Version::Tls12 => Version::Tls13,
                Version::Tls13 => Version::Tls12,
            };
            let site = Site::from(&server);
            let reuse = match kind {
                Kind::Vsftpd | Kind::Proftpd => Reuse::Session,
                // pyftpdlib resumes nothing, and Pure-FTPd need not.
                Kind::PureFtpd | Kind::Pyftpdlib => Reuse::None,
            };
            ftplib::session(&site, version, reuse);
            let output = ftplib::play(&site, other, reuse);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && told.contains("SSLError"),
                "{kind:?} {version:?}: {told}"
            );
        }
    }
}
