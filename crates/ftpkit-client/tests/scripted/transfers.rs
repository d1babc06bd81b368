//! Transfers: their ends, their failures, and what is left when one is given up.

use std::time::Duration;

use ftpkit_client::{
    Client, ErrorKind,
    proto::{
        command::Command,
        time::{Civil, Timestamp},
    },
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::peer::{Peer, accept, serve};

async fn noop(client: &mut Client) {
    let reply = client.command(Command::Noop).await.unwrap();
    assert_eq!(reply.code().number(), 200);
}

/// Servers answer ABOR with one reply or with two: the client asks something harmless to know.
async fn settled(peer: &mut Peer) {
    peer.answer("PWD", "257 \"/\"").await;
}

/// What follows every script: the session still works.
async fn still_works(peer: &mut Peer) {
    peer.answer("NOOP", "200 fine").await;
    peer.until_end().await;
}

#[tokio::test]
async fn a_download_is_complete_when_the_server_says_so() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a b", "150 opening (5 bytes)").await;
        peer.send(data, b"hello").await;
        peer.reply("226 done").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut seen = Vec::new();
    let mut file = Vec::new();
    let transferred = client
        .download("a b", &mut file)
        .progress(|at| seen.push((at.position, at.total)))
        .await
        .unwrap();
    assert_eq!((&*file, transferred.bytes), (&b"hello"[..], 5));
    assert_eq!(seen.first(), Some(&(0, Some(5))));
    assert_eq!(seen.last(), Some(&(5, Some(5))));
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn what_is_not_confirmed_is_an_error_and_no_end() {
    for reply in ["426 broken", "451 the disk failed"] {
        let (builder, server) = serve(async move |mut peer| {
            peer.login().await;
            let data = peer.type_and_epsv().await;
            peer.answer("RETR a", "150 opening").await;
            peer.send(data, b"hel").await;
            peer.reply(reply).await;
            still_works(&mut peer).await;
        })
        .await;
        let mut client = builder.connect().await.unwrap();
        let mut file = client.reader("a").await.unwrap();
        let mut text = Vec::new();
        let error = file.read_to_end(&mut text).await.unwrap_err();
        assert_eq!(text, b"hel");
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        let inner = error
            .get_ref()
            .unwrap()
            .downcast_ref::<ftpkit_client::Error>()
            .unwrap();
        assert_eq!(inner.kind(), ErrorKind::Incomplete);
        assert!(inner.to_string().contains(reply), "{inner}");
        drop(file);
        noop(&mut client).await;
        drop(client);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn the_reply_may_come_before_the_last_byte() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        let mut data = accept(&data).await;
        data.write_all(b"hel").await.unwrap();
        peer.reply("226 done").await;
        data.write_all(b"lo").await.unwrap();
        drop(data);
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = Vec::new();
    client.download("a", &mut file).await.unwrap();
    assert_eq!(file, b"hello");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_missing_file_leaves_nothing_behind() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let _data = peer.type_and_epsv().await;
        peer.answer("RETR a", "550 No such file").await;
        still_works(&mut peer).await;
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut client = builder.connect().await.unwrap();
    let error = client
        .download_to("a", dir.path().join("a"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_download_that_breaks_leaves_the_old_file() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        peer.send(data, b"new, but n").await;
        peer.reply("451 the disk failed").await;
        still_works(&mut peer).await;
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("a");
    std::fs::write(&local, b"old").unwrap();
    let mut client = builder.connect().await.unwrap();
    client.download_to("a", &local).await.unwrap_err();
    assert_eq!(std::fs::read(&local).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_local_file_that_cannot_be_made_is_named() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        let _data = accept(&data).await;
        peer.expect("ABOR").await;
        peer.reply("226 aborted").await;
        settled(&mut peer).await;
        still_works(&mut peer).await;
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("no/such/dir/a");
    let mut client = builder.connect().await.unwrap();
    let error = client.download_to("a", &local).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    assert_eq!(error.local_path(), Some(&*local));
    let line = error.to_string();
    assert!(
        line.starts_with("cannot download a from 127.0.0.1:"),
        "{line}"
    );
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_resumed_download_goes_on_in_place() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE a", "213 5").await;
        let data = peer.epsv().await;
        peer.answer("REST 3", "350 fine").await;
        peer.answer("RETR a", "150 opening").await;
        peer.send(data, b"lo").await;
        peer.reply("226 done").await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE a", "213 4").await;
        still_works(&mut peer).await;
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("a");
    std::fs::write(&local, b"hel").unwrap();
    let mut client = builder.connect().await.unwrap();
    let mut last = 0;
    client
        .download_to("a", &local)
        .resume()
        .progress(|at| last = at.position)
        .await
        .unwrap();
    assert_eq!(
        (std::fs::read(&local).unwrap(), last),
        (b"hello".to_vec(), 5)
    );
    // What is longer than the remote file is another file.
    let error = client.download_to("a", &local).resume().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(std::fs::read(&local).unwrap(), b"hello");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn uploads_end_with_the_servers_word() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"hello");
        peer.reply("226 stored").await;
        let data = peer.epsv().await;
        peer.answer("APPE a", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b" again");
        peer.reply("226 stored").await;
        let data = peer.epsv().await;
        peer.answer("REST 3", "350 fine").await;
        peer.answer("STOR a", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"p");
        peer.reply("226 stored").await;
        let data = peer.epsv().await;
        peer.answer("STOR full", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"x");
        peer.reply("452 no space left").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    assert_eq!(client.upload(&b"hello"[..], "a").await.unwrap().bytes, 5);
    client.upload(&b" again"[..], "a").append().await.unwrap();
    client.upload(&b"p"[..], "a").offset(3).await.unwrap();
    let error = client.upload(&b"x"[..], "full").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn the_server_may_choose_the_name() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOU", "150 FILE: a1b2").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"hello");
        peer.reply("226 stored").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let (name, transferred) = client.upload_unique(&b"hello"[..]).await.unwrap();
    assert_eq!(name.unwrap().as_bytes(), b"a1b2");
    assert_eq!(transferred.bytes, 5);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_time_is_set_by_whatever_the_server_knows() {
    let time = "20240102030405";
    let (mfmt, utime, mdtm) = (
        format!("MFMT {time} a b"),
        format!("SITE UTIME {time} a b"),
        format!("MDTM {time} a b"),
    );
    let (builder, server) = serve(async move |mut peer| {
        peer.login().await;
        peer.answer(&mfmt, "213 Modify=20240102030405; a b").await;
        peer.answer(&mfmt, "500 what?").await;
        peer.answer(&utime, "200 done").await;
        peer.answer(&mfmt, "500 what?").await;
        peer.answer(&utime, "502 no").await;
        peer.answer(&mdtm, "213 done").await;
        peer.answer(&mfmt, "550 no such file").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let time = Timestamp::from_civil(Civil::new(2024, 1, 2, 3, 4, 5).unwrap());
    for _ in 0..3 {
        client.set_modified("a b", time).await.unwrap();
    }
    let error = client.set_modified("a b", time).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_resumed_upload_appends_what_is_missing() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE a", "213 3").await;
        let data = peer.epsv().await;
        peer.answer("APPE a", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"lo");
        peer.reply("226 stored").await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE b", "550 no such file").await;
        let data = peer.epsv().await;
        peer.answer("STOR b", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"hello");
        peer.reply("226 stored").await;
        still_works(&mut peer).await;
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("a");
    std::fs::write(&local, b"hello").unwrap();
    let mut client = builder.connect().await.unwrap();
    client.upload_from(&local, "a").resume().await.unwrap();
    client.upload_from(&local, "b").resume().await.unwrap();
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_refused_upload_is_told_with_its_reply() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let _data = peer.type_and_epsv().await;
        peer.answer("STOR a", "553 not that name").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.upload(&b"x"[..], "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("553 not that name"), "{error}");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_refuses_the_rest_is_heard_while_writing() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        let mut data = accept(&data).await;
        let mut some = [0; 1000];
        data.read_exact(&mut some).await.unwrap();
        drop(data);
        peer.reply("552 the quota is used up").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.upload(tokio::io::repeat(7), "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_dropped_reader_is_aborted_and_the_session_goes_on() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        let mut data = accept(&data).await;
        let aborted =
            tokio::spawn(async move { while data.write_all(&[7; 4096]).await.is_ok() {} });
        peer.expect("ABOR").await;
        aborted.await.unwrap();
        peer.reply("426 aborted").await;
        peer.reply("226 done").await;
        settled(&mut peer).await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = client.reader("a").await.unwrap();
    let mut some = [0; 10];
    file.read_exact(&mut some).await.unwrap();
    drop(file);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_dropped_writer_never_looks_complete() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        let error = peer.receive(data).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        peer.expect("ABOR").await;
        peer.reply("426 aborted").await;
        peer.reply("226 done").await;
        settled(&mut peer).await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = client.writer("a").await.unwrap();
    file.write_all(b"a part").await.unwrap();
    drop(file);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_dropped_client_leaves_no_complete_upload() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        let error = peer.receive(data).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = client.writer("a").await.unwrap();
    file.write_all(b"a part").await.unwrap();
    // Neither finished nor dropped in good order.
    std::mem::forget(file);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_source_that_fails_gives_the_upload_up() {
    struct Broken;
    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("the tape tore")))
        }
    }
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        peer.receive(data).await.unwrap_err();
        peer.expect("ABOR").await;
        peer.reply("226 aborted").await;
        settled(&mut peer).await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.upload(Broken, "a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
    let line = error.to_string();
    assert!(line.starts_with("cannot upload a to 127.0.0.1:"), "{line}");
    assert!(line.contains("the source failed: the tape tore"), "{line}");
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn text_changes_its_line_ends() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("TYPE A", "200 ok").await;
        let data = peer.epsv().await;
        peer.answer("RETR a", "150 opening").await;
        peer.send(data, b"one\r\ntwo\r\n\r").await;
        peer.reply("226 done").await;
        let data = peer.epsv().await;
        peer.answer("STOR b", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"one\r\ntwo\r\n");
        peer.reply("226 stored").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut text = Vec::new();
    client.download("a", &mut text).ascii().await.unwrap();
    assert_eq!(text, b"one\ntwo\n\r");
    client
        .upload(&b"one\ntwo\r\n"[..], "b")
        .ascii()
        .await
        .unwrap();
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn finishing_a_writer_stores_and_nothing_can_follow() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 go on").await;
        assert_eq!(peer.receive(data).await.unwrap(), b"all");
        peer.reply("226 stored").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut file = client.writer("a").await.unwrap();
    file.write_all(b"all").await.unwrap();
    file.shutdown().await.unwrap();
    file.write_all(b"more").await.unwrap_err();
    assert_eq!(file.finish().await.unwrap().bytes, 3);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stalled_transfer_times_out() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        let mut data = accept(&data).await;
        data.write_all(b"hel").await.unwrap();
        // And nothing more, on either connection.
        peer.until_end().await;
    })
    .await;
    let mut client = builder
        .timeout(Duration::from_secs(5))
        .connect()
        .await
        .unwrap();
    let mut file = Vec::new();
    let error = client.download("a", &mut file).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(
        error.to_string().contains("the transfer stalled"),
        "{error}"
    );
    assert_eq!(file, b"hel");
    drop(client);
    server.await.unwrap();
}
