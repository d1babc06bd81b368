//! LIST, NLST, MLSD and STAT: forms, options, patterns, recursion, directories of any size.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeSet;

use support::{Client, serve};

/// The lines that a listing sent, in order of their bytes: a storage lists in no order.
async fn lines(client: &mut Client, command: &str) -> BTreeSet<String> {
    let text = String::from_utf8(client.fetch(command).await).unwrap();
    assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
    text.split_terminator("\r\n").map(str::to_owned).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// `a.txt`, `b.txt`, `.hidden`, `with space`, `sub/c.txt`, `sub/deeper/d.txt`, `empty/`.
async fn tree(client: &mut Client) {
    for dir in ["sub", "sub/deeper", "empty"] {
        client.cmd(&format!("MKD {dir}"), 257).await;
    }
    for file in [
        "a.txt",
        "b.txt",
        ".hidden",
        "with space",
        "sub/c.txt",
        "sub/deeper/d.txt",
    ] {
        client.push(&format!("STOR {file}"), file.as_bytes()).await;
        client
            .cmd(&format!("MFMT 20010203040506 {file}"), 213)
            .await;
    }
}

#[tokio::test]
async fn names_only() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    tree(&mut client).await;
    let root = &["a.txt", "b.txt", ".hidden", "with space", "sub", "empty"][..];
    for (command, expected) in [
        ("NLST", root),
        ("NLST -a", root),
        (
            "NLST .",
            &[
                "./a.txt",
                "./b.txt",
                "./.hidden",
                "./with space",
                "./sub",
                "./empty",
            ],
        ),
        // The lines can be used as they are (RFC 1123 sec. 4.1.2.7).
        ("NLST sub", &["sub/c.txt", "sub/deeper"]),
        ("NLST sub/", &["sub/c.txt", "sub/deeper"]),
        ("NLST /sub/deeper", &["/sub/deeper/d.txt"]),
        ("NLST a.txt", &["a.txt"]),
        ("NLST sub/c.txt", &["sub/c.txt"]),
        ("NLST empty", &[]),
        ("NLST *.txt", &["a.txt", "b.txt"]),
        ("NLST sub/*", &["sub/c.txt", "sub/deeper"]),
        ("NLST ?.txt", &["a.txt", "b.txt"]),
        ("NLST *.none", &[]),
        ("NLST .h*", &[".hidden"]),
    ] {
        assert_eq!(
            lines(&mut client, command).await,
            set(expected),
            "{command}"
        );
    }
    for line in lines(&mut client, "NLST sub/*.txt").await {
        assert_eq!(client.fetch(&format!("RETR {line}")).await, line.as_bytes());
    }
}

#[tokio::test]
async fn a_file_whose_name_is_a_pattern_comes_first() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR *.txt", b"star").await;
    client.push("STOR a.txt", b"a").await;
    assert_eq!(lines(&mut client, "NLST *.txt").await, set(&["*.txt"]));
    assert_eq!(client.fetch("RETR *.txt").await, b"star");
}

#[tokio::test]
async fn like_ls() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    tree(&mut client).await;
    for command in ["LIST", "LIST -a", "LIST -la", "LIST -al .", "LIST /"] {
        let lines = lines(&mut client, command).await;
        assert_eq!(lines.len(), 6, "{command}: {lines:?}");
        let file = lines.iter().find(|line| line.ends_with(" a.txt")).unwrap();
        assert!(file.starts_with("-rw-r--r-- "), "{file}");
        assert!(file.ends_with(" 5 Feb  3  2001 a.txt"), "{file}");
        let dir = lines.iter().find(|line| line.ends_with(" sub")).unwrap();
        assert!(dir.starts_with("drwxr-xr-x "), "{dir}");
        assert!(lines.iter().any(|line| line.ends_with(" with space")));
    }
    let one = lines(&mut client, "LIST sub/c.txt").await;
    assert!(
        one.len() == 1 && one.first().unwrap().ends_with(" sub/c.txt"),
        "{one:?}"
    );
    assert_eq!(lines(&mut client, "LIST -l *.txt").await.len(), 2);
}

#[tokio::test]
async fn a_whole_tree() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    tree(&mut client).await;
    let text = String::from_utf8(client.fetch("LIST -R").await).unwrap();
    let blocks: Vec<&str> = text.trim_end().split("\r\n\r\n").collect();
    let heads: BTreeSet<_> = blocks
        .iter()
        .filter_map(|block| block.split("\r\n").next())
        .map(str::to_owned)
        .collect();
    assert_eq!(heads, set(&[".:", "./sub:", "./sub/deeper:", "./empty:"]));
    let deeper = blocks
        .iter()
        .find(|b| b.starts_with("./sub/deeper:"))
        .unwrap();
    assert!(deeper.ends_with(" d.txt"), "{deeper}");
    assert!(blocks[0].starts_with(".:"));
    let sub = String::from_utf8(client.fetch("LIST -R sub").await).unwrap();
    assert!(
        sub.starts_with("sub:\r\n") && sub.contains("\r\nsub/deeper:\r\n"),
        "{sub}"
    );
}

#[tokio::test]
async fn machine_readable() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    tree(&mut client).await;
    let lines = lines(&mut client, "MLSD").await;
    let names: BTreeSet<_> = lines
        .iter()
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect();
    assert_eq!(
        names,
        set(&["a.txt", "b.txt", ".hidden", "with space", "sub", "empty"])
    );
    let file = lines.iter().find(|line| line.ends_with(" a.txt")).unwrap();
    for fact in ["type=file;", "size=5;", "modify=20010203040506;", "perm="] {
        assert!(file.contains(fact), "{fact} in {file}");
    }
    client.cmd("OPTS MLST type;", 200).await;
    let lines = String::from_utf8(client.fetch("MLSD sub").await).unwrap();
    let lines: BTreeSet<_> = lines.split_terminator("\r\n").map(str::to_owned).collect();
    assert_eq!(lines, set(&["type=file; c.txt", "type=dir; deeper"]));
    client.epsv_addr().await;
    client.cmd("MLSD a.txt", 501).await;
    client.epsv_addr().await;
    // No patterns here: what comes is what was asked for.
    client.cmd("MLSD *.txt", 550).await;
}

#[tokio::test]
async fn over_the_control_connection() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    tree(&mut client).await;
    let reply = client.ask("STAT sub").await;
    assert!(matches!(reply.code, 211..=213), "{}", reply.text());
    assert!(reply.text().contains(" c.txt") && reply.text().contains(" deeper"));
    let reply = client.ask("STAT -la a.txt").await;
    assert!(reply.text().contains(" a.txt"), "{}", reply.text());
    client.cmd("STAT missing", 550).await;
}

#[tokio::test]
async fn names_of_all_kinds_come_back_as_they_were_sent() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let names: [&[u8]; 8] = [
        b"plain",
        b" leading and trailing ",
        b"quote\"d",
        b"-leading-dash",
        b"semi;colon=x",
        "gr\u{fc}\u{df}e \u{1f600}".as_bytes(),
        b"latin-1 \xfc",
        b"telnet \xff byte",
    ];
    for name in names {
        // 0xFF is doubled on the wire, as Telnet has it.
        let wire = name.iter().flat_map(|b| match b {
            0xff => vec![0xff, 0xff],
            other => vec![*other],
        });
        let mut line = b"STOR ".to_vec();
        line.extend(wire);
        line.extend_from_slice(b"\r\n");
        let data = client.epsv().await;
        client.send(&line).await;
        client.expect(150).await;
        drop(data);
        client.expect(226).await;
    }
    let listed = client.fetch("NLST").await;
    let listed: BTreeSet<&[u8]> = listed
        .split(|b| *b == b'\n')
        .filter_map(|line| line.strip_suffix(b"\r"))
        .collect();
    assert_eq!(listed, names.into_iter().collect());
}

#[tokio::test]
async fn a_large_directory_is_listed_in_full() {
    use ftpkit_storage::{OpenOptions, Storage as _, VirtualPath};
    let served = serve().await;
    let count = 5000;
    for n in 0..count {
        let path = VirtualPath::root()
            .join(format!("a rather long name of file number {n}").as_bytes())
            .unwrap();
        let options = OpenOptions::create_new();
        let file = served.storage.open(&path, options).await.unwrap();
        file.commit().await.unwrap();
    }
    let mut client = Client::login(served.addr).await;
    for command in ["NLST", "LIST", "MLSD"] {
        assert_eq!(lines(&mut client, command).await.len(), count, "{command}");
    }
    assert_eq!(lines(&mut client, "NLST *9").await.len(), count / 10);
}
