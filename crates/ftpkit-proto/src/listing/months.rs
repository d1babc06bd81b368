//! The names of months, in the languages and encodings of servers.

use super::steps::pass;

/// A month by its name, whole or cut, with a dot or a comma behind it or not.
pub(super) fn month(token: &[u8]) -> Option<u8> {
    if let [a, b, c] = token {
        // Nearly always. A blank's bit makes letters small, and no letter of others.
        let english = match [a | 0x20, b | 0x20, c | 0x20] {
            [b'j', b'a', b'n'] => 1,
            [b'f', b'e', b'b'] => 2,
            [b'm', b'a', b'r'] => 3,
            [b'a', b'p', b'r'] => 4,
            [b'm', b'a', b'y'] => 5,
            [b'j', b'u', b'n'] => 6,
            [b'j', b'u', b'l'] => 7,
            [b'a', b'u', b'g'] => 8,
            [b's', b'e', b'p'] => 9,
            [b'o', b'c', b't'] => 10,
            [b'n', b'o', b'v'] => 11,
            [b'd', b'e', b'c'] => 12,
            _ => 0,
        };
        if english > 0 {
            return Some(english);
        }
    }
    let token = token.strip_suffix(b",").unwrap_or(token);
    let token = token.strip_suffix(b".").unwrap_or(token);
    if token.len() > LONGEST || token.first().is_none_or(u8::is_ascii_digit) {
        return None;
    }
    latin(token).or_else(|| cyrillic(token))
}

/// No month's name has more bytes, in whatever encoding.
const LONGEST: usize = 24;

/// Names of months in Latin letters, as servers write and cut them, sorted. A star stands for
/// letters that are not ASCII, so that every encoding fits.
///
/// Where languages disagree the one with more speakers is followed: `lip` and `lis` are those of
/// Polish and Czech, not of Croatian.
#[rustfmt::skip]
const MONTHS: [(&str, u8); 259] = [
    ("*ec", 7), ("*en", 6), ("*er", 6), ("*erven", 6), ("*ervence", 7), ("*ervenec", 7),
    ("*ervna", 6), ("*g*", 8), ("*j", 10), ("*jen", 10), ("*jna", 10), ("*no", 2), ("*nor", 2),
    ("*nora", 2), ("*pr", 4), ("*ub", 2), ("*ubat", 2), ("*vc", 7), ("*vn", 6), ("a*u", 8),
    ("a*ustos", 8), ("abe", 12), ("abr", 4), ("abril", 4), ("abu", 8), ("ago", 8), ("agost", 8),
    ("agosto", 8), ("agu", 8), ("ao*", 8), ("ao*t", 8), ("aou", 8), ("aout", 8), ("api", 4),
    ("apr", 4), ("april", 4), ("aprile", 4), ("ara", 12), ("aral*k", 12), ("aug", 8), ("august", 8),
    ("augusti", 8), ("augustus", 8), ("avg", 8), ("avgust", 8), ("avr", 4), ("avril", 4),
    ("aza", 11), ("b*e", 3), ("b*ezen", 3), ("b*ezna", 3), ("bal", 4), ("bir*", 6), ("cze", 6),
    ("czerwca", 6), ("d*c", 12), ("d*cembre", 12), ("dec", 12), ("december", 12), ("des", 12),
    ("desember", 12), ("desembre", 12), ("dets", 12), ("dez", 12), ("dezember", 12),
    ("dezembro", 12), ("dic", 12), ("dicembre", 12), ("diciembre", 12), ("dub", 4), ("duben", 4),
    ("dubna", 4), ("eka", 6), ("eki", 10), ("ekim", 10), ("elo", 8), ("ene", 1), ("enero", 1),
    ("eyl", 9), ("eyl*l", 9), ("f*v", 2), ("f*vr", 2), ("f*vrier", 2), ("feb", 2), ("febbraio", 2),
    ("febr", 2), ("febrero", 2), ("februar", 2), ("februari", 2), ("february", 2), ("fev", 2),
    ("fevereiro", 2), ("fevr", 2), ("geg", 5), ("gen", 1), ("gener", 1), ("gennaio", 1), ("giu", 6),
    ("giugno", 6), ("gru", 12), ("grudnia", 12), ("gruod", 12), ("haz", 6), ("haziran", 6),
    ("hein*", 7), ("helmi", 2), ("huhti", 4), ("ian", 1), ("ira", 9), ("iul", 7), ("iun", 6),
    ("j*l", 7), ("j*n", 6), ("jaan", 1), ("jan", 1), ("janeiro", 1), ("januar", 1), ("januari", 1),
    ("january", 1), ("janv", 1), ("janvier", 1), ("joulu", 12), ("juil", 7), ("juillet", 7),
    ("juin", 6), ("jul", 7), ("julho", 7), ("juli", 7), ("julio", 7), ("juliol", 7), ("july", 7),
    ("jun", 6), ("june", 6), ("junho", 6), ("juni", 6), ("junio", 6), ("juny", 6), ("juuli", 7),
    ("juuni", 6), ("kas", 11), ("kas*m", 11), ("kes*", 6), ("kov", 3), ("kv*", 5), ("kv*ten", 5),
    ("kv*tna", 5), ("kwi", 4), ("kwietnia", 4), ("lapkr", 11), ("led", 1), ("leden", 1),
    ("ledna", 1), ("liep", 7), ("lip", 7), ("lipca", 7), ("lis", 11), ("listopad", 11),
    ("listopada", 11), ("listopadu", 11), ("loka", 10), ("lug", 7), ("luglio", 7), ("lut", 2),
    ("lutego", 2), ("m*j", 5), ("m*r", 3), ("m*rc", 3), ("m*rts", 3), ("m*rz", 3), ("ma*", 5),
    ("maalis", 3), ("maart", 3), ("mag", 5), ("maggio", 5), ("mai", 5), ("maig", 5), ("maio", 5),
    ("maj", 5), ("maja", 5), ("mar", 3), ("mar*", 3), ("mar*o", 3), ("marca", 3), ("march", 3),
    ("marec", 3), ("marras", 11), ("mars", 3), ("marzo", 3), ("may", 5), ("mayo", 5), ("mei", 5),
    ("mrt", 3), ("mrz", 3), ("n*v", 11), ("nis", 4), ("nisan", 4), ("nov", 11), ("november", 11),
    ("novembre", 11), ("novembro", 11), ("noviembre", 11), ("oca", 1), ("ocak", 1), ("oct", 10),
    ("october", 10), ("octobre", 10), ("octubre", 10), ("ogo", 8), ("okt", 10), ("oktober", 10),
    ("ots", 2), ("ott", 10), ("ottobre", 10), ("out", 10), ("outubre", 10), ("outubro", 10),
    ("pa*", 10), ("pa*dziernika", 10), ("paz", 10), ("pro", 12), ("prosince", 12), ("prosinec", 12),
    ("rugp", 8), ("rugs", 9), ("saus", 1), ("sep", 9), ("sept", 9), ("september", 9),
    ("septembre", 9), ("septiembre", 9), ("set", 9), ("setembre", 9), ("setembro", 9),
    ("settembre", 9), ("sie", 8), ("sierpnia", 8), ("spal", 10), ("srp", 8), ("srpen", 8),
    ("srpna", 8), ("sty", 1), ("stycznia", 1), ("syys", 9), ("szept", 9), ("tammi", 1), ("tem", 7),
    ("temmuz", 7), ("touko", 5), ("urr", 10), ("urt", 1), ("uzt", 7), ("vas", 2), ("veebr", 2),
    ("wrz", 9), ("wrze*nia", 9), ("xan", 1), ("xu*", 6), ("xul", 7), ("z*", 9),
];

/// January in Austria, which with a star would be June of others: UTF-8 and Latin-1.
const JANUARY: [&[u8]; 4] = [
    "jän".as_bytes(),
    "jänner".as_bytes(),
    b"j\xe4n",
    b"j\xe4nner",
];

fn latin(token: &[u8]) -> Option<u8> {
    pass(token.len());
    let mut key = [0u8; 12];
    let mut used = 0;
    for byte in token {
        let letter = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => byte.to_ascii_lowercase(),
            0x80.. if used > 0 && key.get(used - 1) == Some(&b'*') => continue,
            0x80.. => b'*',
            _ => return None,
        };
        *key.get_mut(used)? = letter;
        used += 1;
    }
    let key = key.get(..used)?;
    if key == b"j*n" || key == b"j*nner" {
        let austrian = |name: &&[u8]| name.eq_ignore_ascii_case(token);
        if JANUARY.iter().any(austrian) {
            return Some(1);
        }
    }
    MONTHS
        .binary_search_by(|(name, _)| name.as_bytes().cmp(key))
        .ok()
        .and_then(|at| MONTHS.get(at))
        .map(|(_, month)| *month)
}

/// How the names of months begin in Russian, Bulgarian, Serbian and Ukrainian.
#[rustfmt::skip]
const CYRILLIC: [(&str, u8); 37] = [
    ("янв", 1), ("фев", 2), ("мар", 3), ("апр", 4), ("май", 5), ("мая", 5), ("июн", 6),
    ("июл", 7), ("авг", 8), ("сен", 9), ("окт", 10), ("ноя", 11), ("дек", 12), ("яну", 1),
    ("юни", 6), ("юли", 7), ("сеп", 9), ("ное", 11), ("јан", 1), ("феб", 2), ("мај", 5),
    ("јун", 6), ("јул", 7), ("нов", 11), ("дец", 12), ("січ", 1), ("лют", 2), ("бер", 3),
    ("кві", 4), ("тра", 5), ("чер", 6), ("лип", 7), ("сер", 8), ("вер", 9), ("жов", 10),
    ("лис", 11), ("гру", 12),
];

/// The letters at 0xC0 of KOI8-R and KOI8-U, which are small; the capitals follow in this order.
const KOI8: &str = "юабцдефгхийклмнопярстужвьызшэщчъ";

fn cyrillic(token: &[u8]) -> Option<u8> {
    if token.is_ascii() {
        return None;
    }
    if let Ok(text) = core::str::from_utf8(token) {
        return stem(text.chars().map(Some));
    }
    let encodings: [fn(u8) -> Option<char>; 4] = [windows_1251, koi8, iso_8859_5, code_page_866];
    encodings
        .iter()
        .find_map(|letter| stem(token.iter().map(|byte| letter(*byte))))
}

/// The month whose name begins with the first of these letters; all must be letters.
fn stem(letters: impl Iterator<Item = Option<char>>) -> Option<u8> {
    let mut first = ['\0'; 3];
    let mut count = 0;
    for letter in letters {
        let letter = letter?.to_lowercase().next()?;
        if !matches!(letter, 'а'..='я' | 'і' | 'ј') {
            return None;
        }
        if let Some(slot) = first.get_mut(count) {
            *slot = letter;
        }
        count += 1;
    }
    CYRILLIC
        .iter()
        .find(|(stem, _)| count >= 3 && stem.chars().eq(first))
        .map(|(_, month)| *month)
}

/// The letter so many behind another.
fn behind(first: char, offset: u8) -> Option<char> {
    char::from_u32(u32::from(first) + u32::from(offset))
}

fn windows_1251(byte: u8) -> Option<char> {
    match byte {
        0xc0.. => behind('А', byte - 0xc0),
        0xb2 | 0xb3 => Some('і'),
        0xa3 | 0xbc => Some('ј'),
        _ => None,
    }
}

fn koi8(byte: u8) -> Option<char> {
    match byte {
        0xc0.. => KOI8.chars().nth(usize::from(byte & 0x1f)),
        0xa6 | 0xb6 => Some('і'),
        _ => None,
    }
}

fn iso_8859_5(byte: u8) -> Option<char> {
    match byte {
        0xb0..=0xef => behind('А', byte - 0xb0),
        0xa6 | 0xf6 => Some('і'),
        0xa8 | 0xf8 => Some('ј'),
        _ => None,
    }
}

fn code_page_866(byte: u8) -> Option<char> {
    match byte {
        0x80..=0xaf => behind('А', byte - 0x80),
        0xe0..=0xef => behind('р', byte - 0xe0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effort::thin;

    #[test]
    fn every_name_is_found() {
        assert!(MONTHS.is_sorted());
        for (name, number) in thin(MONTHS, 11) {
            // A letter that no Austrian January has.
            assert_eq!(
                month(name.replace('*', "\u{159}").as_bytes()),
                Some(number),
                "{name}"
            );
            let dotted = name.to_uppercase().replace('*', "\u{158}") + ".,";
            assert_eq!(month(dotted.as_bytes()), Some(number), "{name}");
            let ascii = name.replace('*', "?");
            assert_eq!(month(ascii.as_bytes()).is_some(), ascii == name, "{name}");
        }
        for (name, number) in thin(CYRILLIC, 5) {
            assert_eq!(month(name.as_bytes()), Some(number));
            assert_eq!(month(name.to_uppercase().as_bytes()), Some(number));
        }
    }

    #[test]
    fn every_encoding() {
        for (token, want) in [
            (&b"m\xe4r"[..], Some(3)),
            (b"M\xc4RZ", Some(3)),
            (b"j\xe4n", Some(1)),
            (b"J\xe4nner", Some(1)),
            (b"j\xfan", Some(6)),
            ("jún".as_bytes(), Some(6)),
            ("Jän.".as_bytes(), Some(1)),
            ("декабря".as_bytes(), Some(12)),
            ("МАРТ".as_bytes(), Some(3)),
            // `дек` in Windows-1251, KOI8-R, ISO 8859-5 and code page 866, and `Мая`.
            (b"\xe4\xe5\xea", Some(12)),
            (b"\xc4\xc5\xcb", Some(12)),
            (b"\xd4\xd5\xda", Some(12)),
            (b"\xa4\xa5\xaa", Some(12)),
            (b"\xcc\xe0\xff", Some(5)),
            (b"\xed\xc1\xd1", Some(5)),
            (b"\xbc\xd0\xef", Some(5)),
            (b"\x8c\xa0\xef", Some(5)),
            // `січ` of Ukrainian.
            (b"\xf1\xb3\xf7", Some(1)),
            (b"\xd3\xa6\xde", Some(1)),
            (b"\xff\xfe", None),
            (b"\xff\xff\xff", None),
            ("де".as_bytes(), None),
            ("дек1".as_bytes(), None),
            (b"", None),
            (b".", None),
            (b"12", None),
            (b"jam", None),
            (b"septembers", None),
            (&[b'a'; 100], None),
            (&[0xe4; 100], None),
        ] {
            assert_eq!(month(token), want, "{}", token.escape_ascii());
        }
    }
}
