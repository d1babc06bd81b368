//! The corners of requests, as tables, held against what OpenSSH's server does. Where it does
//! something else, the row says what, and why this server does not.

use std::{fs, sync::Arc};

use ftpkit_fs::LocalDirectory;
use ftpkit_sftp::packet::{Attributes, Handle, Mode, OpenFlags, Request, Response, StatusCode};
use tempfile::TempDir;

use crate::{
    client::{Sftp, Ssh, log_in, put_flags, write},
    site::Site,
};

const OK: StatusCode = StatusCode::Ok;
const FAILURE: StatusCode = StatusCode::Failure;
const DENIED: StatusCode = StatusCode::PermissionDenied;
const NO_FILE: StatusCode = StatusCode::NoSuchFile;
const EOF: StatusCode = StatusCode::Eof;

async fn disk() -> (Site, Ssh, Sftp, TempDir) {
    let root = tempfile::tempdir().unwrap();
    let site = Site::over(Arc::new(LocalDirectory::open(root.path()).unwrap())).await;
    let ssh = log_in(site.addr, "alice").await;
    let sftp = Sftp::open(&ssh).await;
    (site, ssh, sftp, root)
}

/// The flags that these letters stand for.
fn flags(letters: &str) -> OpenFlags {
    let mut flags = OpenFlags::from_bits(0);
    for letter in letters.chars() {
        flags = flags
            | match letter {
                'r' => OpenFlags::READ,
                'w' => OpenFlags::WRITE,
                'a' => OpenFlags::APPEND,
                'c' => OpenFlags::CREATE,
                't' => OpenFlags::TRUNCATE,
                'x' => OpenFlags::EXCLUSIVE,
                other => panic!("{other}"),
            };
    }
    flags
}

/// Opens, writes `new` at the beginning if that is allowed, closes: what is there then.
async fn opened(sftp: &mut Sftp, root: &TempDir, letters: &str) -> Result<String, StatusCode> {
    let handle = sftp.open_file("f", flags(letters)).await?;
    let written = sftp.status(write(&handle, 0, b"new")).await;
    let may_write = letters.contains(['w', 'a']);
    assert_eq!(written, if may_write { OK } else { DENIED }, "{letters}");
    assert_eq!(sftp.status(Request::Close(handle)).await, OK, "{letters}");
    Ok(fs::read_to_string(root.path().join("f")).unwrap())
}

#[tokio::test]
async fn flags_of_an_open_do_what_they_say_together() {
    let (_site, _ssh, mut sftp, root) = disk().await;
    let file = root.path().join("f");
    // Flags; what becomes of no file, and of one that holds `0123456`.
    for (letters, absent, present) in [
        ("r", Err(NO_FILE), Ok("0123456")),
        ("w", Err(NO_FILE), Ok("new3456")),
        ("rw", Err(NO_FILE), Ok("new3456")),
        ("wc", Ok("new"), Ok("new3456")),
        ("rwc", Ok("new"), Ok("new3456")),
        ("wct", Ok("new"), Ok("new")),
        ("rwct", Ok("new"), Ok("new")),
        // TRUNC without CREAT, which the draft forbids, truncates, as it does there.
        ("wt", Err(NO_FILE), Ok("new")),
        ("wcx", Ok("new"), Err(FAILURE)),
        ("rwcx", Ok("new"), Err(FAILURE)),
        // What is there stays, though it was to be truncated.
        ("wctx", Ok("new"), Err(FAILURE)),
        // EXCL without CREAT, which the draft forbids, says nothing.
        ("wx", Err(NO_FILE), Ok("new3456")),
        ("rx", Err(NO_FILE), Ok("0123456")),
        ("wa", Err(NO_FILE), Ok("0123456new")),
        ("wac", Ok("new"), Ok("0123456new")),
        // OpenSSH opens these for reading, and refuses each write.
        ("a", Err(NO_FILE), Ok("0123456new")),
        ("ac", Ok("new"), Ok("0123456new")),
        // OpenSSH makes an empty file of the first, empties what is there for the second, and
        // opens for reading what was to be neither read nor written. All are refused here: who
        // may only read must not change anything by it.
        ("rc", Err(FAILURE), Err(FAILURE)),
        ("rt", Err(FAILURE), Err(FAILURE)),
        ("rcx", Err(FAILURE), Err(FAILURE)),
        ("cx", Err(FAILURE), Err(FAILURE)),
        ("c", Err(FAILURE), Err(FAILURE)),
        ("t", Err(FAILURE), Err(FAILURE)),
        ("x", Err(FAILURE), Err(FAILURE)),
        ("", Err(FAILURE), Err(FAILURE)),
    ] {
        let _ = fs::remove_file(&file);
        let seen = opened(&mut sftp, &root, letters).await;
        assert_eq!(seen, absent.map(str::to_owned), "{letters:?} and no file");
        assert_eq!(file.exists(), absent.is_ok(), "{letters:?} and no file");
        fs::write(&file, "0123456").unwrap();
        let seen = opened(&mut sftp, &root, letters).await;
        assert_eq!(seen, present.map(str::to_owned), "{letters:?} and a file");
        if present.is_err() {
            assert_eq!(fs::read(&file).unwrap(), b"0123456", "{letters:?}");
        }
    }
}

fn fsetstat(handle: &Handle, attributes: Attributes) -> Request {
    Request::Fsetstat {
        handle: handle.clone(),
        attributes,
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_open_can_be_changed_as_far_as_it_was_opened_for_that() {
    use std::os::unix::fs::MetadataExt as _;
    let (_site, _ssh, mut sftp, root) = disk().await;
    let (size, mode, times) = (
        Attributes::default().with_size(4),
        Attributes::default().with_mode(Mode(0o600)),
        Attributes::default().with_times(1_000, 2_000),
    );
    fs::write(root.path().join("f"), "0123456").unwrap();
    let read = sftp.open_file("f", OpenFlags::READ).await.unwrap();
    // OpenSSH says FAILURE to the first, which is as much of a no.
    for (attributes, expected) in [(&size, DENIED), (&mode, OK), (&times, OK)] {
        let set = fsetstat(&read, attributes.clone());
        assert_eq!(sftp.status(set).await, expected, "{attributes:?}");
    }
    let found = fs::metadata(root.path().join("f")).unwrap();
    assert_eq!((found.len(), found.mode() & 0o777), (7, 0o600));
    assert_eq!(found.mtime(), 2_000);

    // An upload, which becomes visible as it was set, once it is closed.
    let up = sftp.open_file("up", put_flags()).await.unwrap();
    assert_eq!(sftp.status(write(&up, 0, b"0123456")).await, OK);
    for attributes in [&size, &mode, &times] {
        let set = fsetstat(&up, attributes.clone());
        assert_eq!(sftp.status(set).await, OK, "{attributes:?}");
    }
    // By its path there is nothing yet: with OpenSSH, whose uploads are visible, there is.
    let by_path = Request::Setstat {
        path: "up".into(),
        attributes: mode.clone(),
    };
    assert_eq!(sftp.status(by_path).await, NO_FILE);
    assert_eq!(sftp.status(Request::Close(up.clone())).await, OK);
    let found = fs::metadata(root.path().join("up")).unwrap();
    assert_eq!((found.len(), found.mode() & 0o777), (4, 0o600));
    assert_eq!(found.mtime(), 2_000);
    assert_eq!(sftp.status(fsetstat(&up, mode.clone())).await, FAILURE);

    let directory = sftp.handle(Request::Opendir("/".into())).await.unwrap();
    // OpenSSH changes the directory; a handle of one is for its listing here.
    assert_eq!(sftp.status(fsetstat(&directory, mode)).await, FAILURE);
    let huge = Request::Setstat {
        path: "f".into(),
        attributes: Attributes::default().with_size(u64::MAX),
    };
    assert_eq!(sftp.status(huge).await, FAILURE);
    assert_eq!(fs::metadata(root.path().join("f")).unwrap().len(), 7);
}

#[tokio::test]
async fn no_realpath_leads_above_the_root() {
    let (_site, _ssh, mut sftp, root) = disk().await;
    fs::create_dir(root.path().join("d")).unwrap();
    for (asked, expected) in [
        ("", "/"),
        (".", "/"),
        ("..", "/"),
        ("/..", "/"),
        ("../../../..", "/"),
        ("/d/../../../etc/passwd", "/etc/passwd"),
        ("d/./..//d/", "/d"),
        ("/none/../d", "/d"),
        // OpenSSH refuses this one, since it asks the system. Nobody learns what is there here.
        ("/none/at/all", "/none/at/all"),
    ] {
        match sftp.ask(Request::Realpath(asked.into())).await {
            Response::Name(names) => {
                assert_eq!(names.len(), 1);
                assert_eq!(names[0].name, expected, "{asked:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sftp.status(Request::Realpath("a\0b".into())).await, DENIED);
}

#[tokio::test]
async fn ends_stay_ends_and_handles_are_of_one_kind() {
    let (_site, _ssh, mut sftp, root) = disk().await;
    fs::write(root.path().join("f"), "0123456").unwrap();
    let read = |handle: &Handle, offset, length| Request::Read {
        handle: handle.clone(),
        offset,
        length,
    };
    let directory = sftp.handle(Request::Opendir("/".into())).await.unwrap();
    let page = sftp.ask(Request::Readdir(directory.clone())).await;
    assert!(matches!(page, Response::Name(_)), "{page:?}");
    for _ in 0..3 {
        assert_eq!(sftp.status(Request::Readdir(directory.clone())).await, EOF);
    }
    // What comes in between is no matter of a listing that has ended.
    fs::write(root.path().join("g"), "").unwrap();
    assert_eq!(sftp.status(Request::Readdir(directory.clone())).await, EOF);

    let file = sftp.open_file("f", OpenFlags::READ).await.unwrap();
    for (request, expected) in [
        (read(&file, 7, 10), EOF),
        (read(&file, 1 << 40, 10), EOF),
        (read(&file, u64::MAX, 10), EOF),
        (read(&directory, 0, 10), FAILURE),
        (Request::Readdir(file.clone()), FAILURE),
        // OpenSSH says NO_SUCH_FILE, which its own client shows in that case.
        (write(&file, 0, b"x"), DENIED),
        (Request::Opendir("f".into()), NO_FILE),
        (Request::Opendir("none".into()), NO_FILE),
        (Request::Close(directory.clone()), OK),
        (Request::Close(directory.clone()), FAILURE),
        (Request::Readdir(directory.clone()), FAILURE),
        (Request::Close(file.clone()), OK),
        (read(&file, 0, 1), FAILURE),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(sftp.status(request).await, expected, "{shown}");
    }
    assert_eq!(fs::read(root.path().join("f")).unwrap(), b"0123456");
}
