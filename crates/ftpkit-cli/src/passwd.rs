//! `ftpkit passwd`: a line for `serve --user-file`, with the password as a hash.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;
use console::Term;
use ftpkit::accounts::hash_password;

use crate::{args::Passwd, output, usage};

pub(crate) fn run(passwd: &Passwd) -> anyhow::Result<()> {
    check(&passwd.name)?;
    let password = read()?;
    if password.is_empty() {
        return Err(usage("the password is empty"));
    }
    let hash = hash_password(password.as_bytes()).context("cannot hash the password")?;
    let option = if passwd.read_only { ":ro" } else { "" };
    let line = format!("{}:{hash}{option}\n", passwd.name);
    output::put(&mut io::stdout().lock(), line.as_bytes(), true)?;
    Ok(())
}

/// A name that could not be found again in a user file is not taken.
fn check(name: &str) -> anyhow::Result<()> {
    let bad = name.is_empty()
        || name.trim() != name
        || name.starts_with('#')
        || name.contains(|c: char| c == ':' || c.is_control());
    if bad {
        return Err(usage(format!("{name:?} cannot be the name of a user")));
    }
    Ok(())
}

/// From a terminal twice and without an echo; else the first line of standard input.
fn read() -> anyhow::Result<String> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    // Standard output is for the line itself.
    let mut term = Term::stderr();
    let mut ask = |what: &str| -> io::Result<String> {
        write!(term, "{what}: ")?;
        term.read_secure_line()
    };
    let password = ask("Password").context("cannot read the password")?;
    if ask("Again").context("cannot read the password")? != password {
        return Err(usage("the two passwords differ"));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_user_file_cannot_hold_are_refused() {
        for good in ["ana", "ana b", "ü", "a.b@c"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "a:b", "a\nb", " a", "a ", "#a"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
