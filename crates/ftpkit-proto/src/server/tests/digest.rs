use super::rig::{IN, Rig, logged_in, logged_in_with};
use crate::effort::thin;
use crate::server::{Config, Offers};

/// What the rig answers to a question for a digest, of so many bytes.
fn hex(bytes: usize) -> std::string::String {
    (0..)
        .map(|n: u8| std::format!("{:02x}", n | 0xa0))
        .take(bytes)
        .collect()
}

#[test]
fn hash_by_the_algorithm_in_force() {
    let (sha256, crc) = (hex(32), hex(4));
    logged_in(&std::format!(
        "C: HASH a file
         E: Digest {{ path: \"a file\", algorithm: Sha256, range: None }}
         A: digest 50
         S: 213 SHA-256 0-49 {sha256} a file
         C: OPTS HASH
         S: 200 SHA-256
         C: OPTS HASH crc32
         S: 200 CRC32
         C: HASH x
         E: Digest {{ path: \"x\", algorithm: Crc32
         A: digest 1
         S: 213 CRC32 0-0 {crc} x
         C: OPTS HASH SHA-3
         S: 501
         C: OPTS HASH
         S: 200 CRC32
         C: HASH x
         E: Digest
         A: digest 0
         S: 213 CRC32 0-0 {crc} x
         C: HASH \"x\"
         E: Digest {{ path: \"\"x\"\"
         A: digest 5
         S: 213 CRC32 0-4 {crc} \"\"\"x\"\"\"
         C: HASH x
         E: Digest
         A: NotFound
         S: 550
         C: HASH x
         E: Digest
         A: IsADirectory
         S: 550
         C: HASH x
         E: Digest
         A: Busy
         S: 450
         C: HASH x
         E: Digest
         A: short
         S: 451
         C: REIN
         E: LoggedOut
         S: 220
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: OPTS HASH
         S: 200 SHA-256"
    ));
}

#[test]
fn hash_of_a_part() {
    let sha256 = hex(32);
    logged_in(&std::format!(
        "C: TYPE I
         S: 200
         C: RANG 10 49
         S: 350
         C: HASH x
         E: Digest {{ path: \"x\", algorithm: Sha256, range: Some(ByteRange {{ start: 10, last: Some(49) }}) }}
         A: digest 40
         S: 213 SHA-256 10-49 {sha256} x
         C: HASH x
         E: Digest {{ path: \"x\", algorithm: Sha256, range: None }}
         A: digest 50
         S: 213 SHA-256 0-49
         C: RANG 10 18446744073709551615
         S: 350
         C: HASH x
         E: Digest
         A: digest 3
         S: 213 SHA-256 10-12 {sha256} x
         C: RANG 10 49
         S: 350
         C: HASH x
         E: Digest
         A: digest 0
         S: 550
         C: RANG 10 49
         S: 350
         C: HASH x
         E: Digest
         A: BeyondEnd
         S: 550
         C: REST 10
         S: 350
         C: HASH x
         E: Digest {{ path: \"x\", algorithm: Sha256, range: None }}
         A: digest 50
         S: 213
         C: RANG 10 49
         S: 350
         C: XMD5 x
         E: Digest {{ path: \"x\", algorithm: Md5, range: None }}
         A: digest 50
         S: 250
         C: RANG 10 49
         S: 350
         C: NOOP
         S: 200
         C: HASH x
         E: Digest {{ path: \"x\", algorithm: Sha256, range: None }}
         A: digest 50
         S: 213"
    ));
}

#[test]
fn commands_that_are_an_algorithm_each() {
    let verbs = [
        ("XCRC", "Crc32", 4),
        ("XMD5", "Md5", 16),
        ("XSHA", "Sha1", 20),
        ("XSHA1", "Sha1", 20),
        ("XSHA256", "Sha256", 32),
        ("XSHA512", "Sha512", 64),
    ];
    for (verb, algorithm, bytes) in thin(verbs, 3) {
        let hex = hex(bytes).to_uppercase();
        logged_in(&std::format!(
            "C: {verb} a file
             E: Digest {{ path: \"a file\", algorithm: {algorithm}, range: None }}
             A: digest 50
             S: 250 {hex}
             C: {verb} \"a file\" 5
             E: Digest {{ path: \"a file\", algorithm: {algorithm}, range: Some(ByteRange {{ start: 5, last: None }}) }}
             A: digest 45
             S: 250 {hex}
             C: {verb} x 5 10
             E: Digest {{ path: \"x\", algorithm: {algorithm}, range: Some(ByteRange {{ start: 5, last: Some(9) }}) }}
             A: digest 5
             S: 250 {hex}
             C: {verb} x 5 10
             E: Digest
             A: BeyondEnd
             S: 550
             C: {verb} x 10 5
             S: 501"
        ));
    }
}

#[test]
fn md5_of_one_and_of_several() {
    let hex = hex(16).to_uppercase();
    logged_in(&std::format!(
        "C: MD5 a file
         E: Digest {{ path: \"a file\", algorithm: Md5, range: None }}
         A: digest 50
         S: 251 a file {hex}
         C: MD5 x
         E: Digest
         A: NotFound
         S: 550
         C: MMD5 a, b c, d
         E: Digest {{ path: \"a\", algorithm: Md5, range: None }}
         A: digest 1
         E: Digest {{ path: \"b c\"
         A: digest 0
         E: Digest {{ path: \"d\"
         A: digest 3
         S: 252 a {hex}, b c {hex}, d {hex}
         C: MMD5 a
         E: Digest
         A: digest 1
         S: 252 a {hex}
         C: MMD5 a, b, c
         E: Digest
         A: digest 1
         E: Digest
         A: NotFound
         S: 550
         C: NOOP
         S: 200"
    ));
}

#[test]
fn only_what_is_offered_is_asked() {
    let mut rig = Rig::new(Config::default());
    rig.play(&IN.replace("A: ok", "A: poor"));
    rig.play(
        "C: HASH x
         S: 502
         C: XCRC x
         S: 502
         C: MD5 x
         S: 502
         C: MMD5 x
         S: 502
         C: OPTS HASH
         S: 501
         C: OPTS HASH SHA-256
         S: 501",
    );
    // The configuration has its say too, and the first that is left is in force.
    let mut config = Config::default();
    config.offers = Offers::MD5 | Offers::CRC32;
    logged_in_with(
        config,
        "C: XSHA256 x
         S: 502
         C: OPTS HASH SHA-256
         S: 501
         C: HASH x
         E: Digest { path: \"x\", algorithm: Md5
         A: digest 1
         S: 213 MD5 0-0",
    );
}

#[test]
fn one_that_carries_on_is_waited_for() {
    let mut rig = Rig::new(Config::default());
    rig.play(IN);
    rig.play("C: HASH x\nE: Digest\nT: 299");
    let id = rig.held.as_ref().unwrap().id();
    for _ in 0..3 {
        rig.session.carries_on(rig.now, id);
        rig.play("T: 299");
    }
    rig.play("T: 1\nE: Cancelled\nS: 451");
    // It is of no use to another one.
    rig.play("C: HASH x\nE: Digest\nT: 299");
    rig.session.carries_on(rig.now, id);
    rig.play("T: 1\nE: Cancelled\nS: 451");
}

#[test]
fn a_long_one_is_aborted() {
    let cases = [
        "HASH x",
        "XSHA512 x",
        "MMD5 x, y",
        "COMB x y",
        "SITE COPY x y",
    ];
    for line in thin(cases, 2) {
        let mut rig = Rig::new(Config::default());
        rig.play(IN);
        rig.bytes(std::format!("{line}\r\n").as_bytes());
        rig.log.clear();
        rig.play(
            "C: ABOR
             E: Cancelled
             S: 451
             S: 226
             C: NOOP
             S: 200",
        );
    }
}
