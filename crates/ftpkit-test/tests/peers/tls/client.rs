//! ftpkit's client against servers that demand TLS, and, where they know how, that data
//! connections resume their control connection's session.

use std::{collections::BTreeMap, io::Cursor};

use ftpkit::client::{
    Client,
    tls::{ClientTls, Roots},
};

use crate::{
    servers::{self, Kind, Running, Security, Version},
    site::authority,
    tree::content,
};

const ROUNDS: u64 = 100;

/// Connects by the server's URL; the version is the server's to choose.
async fn connect(server: &Running, version: Version) -> Client {
    let client = Client::builder()
        .url(&server.url())
        .tls_config(trusting())
        .connect()
        .await
        .unwrap();
    let spoken = client.tls_info().unwrap().version;
    assert_eq!(spoken, version.name().replace('.', "_"));
    client
}

/// A configuration that trusts the servers of the suite.
pub(crate) fn trusting() -> ClientTls {
    let roots = Roots::from_pem_file(authority()).unwrap();
    ClientTls::builder().roots(roots).build().unwrap()
}

/// Listings, downloads and uploads on one client, in an order that looks random.
async fn mixed(client: &mut Client, who: &str) {
    let mut dice = 0x5eed_u64;
    let mut roll = |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % sides
    };
    let mut stored: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for round in 0..ROUNDS {
        let who = format!("{who}, round {round}");
        match roll(3) {
            0 => {
                let entries = client.list("").await.unwrap().collect().await;
                let entries = entries.unwrap_or_else(|error| panic!("{who}: {error}"));
                let mut names: Vec<_> = entries
                    .iter()
                    .map(|entry| entry.name().to_str().unwrap().to_owned())
                    .collect();
                names.sort();
                assert!(names.iter().eq(stored.keys()), "{who}: {names:?}");
            }
            1 if !stored.is_empty() => {
                let nth = usize::try_from(roll(stored.len() as u64)).unwrap();
                let (name, bytes) = stored.iter().nth(nth).unwrap();
                let mut got = Vec::new();
                let ended = client.download(name, &mut got).await;
                ended.unwrap_or_else(|error| panic!("{who}: {name}: {error}"));
                assert!(got == *bytes, "{who}: {name}");
            }
            _ => {
                let name = format!("file {}", roll(10));
                // Empty ones, and ones of several records.
                let length = usize::try_from(roll(4) * roll(30_000)).unwrap();
                let bytes = content(round, length);
                let ended = client.upload(Cursor::new(&bytes), &name).await;
                ended.unwrap_or_else(|error| panic!("{who}: {name}: {error}"));
                stored.insert(name, bytes);
            }
        }
    }
    for name in stored.keys() {
        client.remove_file(name).await.unwrap();
    }
}

/// Uploads without anything between them: the client reads no data connection, and must come by
/// tickets all the same.
async fn uploads_in_a_row(client: &mut Client, who: &str) {
    for round in 0..ROUNDS {
        let bytes = content(round, 1000);
        let ended = client
            .upload(Cursor::new(&bytes), format!("row {round}"))
            .await;
        ended.unwrap_or_else(|error| panic!("{who}: upload {round}: {error}"));
    }
}

async fn against(kind: Kind, ways: &[fn(Version) -> Security]) {
    for version in Version::ALL {
        for way in ways {
            let security = way(version);
            let who = format!("{kind:?} {security:?}");
            let server = servers::start(kind, security);
            let mut client = connect(&server, version).await;
            mixed(&mut client, &who).await;
            client.quit().await.unwrap();
            let mut client = connect(&server, version).await;
            uploads_in_a_row(&mut client, &who).await;
            client.quit().await.unwrap();
            for round in 0..ROUNDS {
                let path = server.root.join(format!("row {round}"));
                let stored = std::fs::read(path).unwrap();
                assert!(stored == content(round, 1000), "{who}: row {round}");
            }
        }
    }
}

#[tokio::test]
async fn vsftpd() {
    against(Kind::Vsftpd, &[Security::Explicit, Security::Implicit]).await;
}

#[tokio::test]
async fn proftpd() {
    against(Kind::Proftpd, &[Security::Explicit, Security::Implicit]).await;
}

#[tokio::test]
async fn pure_ftpd() {
    // Debian's build has no implicit port.
    against(Kind::PureFtpd, &[Security::Explicit]).await;
}

#[tokio::test]
async fn pyftpdlib() {
    against(Kind::Pyftpdlib, &[Security::Explicit, Security::Implicit]).await;
}
