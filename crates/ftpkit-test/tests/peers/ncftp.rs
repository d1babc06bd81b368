//! ncftp against ftpkit's server, passive and active.

use std::{fs, process::Command};

use crate::{
    tree,
    under_test::{Served, V4, run},
};

fn ncftp(program: &str, served: &Served, mode: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["-V", mode, "-u", Served::USER, "-p", Served::PASSWORD, "-P"]);
    command.arg(served.address().port().to_string());
    command
}

#[test]
fn trees_go_up_and_down() {
    for mode in ["-F", "-E"] {
        let served = Served::start(V4);
        let local = tempfile::tempdir().unwrap();
        let tree = local.path().join("tree");
        for (name, bytes) in [("a b", 10), ("sub/empty", 0), ("sub/large", 5_000_000)] {
            let path = tree.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, tree::content(bytes as u64, bytes)).unwrap();
        }
        run(ncftp("ncftpput", &served, mode)
            .args(["-R", "127.0.0.1", "."])
            .arg(&tree));
        tree::assert_same(&tree, &served.path("tree"));
        let down = local.path().join("down");
        fs::create_dir(&down).unwrap();
        run(ncftp("ncftpget", &served, mode)
            .args(["-R", "127.0.0.1"])
            .arg(&down)
            .arg("tree"));
        tree::assert_same(&tree, &down.join("tree"));
        let listing = run(Command::new("ncftpls")
            .args([mode, "-l", "-u", Served::USER, "-p", Served::PASSWORD])
            .arg(served.url("tree/")));
        assert!(listing.contains("a b"), "{listing}");
    }
}
