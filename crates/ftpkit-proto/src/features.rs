//! What a server says it can do: [`Features`], the lines of FEAT (RFC 2389 sec. 3), read by
//! clients and put together by servers.

use alloc::vec::Vec;

use crate::{
    facts::FactSet,
    reply::{Code, Reply},
    text::Text,
};

/// The features of a server.
///
/// ```
/// use ftpkit_proto::{features::Features, reply::ReplyReader};
/// let mut reader = ReplyReader::new(1024, true);
/// reader.push_line(b"211-Features:").unwrap();
/// reader.push_line(b" REST STREAM").unwrap();
/// let reply = reader.push_line(b"211 End").unwrap().unwrap();
/// let features = Features::from_reply(&reply);
/// assert!(features.has("rest"));
/// assert!(features.rest_stream());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    // As sent, without blanks around them.
    lines: Vec<Text>,
}

/// The facts that a server offers in MLST and MLSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfferedFacts {
    /// Those that it knows.
    pub offered: FactSet,
    /// Those of them that it sends now; OPTS MLST changes that.
    pub enabled: FactSet,
}

impl Features {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Reads the reply to FEAT; one that is no 211 tells of no feature.
    ///
    /// Servers that put the code before every line, or commas and semicolons behind it, are
    /// understood.
    #[must_use]
    pub fn from_reply(reply: &Reply) -> Self {
        if reply.code() != Code::SYSTEM_STATUS {
            return Self::new();
        }
        reply.middle().iter().map(tidy).collect()
    }

    /// Adds one line, such as `REST STREAM`; an empty one is left out.
    pub fn push(&mut self, line: Text) {
        if !line.as_bytes().is_empty() {
            self.lines.push(line);
        }
    }

    /// The lines: a name, and behind a space its parameters.
    pub fn iter(&self) -> impl Iterator<Item = &Text> {
        self.lines.iter()
    }

    /// Whether nothing is offered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there is a feature of this name, in any case.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameter(name).is_some()
    }

    /// The parameters of the first feature of this name, empty when it has none.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.lines.iter().find_map(|line| parameter_of(line, name))
    }

    /// The parameters of every feature of this name: some servers send a line for each.
    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.lines
            .iter()
            .filter_map(move |line| parameter_of(line, name))
    }

    /// The words of all parameters of this feature, whatever stands between them.
    fn words<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.parameters(name)
            .flat_map(|p| p.split(|b| matches!(b, b' ' | b'\t' | b';' | b',')))
            .filter(|word| !word.is_empty())
    }

    fn has_word(&self, name: &str, word: &str) -> bool {
        self.words(name)
            .any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// `UTF8`: names are UTF-8 (RFC 2640).
    #[must_use]
    pub fn utf8(&self) -> bool {
        self.has("UTF8") || self.has("UTF-8")
    }

    /// `MLST`: MLST and MLSD are served, with these facts (RFC 3659 sec. 7). Facts that are
    /// not known here are left out.
    #[must_use]
    pub fn mlst(&self) -> Option<OfferedFacts> {
        if !self.has("MLST") && !self.has("MLSD") {
            return None;
        }
        let mut facts = OfferedFacts {
            offered: FactSet::EMPTY,
            enabled: FactSet::EMPTY,
        };
        for word in self.words("MLST") {
            let name = word.strip_suffix(b"*");
            let Some(fact) = FactSet::from_name(name.unwrap_or(word)) else {
                continue;
            };
            facts.offered |= fact;
            if name.is_some() {
                facts.enabled |= fact;
            }
        }
        Some(facts)
    }

    /// The hash algorithms, and whether each is the one in force (draft-bryan-ftpext-hash).
    pub fn hashes(&self) -> impl Iterator<Item = (&[u8], bool)> {
        self.words("HASH")
            .map(|word| match word.strip_suffix(b"*") {
                Some(name) => (name, true),
                None => (word, false),
            })
    }

    /// `REST STREAM`: RETR and STOR can begin at an offset (RFC 3659 sec. 5).
    #[must_use]
    pub fn rest_stream(&self) -> bool {
        self.has_word("REST", "STREAM")
    }

    /// `AUTH TLS`, or one of its other names (RFC 4217).
    #[must_use]
    pub fn auth_tls(&self) -> bool {
        ["TLS", "TLS-C", "SSL", "TLS-P"]
            .iter()
            .any(|word| self.has_word("AUTH", word))
    }

    /// `MODE Z`: payload can be compressed.
    #[must_use]
    pub fn mode_z(&self) -> bool {
        self.has_word("MODE", "Z")
    }

    /// `SIZE` (RFC 3659 sec. 4).
    #[must_use]
    pub fn size(&self) -> bool {
        self.has("SIZE")
    }

    /// `MDTM` (RFC 3659 sec. 3).
    #[must_use]
    pub fn mdtm(&self) -> bool {
        self.has("MDTM")
    }

    /// `MFMT`: times of modification can be set.
    #[must_use]
    pub fn mfmt(&self) -> bool {
        self.has("MFMT")
    }

    /// `EPSV` (RFC 2428).
    #[must_use]
    pub fn epsv(&self) -> bool {
        self.has("EPSV")
    }

    /// `EPRT` (RFC 2428).
    #[must_use]
    pub fn eprt(&self) -> bool {
        self.has("EPRT")
    }

    /// `PBSZ` (RFC 4217).
    #[must_use]
    pub fn pbsz(&self) -> bool {
        self.has("PBSZ")
    }

    /// `PROT` (RFC 4217).
    #[must_use]
    pub fn prot(&self) -> bool {
        self.has("PROT")
    }

    /// `TVFS`: paths are like those of Unix (RFC 3659 sec. 6).
    #[must_use]
    pub fn tvfs(&self) -> bool {
        self.has("TVFS")
    }

    /// `HOST` (RFC 7151).
    #[must_use]
    pub fn host(&self) -> bool {
        self.has("HOST")
    }

    /// `CLNT`: the client may tell its name.
    #[must_use]
    pub fn clnt(&self) -> bool {
        self.has("CLNT")
    }

    /// `PRET`: a distributed server wants to know the command before PASV.
    #[must_use]
    pub fn pret(&self) -> bool {
        self.has("PRET")
    }

    /// The reply to FEAT that offers these, each line behind one space on the wire.
    #[must_use]
    pub fn to_reply(&self) -> Reply {
        if self.lines.is_empty() {
            return Reply::new(Code::SYSTEM_STATUS, "No features.");
        }
        let mut more = self.lines.clone();
        more.push(Text::from_static("End"));
        Reply::multiline(Code::SYSTEM_STATUS, Text::from_static("Features:"), more)
    }
}

impl FromIterator<Text> for Features {
    fn from_iter<I: IntoIterator<Item = Text>>(lines: I) -> Self {
        let mut features = Self::new();
        lines.into_iter().for_each(|line| features.push(line));
        features
    }
}

/// What stands behind the name, if the line is of this feature.
fn parameter_of<'a>(line: &'a Text, name: &str) -> Option<&'a [u8]> {
    let line = line.as_bytes();
    let (word, parameter) = line.split_at_checked(name.len())?;
    let ends = parameter.first().is_none_or(u8::is_ascii_whitespace);
    (ends && word.eq_ignore_ascii_case(name.as_bytes())).then(|| parameter.trim_ascii())
}

/// The line without blanks, codes and commas around it. A semicolon is kept where facts end
/// with it.
fn tidy(line: &Text) -> Text {
    let bytes = line.as_bytes();
    let mut tidy = bytes.trim_ascii();
    while let Some(rest) = tidy.strip_prefix(b"211-") {
        tidy = rest.trim_ascii();
    }
    while let Some((last, rest)) = tidy.split_last() {
        let facts_end = *last == b';' && tidy.contains(&b' ');
        if facts_end || !(matches!(last, b',' | b';') || last.is_ascii_whitespace()) {
            break;
        }
        tidy = rest;
    }
    if tidy == bytes {
        return line.clone();
    }
    Text::try_from(tidy).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{borrow::ToOwned, string::String, vec};

    fn features(lines: &[&str]) -> Features {
        let mut all = vec![Text::from_static("Features:")];
        all.extend(lines.iter().map(|l| Text::try_from(*l).unwrap()));
        all.push(Text::from_static("End"));
        let first = all.remove(0);
        Features::from_reply(&Reply::multiline(Code::SYSTEM_STATUS, first, all))
    }

    #[test]
    fn every_style_of_line() {
        for (line, want) in [
            ("SIZE", "SIZE"),
            (" SIZE ", "SIZE"),
            ("\tSIZE", "SIZE"),
            ("211-SIZE", "SIZE"),
            ("211- SIZE", "SIZE"),
            ("211-211- 211-SIZE", "SIZE"),
            ("SIZE,", "SIZE"),
            ("SIZE;", "SIZE"),
            ("SIZE ,, ", "SIZE"),
            ("REST STREAM,", "REST STREAM"),
            ("MLST type*;size;", "MLST type*;size;"),
            ("MLST type*;size;,", "MLST type*;size;"),
        ] {
            let features = features(&[line]);
            let shown: Vec<_> = features.iter().map(|l| l.to_str().unwrap()).collect();
            assert_eq!(shown, [want], "{line}");
        }
        assert!(features(&["", " ", ","]).is_empty());
    }

    #[test]
    fn typed_accessors() {
        let features = features(&[
            "AUTH SSL",
            "AUTH TLS",
            "EPSV",
            "eprt",
            "Utf8",
            "HASH SHA-1;SHA-256*;MD5",
            "MLST Type*;Size*;Modify;X-odd*;UNIX.mode;",
            "REST STREAM",
            "MODE Z",
            "HOST",
        ]);
        assert!(features.auth_tls() && features.epsv() && features.eprt() && features.utf8());
        assert!(features.rest_stream() && features.mode_z() && features.host());
        assert!(!features.size() && !features.mdtm() && !features.tvfs() && !features.clnt());
        assert_eq!(features.parameter("rest"), Some(&b"STREAM"[..]));
        assert_eq!(features.parameter("EPSV"), Some(&b""[..]));
        assert_eq!(features.parameter("EPS"), None);
        assert_eq!(features.parameters("auth").count(), 2);
        let mlst = features.mlst().unwrap();
        assert_eq!(mlst.enabled, FactSet::TYPE | FactSet::SIZE);
        assert_eq!(
            mlst.offered,
            mlst.enabled | FactSet::MODIFY | FactSet::UNIX_MODE
        );
        let hashes: Vec<_> = features.hashes().collect();
        assert_eq!(
            hashes,
            [(&b"SHA-1"[..], false), (b"SHA-256", true), (b"MD5", false)]
        );
    }

    #[test]
    fn what_is_not_offered() {
        assert!(!features(&["AUTH KERBEROS_V4"]).auth_tls());
        assert!(features(&["AUTH SSL;TLS-P;"]).auth_tls());
        assert_eq!(features(&["SIZE"]).mlst(), None);
        assert!(features(&["MLSD"]).mlst().is_some());
        let refusal = Reply::new(Code::NOT_IMPLEMENTED, "No.");
        assert!(Features::from_reply(&refusal).is_empty());
        assert!(Features::from_reply(&Reply::new(Code::SYSTEM_STATUS, "SIZE")).is_empty());
        assert_eq!(
            &Features::new().to_reply().to_bytes()[..],
            b"211 No features.\r\n"
        );
    }

    proptest! {
        #[test]
        fn what_a_server_offers_comes_back(lines in proptest::collection::vec("[A-Z]{1,4}( [a-zA-Z*;.]{0,8}[a-z])?", 0..6)) {
            let features: Features = lines.iter().map(|l| Text::try_from(l.as_str()).unwrap()).collect();
            let reply = features.to_reply();
            prop_assert_eq!(&Features::from_reply(&reply), &features);
            let wire = String::from_utf8(reply.to_bytes().to_vec()).unwrap();
            for line in lines {
                prop_assert!(wire.contains(&("\r\n ".to_owned() + &line + "\r\n")));
            }
        }

        #[test]
        fn any_line_is_read_and_comes_back(line in "((211-)|[ ,;\t\x0c]|[ -~]){0,12}") {
            let features = features(&[&line]);
            prop_assert_eq!(&Features::from_reply(&features.to_reply()), &features);
            let _ = (features.mlst(), features.hashes().count(), features.auth_tls());
        }
    }
}
