//! ABOR, plain and behind a Telnet Synch, at every split, and the transfer that follows.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Client, pattern, read_all, serve};
use tokio::io::AsyncWriteExt as _;

const PLAIN: &[u8] = b"ABOR\r\n";
const SYNCH: &[u8] = b"\xff\xf4\xff\xf2ABOR\r\n";

/// Sends the bytes in two pieces, far enough apart that the server reads them apart.
async fn send_split(client: &mut Client, bytes: &[u8], at: usize) {
    let (first, second) = bytes.split_at(at);
    if !first.is_empty() {
        client.send(first).await;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        // One millisecond is longer than loopback takes; where it is not, the pieces arrive
        // as one, which is a case of its own.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    client.send(second).await;
}

#[tokio::test]
async fn a_download_is_aborted_at_every_split() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    // More than the buffers of a loopback connection hold.
    client.push("STOR big", &pattern(24 << 20)).await;
    client.push("STOR small", b"small").await;
    for bytes in [PLAIN, SYNCH] {
        for at in 0..bytes.len() {
            let data = client.epsv().await;
            client.cmd("RETR big", 150).await;
            send_split(&mut client, bytes, at).await;
            client.expect(426).await;
            client.expect(226).await;
            assert!(read_all(data).await.len() < 24 << 20);
            assert_eq!(client.fetch("RETR small").await, b"small");
        }
    }
}

#[tokio::test]
async fn an_upload_is_aborted_at_every_split_and_leaves_the_old_file() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR kept", b"old").await;
    for bytes in [PLAIN, SYNCH] {
        for at in 0..bytes.len() {
            for name in ["kept", "new"] {
                let mut data = client.epsv().await;
                client.cmd(&format!("STOR {name}"), 150).await;
                data.write_all(b"half").await.unwrap();
                send_split(&mut client, bytes, at).await;
                client.expect(426).await;
                client.expect(226).await;
                read_all(data).await;
            }
            assert_eq!(client.fetch("NLST").await, b"kept\r\n");
            assert_eq!(client.fetch("RETR kept").await, b"old");
        }
    }
}

#[tokio::test]
async fn a_synch_sent_as_urgent_data_is_understood() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    for _ in 0..10 {
        let mut data = client.epsv().await;
        client.cmd("STOR new", 150).await;
        data.write_all(b"half").await.unwrap();
        // As BSD clients do it: IAC IP, then IAC as urgent data, then DM and the command.
        client.send(b"\xff\xf4").await;
        let urgent = socket2::SockRef::from(&client.stream).send_out_of_band(b"\xff");
        assert_eq!(urgent.unwrap(), 1);
        client.send(b"\xf2ABOR\r\n").await;
        client.expect(426).await;
        client.expect(226).await;
    }
    assert_eq!(client.fetch("NLST").await, b"");
}

#[tokio::test]
async fn an_abort_while_the_data_connection_is_awaited() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    client.epsv_addr().await;
    client.send("RETR f\r\n").await;
    client.send(PLAIN).await;
    let mut codes = Vec::new();
    while codes.last() != Some(&226) {
        codes.push(client.reply().await.code);
    }
    assert!(
        matches!(&codes[..], [150, 426, 226] | [426, 226]),
        "{codes:?}"
    );
    assert_eq!(client.fetch("RETR f").await, b"x");
}

#[tokio::test]
async fn an_abort_after_the_end_gets_226_or_225() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    assert_eq!(client.fetch("RETR f").await, b"x");
    let reply = client.ask("ABOR").await;
    assert!(matches!(reply.code, 225 | 226), "{}", reply.text());
    client.cmd("NOOP", 200).await;
}
