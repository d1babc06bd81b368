//! The words that commands begin with: [`Verb`]. What their arguments are stands in `parse`.

use core::fmt;

/// The longest verb, known or not.
const LONGEST: usize = 15;

/// Letters and digits in upper case, 0 for every other byte: the one look at a byte that the
/// first word of each command costs.
const UPPER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = byte.to_ascii_uppercase();
        }
        byte += 1;
    }
    table
};

/// The word that a command begins with: letters and digits, in upper case.
///
/// The known ones are constants; an unknown one passes through and prints.
///
/// ```
/// use ftpkit_proto::command::Verb;
/// assert_eq!(Verb::parse(b"retr"), Some(Verb::RETR));
/// assert_eq!(Verb::parse(b"XFOO").unwrap().to_string(), "XFOO");
/// assert!(!Verb::parse(b"XFOO").unwrap().is_known());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verb {
    // Behind `length` there are zeros, so that equal words are equal values.
    letters: [u8; LONGEST],
    length: u8,
}

macro_rules! verbs {
    ($($name:ident: $doc:literal)*) => {
        impl Verb {
            $(
                #[doc = concat!("`", stringify!($name), "`: ", $doc)]
                pub const $name: Self = Self::constant(stringify!($name));
            )*

            /// Every known verb, sorted by the standards that have them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Whether it is one of the constants.
            #[must_use]
            pub const fn is_known(self) -> bool {
                matches!(self, $(Self::$name)|*)
            }
        }
    };
}

verbs! {
    USER: "begins a login (RFC 959)."
    PASS: "the password (RFC 959)."
    ACCT: "the account (RFC 959)."
    CWD: "changes the working directory (RFC 959)."
    XCWD: "the old name of CWD (RFC 775)."
    CDUP: "changes to the parent directory (RFC 959)."
    XCUP: "the old name of CDUP (RFC 775)."
    SMNT: "mounts another file system (RFC 959)."
    REIN: "back to the state before login (RFC 959)."
    QUIT: "ends the session (RFC 959)."
    PORT: "the client listens here (RFC 959)."
    PASV: "asks the server to listen (RFC 959)."
    TYPE: "the representation type (RFC 959)."
    STRU: "the file structure (RFC 959)."
    MODE: "the transfer mode (RFC 959)."
    RETR: "retrieves a file (RFC 959)."
    STOR: "stores a file (RFC 959)."
    STOU: "stores a file under a new name (RFC 959)."
    APPE: "appends to a file (RFC 959)."
    ALLO: "announces how much is to be stored (RFC 959)."
    REST: "where the next transfer begins (RFC 959, 3659)."
    RNFR: "what to rename (RFC 959)."
    RNTO: "its new name (RFC 959)."
    ABOR: "ends a transfer in progress (RFC 959)."
    DELE: "deletes a file (RFC 959)."
    RMD: "removes a directory (RFC 959)."
    XRMD: "the old name of RMD (RFC 775)."
    MKD: "makes a directory (RFC 959)."
    XMKD: "the old name of MKD (RFC 775)."
    PWD: "prints the working directory (RFC 959)."
    XPWD: "the old name of PWD (RFC 775)."
    LIST: "a listing for people (RFC 959)."
    NLST: "names only (RFC 959)."
    SITE: "what is particular to a server (RFC 959)."
    SYST: "the kind of system (RFC 959)."
    STAT: "the state of the session, or a listing (RFC 959)."
    HELP: "what the server can do (RFC 959)."
    NOOP: "nothing (RFC 959)."
    AUTH: "starts a security mechanism (RFC 2228)."
    ADAT: "security data (RFC 2228)."
    PBSZ: "the protection buffer size (RFC 2228)."
    PROT: "the protection of data connections (RFC 2228)."
    CCC: "back to clear commands (RFC 2228)."
    MIC: "an integrity-protected command (RFC 2228)."
    CONF: "a confidentiality-protected command (RFC 2228)."
    ENC: "a privacy-protected command (RFC 2228)."
    FEAT: "lists the features (RFC 2389)."
    OPTS: "sets an option (RFC 2389)."
    EPRT: "the client listens here (RFC 2428)."
    EPSV: "asks the server to listen (RFC 2428)."
    LPRT: "the client listens here, with a long address (RFC 1639)."
    LPSV: "asks the server to listen, with a long address (RFC 1639)."
    LANG: "the language of replies (RFC 2640)."
    MDTM: "when a file was modified (RFC 3659)."
    SIZE: "how many bytes a transfer would move (RFC 3659)."
    MLST: "the facts of one file (RFC 3659)."
    MLSD: "the facts of a directory's files (RFC 3659)."
    HOST: "the virtual host (RFC 7151)."
    MFMT: "sets when a file was modified (draft-somers-ftp-mfxx)."
    MFCT: "sets when a file was made (draft-somers-ftp-mfxx)."
    MFF: "sets facts of a file (draft-somers-ftp-mfxx)."
    HASH: "the hash of a file (draft-bryan-ftpext-hash)."
    RANG: "which part of a file is meant (draft-bryan-ftp-range)."
    XCRC: "the CRC-32 of a file (de facto)."
    XMD5: "the MD5 of a file (de facto)."
    XSHA: "the SHA-1 of a file (de facto)."
    XSHA1: "the SHA-1 of a file (de facto)."
    XSHA256: "the SHA-256 of a file (de facto)."
    XSHA512: "the SHA-512 of a file (de facto)."
    MD5: "the MD5 of a file (draft-twine-ftpmd5)."
    MMD5: "the MD5 of several files (draft-twine-ftpmd5)."
    CLNT: "the client's name (de facto)."
    CSID: "the client's name and version (de facto)."
    AVBL: "how much space is left (draft-peterson-streamlined-ftp-command-extensions)."
    COMB: "joins uploaded parts (de facto)."
    PRET: "which transfer PASV is for (de facto)."
    SSCN: "which end of a data connection is the TLS client (de facto)."
    CPSV: "PASV, with this end as the TLS client (de facto)."
}

impl Verb {
    const fn constant(name: &str) -> Self {
        let bytes = name.as_bytes();
        assert!(bytes.len() <= LONGEST, "a verb is too long");
        let mut letters = [0; LONGEST];
        let mut at = 0;
        while at < bytes.len() {
            letters[at] = bytes[at];
            at += 1;
        }
        Self {
            letters,
            // At most 15.
            length: bytes.len() as u8,
        }
    }

    /// The verb of these letters, in either case; `None` where it is empty, longer than 15
    /// bytes, or has anything but ASCII letters and digits.
    #[must_use]
    pub fn parse(word: &[u8]) -> Option<Self> {
        match Self::split_off(word) {
            Some((verb, [])) => Some(verb),
            _ => None,
        }
    }

    /// The verb that the line begins with, and what is behind it.
    pub(super) fn split_off(line: &[u8]) -> Option<(Self, &[u8])> {
        let mut letters = [0; LONGEST];
        let mut length = 0u8;
        for (letter, byte) in letters.iter_mut().zip(line) {
            let upper = UPPER[usize::from(*byte)];
            if upper == 0 {
                break;
            }
            *letter = upper;
            length += 1;
        }
        let behind = line.get(usize::from(length)..)?;
        let too_long = behind.first().is_some_and(u8::is_ascii_alphanumeric);
        (length > 0 && !too_long).then_some((Self { letters, length }, behind))
    }

    /// The letters, in upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.letters
            .get(..usize::from(self.length))
            .and_then(|letters| core::str::from_utf8(letters).ok())
            .unwrap_or_default()
    }
}

impl AsRef<str> for Verb {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, string::ToString};

    use super::*;

    #[test]
    fn every_constant_is_read_back_in_any_case() {
        let distinct: BTreeSet<Verb> = Verb::ALL.iter().copied().collect();
        assert_eq!(distinct.len(), Verb::ALL.len());
        for verb in Verb::ALL {
            assert!(verb.is_known());
            let name = verb.to_string();
            assert_eq!(Verb::parse(name.as_bytes()), Some(*verb));
            assert_eq!(Verb::parse(name.to_lowercase().as_bytes()), Some(*verb));
        }
    }

    #[test]
    fn words_that_are_no_verbs() {
        for bad in [
            "",
            "A B",
            "A\0",
            "A-B",
            "É",
            "ABCDEFGHIJKLMNOP",
            "*",
            " NOOP",
        ] {
            assert_eq!(Verb::parse(bad.as_bytes()), None, "{bad}");
        }
        let longest = Verb::parse(b"abcdefghijklmno").unwrap();
        assert_eq!(longest.as_str(), "ABCDEFGHIJKLMNO");
        assert!(!longest.is_known());
    }
}
