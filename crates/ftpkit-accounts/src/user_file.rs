//! User files: one `NAME:ARGON2-HASH[:ro]` a line, `#` comments, blank lines. Neither the
//! name nor a PHC string holds a colon, so a line splits at its first and last one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::password::{HashError, StoredHash};

/// One line of a user file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserLine {
    /// The user's name.
    pub name: String,
    /// The password's hash.
    pub hash: StoredHash,
    /// Whether the line ends in `:ro`: the user may only read.
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
        let mut users: Vec<Self> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            let user = Self::parse(line).map_err(|reason| (number, reason))?;
            if users.iter().any(|other| other.name == user.name) {
                return Err((number, UserLineError::Twice(user.name)));
            }
            users.push(user);
        }
        Ok(users)
    }

    fn parse(line: &str) -> Result<Self, UserLineError> {
        let (name, rest) = line.split_once(':').ok_or(UserLineError::NoHash)?;
        if name.is_empty() {
            return Err(UserLineError::NoName);
        }
        let (phc, read_only) = match rest.split_once(':') {
            None => (rest, false),
            Some((phc, "ro")) => (phc, true),
            Some((_, option)) => return Err(UserLineError::Option(option.to_owned())),
        };
        Ok(Self {
            name: name.to_owned(),
            hash: StoredHash::parse(phc)?,
            read_only,
        })
    }
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
    #[error("the user name is missing; a line is NAME:HASH or NAME:HASH:ro")]
    NoName,
    /// There is no colon.
    #[error("the password hash is missing; a line is NAME:HASH, as `ftpkit passwd NAME` prints it")]
    NoHash,
    /// The hash cannot be used.
    #[error("{0}; make one with `ftpkit passwd NAME`")]
    Hash(#[from] HashError),
    /// What follows the hash is not `ro`.
    #[error("{0:?} is no option; only `ro` may follow the hash")]
    Option(String),
    /// The name stands on an earlier line too.
    #[error("the user {0:?} is there twice")]
    Twice(String),
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
}
