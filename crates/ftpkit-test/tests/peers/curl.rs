//! curl against ftpkit's server: passive by EPSV and PASV, active by EPRT and PORT, IPv4 and IPv6.

use std::{fs, process::Command};

use crate::{
    tree::content,
    under_test::{Served, V4, V6, run},
};

/// How curl makes data connections, and over which family it may.
const MODES: &[(&str, &[&str], bool)] = &[
    ("EPSV", &[], true),
    ("PASV", &["--disable-epsv"], false),
    ("EPRT", &["--ftp-port", "-"], true),
    ("PORT", &["--ftp-port", "-", "--disable-eprt"], false),
];

fn curl(arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail", "--max-time", "60"])
        .args(arguments);
    command
}

#[test]
fn files_of_all_sizes_go_up_and_down_in_every_mode() {
    for family in [V4, V6] {
        let served = Served::start(family);
        let local = tempfile::tempdir().unwrap();
        for (mode, arguments, both_families) in MODES {
            if family == V6 && !both_families {
                continue;
            }
            for size in [0, 1, 4096, 3_000_001] {
                let name = format!("{mode} {size} é\".bin");
                let path = local.path().join(&name);
                fs::write(&path, content(size as u64, size)).unwrap();
                // curl decodes the URL before it sends the name.
                let url = served.url(&name.replace(' ', "%20").replace('"', "%22"));
                run(curl(arguments).arg("-T").arg(&path).arg(&url));
                assert!(
                    served.read(&name) == content(size as u64, size),
                    "{mode} {size} up"
                );
                let down = local.path().join("down");
                run(curl(arguments).arg("-o").arg(&down).arg(&url));
                assert!(
                    fs::read(&down).unwrap() == content(size as u64, size),
                    "{mode} {size} down"
                );
                fs::remove_file(&down).unwrap();
            }
        }
    }
}

#[test]
fn downloads_and_uploads_resume() {
    let served = Served::start(V4);
    let local = tempfile::tempdir().unwrap();
    let whole = content(7, 2_000_000);
    served.write("whole", &whole);
    let part = local.path().join("part");
    fs::write(&part, &whole[..700_001]).unwrap();
    run(curl(&["-C", "-"])
        .arg("-o")
        .arg(&part)
        .arg(served.url("whole")));
    assert!(fs::read(&part).unwrap() == whole);

    // curl resumes an upload by SIZE and APPE.
    served.write("half", &whole[..1_234_567]);
    run(curl(&["-C", "-"])
        .arg("-T")
        .arg(&part)
        .arg(served.url("half")));
    assert!(served.read("half") == whole);
}

#[test]
fn listings_names_and_quoted_commands() {
    let served = Served::start(V4);
    served.write("some file", b"0123456789");
    let listing = run(curl(&[]).arg(served.url("")));
    assert!(
        listing.contains(" 10 ") && listing.trim_end().ends_with("some file"),
        "{listing}"
    );
    let names = run(curl(&["--list-only"]).arg(served.url("")));
    assert_eq!(names.trim_end(), "some file");
    run(curl(&[
        "-Q",
        "MKD new",
        "-Q",
        "RNFR some file",
        "-Q",
        "RNTO new/moved",
        "-Q",
        "-DELE new/moved",
        "-Q",
        "-RMD new",
    ])
    .arg(served.url("")));
    assert!(served.names().is_empty());
    // A time condition uses MDTM.
    served.write("dated", b"x");
    let head = run(curl(&["--head"]).arg(served.url("dated")));
    assert!(
        head.contains("Last-Modified:") && head.contains("Content-Length: 1"),
        "{head}"
    );
}

#[test]
fn what_is_refused_is_reported() {
    let served = Served::start(V4);
    let code = |command: &mut Command| command.output().unwrap().status.code();
    assert_eq!(
        code(curl(&[]).arg(served.url("missing"))),
        Some(78),
        "no such file"
    );
    let denied = served.url("").replace("secret", "wrong");
    assert_eq!(code(curl(&[]).arg(denied)), Some(67), "wrong password");
}
