//! Finds and reads the corpora: real listings and replies with expected values, which are not
//! part of the project. `FTPKIT_CORPORA` says where they are; a relative path begins at the
//! workspace.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// One case of a corpus.
pub(crate) struct Case {
    /// What names it.
    pub(crate) id: String,
    /// What the server sent.
    pub(crate) input: Vec<u8>,
    /// All that the corpus tells of it, the expected values too.
    pub(crate) told: Value,
}

/// A claim of a corpus that does not hold here: the case, the claim, and why.
pub(crate) type Exception = (&'static str, &'static str, &'static str);

/// A claim that does not hold, and what was found instead.
pub(crate) struct Miss {
    pub(crate) claim: String,
    pub(crate) found: String,
}

/// The folder of all corpora.
///
/// # Panics
/// If it is not there: a test that has nothing to test must not pass.
pub(crate) fn folder() -> PathBuf {
    let told = env::var_os("FTPKIT_CORPORA").expect(
        "the feature `corpora` needs FTPKIT_CORPORA, the folder with `listings` and `replies`",
    );
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = workspace.join(told);
    assert!(
        folder.is_dir(),
        "FTPKIT_CORPORA is no folder: {}",
        folder.display()
    );
    folder
}

/// The cases of a file below the folder, at least one.
///
/// # Panics
/// If the file is missing or is not what it should be.
pub(crate) fn cases(file: &str) -> Vec<Case> {
    let path = folder().join(file);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("the corpus {} is missing: {error}", path.display()));
    let cases: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| case(&serde_json::from_str(line).expect("a line is JSON")))
        .collect();
    assert!(!cases.is_empty(), "{} is empty", path.display());
    cases
}

fn case(told: &Value) -> Case {
    let text = |key: &str| told[key].as_str();
    let input = match text("input_b64") {
        Some(encoded) => base64(encoded),
        None => text("input").expect("a case has an input").into(),
    };
    Case {
        id: text("id").expect("a case has a name").into(),
        input,
        told: told.clone(),
    }
}

/// Puts every case to the test, which gives the claims that do not hold; they must be exactly
/// the exceptions.
///
/// # Panics
/// If a claim without an exception does not hold, or one with an exception does.
pub(crate) fn check(cases: &[Case], exceptions: &[Exception], test: impl Fn(&Case) -> Vec<Miss>) {
    let mut needed = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases {
        for Miss { claim, found } in test(case) {
            let excepted = exceptions
                .iter()
                .position(|(id, what, _)| *id == case.id && *what == claim);
            match excepted {
                Some(at) => {
                    needed.insert(at);
                }
                None => wrong.push(format!(
                    "{} {claim}: {found}\n    {}",
                    case.id,
                    case.input.escape_ascii()
                )),
            }
        }
    }
    for (at, (id, claim, reason)) in exceptions.iter().enumerate() {
        if !needed.contains(&at) {
            wrong.push(format!("{id} {claim}: no exception is needed ({reason})"));
        }
    }
    println!(
        "{} cases, {} exceptions, {} wrong",
        cases.len(),
        needed.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Standard base64.
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for byte in text.bytes().filter(|b| *b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => panic!("no base64: {text}"),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}
