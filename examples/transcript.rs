//! Explains a transcript of a session, as clients and proxies log them, line by line: what it
//! says, what it leaves the session in, which replies it may get, and what is odd about it.
//!
//! `curl -v ftp://ftp.example.org/ 2>&1 | cargo run --example transcript`

use std::io::{self, BufRead as _, Read as _, Write as _};

use ftpkit_proto::transcript::{Explained, Explainer, Finding, Said, State, without_secret};

/// The longest line that is taken as one, in bytes.
const LINE: u64 = 64 * 1024;

fn main() -> io::Result<()> {
    let (mut input, mut out) = (io::stdin().lock(), io::stdout().lock());
    let (mut explainer, mut line, mut odd) = (Explainer::new(), Vec::new(), 0);
    loop {
        line.clear();
        if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let Explained { said, findings, .. } = explainer.push_line(line.trim_ascii_end());
        writeln!(out, "{}", what(&said))?;
        if matches!(said, Said::Command(_) | Said::Reply { .. }) {
            writeln!(out, "       now: {}", state(explainer.state()))?;
        }
        odd += tell(&mut out, &findings)?;
    }
    odd += tell(&mut out, &explainer.finish())?;
    writeln!(out, "{odd} odd")
}

/// What the line says, for people: no secrets, and nothing that would rewrite a terminal.
fn what(said: &Said<'_>) -> String {
    let escaped = |text: &[u8]| without_secret(text).escape_ascii().to_string();
    match said {
        Said::Command(command) => {
            let codes = command.replies();
            let own: Vec<String> = codes.own().map(|code| code.to_string()).collect();
            format!("client {command}, which may get {}", own.join(" "))
        }
        Said::UnreadableCommand { text, .. } => format!("client {}", escaped(text)),
        Said::ReplyPart(text) => format!("server {}", escaped(text)),
        Said::Reply {
            reply,
            to: Some(to),
        } => format!("server {reply}, which answers {to}"),
        Said::Reply { reply, .. } => format!("server {reply}"),
        Said::UnreadableReply { text, .. } => format!("server {}", escaped(text)),
        Said::Remark(text) => format!("  note {}", escaped(text)),
        _ => String::new(),
    }
}

fn state(state: &State) -> String {
    let mut words = vec![format!("login {:?}", state.login)];
    words.push(format!("TYPE {}", state.representation));
    words.extend(state.secured.then(|| String::from("under TLS")));
    words.extend(state.data.map(|verb| format!("data connection by {verb}")));
    words.extend(state.transfer.map(|verb| format!("{verb} runs")));
    words.join(", ")
}

fn tell(out: &mut impl io::Write, findings: &[Finding]) -> io::Result<usize> {
    for finding in findings {
        writeln!(out, "     ! {finding}")?;
    }
    Ok(findings.len())
}
