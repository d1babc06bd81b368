//! Digests end to end: HASH, the commands that are an algorithm each, MD5 and MMD5.
#![cfg(feature = "hash")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use ftpkit_proto::server::{Config, Offers};
use ftpkit_storage::{
    Algorithm, Capabilities, EntryStream, ErrorKind, File, Memory, Metadata, OpenOptions, Result,
    Storage, VirtualPath, async_trait,
};
use support::{Client, Served, pattern, serve, serve_with};

/// Of `123456789`.
const SHA256: &str = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
const SHA1: &str = "f7c3bc1d808e04732adf679965ccc34ca7ae3441";
const MD5: &str = "25f9e794323b453885f5181f1b624d0b";
const CRC: &str = "cbf43926";

async fn with_digits(served: &Served) -> Client {
    let mut client = Client::login(served.addr).await;
    client.push("STOR digits", b"123456789").await;
    client
}

#[tokio::test]
async fn hash_of_a_file_and_of_a_part() {
    let served = serve().await;
    let mut client = with_digits(&served).await;
    let hash = client.cmd("HASH digits", 213).await;
    assert_eq!(hash.lines, [format!("213 SHA-256 0-8 {SHA256} digits")]);
    let hash = client.cmd("HASH /digits", 213).await;
    assert_eq!(hash.lines, [format!("213 SHA-256 0-8 {SHA256} /digits")]);
    client.cmd("OPTS HASH CRC32", 200).await;
    let feat = client.cmd("FEAT", 211).await.text();
    assert!(
        feat.contains("\n HASH SHA-256;SHA-512;SHA-1;MD5;CRC32*\n"),
        "{feat}"
    );
    let hash = client.cmd("HASH digits", 213).await;
    assert_eq!(hash.lines, [format!("213 CRC32 0-8 {CRC} digits")]);
    // `345`, and what lies beyond the end.
    client.cmd("RANG 2 4", 350).await;
    let hash = client.cmd("HASH digits", 213).await;
    assert_eq!(hash.lines, ["213 CRC32 2-4 34f5b50f digits"]);
    let whole = client.cmd("HASH digits", 213).await;
    assert_eq!(whole.lines, [format!("213 CRC32 0-8 {CRC} digits")]);
    client.cmd("RANG 0 99", 350).await;
    let hash = client.cmd("HASH digits", 213).await;
    assert_eq!(hash.lines, [format!("213 CRC32 0-8 {CRC} digits")]);
    for beyond in ["RANG 9 9", "RANG 10 20"] {
        client.cmd(beyond, 350).await;
        client.cmd("HASH digits", 550).await;
    }
    client.push("STOR empty", b"").await;
    let hash = client.cmd("HASH empty", 213).await;
    assert_eq!(hash.lines, ["213 CRC32 0-0 00000000 empty"]);
    client.cmd("MKD d", 257).await;
    client.cmd("HASH d", 550).await;
    client.cmd("HASH missing", 550).await;
    client.cmd("HASH", 501).await;
    client.cmd("OPTS HASH CRC-37", 501).await;
    let opts = client.cmd("OPTS HASH", 200).await;
    assert_eq!(opts.lines, ["200 CRC32"]);
}

#[tokio::test]
async fn commands_that_are_an_algorithm_each() {
    let served = serve().await;
    let mut client = with_digits(&served).await;
    for (command, hex) in [
        ("XCRC digits", CRC),
        ("XMD5 digits", MD5),
        ("XSHA digits", SHA1),
        ("XSHA1 digits", SHA1),
        ("XSHA256 digits", SHA256),
        // `345` twice, and from there to the end.
        ("XCRC digits 2 5", "34f5b50f"),
        ("XCRC \"digits\" 2 5", "34f5b50f"),
        ("XCRC \"digits\" 9 10", ""),
        ("XCRC \"digits\" 8", "8d076785"),
    ] {
        if hex.is_empty() {
            client.cmd(command, 550).await;
            continue;
        }
        let reply = client.cmd(command, 250).await;
        assert_eq!(reply.lines, [format!("250 {}", hex.to_uppercase())]);
    }
    let reply = client.cmd("XSHA512 digits", 250).await;
    assert_eq!(reply.lines[0].len(), 4 + 128);
    assert!(
        reply.lines[0].starts_with("250 D9E6762DD1C8EAF6"),
        "{reply:?}"
    );
    client.cmd("XCRC missing", 550).await;
    client.cmd("XCRC digits 5 2", 501).await;

    client.push("STOR a b", b"").await;
    let md5 = MD5.to_uppercase();
    let nothing = "D41D8CD98F00B204E9800998ECF8427E";
    let reply = client.cmd("MD5 a b", 251).await;
    assert_eq!(reply.lines, [format!("251 a b {nothing}")]);
    let reply = client.cmd("MMD5 digits, a b", 252).await;
    assert_eq!(reply.lines, [format!("252 digits {md5}, a b {nothing}")]);
    client.cmd("MMD5 digits, missing", 550).await;
}

#[tokio::test]
async fn a_large_file_has_the_digest_of_its_bytes_on_every_storage() {
    let bytes = pattern((1 << 20) + 12_345);
    let mut hasher = ftpkit_storage::Hasher::new(Algorithm::Sha1);
    hasher.update(&bytes[100_000..=900_000]);
    let expected: String = hasher
        .finish()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let local = Arc::new(ftpkit_fs::LocalDirectory::open(directory.path()).unwrap());
    let on_disk = serve_with(|builder| {
        let users = ftpkit_accounts::Users::builder()
            .user("alice", "secret", local)
            .build()
            .unwrap();
        builder.authenticator(users)
    })
    .await;
    for served in [serve().await, on_disk] {
        let mut client = Client::login(served.addr).await;
        client.push("STOR f", &bytes).await;
        client.cmd("OPTS HASH SHA-1", 200).await;
        client.cmd("RANG 100000 900000", 350).await;
        let hash = client.cmd("HASH f", 213).await;
        assert_eq!(
            hash.lines,
            [format!("213 SHA-1 100000-900000 {expected} f")]
        );
    }
}

#[tokio::test]
async fn what_the_configuration_forbids_is_not_served() {
    let served = serve_with(|builder| {
        let mut config = Config::default();
        config.offers = Offers::ALL.difference(Offers::HASHES);
        builder.config(config)
    })
    .await;
    let mut client = with_digits(&served).await;
    let feat = client.cmd("FEAT", 211).await.text();
    assert!(!feat.contains("HASH") && !feat.contains("MD5"), "{feat}");
    for command in ["HASH digits", "XCRC digits", "MD5 digits", "MMD5 digits"] {
        client.cmd(command, 502).await;
    }
    client.cmd("OPTS HASH SHA-256", 501).await;
}

/// A storage with checksums of its own, but not of every kind.
struct Knowing(Memory);

#[async_trait]
impl Storage for Knowing {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities().union(Capabilities::CHECKSUM)
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.0.metadata(path).await
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        self.0.list(path).await
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        self.0.open(path, options).await
    }

    async fn checksum(
        &self,
        _: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>,
    ) -> Result<bytes::Bytes> {
        match algorithm {
            Algorithm::Crc32 => {
                let [offset, length] = [offset, length.unwrap()].map(|n| u8::try_from(n).unwrap());
                Ok(bytes::Bytes::copy_from_slice(&[0, offset, length, 0xff]))
            }
            _ => Err(ErrorKind::Unsupported.into()),
        }
    }
}

#[tokio::test]
async fn what_the_storage_knows_is_not_computed() {
    let served = serve_with(|builder| {
        let users = ftpkit_accounts::Users::builder()
            .user("alice", "secret", Arc::new(Knowing(Memory::new())))
            .build()
            .unwrap();
        builder.authenticator(users)
    })
    .await;
    let mut client = with_digits(&served).await;
    let crc = client.cmd("XCRC digits", 250).await;
    assert_eq!(crc.lines, ["250 000009FF"]);
    let crc = client.cmd("XCRC digits 2 100", 250).await;
    assert_eq!(crc.lines, ["250 000207FF"]);
    client.cmd("XCRC digits 10 20", 550).await;
    let md5 = client.cmd("XMD5 digits", 250).await;
    assert_eq!(md5.lines, [format!("250 {}", MD5.to_uppercase())]);
}
