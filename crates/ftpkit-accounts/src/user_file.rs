//! User files: a line `NAME:ARGON2-HASH[:OPTIONS]` a user, `certificate NAME` lines below it,
//! `#` comments, blank lines. Neither the name nor a PHC string holds a colon, so a user's line
//! splits at its first two.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

#[cfg(feature = "certificates")]
use crate::certificate::{CertificateNameError, Claims};
use crate::{
    password::{HashError, StoredHash},
    proof::Proof,
};

/// One user of a user file.
///
/// A user is a line `NAME:HASH` or `NAME:HASH:OPTIONS`. The hash is what
/// [`hash_password`](crate::hash_password) gives, or `-` where only a certificate will do.
/// Options have commas between them: `ro` lets the user only read, `both` asks for a
/// certificate beside the password. The certificates stand below, a line
/// `certificate NAME` for each name that will do (see `CertificateName`); without `both` they
/// stand in for the password. Blank lines and lines that begin with `#` are passed over, and so
/// are spaces at both ends of a line. A user's name cannot begin with `certificate` and a space.
///
/// ```text
/// # By password, and may only read.
/// guest:$argon2id$v=19$m=19456,t=2,p=1$...:ro
///
/// # By password or certificate.
/// ana:$argon2id$v=19$m=19456,t=2,p=1$...
///   certificate email:ana@example.org
///   certificate subject:CN=ana,O=Example
///
/// # By certificate alone.
/// robot:-
///   certificate sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
///
/// # By password and certificate.
/// root:$argon2id$v=19$m=19456,t=2,p=1$...:both
///   certificate user-name
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserLine {
    /// The user's name.
    pub name: String,
    /// What the user has to show: the password of the hash, a certificate, or both.
    pub proof: Proof,
    /// Whether the options have `ro`: the user may only read.
    pub read_only: bool,
}

impl UserLine {
    /// Reads a user file.
    ///
    /// # Errors
    /// [`UserFileError`] names the file, and the line where one is wrong.
    pub fn read_file(path: &Path) -> Result<Vec<Self>, UserFileError> {
        let text = fs::read_to_string(path).map_err(|source| UserFileError::Read {
            file: path.to_owned(),
            source,
        })?;
        Self::parse_all(&text).map_err(|(line, reason)| UserFileError::Line {
            file: path.to_owned(),
            line,
            reason,
        })
    }

    /// Reads the text of a user file; an error comes with the number of its line.
    ///
    /// ```
    /// use ftpkit_accounts::{UserLine, hash_password};
    /// let hash = hash_password(b"correct horse").unwrap();
    /// let users = UserLine::parse_all(&format!("# guests\nalice:{hash}:ro\n")).unwrap();
    /// assert_eq!((&*users[0].name, users[0].read_only), ("alice", true));
    /// assert_eq!(UserLine::parse_all("alice").unwrap_err().0, 1);
    /// ```
    ///
    /// # Errors
    /// The number of the first wrong line, and what is wrong with it.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, (usize, UserLineError)> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            let certificate = match line.split_once(char::is_whitespace) {
                Some(("certificate", name)) => Some(name),
                _ => None,
            };
            if let Some(name) = certificate {
                let read = reader.certificate(name.trim_start());
                read.map_err(|reason| (number, reason))?;
                continue;
            }
            reader.check_last()?;
            let read = reader.user(number, line);
            read.map_err(|reason| (number, reason))?;
        }
        reader.check_last()?;
        Ok(reader.users)
    }
}

#[derive(Default)]
struct Reader {
    users: Vec<UserLine>,
    /// The number of the last user's line.
    #[cfg(feature = "certificates")]
    number: usize,
    #[cfg(feature = "certificates")]
    claims: Claims,
}

impl Reader {
    fn user(&mut self, number: usize, line: &str) -> Result<(), UserLineError> {
        let (name, rest) = line.split_once(':').ok_or(UserLineError::NoHash)?;
        if name.is_empty() {
            return Err(UserLineError::NoName);
        }
        if self.users.iter().any(|other| other.name == name) {
            return Err(UserLineError::Twice(name.to_owned()));
        }
        let (hash, options) = rest.split_once(':').unzip();
        let mut user = UserLine {
            name: name.to_owned(),
            proof: proof(hash.unwrap_or(rest))?,
            read_only: false,
        };
        for option in options.into_iter().flat_map(|options| options.split(',')) {
            match option {
                "ro" => user.read_only = true,
                "both" => both(&mut user.proof)?,
                _ => return Err(UserLineError::Option(option.to_owned())),
            }
        }
        self.users.push(user);
        #[cfg(feature = "certificates")]
        {
            self.number = number;
        }
        #[cfg(not(feature = "certificates"))]
        let _ = number;
        Ok(())
    }
}

#[cfg(feature = "certificates")]
impl Reader {
    fn certificate(&mut self, name: &str) -> Result<(), UserLineError> {
        let user = self.users.last_mut().ok_or(UserLineError::NoUser)?;
        let name = name.parse()?;
        let owner = user.name.as_str().into();
        self.claims.add(&owner, &name).map_err(|(name, other)| {
            UserLineError::SharedCertificate {
                name,
                other: other.to_string(),
            }
        })?;
        user.proof.certificates.push(name);
        Ok(())
    }

    /// Checks what can be known of a user only when all of its certificates were read.
    fn check_last(&self) -> Result<(), (usize, UserLineError)> {
        let Some(user) = self.users.last() else {
            return Ok(());
        };
        let proof = &user.proof;
        if proof.certificates.is_empty() && (proof.both || !proof.has_password()) {
            return Err((self.number, UserLineError::NoCertificate(user.name.clone())));
        }
        Ok(())
    }
}

#[cfg(feature = "certificates")]
fn proof(hash: &str) -> Result<Proof, UserLineError> {
    Ok(match hash {
        "-" => Proof::certificate([]),
        _ => Proof::hash(StoredHash::parse(hash)?),
    })
}

#[cfg(feature = "certificates")]
const fn both(proof: &mut Proof) -> Result<(), UserLineError> {
    if !proof.has_password() {
        return Err(UserLineError::NoPassword);
    }
    proof.both = true;
    Ok(())
}

#[cfg(not(feature = "certificates"))]
impl Reader {
    const fn certificate(&self, _: &str) -> Result<(), UserLineError> {
        Err(UserLineError::NotBuilt)
    }

    const fn check_last(&self) -> Result<(), (usize, UserLineError)> {
        Ok(())
    }
}

#[cfg(not(feature = "certificates"))]
fn proof(hash: &str) -> Result<Proof, UserLineError> {
    if hash == "-" {
        return Err(UserLineError::NotBuilt);
    }
    Ok(Proof::hash(StoredHash::parse(hash)?))
}

#[cfg(not(feature = "certificates"))]
const fn both(_: &mut Proof) -> Result<(), UserLineError> {
    Err(UserLineError::NotBuilt)
}

/// Why a user file could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserFileError {
    /// The file could not be read.
    #[error("cannot read the user file {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is wrong.
    #[error("{}:{line}: {reason}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: UserLineError,
    },
}

/// What is wrong with a line of a user file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserLineError {
    /// There is no name before the first colon.
    #[error("the user name is missing; a line is NAME:HASH or NAME:HASH:OPTIONS")]
    NoName,
    /// There is no colon.
    #[error("the password hash is missing; a line is NAME:HASH, as `ftpkit passwd NAME` prints it")]
    NoHash,
    /// The hash cannot be used.
    #[error("{0}; make one with `ftpkit passwd NAME`")]
    Hash(#[from] HashError),
    /// What follows the hash is no option.
    #[error("{0:?} is no option; `ro`, `both` or `ro,both` may follow the hash")]
    Option(String),
    /// The name stands on an earlier line too.
    #[error("the user {0:?} is there twice")]
    Twice(String),
    /// A `certificate` line has no user's line above it.
    #[cfg(feature = "certificates")]
    #[error("no user's line stands above this certificate; write NAME:HASH or NAME:- before it")]
    NoUser,
    /// What follows `certificate` is no name of one.
    #[cfg(feature = "certificates")]
    #[error(transparent)]
    Certificate(#[from] CertificateNameError),
    /// Another user claims the certificate's name.
    #[cfg(feature = "certificates")]
    #[error("the user {other:?} claims the certificates of {name} too; a name logs in one user")]
    SharedCertificate {
        /// The name, as a [`CertificateName`](crate::CertificateName) is written.
        name: String,
        /// The user that stands above.
        other: String,
    },
    /// The user needs a certificate, and none stands below.
    #[cfg(feature = "certificates")]
    #[error(
        "the user {0:?} needs a certificate; add a line such as `certificate \
         email:ana@example.org` below"
    )]
    NoCertificate(String),
    /// The user needs a certificate beside a password, and has no password.
    #[cfg(feature = "certificates")]
    #[error("`both` needs a password beside the certificate; write its hash instead of `-`")]
    NoPassword,
    /// The line is about certificates, and the feature is off.
    #[cfg(not(feature = "certificates"))]
    #[error("this program was built without client certificates (feature `certificates`)")]
    NotBuilt,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash_password;

    #[test]
    fn lines_are_read() {
        let hash = hash_password(b"pw").unwrap();
        let text = format!("\n  # comment:x\nalice:{hash}\r\n  bob b:{hash}:ro  \n\n");
        let users = UserLine::parse_all(&text).unwrap();
        let seen: Vec<_> = users.iter().map(|u| (&*u.name, u.read_only)).collect();
        assert_eq!(seen, [("alice", false), ("bob b", true)]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let hash = hash_password(b"pw").unwrap();
        for (text, line, part) in [
            ("alice".to_owned(), 1, "hash is missing"),
            (format!("\n:{hash}"), 2, "name is missing"),
            ("#\n\nalice:secret".to_owned(), 3, "not a password hash"),
            (format!("alice:{hash}:rw"), 1, "\"rw\" is no option"),
            (format!("alice:{hash}:ro:ro"), 1, "\"ro:ro\" is no option"),
            (format!("a:{hash}\na:{hash}"), 2, "\"a\" is there twice"),
            ("a:$2b$12$abc".to_owned(), 1, "ftpkit passwd"),
        ] {
            let (at, reason) = UserLine::parse_all(&text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(reason.to_string().contains(part), "{reason}");
        }
    }

    #[test]
    fn errors_name_the_file() {
        let missing = Path::new("no/such/file");
        let error = UserLine::read_file(missing).unwrap_err();
        assert!(error.to_string().contains("no/such/file"));
    }

    #[cfg(not(feature = "certificates"))]
    #[test]
    fn certificates_are_refused_where_they_cannot_be_checked() {
        let hash = hash_password(b"pw").unwrap();
        for (text, line) in [
            (format!("a:{hash}\n certificate user-name"), 2),
            (format!("a:{hash}:both"), 1),
            ("a:-".to_owned(), 1),
        ] {
            let (at, reason) = UserLine::parse_all(&text).unwrap_err();
            assert!(
                matches!(reason, UserLineError::NotBuilt) && at == line,
                "{text}"
            );
        }
    }

    #[cfg(feature = "certificates")]
    #[test]
    fn certificates_follow_their_user() {
        let hash = hash_password(b"pw").unwrap();
        let text = format!(
            "ana:{hash}\n  certificate email:ana@Example.org\n# more\n\n\
             certificate\t subject:CN=ana,O=Example\n\
             robot:-:ro\ncertificate user-name\n\
             root:{hash}:ro,both\n certificate dns:root.example\n\
             certificate:{hash}\nguest:{hash}"
        );
        let users = UserLine::parse_all(&text).unwrap();
        let seen: Vec<_> = users
            .iter()
            .map(|user| {
                let proof = &user.proof;
                let names = proof.certificates().iter().map(ToString::to_string);
                let names: Vec<_> = names.collect();
                let flags = (proof.has_password(), proof.both, user.read_only);
                (&*user.name, names.join(" "), flags)
            })
            .collect();
        let names = "email:ana@example.org subject:CN=ana,O=Example";
        let expected = [
            ("ana", names, (true, false, false)),
            ("robot", "user-name", (false, false, true)),
            ("root", "dns:root.example", (true, true, true)),
            ("certificate", "", (true, false, false)),
            ("guest", "", (true, false, false)),
        ];
        assert_eq!(
            seen,
            expected.map(|(name, certificates, flags)| (name, certificates.to_owned(), flags))
        );
    }

    #[cfg(feature = "certificates")]
    #[test]
    fn a_wrong_certificate_is_named_with_what_to_write() {
        let hash = hash_password(b"pw").unwrap();
        let a = format!("a:{hash}");
        for (text, line, part) in [
            (
                "certificate user-name".to_owned(),
                1,
                "write NAME:HASH or NAME:-",
            ),
            (
                format!("{a}\ncertificate ana"),
                2,
                "write email:, dns:, uri:",
            ),
            (format!("{a}\ncertificate mail:a@b"), 2, "write email:"),
            (
                format!("{a}\ncertificate email:"),
                2,
                "missing after \"email\"",
            ),
            (format!("{a}\ncertificate email:ana"), 2, "with its domain"),
            (format!("{a}\n\ncertificate dns:b\u{fc}ro"), 3, "xn--"),
            (format!("{a}\ncertificate sha256:abcd"), 2, "64 hex digits"),
            (
                format!("{a}\ncertificate subject:O=X, CN=ana"),
                2,
                "nameopt RFC2253",
            ),
            (
                format!("{a}\ncertificate dns:X\nb:{hash}\ncertificate dns:x"),
                4,
                "the user \"a\" claims the certificates of dns:x",
            ),
            (
                format!("{a}\ncertificate dns:b\nb:-\ncertificate user-name"),
                4,
                "the user \"a\" claims the certificates of dns:b",
            ),
            (
                format!("#\n{a}:both\nb:{hash}"),
                2,
                "\"a\" needs a certificate; add a line",
            ),
            ("a:-".to_owned(), 1, "\"a\" needs a certificate"),
            (
                "a:-:both\ncertificate user-name".to_owned(),
                1,
                "hash instead of `-`",
            ),
        ] {
            let (at, reason) = UserLine::parse_all(&text).unwrap_err();
            assert_eq!(at, line, "{text}");
            assert!(reason.to_string().contains(part), "{reason}");
        }
    }
}
