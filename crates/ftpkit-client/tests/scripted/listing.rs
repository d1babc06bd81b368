//! Listings and what is known of one file, with servers that know more or less.

use ftpkit_client::{Client, ErrorKind, proto::facts::Kind};

use crate::peer::{Peer, serve};

const UNIX: &[u8] = b"total 2\r\n\
    drwxr-xr-x 2 ana staff 4096 Jan  1  2020 .\r\n\
    drwxr-xr-x 2 ana staff 4096 Jan  1  2020 ..\r\n\
    -rw-r--r-- 1 ana staff    5 Jan  1  2020 a b.txt\r\n\
    this is no entry\r\n\
    drwxr-xr-x 2 ana staff 4096 Jan  1  2020 dir\r\n";

async fn listing(peer: &mut Peer, command: &str, payload: &[u8]) {
    let data = peer.epsv().await;
    peer.answer(command, "150 here it comes").await;
    peer.send(data, payload).await;
    peer.reply("226 done").await;
}

/// A server refuses the command behind EPSV; nobody calls its data port.
async fn refusal(peer: &mut Peer, command: &str, reply: &str) {
    let _data = peer.epsv().await;
    peer.answer(command, reply).await;
}

async fn names(client: &mut Client, path: &str) -> Vec<String> {
    let mut listing = client.list(path).await.unwrap();
    let mut names = Vec::new();
    while let Some(entry) = listing.next().await {
        names.push(entry.unwrap().name().to_string());
    }
    names
}

async fn type_a(peer: &mut Peer) {
    // Whatever type the machine wants for listings.
    assert!(peer.line().await.starts_with("TYPE "));
    peer.reply("200 ok").await;
}

#[tokio::test]
async fn mlsd_without_the_dots() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        type_a(&mut peer).await;
        let facts = b"type=cdir; .\r\ntype=pdir; ..\r\n\
            type=file;size=5;modify=20240102030405; a b.txt\r\ntype=dir; dir\r\n";
        listing(&mut peer, "MLSD some dir", facts).await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let entries = client
        .list("some dir")
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].name().as_bytes(), b"a b.txt");
    assert_eq!((entries[0].kind, entries[0].size), (Kind::File, Some(5)));
    assert_eq!(
        entries[0]
            .modified
            .unwrap()
            .timestamp()
            .unwrap()
            .to_string(),
        "2024-01-02T03:04:05Z"
    );
    assert_eq!(entries[1].kind, Kind::Directory);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn list_stands_in_for_mlsd_and_is_remembered() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        type_a(&mut peer).await;
        refusal(&mut peer, "MLSD", "500 what?").await;
        peer.answer("SYST", "215 UNIX Type: L8").await;
        listing(&mut peer, "LIST -a", UNIX).await;
        listing(&mut peer, "LIST -a ./-x", UNIX).await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut listing = client.list("").await.unwrap();
    let mut names = Vec::new();
    while let Some(entry) = listing.next().await {
        names.push(entry.unwrap().name().to_string());
    }
    assert_eq!(names, ["a b.txt", "dir"]);
    assert_eq!(listing.unparsed(), ["this is no entry"]);
    assert_eq!(listing.unparsed_count(), 1);
    drop(listing);
    let second = client.list("-x").await.unwrap().collect().await.unwrap();
    assert_eq!(second.len(), 2);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn an_option_that_is_taken_for_a_name_is_left_out() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        type_a(&mut peer).await;
        refusal(&mut peer, "MLSD", "502 no").await;
        peer.answer("SYST", "215 UNIX, or so it says").await;
        refusal(&mut peer, "LIST -a", "550 -a: no such file").await;
        listing(&mut peer, "LIST", UNIX).await;
        listing(&mut peer, "LIST dir", UNIX).await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    assert_eq!(names(&mut client, "").await, ["a b.txt", "dir"]);
    assert_eq!(names(&mut client, "dir").await, ["a b.txt", "dir"]);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn features_without_mlst_spare_the_try() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("FEAT", "211-Features:\r\n EPSV\r\n SIZE\r\n211 End")
            .await;
        peer.answer("SYST", "215 Windows_NT").await;
        type_a(&mut peer).await;
        listing(&mut peer, "LIST", b"01-01-20  12:00PM  <DIR>  dir\r\n").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.features(true).connect().await.unwrap();
    assert_eq!(names(&mut client, "").await, ["dir"]);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_missing_directory_is_refused_and_the_session_goes_on() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        type_a(&mut peer).await;
        refusal(&mut peer, "MLSD nope", "550 No such directory").await;
        listing(&mut peer, "MLSD dir", b"").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.list("nope").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.path(), Some("nope"));
    assert!(names(&mut client, "dir").await.is_empty());
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_listing_that_is_not_confirmed_ends_in_an_error() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        type_a(&mut peer).await;
        let data = peer.epsv().await;
        peer.answer("MLSD", "150 here it comes").await;
        peer.send(data, b"type=file; a\r\n").await;
        peer.reply("451 the disk failed").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut listing = client.list("").await.unwrap();
    assert_eq!(
        listing.next().await.unwrap().unwrap().name().as_bytes(),
        b"a"
    );
    let error = listing.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("451 the disk failed"), "{error}");
    assert!(listing.next().await.is_none());
    drop(listing);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn metadata_by_mlst() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        let found = "250-Listing a\r\n type=file;size=3; /dir/a\r\n250 End";
        peer.answer("MLST a", found).await;
        peer.answer("MLST b", "550 No such file").await;
        peer.answer("MLST", "250-Listing\r\n type=cdir; /dir\r\n250 End")
            .await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let entry = client.metadata("a").await.unwrap();
    assert_eq!((entry.kind, entry.size), (Kind::File, Some(3)));
    let error = client.metadata("b").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let entry = client.metadata("").await.unwrap();
    assert_eq!(entry.kind, Kind::Directory);
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn metadata_without_mlst() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("MLST a", "500 what?").await;
        for (size, mdtm) in [("213 3", "213 20240102030405"), ("213 3", "500 what?")] {
            peer.answer("TYPE I", "200 ok").await;
            peer.answer("SIZE a", size).await;
            peer.answer("MDTM a", mdtm).await;
        }
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE d", "550 not a plain file").await;
        peer.answer("MDTM d", "550 not a plain file").await;
        peer.answer("PWD", "257 \"/home\"").await;
        peer.answer("CWD d", "250 there").await;
        peer.answer("CWD /home", "250 back").await;
        peer.answer("TYPE I", "200 ok").await;
        peer.answer("SIZE x", "550 no").await;
        peer.answer("MDTM x", "550 no").await;
        peer.answer("PWD", "257 \"/home\"").await;
        peer.answer("CWD x", "550 no").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let entry = client.metadata("a").await.unwrap();
    assert_eq!((entry.kind, entry.size), (Kind::File, Some(3)));
    assert!(entry.modified.is_some());
    assert!(client.metadata("a").await.unwrap().modified.is_none());
    assert_eq!(client.metadata("d").await.unwrap().kind, Kind::Directory);
    let error = client.metadata("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    drop(client);
    server.await.unwrap();
}
