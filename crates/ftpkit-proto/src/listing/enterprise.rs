//! Lines of Sterling's Connect:Enterprise, batches of a mailbox:
//! `-C--E-----FTP B ANNA      18128       41 Jun 15 12:00 INVOICES`.

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason, dates,
    entry::{number, part},
    words::{all, is_blank, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Enterprise`](super::Dialect::Enterprise).
///
/// The number of the batch stands where Unix has the group.
#[derive(Debug)]
pub(super) struct Enterprise;

impl ReadLine for Enterprise {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let (first, rest) = word(line);
        let (flags, protocol) = first.split_at_checked(10).ok_or(Miss::UNKNOWN)?;
        let (format, rest) = word(rest);
        let (mailbox, rest) = word(rest);
        let (batch, rest) = word(rest);
        let (size, rest) = word(rest);
        let is_digits = |word| all(word, |b| b.is_ascii_digit());
        let sound = line.first().is_some_and(|b| !is_blank(*b))
            && flags.iter().all(|b| *b == b'-' || b.is_ascii_uppercase())
            && all(protocol, |b| b.is_ascii_uppercase())
            && matches!(format, [letter] if letter.is_ascii_uppercase())
            && is_digits(batch)
            && is_digits(size);
        if !sound {
            return Err(Miss::UNKNOWN);
        }
        let (modified, rest) = dates::at_start(rest, context).ok_or(Miss::UNKNOWN)?;
        let name = part(line, rest.get(1..).unwrap_or_default())
            .ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, Kind::File);
        entry.permissions = part(line, flags);
        entry.owner = part(line, mailbox);
        entry.group = part(line, batch);
        entry.size = number(size);
        entry.modified = Some(modified);
        Ok(entry)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("-C--E-----FTP B ANNA1      18128       41 Jun 14 12:30 INVOICES", "File INVOICES 41 2024-06-14T12:30 ANNA1/18128 -C--E-----"),
        ("-C--E-----FTP A ANNA1      18128       41 Apr 1 2014 A batch", "File A batch 41 2014-04-01 ANNA1/18128 -C--E-----"),
        ("----------ASY A ANNA1      7 99999999999999999999 Apr 1 2014  huge", "File  huge 2014-04-01 ANNA1/7 ----------"),
        // What is no entry.
        ("", "UnknownForm"),
        ("-C--E----- B ANNA1      18128       41 Jun 14 12:30 a", "UnknownForm"),
        ("-rw-r--r--FTP B ANNA1      18128       41 Jun 14 12:30 a", "UnknownForm"),
        ("-C--E-----FTP BB ANNA1      18128       41 Jun 14 12:30 a", "UnknownForm"),
        ("-C--E-----FTP B ANNA1      x       41 Jun 14 12:30 a", "UnknownForm"),
        ("-C--E-----FTP B ANNA1      18128       x Jun 14 12:30 a", "UnknownForm"),
        ("-C--E-----FTP B ANNA1      18128       41 Jux 14 12:30 a", "UnknownForm"),
        (" -C--E-----FTP B ANNA1      18128       41 Jun 14 12:30 a", "UnknownForm"),
        ("-C--E-----FTP B ANNA1      18128       41 Jun 14 12:30", "NoName"),
        ("-C--E-----FTP B ANNA1      18128       41 Jun 14 12:30 ", "NoName"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Enterprise, TABLE);
    }
}
