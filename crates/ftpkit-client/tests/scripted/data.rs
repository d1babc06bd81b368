//! How data connections come about: EPSV, PASV, EPRT, PORT.

use std::net::{Ipv4Addr, SocketAddr};

use ftpkit_client::ErrorKind;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

use crate::peer::{Peer, serve};

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn send_file(peer: &mut Peer, listener: TcpListener, payload: &[u8]) {
    peer.answer("RETR f", "150 here it comes").await;
    peer.send(listener, payload).await;
    peer.reply("226 done").await;
}

fn pasv(host: &str, port: u16) -> String {
    format!("227 here ({host},{},{})", port >> 8, port & 0xff)
}

#[tokio::test]
async fn epsv_refused_means_pasv_and_is_remembered() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("EPSV", "500 what?").await;
        let (data, port) = listener().await;
        peer.answer("PASV", &pasv("127,0,0,1", port)).await;
        send_file(&mut peer, data, b"one").await;
        let (data, port) = listener().await;
        peer.answer("PASV", &pasv("127,0,0,1", port)).await;
        send_file(&mut peer, data, b"two").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    for expected in ["one", "two"] {
        let mut file = Vec::new();
        client.download("f", &mut file).await.unwrap();
        assert_eq!(file, expected.as_bytes());
    }
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_dead_port_of_epsv_means_pasv() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        let (dead, port) = listener().await;
        drop(dead);
        peer.answer("EPSV", &format!("229 here (|||{port}|)")).await;
        let (data, port) = listener().await;
        peer.answer("PASV", &pasv("127,0,0,1", port)).await;
        send_file(&mut peer, data, b"hello").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = Vec::new();
    client.download("f", &mut file).await.unwrap();
    assert_eq!(file, b"hello");
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_foreign_address_in_227_is_ignored() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("EPSV", "502 no").await;
        let (data, port) = listener().await;
        peer.answer("PASV", &pasv("192,0,2,1", port)).await;
        send_file(&mut peer, data, b"hello").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = Vec::new();
    client.download("f", &mut file).await.unwrap();
    assert_eq!(file, b"hello");
    drop(client);
    server.await.unwrap();
}

/// The address in EPRT, `|1|127.0.0.1|port|`.
fn eprt(line: &str) -> SocketAddr {
    let fields: Vec<_> = line.strip_prefix("EPRT ").unwrap().split('|').collect();
    format!("{}:{}", fields[2], fields[3]).parse().unwrap()
}

/// The address in PORT.
fn port(line: &str) -> SocketAddr {
    let numbers: Vec<u8> = line
        .strip_prefix("PORT ")
        .unwrap()
        .split(',')
        .map(|number| number.parse().unwrap())
        .collect();
    let [a, b, c, d, high, low] = numbers[..] else {
        panic!("{line}");
    };
    (Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])).into()
}

#[tokio::test]
async fn active_mode_lets_the_server_call() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        let target = eprt(&peer.line().await);
        peer.reply("200 ok").await;
        peer.answer("RETR f", "150 calling").await;
        let mut data = TcpStream::connect(target).await.unwrap();
        data.write_all(b"hello").await.unwrap();
        drop(data);
        peer.reply("226 done").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.active().connect().await.unwrap();
    let mut file = Vec::new();
    client.download("f", &mut file).await.unwrap();
    assert_eq!(file, b"hello");
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn eprt_refused_means_port() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        eprt(&peer.line().await);
        peer.reply("500 what?").await;
        let target = port(&peer.line().await);
        peer.reply("200 ok").await;
        peer.answer("RETR f", "150 calling").await;
        let mut data = TcpStream::connect(target).await.unwrap();
        data.write_all(b"hello").await.unwrap();
        drop(data);
        peer.reply("226 done").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.active().connect().await.unwrap();
    let mut file = Vec::new();
    client.download("f", &mut file).await.unwrap();
    assert_eq!(file, b"hello");
    drop(client);
    server.await.unwrap();
}

/// And the other way round, where the server cannot call any more.
#[tokio::test]
async fn where_nothing_passive_works_the_server_calls() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        let (dead, port) = listener().await;
        drop(dead);
        peer.answer("EPSV", &format!("229 here (|||{port}|)")).await;
        peer.answer("PASV", "425 not now").await;
        let target = eprt(&peer.line().await);
        peer.reply("200 ok").await;
        peer.answer("RETR f", "150 calling").await;
        let mut data = TcpStream::connect(target).await.unwrap();
        data.write_all(b"one").await.unwrap();
        drop(data);
        peer.reply("226 done").await;
        eprt(&peer.line().await);
        peer.reply("200 ok").await;
        peer.answer("RETR f", "425 cannot call you").await;
        let (data, port) = listener().await;
        peer.answer("EPSV", &format!("229 here (|||{port}|)")).await;
        send_file(&mut peer, data, b"two").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.passive_or_active().connect().await.unwrap();
    for expected in ["one", "two"] {
        let mut file = Vec::new();
        client.download("f", &mut file).await.unwrap();
        assert_eq!(file, expected.as_bytes());
    }
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn no_way_to_connect_says_what_to_try() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        eprt(&peer.line().await);
        peer.reply("200 ok").await;
        peer.answer("RETR f", "425 cannot call you").await;
        peer.answer("NOOP", "200 fine").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.active().connect().await.unwrap();
    let error = client.download("f", Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataConnection);
    assert!(error.to_string().contains("passive"), "{error}");
    client
        .command(ftpkit_client::proto::command::Command::Noop)
        .await
        .unwrap();
    drop(client);
    server.await.unwrap();
}
