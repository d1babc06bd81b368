//! The table: a row for each row of the standards.

/// A row of the tables.
pub(crate) struct Row {
    /// Its verbs, the plain one first.
    pub(crate) verbs: &'static str,
    /// A line of it, as this crate writes it.
    pub(crate) line: &'static str,
    /// The codes of the row itself, those of success and those of refusal.
    pub(crate) codes: &'static str,
    /// What a session says before, so that the command is in its place.
    pub(crate) before: &'static str,
    /// The server's final reply then.
    pub(crate) gets: u16,
}

const fn row(
    verbs: &'static str,
    line: &'static str,
    codes: &'static str,
    before: &'static str,
    gets: u16,
) -> Row {
    Row {
        verbs,
        line,
        codes,
        before,
        gets,
    }
}

pub(crate) const IN: &str = "USER anna|PASS secret";
pub(crate) const BINARY: &str = "USER anna|PASS secret|TYPE I";
pub(crate) const READY: &str = "USER anna|PASS secret|TYPE I|PASV";

/// The rows, in the order of the standards that have them.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("USER", "USER anna", "331 332 230 232", "", 331),
    row("PASS", "PASS secret", "230 202 332", "USER anna", 230),
    row("ACCT", "ACCT x", "230 202", "", 503),
    row("CWD XCWD", "CWD /d", "250 550", IN, 250),
    row("CDUP XCUP", "CDUP", "200 250 550", IN, 250),
    row("SMNT", "SMNT /d", "202 250 550", IN, 502),
    row("REIN", "REIN", "220 120", IN, 220),
    row("QUIT", "QUIT", "221", IN, 221),
    row("PORT", "PORT 192,0,2,9,156,65", "200 521 522", IN, 200),
    row("PASV", "PASV", "227 425 522", IN, 227),
    row("TYPE", "TYPE I", "200", IN, 200),
    row("STRU", "STRU F", "200", IN, 200),
    row("MODE", "MODE S", "200", IN, 200),
    row("RETR", "RETR /f", "125 150 226 250 425 426 550 554", READY, 226),
    row("STOR", "STOR /n", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("STOU", "STOU", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("APPE", "APPE /f", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("ALLO", "ALLO 10", "200 202 552", IN, 200),
    row("REST", "REST 2", "350", BINARY, 350),
    row("RNFR", "RNFR /f", "350 550", IN, 350),
    row("RNTO", "RNTO /g", "250 532 553", "USER anna|PASS secret|RNFR /f", 250),
    row("ABOR", "ABOR", "225 226", IN, 225),
    row("DELE", "DELE /f", "250 550", IN, 250),
    row("RMD XRMD", "RMD /d", "250 550", IN, 250),
    row("MKD XMKD", "MKD /e", "257 550", IN, 257),
    row("PWD XPWD", "PWD", "257 550", IN, 257),
    row("LIST", "LIST", "125 150 226 250 425 426 550", READY, 226),
    row("NLST", "NLST", "125 150 226 250 425 426 550", READY, 226),
    // 350 is SITE CPFR's, as the clients that send it expect.
    row("SITE", "SITE HELP", "200 202 211 214 250 350 550", IN, 214),
    row("SYST", "SYST", "215", "", 215),
    row("STAT", "STAT", "211 212 213 550", "", 211),
    row("HELP", "HELP", "211 214", "", 214),
    row("NOOP", "NOOP", "200", "", 200),
    row("AUTH", "AUTH TLS", "234 431", "", 234),
    row("ADAT MIC CONF ENC", "ADAT YWJj", "235 334 335 336 431", "", 502),
    row("PBSZ", "PBSZ 0", "200", "", 503),
    row("PROT", "PROT P", "200", "", 503),
    row("CCC", "CCC", "200", IN, 533),
    row("FEAT", "FEAT", "211", "", 211),
    row("OPTS", "OPTS UTF8 ON", "200 451", "", 200),
    row("EPRT", "EPRT |1|192.0.2.9|40001|", "200 522", IN, 200),
    row("EPSV", "EPSV", "200 229 522 425", IN, 229),
    row("LPRT", "LPRT 4,4,192,0,2,9,2,156,65", "200 521", IN, 200),
    row("LPSV", "LPSV", "228 425 521", IN, 228),
    row("LANG", "LANG en", "200", "", 200),
    row("MDTM", "MDTM /f", "213 550", IN, 213),
    row("SIZE", "SIZE /f", "213 550", BINARY, 213),
    row("MLST", "MLST /f", "250 550", IN, 250),
    row("MLSD", "MLSD", "150 226 425 426 550", READY, 226),
    row("HOST", "HOST ftp.example", "220", "", 220),
    row("MFMT", "MFMT 20240615120000 /f", "213 550", IN, 213),
    row("MFCT", "MFCT 20240615120000 /f", "213 550", IN, 213),
    row("MFF", "MFF Modify=20240615120000; /f", "213 550", IN, 213),
    row("HASH", "HASH /f", "213 550 556", BINARY, 213),
    row("RANG", "RANG 0 1", "350 551", BINARY, 350),
    row("XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512 MD5", "XCRC /f", "213 250 251 550", BINARY, 250),
    row("MMD5", "MMD5 \"/f\"", "252 550", BINARY, 252),
    row("CLNT", "CLNT ftpkit", "200", "", 200),
    row("CSID", "CSID Name=ftpkit;", "200", "", 200),
    row("AVBL", "AVBL", "213 550", IN, 213),
    row("COMB", "COMB \"/n\" \"/f\"", "250 550", IN, 250),
    row("PRET", "PRET RETR /f", "200 550", IN, 200),
    row("SSCN", "SSCN ON", "200", IN, 502),
    row("CPSV", "CPSV", "227 425 522", IN, 502),
];
