//! All that SSH can do beside SFTP, which is refused, and algorithms that are too weak.

use std::{borrow::Cow, sync::Arc};

use ftpkit_storage::Memory;
use russh::{Channel, ChannelMsg, Preferred, cipher, client::Msg, kex, keys::Algorithm, mac};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    client::{LONG, Sftp, connect_with, log_in},
    site::Site,
};

async fn is_refused(channel: &mut Channel<Msg>) -> bool {
    loop {
        match timeout(LONG, channel.wait()).await.unwrap() {
            Some(ChannelMsg::Failure) => return true,
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            _ => return false,
        }
    }
}

#[tokio::test]
async fn a_channel_is_for_sftp_alone() {
    let site = Site::memory().await;
    let ssh = log_in(site.addr, "alice").await;
    let mut channel = ssh.channel_open_session().await.unwrap();
    channel.request_shell(true).await.unwrap();
    assert!(is_refused(&mut channel).await, "a shell");
    for command in [
        "id",
        "internal-sftp",
        "/usr/lib/openssh/sftp-server",
        "scp -t .",
    ] {
        channel.exec(true, command).await.unwrap();
        assert!(is_refused(&mut channel).await, "{command}");
    }
    channel
        .request_pty(true, "xterm", 80, 24, 0, 0, &[])
        .await
        .unwrap();
    assert!(is_refused(&mut channel).await, "a terminal");
    channel.set_env(true, "LD_PRELOAD", "x").await.unwrap();
    assert!(is_refused(&mut channel).await, "a variable");
    channel
        .request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0)
        .await
        .unwrap();
    assert!(is_refused(&mut channel).await, "X11");
    channel.agent_forward(true).await.unwrap();
    assert!(is_refused(&mut channel).await, "an agent");
    for name in ["netconf", "SFTP", ""] {
        channel.request_subsystem(true, name).await.unwrap();
        assert!(is_refused(&mut channel).await, "{name:?}");
    }
    // None of it keeps SFTP away.
    Sftp::open(&ssh).await.put("f", b"x").await;
}

#[tokio::test]
async fn nothing_is_forwarded() {
    let site = Site::memory().await;
    let ssh = log_in(site.addr, "alice").await;
    let here = site.addr.port().into();
    assert!(
        ssh.channel_open_direct_tcpip("127.0.0.1", here, "127.0.0.1", 1)
            .await
            .is_err()
    );
    assert!(ssh.channel_open_x11("127.0.0.1", 1).await.is_err());
    assert!(ssh.channel_open_direct_streamlocal("/run/x").await.is_err());
    assert!(ssh.tcpip_forward("127.0.0.1", 0).await.is_err());
    assert!(ssh.streamlocal_forward("/run/y").await.is_err());
    Sftp::open(&ssh).await.put("f", b"x").await;
}

#[tokio::test]
async fn weak_algorithms_are_not_spoken() {
    let site = Site::memory().await;
    let with = |change: fn(&mut Preferred)| {
        let mut offers = Preferred::DEFAULT;
        change(&mut offers);
        offers
    };
    for (what, offers) in [
        (
            "SHA-1 in the key exchange",
            with(|p| p.kex = Cow::Borrowed(&[kex::DH_G14_SHA1])),
        ),
        (
            "CBC",
            with(|p| p.cipher = Cow::Borrowed(&[cipher::AES_256_CBC])),
        ),
        (
            "no encryption",
            with(|p| p.cipher = Cow::Borrowed(&[cipher::NONE])),
        ),
        (
            "a MAC with SHA-1",
            with(|p| {
                p.cipher = Cow::Borrowed(&[cipher::AES_256_CTR]);
                p.mac = Cow::Borrowed(&[mac::HMAC_SHA1, mac::HMAC_SHA1_ETM]);
            }),
        ),
        (
            "RSA with SHA-1",
            with(|p| p.key = Cow::Borrowed(&[Algorithm::Rsa { hash: None }])),
        ),
    ] {
        assert!(connect_with(site.addr, offers).await.is_err(), "{what}");
    }
}

/// The identification and the KEXINIT of a server, and a connection that has not answered.
async fn greeting(site: &Site) -> (TcpStream, Vec<u8>, Vec<u8>) {
    let mut stream = TcpStream::connect(site.addr).await.unwrap();
    stream.write_all(b"SSH-2.0-test\r\n").await.unwrap();
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.unwrap());
    }
    let length = usize::try_from(stream.read_u32().await.unwrap()).unwrap();
    let mut packet = vec![0; length];
    stream.read_exact(&mut packet).await.unwrap();
    let end = packet.len() - usize::from(packet[0]);
    (stream, line, packet[1..end].to_vec())
}

#[tokio::test]
async fn the_strict_key_exchange_is_offered() {
    let site = Site::memory().await;
    let (_stream, line, kexinit) = greeting(&site).await;
    assert_eq!(line, b"SSH-2.0-ftpkit\r\n", "no version of anything");
    assert_eq!(kexinit[0], 20);
    let mut rest = &kexinit[17..];
    let lists: Vec<Vec<String>> = (0..8)
        .map(|_| {
            let (length, after) = rest.split_first_chunk().unwrap();
            let length = usize::try_from(u32::from_be_bytes(*length)).unwrap();
            let (list, after) = after.split_at(length);
            rest = after;
            String::from_utf8(list.to_vec())
                .unwrap()
                .split(',')
                .map(str::to_owned)
                .collect()
        })
        .collect();
    assert!(
        lists[0]
            .iter()
            .any(|name| name == "kex-strict-s-v00@openssh.com"),
        "{lists:?}"
    );
    assert_eq!(lists[0][0], "mlkem768x25519-sha256");
    assert_eq!(lists[1], ["ssh-ed25519"], "of the keys that it has");
    for ciphers in &lists[2..4] {
        assert_eq!(ciphers[0], "aes256-gcm@openssh.com");
    }
    for compression in &lists[6..8] {
        assert_eq!(compression, &["none"]);
    }
}

#[tokio::test]
async fn the_strict_key_exchange_is_held_to() {
    // So that it is not for want of a login that the connection ends.
    let storage = Arc::new(Memory::new());
    let site = Site::with(storage, |builder| builder.login_timeout(10 * LONG)).await;
    let (mut stream, _, mut kexinit) = greeting(&site).await;
    // The client's side of the same lists, which has the strict exchange too.
    let marker = kexinit
        .windows(12)
        .position(|window| window == b"kex-strict-s")
        .unwrap();
    kexinit[marker + 11] = b'c';
    let clear = |payload: &[u8]| {
        let padding = 16 - (payload.len() + 5) % 8;
        let length = u32::try_from(payload.len() + 1 + padding).unwrap();
        let mut packet = length.to_be_bytes().to_vec();
        packet.push(u8::try_from(padding).unwrap());
        packet.extend(payload);
        packet.extend(vec![0; padding]);
        packet
    };
    stream.write_all(&clear(&kexinit)).await.unwrap();
    // A message that says nothing, which the Terrapin attack slips in.
    stream.write_all(&clear(&[2, 0, 0, 0, 0])).await.unwrap();
    let mut rest = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the connection stands");
}
