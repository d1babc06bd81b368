//! How many bytes the readers pass over, counted for the test that it stays linear. Outside
//! tests nothing is counted.

#[cfg(test)]
use core::cell::Cell;

#[cfg(test)]
std::thread_local! {
    static PASSED: Cell<usize> = const { Cell::new(0) };
}

/// Says that so many bytes are passed over.
#[inline(always)]
pub(super) fn pass(bytes: usize) {
    #[cfg(test)]
    PASSED.set(PASSED.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        effort::{size, thin},
        listing::{Dialect, Parser, table},
    };
    use bytes::Bytes;
    use std::{format, string::String};

    /// Bytes passed over by one dialect on a line, read twice, since the second line of two may
    /// be another matter.
    fn steps(dialect: Dialect, line: &str) -> usize {
        let line = Bytes::copy_from_slice(line.as_bytes());
        let mut reader = dialect.reader();
        PASSED.set(0);
        for _ in 0..2 {
            let _ = reader.read(&line, &table::context());
        }
        PASSED.take()
    }

    const STARTS: [&str; 17] = [
        "",
        "-rw-r--r-- 1 me us 42 Jun 15 12:00 ",
        "lrwxrwxrwx 1 me us 42 Jun 15 12:00 ",
        "drwxr-xr-x 1 me us 42 Jun 15 ",
        "drwxr-xr-x ",
        "06-15-24  12:00PM ",
        "06-15-24  12:00PM <SYMLINK> ",
        "type=",
        "type=OS.unix=slink:",
        "size=",
        "A;1 ",
        "ANNA ",
        "d [RWCEAFMS] ",
        "+",
        "0 ",
        "VOL001 3390 ",
        "0100644 ",
    ];

    const PARTS: [&str; 33] = [
        " ",
        "\t",
        "a",
        "1",
        "0",
        "-",
        "->",
        " -> ",
        " [",
        "[",
        "]",
        "(",
        "(s) ",
        "\"",
        "*",
        "/",
        ".",
        ":",
        ",",
        ";",
        "=",
        "a=;",
        "a=b;",
        "1,",
        "1,234",
        "1 ",
        "a ",
        "1 a ",
        "Jun ",
        "15 ",
        "Jun 15 ",
        "\u{e9}",
        "3\u{6708}",
    ];

    #[test]
    fn a_line_costs_no_more_than_its_length() {
        let length = size(500, 50);
        let starts = || {
            STARTS
                .iter()
                .flat_map(|start| PARTS.map(|part| (start, part)))
        };
        let cases = Dialect::ALL
            .iter()
            .flat_map(|dialect| starts().map(move |(start, part)| (dialect, start, part)));
        for (dialect, start, part) in thin(cases, 1201) {
            let line = |length: usize| {
                let times = length / part.len();
                String::from(*start) + &part.repeat(times) + " a"
            };
            let [short, long] = [length, 8 * length].map(|length| steps(*dialect, &line(length)));
            // Eight times the length, and what does not depend on it.
            let told = format!("{dialect}: {short} and {long} steps in {start:?} {part:?}");
            assert!(long <= 8 * short + 1_000, "{told}");
            assert!(long <= 60 * 8 * length, "{told}");
        }
    }

    #[test]
    fn a_listing_costs_no_more_than_its_lines() {
        // Nothing is read, the dialects take turns, or all is well.
        let listings = [
            "what?\n",
            "06-15-24  12:00PM 1 f\n-rw-r--r-- 1 a b 1 Jun 15 12:00 f\n",
            "-rw-r--r-- 1 a b 1 Jun 15 12:00 f\n",
            "A.B;1\n",
        ];
        for lines in thin(listings, 2) {
            let times = size(200, 2);
            let [short, long] = [times, 8 * times].map(|times| {
                let mut parser = Parser::new(None, table::today());
                PASSED.set(0);
                parser.push(lines.repeat(times).as_bytes());
                parser.finish();
                while parser.next_line().is_some() {}
                PASSED.take()
            });
            assert!(
                short > 0 && long <= 8 * short + 4_000,
                "{short} and {long} for {lines}"
            );
        }
    }
}
