//! The fuzz targets over their seeds, on stable Rust: what was found once stays found.

use std::{fs, path::Path};

type Target = (&'static str, fn(&[u8]));

#[test]
fn every_seed_of_every_target_passes() {
    let targets: [Target; 13] = [
        ("client", ftpkit_test::fuzz::client),
        ("command", ftpkit_test::fuzz::command),
        ("framer", ftpkit_test::fuzz::framer),
        ("listing", ftpkit_test::fuzz::listing),
        ("pair", ftpkit_test::fuzz::pair),
        ("reply", ftpkit_test::fuzz::reply),
        ("server", ftpkit_test::fuzz::server),
        ("sftp_client", ftpkit_test::fuzz::sftp_client),
        ("sftp_request", ftpkit_test::fuzz::sftp_request),
        ("sftp_response", ftpkit_test::fuzz::sftp_response),
        ("sftp_server", ftpkit_test::fuzz::sftp_server),
        ("tls", ftpkit_test::fuzz::tls),
        ("url", ftpkit_test::fuzz::url),
    ];
    for (name, target) in targets {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/seeds")
            .join(name);
        let mut count = 0;
        for entry in fs::read_dir(&seeds).expect("each target has seeds") {
            let path = entry.expect("a file").path();
            let seed = fs::read(&path).expect("a seed");
            println!("{}", path.display());
            // Every beginning of a seed is a seed; of a long one, a thousand of them.
            for end in (0..seed.len()).step_by(1 + seed.len() / 1000) {
                target(&seed[..end]);
            }
            target(&seed);
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
}
