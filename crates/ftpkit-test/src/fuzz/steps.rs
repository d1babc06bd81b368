//! What the bytes of an SFTP machine's fuzz target mean: steps, each a letter and what belongs to
//! it. SFTP is binary, and so is this.
//!
//! The first byte holds the settings. Then come:
//!
//! - `p`, a length, and so many bytes: a packet, before which its length is written
//! - `r`, a length, and so many bytes: bytes as they stand
//! - `i`: the greeting of a peer that speaks version 3
//! - `a`, two bytes: the application answers one of the open questions, in this way
//! - `l`, one byte: the application loses one of the open questions
//! - `e`: the peer's end; `x`: the application gives the session up
//! - any other letter and two bytes: what the role makes of it

/// One step.
pub(super) enum Step {
    Bytes(Vec<u8>),
    Hello,
    Answer { which: u8, how: u8 },
    Lose(u8),
    Eof,
    Stop,
    Own(u8, u8, u8),
}

/// The settings, and the steps.
pub(super) fn steps(data: &[u8]) -> (u8, impl Iterator<Item = Step> + '_) {
    let (settings, mut rest) = match data {
        [settings, rest @ ..] => (*settings, rest),
        [] => (0, data),
    };
    let steps = core::iter::from_fn(move || {
        let (letter, behind) = rest.split_first()?;
        rest = behind;
        let mut byte = || {
            let (byte, behind) = rest.split_first().unwrap_or((&0, &[]));
            rest = behind;
            *byte
        };
        Some(match letter {
            b'p' | b'r' => {
                let length = usize::from(byte());
                let (bytes, behind) = rest.split_at(length.min(rest.len()));
                rest = behind;
                let head = (bytes.len() as u32).to_be_bytes();
                let head = if *letter == b'p' { &head[..] } else { &[] };
                Step::Bytes([head, bytes].concat())
            }
            b'i' => Step::Hello,
            b'a' => {
                let which = byte();
                Step::Answer { which, how: byte() }
            }
            b'l' => Step::Lose(byte()),
            b'e' => Step::Eof,
            b'x' => Step::Stop,
            letter => {
                let (a, b) = (byte(), byte());
                Step::Own(*letter, a, b)
            }
        })
    });
    (settings, steps)
}
