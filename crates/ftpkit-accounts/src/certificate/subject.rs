//! Distinguished names as strings (RFC 4514): out of a certificate, and out of a configuration
//! into the one form that `ClientCertificate::subject` documents.

use std::{fmt::Write, iter::Peekable, str::Chars};

use der::{
    Decode, Encode, Reader, SliceReader, Tag, Tagged,
    asn1::{AnyRef, ObjectIdentifier},
};

use super::{expect, hex, unhex};

/// The types that have a name; where one has two, the first is the one that is written.
const TYPES: [(&str, ObjectIdentifier); 24] = [
    ("CN", oid("2.5.4.3")),
    ("SN", oid("2.5.4.4")),
    ("surname", oid("2.5.4.4")),
    ("serialNumber", oid("2.5.4.5")),
    ("C", oid("2.5.4.6")),
    ("L", oid("2.5.4.7")),
    ("ST", oid("2.5.4.8")),
    ("STREET", oid("2.5.4.9")),
    ("O", oid("2.5.4.10")),
    ("OU", oid("2.5.4.11")),
    ("title", oid("2.5.4.12")),
    ("description", oid("2.5.4.13")),
    ("postalCode", oid("2.5.4.17")),
    ("GN", oid("2.5.4.42")),
    ("givenName", oid("2.5.4.42")),
    ("initials", oid("2.5.4.43")),
    ("generationQualifier", oid("2.5.4.44")),
    ("dnQualifier", oid("2.5.4.46")),
    ("pseudonym", oid("2.5.4.65")),
    ("organizationIdentifier", oid("2.5.4.97")),
    ("UID", oid("0.9.2342.19200300.100.1.1")),
    ("DC", oid("0.9.2342.19200300.100.1.25")),
    ("emailAddress", oid("1.2.840.113549.1.9.1")),
    ("E", oid("1.2.840.113549.1.9.1")),
];
const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
/// What may not stand in a value without a backslash.
const SPECIAL: &str = ",+\"\\<>;";

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// The string of a certificate's name, and its common name.
pub(super) fn write(name: AnyRef<'_>) -> der::Result<(String, Option<String>)> {
    let mut rdns = Vec::new();
    let mut common_name = None;
    name.sequence(|sets| {
        while !sets.is_finished() {
            let mut set = SliceReader::new(expect(sets, Tag::Set)?.value())?;
            let mut rdn = Vec::new();
            while !set.is_finished() {
                AnyRef::decode(&mut set)?.sequence(|attribute| {
                    let kind = ObjectIdentifier::decode(attribute)?;
                    let value = AnyRef::decode(attribute)?;
                    rdn.push(written(&kind, value)?);
                    if kind == COMMON_NAME {
                        common_name = text(value);
                    }
                    Ok::<_, der::Error>(())
                })?;
            }
            if rdn.is_empty() {
                return Err(Tag::Set.value_error().into());
            }
            rdns.push(rdn);
        }
        Ok::<_, der::Error>(())
    })?;
    rdns.reverse();
    Ok((join(rdns), common_name))
}

fn join(rdns: Vec<Vec<String>>) -> String {
    let rdns = rdns.into_iter().map(|mut rdn| {
        // A set has no order; the encoder's must not decide whether two are the same.
        rdn.sort_unstable();
        rdn.join("+")
    });
    rdns.collect::<Vec<_>>().join(",")
}

fn name_of(kind: &ObjectIdentifier) -> Option<&'static str> {
    let found = TYPES.iter().find(|(_, of)| of == kind);
    found.map(|(name, _)| *name)
}

fn written(kind: &ObjectIdentifier, value: AnyRef<'_>) -> der::Result<String> {
    Ok(match (name_of(kind), text(value)) {
        (Some(name), Some(text)) => format!("{name}={}", escaped(&text)),
        (Some(name), None) => format!("{name}={}", dumped(value)?),
        (None, _) => format!("{kind}={}", dumped(value)?),
    })
}

fn dumped(value: AnyRef<'_>) -> der::Result<String> {
    Ok(format!("#{}", hex(&value.to_der()?).to_ascii_uppercase()))
}

/// The value's characters, if it is a string whose characters are certain.
fn text(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(bytes).ok().map(str::to_owned),
        // What Teletex has beyond ASCII is read in two ways, so it is not read at all.
        Tag::PrintableString
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::NumericString
        | Tag::TeletexString => {
            let text = std::str::from_utf8(bytes).ok();
            text.filter(|text| text.is_ascii()).map(str::to_owned)
        }
        Tag::BmpString => {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            text.ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.char_indices().next_back().map(|(at, _)| at);
    for (at, c) in text.char_indices() {
        if c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // A String takes everything.
                let _ = write!(out, "\\{byte:02X}");
            }
            continue;
        }
        let at_an_end = (c == ' ' && (at == 0 || Some(at) == last)) || (c == '#' && at == 0);
        if at_an_end || SPECIAL.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Brings a subject that somebody wrote into the form that `write` gives.
pub(super) fn canonical(written: &str) -> Result<String, String> {
    let mut rest = written.chars().peekable();
    let mut rdns = Vec::new();
    loop {
        let mut rdn = Vec::new();
        let ended = loop {
            let (attribute, end) = attribute(&mut rest)?;
            rdn.push(attribute);
            if end != Some('+') {
                break end;
            }
        };
        rdns.push(rdn);
        if ended.is_none() {
            return Ok(join(rdns));
        }
    }
}

/// One attribute, and what ended it.
fn attribute(rest: &mut Peekable<Chars<'_>>) -> Result<(String, Option<char>), String> {
    let mut name = String::new();
    loop {
        match rest.next() {
            Some('=') => break,
            Some(c) if c != ',' && c != '+' => name.push(c),
            _ => return Err(format!("`=` is missing after {name:?}")),
        }
    }
    let known = TYPES.iter().find(|(of, _)| of.eq_ignore_ascii_case(&name));
    let kind = match known {
        Some((_, kind)) => *kind,
        None => ObjectIdentifier::new(&name).map_err(|_| {
            format!("{name:?} is no attribute, such as CN, O or OU, and no dotted OID")
        })?,
    };
    if rest.peek() == Some(&'#') {
        rest.next();
        let (digits, end) = until_separator(rest);
        let der = unhex(&digits).ok_or("`#` is followed by something other than hex digits")?;
        let value = AnyRef::from_der(&der).map_err(|_| format!("#{digits} is no DER value"))?;
        let attribute = self::written(&kind, value).map_err(|error| error.to_string())?;
        return Ok((attribute, end));
    }
    let (value, end) = value(rest)?;
    let name = name_of(&kind)
        .ok_or_else(|| format!("the value of {name} is to be `#` and the hex of its DER"))?;
    Ok((format!("{name}={}", escaped(&value)), end))
}

fn until_separator(rest: &mut Peekable<Chars<'_>>) -> (String, Option<char>) {
    let mut text = String::new();
    for c in rest.by_ref() {
        if c == ',' || c == '+' {
            return (text, Some(c));
        }
        text.push(c);
    }
    (text, None)
}

fn value(rest: &mut Peekable<Chars<'_>>) -> Result<(String, Option<char>), String> {
    let mut bytes = Vec::new();
    let mut bare_space = false;
    let mut first = true;
    let end = loop {
        let c = match rest.next() {
            None => break None,
            Some(c @ (',' | '+')) => break Some(c),
            Some(' ') if first => return Err("a space begins a value; write `\\ `".to_owned()),
            Some(c) => c,
        };
        first = false;
        bare_space = c == ' ';
        if c == '\\' {
            bytes.extend(unescaped(rest)?.encode());
        } else if SPECIAL.contains(c) {
            return Err(format!("{c:?} needs a backslash before it"));
        } else {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
        }
    };
    if bare_space {
        return Err("a space ends a value; write `\\20`".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_| "the hex digits are no UTF-8".to_owned())?;
    Ok((text, end))
}

enum Unescaped {
    Char(char),
    Octet(u8),
}

impl Unescaped {
    fn encode(self) -> Vec<u8> {
        match self {
            Self::Char(c) => c.encode_utf8(&mut [0; 4]).as_bytes().to_vec(),
            Self::Octet(octet) => vec![octet],
        }
    }
}

fn unescaped(rest: &mut Peekable<Chars<'_>>) -> Result<Unescaped, String> {
    let first = rest.next();
    if let Some(c) = first.filter(|c| SPECIAL.contains(*c) || " #=".contains(*c)) {
        return Ok(Unescaped::Char(c));
    }
    let digits: String = first.into_iter().chain(rest.next()).collect();
    match unhex(&digits).as_deref() {
        Some(&[octet]) => Ok(Unescaped::Octet(octet)),
        _ => {
            Err("a backslash is followed by neither a special character nor two hex digits".into())
        }
    }
}
