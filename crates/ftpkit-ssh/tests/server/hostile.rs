//! Peers that speak no proper SSH, before anybody has logged in.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    client::{LONG, Sftp, log_in},
    site::Site,
};

/// What panicked in this process, in SSH's library or in ours.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", |location| location.file());
        if !file.contains("tests") {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        before(panic);
    }));
}

/// A packet in clear: its length, padding to a multiple of 8, and what it says.
fn packet(payload: &[u8]) -> Vec<u8> {
    let mut padding = 4;
    while !(5 + payload.len() + padding).is_multiple_of(8) {
        padding += 1;
    }
    let length = u32::try_from(1 + payload.len() + padding).unwrap();
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes(), bytes].concat()
}

/// A KEXINIT that asks for one key exchange, and for what the server has otherwise.
fn kexinit(exchange: &str) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for list in [
        exchange,
        "ssh-ed25519",
        "aes256-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-256-etm@openssh.com",
        "none",
        "none",
        "",
        "",
    ] {
        payload.extend(string(list.as_bytes()));
    }
    payload.extend([0; 5]);
    payload
}

/// Sends bytes behind an identification, ends, and reads until the server has ended too.
async fn send(site: &Site, bytes: &[u8]) {
    let mut stream = TcpStream::connect(site.addr).await.unwrap();
    // Whoever is refused early may find the connection closed already.
    let _ = stream.write_all(b"SSH-2.0-hostile\r\n").await;
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let end = timeout(LONG, stream.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "the connection stays: {bytes:?}");
}

#[tokio::test]
async fn hostile_key_exchanges_cost_their_connection_alone() {
    count_panics();
    let site = Site::memory().await;
    // Values that are empty, too short, all zero, too long, and of nearly the right length.
    for (exchange, lengths) in [
        ("curve25519-sha256", &[0, 1, 31, 32, 33, 30_000][..]),
        ("mlkem768x25519-sha256", &[0, 1184, 1215, 1216, 1217]),
        ("ecdh-sha2-nistp256", &[0, 1, 64, 65, 66]),
        ("ecdh-sha2-nistp521", &[0, 133]),
        ("diffie-hellman-group16-sha512", &[0, 512]),
    ] {
        for &length in lengths {
            for fill in [0, 4, 255] {
                let mut init = vec![30];
                init.extend(string(&vec![fill; length]));
                let bytes = [packet(&kexinit(exchange)), packet(&init)].concat();
                send(&site, &bytes).await;
            }
        }
        // A length that nothing stands behind.
        let init = packet(&[30, 255, 255, 255, 255]);
        send(&site, &[packet(&kexinit(exchange)), init].concat()).await;
    }
    // Packets of every kind out of place, lengths that lie, and a KEXINIT cut off everywhere.
    for kind in 0..=255 {
        send(&site, &packet(&[kind])).await;
        send(&site, &packet(&[kind, 255, 255, 255, 255, 0, 0])).await;
    }
    for length in [0, 1, 3, 0x7fff_ffff, u32::MAX] {
        send(&site, &[&length.to_be_bytes()[..], &[255; 64]].concat()).await;
    }
    let whole = kexinit("curve25519-sha256");
    for end in (0..whole.len()).step_by(3) {
        send(&site, &packet(&whole[..end])).await;
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "panics");
    let ssh = log_in(site.addr, "alice").await;
    Sftp::open(&ssh).await.put("f", b"x").await;
}
