//! What a session tells of itself: FEAT, HELP, SITE HELP, STAT.

use alloc::{format, string::String, vec::Vec};

use super::{config::TlsPolicy, connection::Connection, offers::Offers, state::Exchange};
use crate::{
    Code, Reply, Text,
    command::{Checksum, HashAlgorithm},
    facts::FactSet,
    features::Features,
};

/// How FEAT orders the algorithms of HASH; the first that is offered is in force at the start.
const HASHES: [HashAlgorithm; 5] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha1,
    HashAlgorithm::Md5,
    HashAlgorithm::Crc32,
];

/// How long a line of HELP is at most.
const WIDTH: usize = 72;

impl Connection {
    /// What is on: all that the configuration allows, and that the application can do for the
    /// present user.
    pub(super) fn offers(&self) -> Offers {
        let own = self.login.offers();
        let offers = own.unwrap_or(self.config.offers_before_login);
        self.config.offers.intersection(offers)
    }

    pub(super) fn does_offer(&self, what: Offers) -> bool {
        self.offers().contains(what)
    }

    /// What HASH computes now; `None` where no algorithm is offered.
    pub(super) fn hash_in_force(&self) -> Option<HashAlgorithm> {
        self.parameters
            .hash()
            .into_iter()
            .chain(HASHES)
            .find(|algorithm| self.does_offer(Offers::hash(*algorithm)))
    }

    /// What FEAT offers: only what is on. Not PRET, which is served, but would cost every
    /// client a round trip for nothing.
    pub(super) fn features(&self) -> Features {
        let config = &self.config;
        let offers = self.offers();
        let on = |what| offers.contains(what);
        let auth = config.tls != TlsPolicy::Off;
        let tls = auth || self.is_secured();
        let between = tls && config.dangerous_server_to_server;
        let hash = |form: Checksum| on(Offers::hash(form.algorithm()));
        let fixed = [
            (auth, "AUTH TLS"),
            (on(Offers::SPACE), "AVBL"),
            (true, "CLNT"),
            (on(Offers::COMBINE), "COMB"),
            (between, "CPSV"),
            (true, "CSID"),
            (config.active, "EPRT"),
            (true, "EPSV"),
            (true, "HOST"),
            (true, "LANG EN*"),
            (hash(Checksum::Md5), "MD5"),
            (true, "MDTM"),
            (on(Offers::SET_CREATED), "MFCT"),
            (on(Offers::SET_MODIFIED), "MFMT"),
            (hash(Checksum::Md5), "MMD5"),
            (tls, "PBSZ"),
            (tls, "PROT"),
            (true, "RANG STREAM"),
            (true, "REST STREAM"),
            (on(Offers::SET_MODE), "SITE CHMOD"),
            (on(Offers::COPY), "SITE COPY"),
            (true, "SITE MKDIR"),
            (true, "SITE RMDIR"),
            (on(Offers::SYMLINK), "SITE SYMLINK"),
            (on(Offers::SET_MODIFIED), "SITE UTIME"),
            (true, "SIZE"),
            (between, "SSCN"),
            (true, "TVFS"),
            (true, "UTF8"),
            (hash(Checksum::Xcrc), "XCRC"),
            (hash(Checksum::Xmd5), "XMD5"),
            (hash(Checksum::Xsha), "XSHA"),
            (hash(Checksum::Xsha1), "XSHA1"),
            (hash(Checksum::Xsha256), "XSHA256"),
            (hash(Checksum::Xsha512), "XSHA512"),
        ];
        let served = fixed.into_iter().filter(|(served, _)| *served);
        let mut lines: Vec<Text> = served.map(|(_, line)| Text::from_static(line)).collect();
        lines.push(FactSet::ALL.feature(self.parameters.facts()));
        lines.extend(self.hash_line());
        let facts = settable(offers);
        if !facts.is_empty() {
            lines.push(Text::sanitized(&format!("MFF {facts}")));
        }
        lines.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        let mut features = Features::new();
        for line in lines {
            features.push(line);
        }
        features
    }

    /// `HASH SHA-256*;SHA-1`: the star stands at the one in force.
    fn hash_line(&self) -> Option<Text> {
        let in_force = self.hash_in_force()?;
        let mut line = String::new();
        for algorithm in HASHES {
            if self.does_offer(Offers::hash(algorithm)) {
                line.push_str(if line.is_empty() { "HASH " } else { ";" });
                line.push_str(algorithm.name());
                if algorithm == in_force {
                    line.push('*');
                }
            }
        }
        Some(Text::sanitized(&line))
    }

    /// The commands that are served, by name.
    pub(super) fn help(&self) -> Reply {
        let config = &self.config;
        let on = |what| self.does_offer(what);
        let auth = config.tls != TlsPolicy::Off;
        let tls = auth || self.is_secured();
        let hash = |form: Checksum| on(Offers::hash(form.algorithm()));
        let facts = !settable(self.offers()).is_empty();
        let between = tls && config.dangerous_server_to_server;
        let commands = [
            (true, "ABOR ACCT ALLO APPE"),
            (auth, "AUTH"),
            (on(Offers::SPACE), "AVBL"),
            (tls && config.dangerous_ccc, "CCC"),
            (true, "CDUP CLNT"),
            (on(Offers::COMBINE), "COMB"),
            (between, "CPSV"),
            (true, "CSID CWD DELE"),
            (config.active, "EPRT"),
            (true, "EPSV FEAT"),
            (self.hash_in_force().is_some(), "HASH"),
            (true, "HELP HOST LANG LIST"),
            (config.active, "LPRT"),
            (true, "LPSV"),
            (on(Offers::MD5), "MD5"),
            (true, "MDTM"),
            (on(Offers::SET_CREATED), "MFCT"),
            (facts, "MFF"),
            (on(Offers::SET_MODIFIED), "MFMT"),
            (true, "MKD MLSD MLST"),
            (on(Offers::MD5), "MMD5"),
            (true, "MODE NLST NOOP OPTS PASS PASV"),
            (tls, "PBSZ"),
            (config.active, "PORT"),
            (true, "PRET"),
            (tls, "PROT"),
            (true, "PWD QUIT RANG REIN REST RETR RMD RNFR RNTO SITE SIZE"),
            (between, "SSCN"),
            (true, "STAT STOR STOU STRU SYST TYPE USER"),
            (hash(Checksum::Xcrc), "XCRC"),
            (hash(Checksum::Xmd5), "XMD5"),
            (hash(Checksum::Xsha), "XSHA XSHA1"),
            (hash(Checksum::Xsha256), "XSHA256"),
            (hash(Checksum::Xsha512), "XSHA512"),
        ];
        let mut lines = Vec::new();
        let mut line = String::new();
        let served = commands.iter().filter(|(served, _)| *served);
        for verb in served.flat_map(|(_, verbs)| verbs.split(' ')) {
            if line.len() + 1 + verb.len() > WIDTH {
                lines.push(Text::sanitized(&line));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(verb);
        }
        lines.push(Text::sanitized(&line));
        lines.push(Text::from_static("End."));
        Reply::multiline(Code::HELP, Text::from_static("Commands:"), lines)
    }

    pub(super) fn site_help(&self) -> Reply {
        let mut text = String::from("SITE commands:");
        for (served, command) in [
            (self.does_offer(Offers::SET_MODE), " CHMOD"),
            (self.does_offer(Offers::COPY), " COPY CPFR CPTO"),
            (true, " HELP MKDIR RMDIR"),
            (self.does_offer(Offers::SYMLINK), " SYMLINK"),
            (self.does_offer(Offers::SET_MODIFIED), " UTIME"),
        ] {
            if served {
                text.push_str(command);
            }
        }
        text.push('.');
        Reply::with_text(Code::HELP, Text::sanitized(&text))
    }

    /// `STAT` without a path; nothing of it is the client's own text.
    pub(super) fn status(&self) -> Reply {
        let fixed = Text::from_static;
        let mut lines = Vec::from([
            fixed(if self.login.is_in() {
                "Logged in."
            } else {
                "Not logged in."
            }),
            fixed(if self.parameters.is_ascii() {
                "TYPE A, STRU F, MODE S."
            } else {
                "TYPE I, STRU F, MODE S."
            }),
            fixed(if self.security.is_secured() {
                "The control connection is under TLS."
            } else {
                "The control connection is in clear."
            }),
        ]);
        if let Exchange::Transfer(moving) = &*self.exchange {
            lines.push(Text::sanitized(&format!(
                "Transfer in progress, {} bytes.",
                moving.bytes
            )));
        }
        lines.push(fixed("End of status."));
        Reply::multiline(Code::SYSTEM_STATUS, fixed("Status:"), lines)
    }
}

/// The facts that MFF sets (draft-somers-ftp-mfxx sec. 5.6).
fn settable(offers: Offers) -> String {
    let mut facts = String::new();
    for (needed, fact) in [
        (Offers::SET_CREATED, "Create;"),
        (Offers::SET_MODIFIED, "Modify;"),
        (Offers::SET_MODE, "UNIX.mode;"),
        (Offers::SET_OWNER, "UNIX.owner;UNIX.group;"),
    ] {
        if offers.contains(needed) {
            facts.push_str(fact);
        }
    }
    facts
}
