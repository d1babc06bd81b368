//! The corpora as seeds of the fuzz targets: each case passes its target, whole and cut short,
//! and is written to `FTPKIT_SEEDS`, where that is set, for the fuzzer to begin with.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "nothing is claimed of a seed")]
mod corpora;

use std::{env, fs, path::Path};

use corpora::{cases, folder};
use ftpkit_test::fuzz;

#[test]
fn every_case_is_a_seed() {
    let seeds = env::var_os("FTPKIT_SEEDS");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let seeds = seeds.map(|seeds| workspace.join(seeds));
    for (kind, target, run) in [
        ("listings", "listing", fuzz::listing as fn(&[u8])),
        ("replies", "reply", fuzz::reply),
    ] {
        let mut count = 0;
        let mut files: Vec<_> = fs::read_dir(folder().join(kind))
            .expect("the corpora hold listings and replies")
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "jsonl"))
        {
            let name = file.file_name().unwrap().to_str().unwrap();
            for case in cases(&format!("{kind}/{name}")) {
                let mut input = case.input;
                input.extend_from_slice(b"\r\n");
                for end in [input.len(), input.len() - 1, input.len() / 2] {
                    run(&input[..end]);
                }
                if let Some(seeds) = &seeds {
                    let folder = seeds.join(target);
                    fs::create_dir_all(&folder).unwrap();
                    fs::write(folder.join(case.id.replace('/', "-")), &input).unwrap();
                }
                count += 1;
            }
        }
        println!("{count} cases of {kind}");
        assert!(count > 0, "no {kind}");
    }
}
