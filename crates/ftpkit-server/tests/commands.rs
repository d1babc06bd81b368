//! Every command end to end: a raw client, the server on a port of its own, the memory storage.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use support::{Client, pattern, read_all, serve, serve_on, within};
use tokio::io::AsyncWriteExt as _;

/// Runs commands that need no data connection, each with the code it must get.
async fn script(client: &mut Client, lines: &[(&str, u16)]) {
    for (line, code) in lines {
        client.cmd(line, *code).await;
    }
}

#[tokio::test]
async fn before_login() {
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    script(
        &mut client,
        &[
            ("NOOP", 200),
            ("SYST", 215),
            ("FEAT", 211),
            ("HELP", 214),
            ("OPTS UTF8 ON", 200),
            ("CLNT test", 200),
            ("HOST ftp.example", 220),
            ("PASS secret", 503),
            ("USER alice", 331),
            ("USER nobody", 331),
            ("PASS secret", 530),
            ("USER alice", 331),
            ("PASS secret", 230),
            ("HOST ftp.example", 503),
            ("REIN", 220),
            ("PWD", 530),
            ("USER alice", 331),
            ("PASS secret", 230),
            ("QUIT", 221),
        ],
    )
    .await;
    client.assert_closed().await;
}

#[tokio::test]
async fn nothing_works_without_a_login() {
    let served = serve().await;
    for command in [
        "CWD /",
        "CDUP",
        "PWD",
        "PASV",
        "EPSV",
        "RETR a",
        "STOR a",
        "STOU",
        "APPE a",
        "ALLO 1",
        "REST 0",
        "RNFR a",
        "DELE a",
        "RMD a",
        "MKD a",
        "LIST",
        "NLST",
        "MLSD",
        "MLST",
        "SIZE a",
        "MDTM a",
        "MFMT 20200101000000 a",
        "TYPE I",
        "STRU F",
        "MODE S",
        "PORT 127,0,0,1,8,1",
        "EPRT |1|127.0.0.1|2049|",
        "SITE CHMOD 600 a",
        "STAT a",
        "ABOR",
        "LPSV",
        "LPRT 4,4,127,0,0,1,2,8,1",
        "RANG 0 1",
        "PRET RETR a",
        "HASH a",
        "XCRC a",
        "MD5 a",
        "MMD5 a",
        "MFCT 20200101000000 a",
        "MFF Modify=20200101000000; a",
        "COMB a b",
        "AVBL",
        "SITE COPY a b",
        "SSCN",
        "CPSV",
    ] {
        let mut client = Client::connect(served.addr).await;
        let reply = client.ask(command).await;
        assert!(
            matches!(reply.code, 530 | 503),
            "{command}: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn directories() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let pwd = client.cmd("PWD", 257).await;
    assert!(pwd.text().contains("\"/\""), "{}", pwd.text());
    let made = client.cmd("MKD sub", 257).await;
    assert!(made.text().contains("\"/sub\""), "{}", made.text());
    script(
        &mut client,
        &[
            ("MKD sub", 550),
            ("CWD sub", 250),
            ("MKD deep er", 257),
            ("CWD deep er", 250),
        ],
    )
    .await;
    let pwd = client.cmd("XPWD", 257).await;
    assert!(pwd.text().contains("\"/sub/deep er\""), "{}", pwd.text());
    script(
        &mut client,
        &[
            ("CDUP", 250),
            ("XCUP", 250),
            ("CDUP", 250),
            ("CWD ..", 250),
            ("CWD ../../../sub", 250),
            ("RMD .", 550),
            ("CWD /", 250),
            ("RMD sub", 550),
            ("XRMD sub/deep er", 250),
            ("RMD sub", 250),
            ("RMD sub", 550),
            ("CWD sub", 550),
            ("XMKD x", 257),
            ("XCWD x", 250),
            ("CWD", 250),
        ],
    )
    .await;
    let quoted = client.cmd("MKD a\"b", 257).await;
    assert!(quoted.text().contains("\"/a\"\"b\""), "{}", quoted.text());
}

#[tokio::test]
async fn files_go_up_and_come_down() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    for size in [0, 1, 1000, 1 << 20] {
        let bytes = pattern(size);
        client.push("STOR file.bin", &bytes).await;
        let size = client.cmd("SIZE file.bin", 213).await;
        assert_eq!(size.lines[0], format!("213 {}", bytes.len()));
        assert!(client.fetch("RETR file.bin").await == bytes, "{size:?}");
    }
    client.push("APPE file.bin", b"tail").await;
    client.cmd("REST 1048570", 350).await;
    let tail = client.fetch("RETR file.bin").await;
    assert_eq!(tail.len(), 10);
    assert!(tail.ends_with(b"tail"));
    // A restart point beyond the end is refused before any data connection.
    client.epsv_addr().await;
    client.cmd("REST 99999999", 350).await;
    client.cmd("RETR file.bin", 554).await;
    // It is used up by then.
    assert_eq!(client.fetch("RETR file.bin").await.len(), (1 << 20) + 4);
    client.cmd("REST 3", 350).await;
    client.push("STOR file.bin", b"XYZ").await;
    let bytes = client.fetch("RETR file.bin").await;
    assert_eq!(&bytes[..3], &pattern(3)[..]);
    assert_eq!(&bytes[3..6], b"XYZ");
    script(
        &mut client,
        &[
            ("RNFR file.bin", 350),
            ("RNTO other.bin", 250),
            ("RNFR file.bin", 550),
            ("RNTO other.bin", 503),
            ("SIZE file.bin", 550),
            ("SIZE other.bin", 213),
            ("MKD dir", 257),
            ("SIZE dir", 550),
            ("MDTM dir", 550),
            ("DELE dir", 550),
            ("DELE other.bin", 250),
            ("DELE other.bin", 550),
        ],
    )
    .await;
    for refused in [
        "RETR other.bin",
        "RETR dir",
        "STOR dir",
        "STOR missing/file",
        "APPE dir",
        "LIST missing",
        "NLST missing",
        "STOU missing/file",
    ] {
        // What needs no data connection to be known is told without one.
        client.epsv_addr().await;
        client.cmd(refused, 550).await;
    }
}

#[tokio::test]
async fn stou_tells_the_name_it_chose() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let mut names = Vec::new();
    for command in ["STOU", "STOU", "STOU note.txt", "STOU note.txt"] {
        let preliminary = client.push(command, command.as_bytes()).await.text();
        let name = preliminary
            .split("FILE: ")
            .nth(1)
            .unwrap_or_else(|| panic!("no FILE: in {preliminary}"))
            .trim()
            .to_owned();
        assert!(!names.contains(&name), "{name} was chosen twice");
        assert_eq!(
            client.fetch(&format!("RETR {name}")).await,
            command.as_bytes()
        );
        names.push(name);
    }
}

#[tokio::test]
async fn every_way_to_a_data_connection() {
    for addr in ["127.0.0.1:0", "[::1]:0"] {
        let served = serve_on(addr, |builder| builder).await;
        let mut client = Client::login(served.addr).await;
        client.push("STOR f", b"payload").await;
        let v4 = served.addr.is_ipv4();
        for way in ["EPSV", "EPRT", "PASV", "PORT"] {
            if !v4 && matches!(way, "PASV" | "PORT") {
                continue;
            }
            let bytes = match way {
                "EPSV" | "PASV" => {
                    let data = match way {
                        "EPSV" => client.epsv().await,
                        _ => client.pasv().await,
                    };
                    client.cmd("RETR f", 150).await;
                    read_all(data).await
                }
                _ => {
                    let listener = match way {
                        "EPRT" => client.eprt().await,
                        _ => client.port().await,
                    };
                    client.cmd("RETR f", 150).await;
                    let (data, _) = within("accept", listener.accept()).await.unwrap();
                    read_all(data).await
                }
            };
            client.expect(226).await;
            assert_eq!(bytes, b"payload", "{way} on {addr}");
        }
        client.cmd("EPSV ALL", 200).await;
        if v4 {
            let reply = client.ask("PASV").await;
            assert!(reply.code >= 500, "{}", reply.text());
        }
        assert_eq!(client.fetch("RETR f").await, b"payload");
    }
}

#[tokio::test]
async fn passive_ports_come_from_the_range_in_turn() {
    let served = support::serve_with(|builder| builder.passive_ports(42_180..=42_189)).await;
    let mut client = Client::login(served.addr).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(client.pasv_addr().await.port());
    }
    assert!(seen.iter().all(|port| (42_180..=42_189).contains(port)));
    seen.dedup();
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[tokio::test]
async fn passive_host_stands_in_the_reply() {
    let host = "192.0.2.99".parse().unwrap();
    let served = support::serve_with(|builder| builder.passive_host(host)).await;
    let mut client = Client::login(served.addr).await;
    assert_eq!(client.pasv_addr().await.ip().to_string(), "192.0.2.99");
}

#[tokio::test]
async fn text_is_converted_both_ways() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.cmd("TYPE A", 200).await;
    client.push("STOR t", b"one\r\ntwo\r\n\r\nlone\rcr").await;
    client.cmd("TYPE I", 200).await;
    assert_eq!(client.fetch("RETR t").await, b"one\ntwo\n\nlone\rcr");
    client.cmd("TYPE A N", 200).await;
    assert_eq!(client.fetch("RETR t").await, b"one\r\ntwo\r\n\r\nlone\rcr");
    client.cmd("SIZE t", 550).await;
    // Every line end across the borders of blocks.
    let text = "line\n".repeat(100_000);
    client.cmd("TYPE I", 200).await;
    client.push("STOR big", text.as_bytes()).await;
    client.cmd("TYPE A", 200).await;
    let wire = client.fetch("RETR big").await;
    assert!(wire == "line\r\n".repeat(100_000).as_bytes());
    client.push("STOR back", &wire).await;
    client.cmd("TYPE I", 200).await;
    assert!(client.fetch("RETR back").await == text.as_bytes());
}

#[tokio::test]
async fn parameters_that_are_served_and_those_that_are_not() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    script(
        &mut client,
        &[
            ("TYPE I", 200),
            ("TYPE A", 200),
            ("TYPE A N", 200),
            ("TYPE L 8", 200),
            ("TYPE E", 504),
            ("TYPE X", 504),
            ("STRU F", 200),
            ("STRU R", 504),
            ("STRU P", 504),
            ("MODE S", 200),
            ("MODE B", 504),
            ("MODE C", 504),
            ("MODE Z", 504),
            ("OPTS MODE Z LEVEL 3", 501),
            ("CSID Name=test;", 200),
            ("SSCN ON", 502),
            ("CPSV", 502),
            ("MIC x", 502),
            ("CONF x", 502),
            ("ENC x", 502),
            ("ALLO 1000", 200),
            ("ALLO 1000 R 100", 200),
            ("ALLO lots", 202),
            ("SMNT /", 502),
            ("REST 10", 350),
            ("REST x", 501),
            ("SYST", 215),
            ("STAT", 211),
            ("HELP", 214),
            ("NOOP", 200),
            ("SITE HELP", 214),
            ("SITE NONSENSE", 504),
            ("AUTH TLS", 502),
            ("PBSZ 0", 503),
            ("CCC", 533),
            ("ADAT x", 502),
            ("ABOR", 225),
        ],
    )
    .await;
}

#[tokio::test]
async fn features_are_listed_one_space_in() {
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    let feat = client.cmd("FEAT", 211).await;
    let (first, rest) = feat.lines.split_first().unwrap();
    assert!(first.starts_with("211-"));
    let middle = &rest[..rest.len() - 1];
    for line in middle {
        assert!(line.starts_with(' ') && !line.starts_with("  "), "{line:?}");
    }
    for feature in [
        "EPSV",
        "EPRT",
        "SIZE",
        "MDTM",
        "REST STREAM",
        "TVFS",
        "UTF8",
        "MFMT",
    ] {
        assert!(
            middle.iter().any(|line| line.trim() == feature),
            "{feature} in {middle:?}"
        );
    }
    assert!(
        middle.iter().any(|line| line.starts_with(" MLST type*;")),
        "{middle:?}"
    );
}

#[tokio::test]
async fn times_and_modes() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    client.cmd("MFMT 20200102030405 f", 213).await;
    let time = client.cmd("MDTM f", 213).await;
    assert_eq!(time.lines[0], "213 20200102030405");
    client.cmd("SITE UTIME 20210102030405 f", 200).await;
    let time = client.cmd("MDTM f", 213).await;
    assert_eq!(time.lines[0], "213 20210102030405");
    client.cmd("SITE CHMOD 640 f", 200).await;
    let facts = client.cmd("MLST f", 250).await;
    assert!(
        facts.lines[1].contains("UNIX.mode=0640;"),
        "{:?}",
        facts.lines
    );
    client.cmd("MFMT 20200102030405 missing", 550).await;
    client.cmd("SITE CHMOD 640 missing", 550).await;
    client.cmd("MDTM missing", 550).await;
}

#[tokio::test]
async fn facts_of_one_file() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR some file", b"12345").await;
    client.cmd("MKD d", 257).await;
    let facts = client.cmd("MLST some file", 250).await;
    let line = &facts.lines[1];
    assert!(
        line.starts_with(' ') && line.ends_with("; /some file"),
        "{line:?}"
    );
    for fact in ["type=file;", "size=5;", "modify=20"] {
        assert!(line.contains(fact), "{fact} in {line:?}");
    }
    let facts = client.cmd("MLST d", 250).await;
    assert!(facts.lines[1].contains("type=dir;"), "{:?}", facts.lines);
    let facts = client.cmd("MLST", 250).await;
    assert!(facts.lines[1].ends_with("; /"), "{:?}", facts.lines);
    client.cmd("MLST missing", 550).await;
    client.cmd("OPTS MLST size;type;", 200).await;
    let facts = client.cmd("MLST some file", 250).await;
    assert!(!facts.lines[1].contains("modify="), "{:?}", facts.lines);
}

#[tokio::test]
async fn a_pipelined_burst_is_answered_in_order() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client
        .send("NOOP\r\nMKD a\r\nCWD a\r\nPWD\r\nCDUP\r\nRMD a\r\nSYST\r\nQUIT\r\n")
        .await;
    for code in [200, 257, 250, 257, 250, 250, 215, 221] {
        client.expect(code).await;
    }
    client.assert_closed().await;
}

#[tokio::test]
async fn quit_waits_for_the_transfer() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR late", 150).await;
    data.write_all(b"first ").await.unwrap();
    client.send("QUIT\r\n").await;
    data.write_all(b"last").await.unwrap();
    drop(data);
    client.expect(226).await;
    client.expect(221).await;
    client.assert_closed().await;
    let mut client = Client::login(served.addr).await;
    assert_eq!(client.fetch("RETR late").await, b"first last");
}

#[tokio::test]
async fn noop_and_stat_are_answered_during_a_transfer() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR slow", 150).await;
    data.write_all(b"some").await.unwrap();
    client.cmd("NOOP", 200).await;
    client.cmd("STAT", 211).await;
    drop(data);
    client.expect(226).await;
}

#[tokio::test]
async fn users_change_within_a_session() {
    let served = support::serve_with(|builder| {
        let one = std::sync::Arc::new(ftpkit_storage::Memory::new());
        let two = std::sync::Arc::new(ftpkit_storage::Memory::new());
        builder.authenticator(
            ftpkit_accounts::Users::builder()
                .user("one", "1", one)
                .user("two", "2", two)
                .build()
                .unwrap(),
        )
    })
    .await;
    let mut client = Client::connect(served.addr).await;
    script(
        &mut client,
        &[
            ("USER one", 331),
            ("PASS 1", 230),
            ("MKD dir", 257),
            ("CWD dir", 250),
            ("USER two", 331),
            ("PWD", 530),
            ("PASS 2", 230),
            ("CWD dir", 550),
        ],
    )
    .await;
    let pwd = client.cmd("PWD", 257).await;
    assert!(pwd.text().contains("\"/\""), "{}", pwd.text());
}

#[tokio::test]
async fn guests_may_read_only() {
    use ftpkit_storage::{Memory, Storage};
    let storage = std::sync::Arc::new(Memory::new());
    let shared = std::sync::Arc::clone(&storage) as std::sync::Arc<dyn Storage>;
    let served = support::serve_with(|builder| {
        let users = ftpkit_accounts::Users::builder()
            .user("alice", "secret", std::sync::Arc::clone(&shared))
            .anonymous(ftpkit_accounts::Anonymous::read_only(shared))
            .build()
            .unwrap();
        builder.authenticator(users)
    })
    .await;
    Client::login(served.addr).await.push("STOR f", b"x").await;
    let mut guest = Client::connect(served.addr).await;
    script(
        &mut guest,
        &[
            ("USER anonymous", 331),
            ("PASS me@example.org", 230),
            ("TYPE I", 200),
            ("SIZE f", 213),
            ("DELE f", 550),
            ("MKD d", 550),
            ("EPSV", 229),
            ("STOR g", 550),
            ("EPSV", 229),
            ("APPE f", 550),
            ("RNFR f", 550),
            ("SITE CHMOD 600 f", 550),
            ("MFMT 20200102030405 f", 550),
        ],
    )
    .await;
    assert_eq!(guest.fetch("RETR f").await, b"x");
    let facts = guest.cmd("MLST f", 250).await;
    assert!(facts.lines[1].contains("perm=r;"), "{:?}", facts.lines);
    let facts = guest.cmd("MLST", 250).await;
    assert!(facts.lines[1].contains("perm=el;"), "{:?}", facts.lines);
}
