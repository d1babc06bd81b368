//! Who says a line of a transcript: the marks that programs and standards put before it, and
//! what they put before those. What is said is read elsewhere.

use alloc::{borrow::Cow, vec::Vec};

/// A line of a transcript without its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked<'a> {
    /// The client's.
    Client(&'a [u8]),
    /// The server's.
    Server(&'a [u8]),
    /// The whole line, which bears no mark.
    Bare(&'a [u8]),
}

#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

/// The marks, each with a blank behind it; a longer one stands before its own beginning.
const MARKS: [(&[u8], Side); 18] = [
    // The standards, and this project's own.
    (b"C:", Side::Client),
    (b"S:", Side::Server),
    (b"C>", Side::Client),
    (b"S>", Side::Server),
    (b"Client:", Side::Client),
    (b"Server:", Side::Server),
    // FileZilla.
    (b"Command:", Side::Client),
    (b"Response:", Side::Server),
    // lftp -d, ftp -d.
    (b"--->", Side::Client),
    (b"<---", Side::Server),
    // wget -d.
    (b"-->", Side::Client),
    (b"<--", Side::Server),
    // Net::FTP.
    (b">>>", Side::Client),
    (b"<<<", Side::Server),
    // curl -v, WinSCP.
    (b">", Side::Client),
    (b"<", Side::Server),
    (b"->", Side::Client),
    (b"<-", Side::Server),
];

/// The most words that may stand before a mark: a date in words, a time, a zone, a number.
const WORDS: usize = 8;

/// Takes the mark off a line, and the times, numbers and hosts before it.
pub(super) fn marked(line: &[u8]) -> Marked<'_> {
    let mut rest = line;
    for place in 0..=WORDS {
        rest = rest.trim_ascii_start();
        let (word, behind) = word(rest);
        if let Some((mark, side)) = mark(word) {
            let text = said(mark, behind);
            return match side {
                Side::Client => Marked::Client(text),
                Side::Server => Marked::Server(text),
            };
        }
        let host = place == 0 && is_host(word) && before_angle(behind);
        if !host && !is_stamp(word) {
            break;
        }
        rest = behind;
    }
    Marked::Bare(line)
}

/// The first word, and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|b| matches!(b, b' ' | b'\t'))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, b""))
}

fn mark(word: &[u8]) -> Option<(&'static [u8], Side)> {
    // Net::FTP puts the object right before its mark.
    let end = match word {
        [b'N', b'e', b't', b':', b':', .., a, b, c] if a == b && b == c => {
            word.get(word.len() - 3..)?
        }
        _ => word,
    };
    MARKS.into_iter().find(|(mark, _)| *mark == end)
}

/// What follows a mark: without the one blank between them, and without a time.
fn said<'a>(mark: &[u8], behind: &'a [u8]) -> &'a [u8] {
    let text = match behind {
        // FileZilla aligns with tabs.
        [b' ', b'\t', text @ ..] if mark.len() > 4 => text,
        [_, text @ ..] => text,
        [] => behind,
    };
    // WinSCP puts the time behind its mark.
    if mark.len() == 1 {
        let (date, behind) = word(text);
        let (clock, behind) = word(behind.trim_ascii_start());
        if date.len() == 10 && is_stamp(date) && clock.contains(&b':') && is_stamp(clock) {
            return behind.strip_prefix(b" ").unwrap_or(behind);
        }
    }
    text
}

/// Whether it is a part of a time, a number of a line or session, or stands between such.
fn is_stamp(word: &[u8]) -> bool {
    const WORDS: [&str; 24] = [
        "AM", "PM", "UTC", "GMT", "-", "|", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
        "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
    ];
    let plain = word
        .strip_suffix(b",")
        .or_else(|| word.strip_suffix(b"]"))
        .unwrap_or(word);
    let plain = plain.strip_prefix(b"[").unwrap_or(plain);
    let known = WORDS
        .iter()
        .chain(&["Sun"])
        .any(|known| plain.eq_ignore_ascii_case(known.as_bytes()));
    // Three digits alone are the code of a reply without a mark.
    let code = word.len() == 3 && word.iter().all(u8::is_ascii_digit);
    known
        || !code
            && word.iter().any(u8::is_ascii_digit)
            && word.iter().all(|b| {
                b.is_ascii_digit()
                    || matches!(
                        b,
                        b':' | b'.'
                            | b','
                            | b'/'
                            | b'-'
                            | b'+'
                            | b'#'
                            | b'T'
                            | b'Z'
                            | b'['
                            | b']'
                            | b'('
                            | b')'
                    )
            })
}

/// Whether it may be the host that `ftpkit -v` puts before its marks.
fn is_host(word: &[u8]) -> bool {
    let inside =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    !word.is_empty()
        && word.iter().all(inside)
        && (word.contains(&b'.') || word.contains(&b':') || word == b"localhost")
}

fn before_angle(text: &[u8]) -> bool {
    text.starts_with(b" > ") || text.starts_with(b" < ")
}

/// A line of a client or of a log without the password in it: what follows the word `PASS`,
/// `ACCT` or `PSWD` (of `SITE PSWD`), in any case, becomes `***`, and so does the password in a
/// URL.
///
/// It errs on the side of hiding too much.
///
/// ```
/// use ftpkit_proto::transcript::without_secret;
/// assert_eq!(&*without_secret(b"pass hunter2"), b"pass ***");
/// assert_eq!(&*without_secret(b"to ftp://ana:hunter2@h/"), b"to ftp://ana:***@h/");
/// assert_eq!(&*without_secret(b"RETR passwords"), b"RETR passwords");
/// ```
#[must_use]
pub fn without_secret(line: &[u8]) -> Cow<'_, [u8]> {
    let word = secret_word(line);
    let before = word.map_or(line, |word| line.get(..word).unwrap_or(line));
    let mut shown: Option<Vec<u8>> = None;
    let mut rest = before;
    while let Some((password, behind)) = url_password(rest) {
        let shown = shown.get_or_insert_default();
        shown.extend_from_slice(rest.get(..password).unwrap_or_default());
        shown.extend_from_slice(HIDDEN);
        rest = rest.get(behind..).unwrap_or_default();
    }
    if before.len() < line.len() {
        let shown = shown.get_or_insert_default();
        shown.extend_from_slice(rest);
        shown.push(b' ');
        rest = HIDDEN;
    }
    match shown {
        Some(mut shown) => {
            shown.extend_from_slice(rest);
            Cow::Owned(shown)
        }
        None => Cow::Borrowed(line),
    }
}

const HIDDEN: &[u8] = b"***";

/// Where a word ends behind which a secret stands.
fn secret_word(line: &[u8]) -> Option<usize> {
    let letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    line.windows(4)
        .enumerate()
        .find(|(at, window)| {
            [&b"PASS"[..], b"ACCT", b"PSWD"]
                .iter()
                .any(|word| window.eq_ignore_ascii_case(word))
                && !letter(at.checked_sub(1).and_then(|before| line.get(before)))
                && !letter(line.get(at + 4))
        })
        .map(|(at, _)| at + 4)
}

/// Where the password of the first URL that has one begins, and where it ends.
fn url_password(text: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let start = from + rest.windows(3).position(|window| window == b"://")? + 3;
        let authority = text.get(start..)?;
        let end = authority
            .iter()
            .position(|b| matches!(b, b'/' | b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>'))
            .unwrap_or(authority.len());
        let authority = authority.get(..end)?;
        let at = authority.iter().rposition(|b| *b == b'@');
        let user = at.and_then(|at| authority.get(..at));
        let colon = user.and_then(|user| user.iter().position(|b| *b == b':'));
        if let (Some(at), Some(colon)) = (at, colon) {
            return Some((start + colon + 1, start + at));
        }
        from = start + end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_many_programs_are_known() {
        for (line, command) in [
            ("C: USER ana", "USER ana"),
            ("  C: USER ana", "USER ana"),
            ("C> USER ana", "USER ana"),
            ("Client: USER ana", "USER ana"),
            ("> USER ana", "USER ana"),
            ("---> USER ana", "USER ana"),
            ("--> USER ana", "USER ana"),
            ("-> USER ana", "USER ana"),
            ("Command:\tUSER ana", "USER ana"),
            ("Command: \tUSER ana", "USER ana"),
            ("Net::FTP=GLOB(0x55d0)>>> USER ana", "USER ana"),
            ("    0.000 C: USER ana", "USER ana"),
            ("12:00:01 Command:\tUSER ana", "USER ana"),
            ("[12:00:01.250] > USER ana", "USER ana"),
            ("2024-06-15T12:00:01Z ---> USER ana", "USER ana"),
            ("2024-06-15 12:00:01,250 C: USER ana", "USER ana"),
            ("[2024-06-15 12:00:01] C: USER ana", "USER ana"),
            ("Sat, Jun 15 12:00:01 2024 UTC - C: USER ana", "USER ana"),
            ("6/15/2024 12:00:01 PM (000012) > USER ana", "USER ana"),
            ("> 2024-06-15 12:00:01.250 USER ana", "USER ana"),
            ("192.0.2.1:21 > USER ana", "USER ana"),
            ("ftp.example.org > USER ana", "USER ana"),
            ("C:  USER ana", " USER ana"),
            ("C:", ""),
            (">", ""),
        ] {
            let expected = Marked::Client(command.as_bytes());
            assert_eq!(marked(line.as_bytes()), expected, "{line}");
        }
        for (line, reply) in [
            ("S: 220 Hi", "220 Hi"),
            ("S>  MLST", " MLST"),
            ("< 220 Hi", "220 Hi"),
            ("<--- 220 Hi", "220 Hi"),
            ("<-- 220 Hi", "220 Hi"),
            ("Response:\t220-Hi", "220-Hi"),
            ("Net::FTP=GLOB(0x55d0)<<< 220 Hi", "220 Hi"),
            ("< 2024-06-15 12:00:01.250 220 Hi", "220 Hi"),
            ("< 12:00:01 up 3 days", "12:00:01 up 3 days"),
            ("[::1]:21 < 220 Hi", "220 Hi"),
        ] {
            let expected = Marked::Server(reply.as_bytes());
            assert_eq!(marked(line.as_bytes()), expected, "{line}");
        }
        for line in [
            "",
            "220 Hi",
            "220-Hi",
            "220 > Hi",
            "* Connected to 192.0.2.1",
            "Status:\tConnected",
            "C:\\file",
            "a > b",
            "1 2 3 4 5 6 7 8 9 C: NOOP",
            "Client",
        ] {
            assert_eq!(marked(line.as_bytes()), Marked::Bare(line.as_bytes()));
        }
    }

    #[test]
    fn a_password_is_hidden_wherever_it_may_be_one() {
        for (line, shown) in [
            ("PASS hunter2", "PASS ***"),
            ("12:00 [x] PASS hunter2", "12:00 [x] PASS ***"),
            ("pass\thunter2", "pass ***"),
            ("PASS:hunter2", "PASS ***"),
            ("ACCT x", "ACCT ***"),
            ("SITE PSWD a b", "SITE PSWD ***"),
            ("PASS", "PASS"),
            ("ftp://ana:hunter2@h:21/a", "ftp://ana:***@h:21/a"),
            (
                "a://b a://c@d a://e:f@g:h 'a://i:j@k' a://l:m",
                "a://b a://c@d a://e:***@g:h 'a://i:***@k' a://l:m",
            ),
            ("a://b:c@d pass a://e:f@g", "a://b:***@d pass ***"),
            ("://:@", "://:***@"),
            ("PASSIVE", "PASSIVE"),
            ("XPASS x", "XPASS x"),
            ("", ""),
        ] {
            assert_eq!(&*without_secret(line.as_bytes()), shown.as_bytes());
        }
    }
}
