//! What arranges a data connection, and what it may carry, end to end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::net::{IpAddr, SocketAddr};

use support::{Client, Served, pattern, read_all, serve, serve_on, within};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A directory on disk, whose files the kernel may send.
async fn on_disk() -> (tempfile::TempDir, Served) {
    let directory = tempfile::tempdir().unwrap();
    let storage = std::sync::Arc::new(ftpkit_fs::LocalDirectory::open(directory.path()).unwrap());
    let served = support::serve_with(|builder| {
        let users = ftpkit_accounts::Users::builder()
            .user("alice", "secret", storage)
            .build()
            .unwrap();
        builder.authenticator(users)
    })
    .await;
    (directory, served)
}

/// `4,4,127,0,0,1,2,p,p`, or the same of IPv6.
fn long(addr: SocketAddr) -> String {
    let octets = match addr.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let family = if addr.is_ipv4() { 4 } else { 6 };
    let mut numbers = vec![family, u8::try_from(octets.len()).unwrap()];
    numbers.extend(octets);
    numbers.push(2);
    numbers.extend(addr.port().to_be_bytes());
    let numbers: Vec<String> = numbers.iter().map(u8::to_string).collect();
    numbers.join(",")
}

#[tokio::test]
async fn long_addresses_in_both_families() {
    for addr in ["127.0.0.1:0", "[::1]:0"] {
        let served = serve_on(addr, |builder| builder).await;
        let mut client = Client::login(served.addr).await;
        client.push("STOR f", b"payload").await;

        let reply = client.cmd("LPSV", 228).await.text();
        let inside = &reply[reply.find('(').unwrap() + 1..reply.find(')').unwrap()];
        let numbers: Vec<u8> = inside.split(',').map(|n| n.parse().unwrap()).collect();
        let [.., 2, high, low] = numbers[..] else {
            panic!("{reply}")
        };
        let port = u16::from_be_bytes([high, low]);
        let place = SocketAddr::new(served.addr.ip(), port);
        assert_eq!(inside, long(place));
        let data = within("data", TcpStream::connect(place)).await.unwrap();
        client.cmd("RETR f", 150).await;
        assert_eq!(read_all(data).await, b"payload");
        client.expect(226).await;

        let listener = TcpListener::bind((served.addr.ip(), 0)).await.unwrap();
        let own = listener.local_addr().unwrap();
        client.cmd(&format!("LPRT {}", long(own)), 200).await;
        client.cmd("RETR f", 150).await;
        let (data, _) = within("accept", listener.accept()).await.unwrap();
        assert_eq!(read_all(data).await, b"payload");
        client.expect(226).await;

        client.cmd("LPRT 5,1,9,2,4,1", 521).await;
        client
            .cmd(
                "LPRT 4,4,192,0,2,1,2,195,80",
                if addr.starts_with('1') { 504 } else { 521 },
            )
            .await;
        client.cmd("EPSV ALL", 200).await;
        client.cmd("LPSV", 503).await;
        client.cmd(&format!("LPRT {}", long(own)), 503).await;
    }
}

#[tokio::test]
async fn a_range_is_all_that_is_sent() {
    let (_directory, on_disk) = on_disk().await;
    for served in [serve().await, on_disk] {
        let mut client = Client::login(served.addr).await;
        // More than a block of the pump, and than what the kernel takes at a time.
        let bytes = pattern(3 << 20);
        client.push("STOR f", &bytes).await;
        for (first, last) in [
            (0, 0),
            (5, 9),
            (0, (3 << 20) - 1),
            (1, (1 << 20) + 7),
            ((1 << 20) - 1, (2 << 20) + 1),
            ((3 << 20) - 1, (3 << 20) - 1),
        ] {
            client.cmd(&format!("RANG {first} {last}"), 350).await;
            let part = client.fetch("RETR f").await;
            assert!(part == bytes[first..=last], "{first} to {last}");
        }
        // What is beyond the end is not there, and a range that begins there is none.
        client.cmd("RANG 3145720 99999999999", 350).await;
        assert!(client.fetch("RETR f").await == bytes[3_145_720..]);
        client.cmd("RANG 3145728 3145730", 350).await;
        assert!(client.fetch("RETR f").await.is_empty());
        client.epsv_addr().await;
        client.cmd("RANG 3145729 3145730", 350).await;
        client.cmd("RETR f", 554).await;
        // It was used up, and another command voids it.
        assert!(client.fetch("RETR f").await == bytes);
        client.cmd("RANG 0 4", 350).await;
        client.cmd("NOOP", 200).await;
        assert!(client.fetch("RETR f").await == bytes);
        client.cmd("RANG 0 4", 350).await;
        client.cmd("RANG 1 0", 350).await;
        assert!(client.fetch("RETR f").await == bytes);
        client.cmd("RANG 4 2", 501).await;
        // Nothing is stored by parts.
        client.epsv_addr().await;
        client.cmd("RANG 0 4", 350).await;
        client.cmd("STOR f", 450).await;
        client.cmd("TYPE A", 200).await;
        client.cmd("RANG 0 4", 501).await;
    }
}

#[tokio::test]
async fn an_announced_command_needs_no_second_thought() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.cmd("PRET STOR f", 200).await;
    client.push("STOR f", b"x").await;
    client.cmd("PRET LIST", 200).await;
    assert_eq!(client.fetch("RETR f").await, b"x");
    client.cmd("PRET DELE f", 501).await;
}

#[tokio::test]
async fn stat_tells_how_far_a_transfer_is() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR f", 150).await;
    within("data", data.write_all(&[7; 1000])).await.unwrap();
    within("STAT tells it", async {
        loop {
            let stat = client.cmd("STAT", 211).await.text();
            if stat.contains("1000 bytes") {
                break;
            }
        }
    })
    .await;
    drop(data);
    client.expect(226).await;

    // The other way round: more than all buffers take.
    client.push("STOR big", &pattern(32 << 20)).await;
    let mut data = client.epsv().await;
    client.cmd("RETR big", 150).await;
    within("data", data.read_exact(&mut [0; 1000]))
        .await
        .unwrap();
    let stat = client.cmd("STAT", 211).await.text();
    let bytes: u64 = stat
        .lines()
        .find_map(|line| line.trim().strip_prefix("Transfer in progress, "))
        .and_then(|rest| rest.strip_suffix(" bytes."))
        .unwrap_or_else(|| panic!("{stat}"))
        .parse()
        .unwrap();
    assert!((1000..32 << 20).contains(&bytes), "{bytes}");
    read_all(data).await;
    client.expect(226).await;
}
