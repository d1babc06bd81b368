//! Real listings against what other projects say that they mean.
//!
//! All that a case asserts holds, or stands in [`exceptions`] with its reason; what stands
//! there without need fails too.

#[path = "../corpora/mod.rs"]
mod corpora;
mod exceptions;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use corpora::{Case, Miss};
use exceptions::{EXCEPTIONS, RULES};
use ftpkit_proto::{
    Text,
    facts::Kind,
    listing::{Dialect, Entry, Line, Parser},
    time::Civil,
};
use serde_json::Value;

const FILES: [&str; 5] = [
    "commonsnet_asserted",
    "commonsnet_samples",
    "fluentftp_list",
    "jlaffaye_list",
    "jlaffaye_time",
];

/// How far in the future a date without a year may lie for the projects that keep this year for
/// half of one: until, and not at, the same moment six months on.
const HALF_A_YEAR: Duration = Duration::from_secs(184 * 86_400 - 1);

fn text<'a>(case: &'a Case, key: &str) -> Option<&'a str> {
    case.told.get(key).and_then(Value::as_str)
}

/// What every case has.
fn known<'a>(case: &'a Case, key: &str) -> &'a str {
    text(case, key).unwrap_or_else(|| panic!("{} has no {key}", case.id))
}

/// What a server would send.
fn input(case: &Case) -> Vec<u8> {
    if text(case, "format") == Some("unix-date") {
        return [b"-rw-r--r-- 1 me us 1 ", &case.input[..], b" x"].concat();
    }
    case.input.clone()
}

fn parser(case: &Case, dialect: Option<Dialect>) -> Parser {
    let now = text(case, "now").unwrap_or("2024-06-15T12:00");
    let number = |range: std::ops::Range<usize>| now[range].parse::<u16>().expect("figures");
    let small = |range| u8::try_from(number(range)).expect("two figures");
    let now = Civil::new(
        number(0..4),
        small(5..7),
        small(8..10),
        small(11..13),
        small(14..16),
        0,
    );
    let parser = Parser::new(dialect, now.expect("a moment"));
    if known(case, "corpus").starts_with("jlaffaye") {
        parser.future_tolerance(HALF_A_YEAR)
    } else {
        parser
    }
}

/// Reads in pieces of this size.
fn read(mut parser: Parser, bytes: &[u8], size: usize) -> Vec<Line> {
    let mut lines = vec![];
    for piece in bytes.chunks(size.max(1)) {
        parser.push(piece);
        lines.extend(std::iter::from_fn(|| parser.next_line()));
    }
    parser.finish();
    lines.extend(std::iter::from_fn(|| parser.next_line()));
    lines
}

/// The lines of a case, which must not depend on how it was cut, and hold all of its bytes.
fn lines(case: &Case, dialect: Option<Dialect>) -> Vec<Line> {
    let bytes = input(case);
    let whole = read(parser(case, dialect), &bytes, bytes.len());
    let id = &case.id;
    for size in [1, 2, 7] {
        assert_eq!(whole, read(parser(case, dialect), &bytes, size), "{id}");
    }
    let raws: Vec<_> = whole.iter().map(|line| line.raw().to_vec()).collect();
    let ends: Vec<_> = bytes
        .strip_suffix(b"\n")
        .unwrap_or(&bytes)
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec())
        .collect();
    assert_eq!(raws, if bytes.is_empty() { vec![] } else { ends }, "{id}");
    whole
}

/// The dialect that a case is of.
fn dialect(format: &str) -> Dialect {
    match format {
        "unix-date" | "other" => Dialect::Unix,
        "enterprise-unix" => Dialect::Enterprise,
        "mlsd" => Dialect::Mlsx,
        "macos-peter" => Dialect::MacOs,
        "nonstop" => Dialect::Tandem,
        "mvs-member" | "mvs-jes1" | "mvs-jes2" => Dialect::Mvs,
        name => name.parse().expect("a dialect"),
    }
}

/// The dialect of the parser that refused a line, which is not that of the line.
fn refused_by(case: &Case) -> Dialect {
    let source = known(case, "src");
    let parsers = [
        ("Enterprise", "enterprise-unix"),
        ("NTFTP", "dos"),
        ("MLSx", "mlsd"),
        ("UnixFTP", "unix"),
        ("OS2", "os2"),
        ("OS400", "os400"),
        ("Netware", "netware"),
        ("VMS", "vms"),
        ("MacOsPeter", "macos-peter"),
    ];
    parsers
        .iter()
        .find(|(name, _)| source.contains(name))
        .map_or_else(
            || dialect(known(case, "format")),
            |(_, format)| dialect(format),
        )
}

/// What was read, in the words of the corpora.
fn told(entry: &Entry, field: &str) -> Option<String> {
    let lossy = |text: Text| String::from_utf8_lossy(text.as_bytes()).into_owned();
    match field {
        "name" => Some(lossy(entry.name())),
        "type" => Some(
            match entry.kind {
                Kind::File => "file",
                Kind::Directory | Kind::Current | Kind::Parent => "dir",
                Kind::Symlink => "link",
                _ => "unknown",
            }
            .into(),
        ),
        "size" => entry.size.map(|size| size.to_string()),
        "mtime" => entry
            .modified
            .map(|time| time.to_string().trim_end_matches('Z').to_owned()),
        "mode" => entry.mode.map(|mode| {
            (0..9)
                .map(|at| match mode & (0o400 >> at) {
                    0 => '-',
                    _ => char::from(b"rwx"[at % 3]),
                })
                .collect()
        }),
        "owner" => entry.owner().map(lossy),
        "group" => entry.group().map(lossy),
        "nlink" => entry.links.map(|links| links.to_string()),
        "link_target" => entry.target().map(lossy),
        _ => panic!("{field} is no field of the corpora"),
    }
}

/// Whether a value is the one that is asserted.
fn agrees(field: &str, asserted: Option<&str>, told: Option<&str>) -> bool {
    let (Some(asserted), Some(told)) = (asserted, told) else {
        return asserted == told;
    };
    if field != "mtime" {
        return asserted == told;
    }
    // The year may not be asserted. What is more precise than what was asserted is not wrong,
    // and other projects fill up with zeros what is not known.
    let (asserted, told) = match asserted.strip_prefix("????") {
        Some(asserted) => (asserted, &told[4..]),
        None => (asserted, told),
    };
    let filled = "T00:00:00.000000000";
    match (asserted.strip_prefix(told), told.strip_prefix(asserted)) {
        (Some(rest), _) => filled.ends_with(rest) || filled.contains(rest),
        (None, rest) => rest.is_some(),
    }
}

/// What was held against the corpora.
#[derive(Default)]
struct Tally {
    values: Cell<usize>,
    asserted: Cell<usize>,
    inputs: Cell<usize>,
    /// Which rules were needed.
    ruled: RefCell<BTreeSet<usize>>,
}

/// The claims of one case.
struct Claims<'a> {
    case: &'a Case,
    tally: &'a Tally,
    misses: Vec<Miss>,
}

impl Claims<'_> {
    /// Holds a value against what is asserted.
    fn hold(&mut self, field: &str, asserted: Option<&str>, told: Option<&str>) {
        self.tally.values.set(self.tally.values.get() + 1);
        if agrees(field, asserted, told) {
            return;
        }
        let format = known(self.case, "format");
        let rule = RULES.iter().position(|(of, what, reads, _)| {
            *of == format && *what == (field, asserted) && *reads == told
        });
        if let Some(at) = rule {
            self.tally.ruled.borrow_mut().insert(at);
            return;
        }
        let shown = |value: Option<&str>| value.unwrap_or("unknown").to_owned();
        self.misses.push(Miss {
            claim: format!("{field} {}, here {}", shown(asserted), shown(told)),
            found: format!("of {format}"),
        });
    }

    fn entries(&mut self, asserted: &[Value]) {
        let dialect = dialect(known(self.case, "format"));
        let found: Vec<_> = lines(self.case, None)
            .into_iter()
            .filter_map(Line::into_entry)
            .map(|entry| entry.dialect().expect("it was read").name())
            .collect();
        self.hold(
            "entries",
            Some(&asserted.len().to_string()),
            Some(&found.len().to_string()),
        );
        let want = dialect.name();
        let other = found.iter().find(|found| **found != want).unwrap_or(&want);
        self.hold("dialect", Some(want), Some(other));
        // Told or found out, it is read alike; where it cannot be found out, it must be told.
        let told = lines(self.case, Some(dialect))
            .into_iter()
            .filter_map(Line::into_entry);
        let told: Vec<_> = told.collect();
        if found.len() != told.len() {
            self.hold(
                "told",
                Some(&asserted.len().to_string()),
                Some(&told.len().to_string()),
            );
        }
        for (entry, asserted) in told.iter().zip(asserted) {
            self.fields(entry, asserted);
        }
    }

    fn fields(&mut self, entry: &Entry, asserted: &Value) {
        for (field, value) in asserted.as_object().expect("an object") {
            if field == "name_b64" {
                let name = corpora::base64(value.as_str().expect("a string"));
                assert_eq!(entry.name().as_bytes(), name, "{}", self.case.id);
                continue;
            }
            if field == "name" && asserted.get("name_b64").is_some() {
                continue;
            }
            let asserted = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                number => Some(number.to_string()),
            };
            self.hold(field, asserted.as_deref(), told(entry, field).as_deref());
        }
    }

    fn refused(&mut self) {
        let lines = lines(self.case, Some(refused_by(self.case)));
        let count = lines.into_iter().filter_map(Line::into_entry).count();
        self.hold("entries", Some("0"), Some(&count.to_string()));
    }
}

fn test(case: &Case, tally: &Tally) -> Vec<Miss> {
    let count = |counter: &Cell<usize>| counter.set(counter.get() + 1);
    let mut claims = Claims {
        case,
        tally,
        misses: vec![],
    };
    let basis = known(case, "basis");
    if matches!(basis, "assert-known-broken" | "null-not-compared" | "none") {
        lines(case, None);
        count(&tally.inputs);
    } else if case.told.get("reject").is_some() {
        claims.refused();
        count(&tally.asserted);
    } else {
        claims.entries(case.told["entries"].as_array().expect("a list"));
        count(&tally.asserted);
    }
    claims.misses
}

#[test]
fn all_that_is_asserted_holds() {
    let cases: Vec<_> = FILES
        .iter()
        .flat_map(|file| corpora::cases(&format!("listings/{file}.jsonl")))
        .collect();
    let tally = Tally::default();
    corpora::check(&cases, EXCEPTIONS, |case| test(case, &tally));
    println!(
        "{} cases with {} values asserted, {} of which the input alone counts; {} rules",
        tally.asserted.get(),
        tally.values.get(),
        tally.inputs.get(),
        RULES.len()
    );
    for (at, rule) in RULES.iter().enumerate() {
        assert!(tally.ruled.borrow().contains(&at), "no case needs {rule:?}");
    }
}
