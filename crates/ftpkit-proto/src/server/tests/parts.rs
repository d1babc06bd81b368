use super::rig::{IN, Rig, logged_in};
use crate::effort::thin;
use crate::server::Config;

#[test]
fn restart_markers() {
    let ready = "C: TYPE I\nS: 200\nC: EPSV\nD: Listen(V4)\nN: listening\nS: 229";
    let cases = [
        (
            "C: REST 5\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 5, length: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: STOR x",
            "Store { path: \"x\", offset: Some(5) }",
        ),
        (
            "C: REST 0\nS: 350\nC: STOR x",
            "Store { path: \"x\", offset: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: REST 0\nS: 350\nC: APPE x",
            "Append { path: \"x\" }",
        ),
        (
            "C: REST 5\nS: 350\nC: NOOP\nS: 200\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: BOGUS\nS: 500\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: EPSV\nD: Abort\nD: Listen(V4)\nN: listening\nS: 229\nC: RETR x",
            "Retrieve { path: \"x\", offset: 5, length: None }",
        ),
        (
            "C: REST 18446744073709551615\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 18446744073709551615, length: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: APPE x\nS: 450\nC: APPE x",
            "Append { path: \"x\" }",
        ),
        (
            "C: REST 5\nS: 350\nC: STOU\nS: 450\nC: STOU",
            "StoreUnique { path: None }",
        ),
        (
            "C: REST 18446744073709551616\nS: 501\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 2, length: Some(3) }",
        ),
        (
            "C: RANG 2 18446744073709551615\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 2, length: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: RANG 1 0\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        // Whichever came last.
        (
            "C: RANG 2 4\nS: 350\nC: REST 5\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 5, length: None }",
        ),
        (
            "C: REST 5\nS: 350\nC: RANG 2 4\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 2, length: Some(3) }",
        ),
        (
            "C: REST 5\nS: 350\nC: RANG 1 0\nS: 350\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: RANG 4 2\nS: 501\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: NOOP\nS: 200\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: STOR x\nS: 450\nC: STOR x",
            "Store { path: \"x\", offset: None }",
        ),
        (
            "C: RANG 2 4\nS: 350\nC: APPE x\nS: 450\nC: APPE x",
            "Append { path: \"x\" }",
        ),
        (
            "C: REST -1\nS: 501\nC: RETR x",
            "Retrieve { path: \"x\", offset: 0, length: None }",
        ),
    ];
    for (lines, opened) in thin(cases, 4) {
        let mut rig = Rig::new(Config::default());
        rig.play(IN);
        rig.play(ready);
        rig.play(&std::format!("{lines}\nE: Open"));
        let Some(super::rig::Held::Open(ask)) = &rig.held else {
            panic!("no Open");
        };
        assert_eq!(std::format!("{:?}", ask.question().transfer), opened);
    }
    logged_in("C: REST 5\nS: 501\nC: REST 0\nS: 350");
    logged_in("C: RANG 0 9\nS: 501\nC: RANG 1 0\nS: 350");
}
