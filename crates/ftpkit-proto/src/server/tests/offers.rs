use super::rig::{IN, Rig, fresh_with, logged_in, logged_in_with};
use crate::server::{Config, Offers, TlsPolicy};

#[test]
fn feat_offers_what_is_on() {
    logged_in(
        "C: FEAT
         S: 211-Features:
         S:  AVBL
         S:  CLNT
         S:  COMB
         S:  CSID
         S:  EPRT
         S:  EPSV
         S:  HASH SHA-256*;SHA-512;SHA-1;MD5;CRC32
         S:  HOST
         S:  LANG EN*
         S:  MD5
         S:  MDTM
         S:  MFCT
         S:  MFF Create;Modify;UNIX.mode;UNIX.owner;UNIX.group;
         S:  MFMT
         S:  MLST type*;size*;modify*;create*;perm*;unique*;UNIX.mode*;UNIX.owner*;UNIX.group*;
         S:  MMD5
         S:  RANG STREAM
         S:  REST STREAM
         S:  SITE CHMOD
         S:  SITE COPY
         S:  SITE MKDIR
         S:  SITE RMDIR
         S:  SITE SYMLINK
         S:  SITE UTIME
         S:  SIZE
         S:  TVFS
         S:  UTF8
         S:  XCRC
         S:  XMD5
         S:  XSHA
         S:  XSHA1
         S:  XSHA256
         S:  XSHA512
         S: 211 End",
    );
    let mut config = Config::default();
    config.active = false;
    config.tls = TlsPolicy::Offered;
    config.offers = Offers::SHA1 | Offers::CRC32 | Offers::SET_MODE;
    logged_in_with(
        config,
        "C: OPTS MLST type;
         S: 200 MLST OPTS type;
         C: OPTS HASH CRC32
         S: 200
         C: FEAT
         S: 211-Features:
         S:  AUTH TLS
         S:  CLNT
         S:  CSID
         S:  EPSV
         S:  HASH SHA-1;CRC32*
         S:  HOST
         S:  LANG EN*
         S:  MDTM
         S:  MFF UNIX.mode;
         S:  MLST type*;size;modify;create;perm;unique;UNIX.mode;UNIX.owner;UNIX.group;
         S:  PBSZ
         S:  PROT
         S:  RANG STREAM
         S:  REST STREAM
         S:  SITE CHMOD
         S:  SITE MKDIR
         S:  SITE RMDIR
         S:  SIZE
         S:  TVFS
         S:  UTF8
         S:  XCRC
         S:  XSHA
         S:  XSHA1
         S: 211 End",
    );
}

#[test]
fn each_user_is_offered_what_the_application_can_do_for_him() {
    let mut config = Config::default();
    config.active = false;
    config.offers = Offers::COPY | Offers::COMBINE;
    config.offers_before_login = Offers::COPY | Offers::SPACE;
    let common = "S:  CSID
         S:  EPSV
         S:  HOST
         S:  LANG EN*
         S:  MDTM
         S:  MLST
         S:  RANG STREAM
         S:  REST STREAM";
    let rest = "S:  SITE MKDIR
         S:  SITE RMDIR
         S:  SIZE
         S:  TVFS
         S:  UTF8
         S: 211 End";
    let mut rig = Rig::new(config);
    rig.play(&std::format!(
        "S: 220
         C: FEAT
         S: 211-Features:
         S:  CLNT
         {common}
         S:  SITE COPY
         {rest}
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: poor
         S: 230
         C: FEAT
         S: 211-Features:
         S:  CLNT
         {common}
         {rest}
         C: USER berta
         E: LoggedOut
         S: 331
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: CWD x
         E: Directory
         A: path /x
         S: 250
         C: FEAT
         S: 211-Features:
         S:  CLNT
         S:  COMB
         {common}
         S:  SITE COPY
         {rest}"
    ));
}

#[test]
fn help_names_what_is_on() {
    let mut config = Config::default();
    logged_in(
        "C: HELP
         S: 214-Commands:
         S:  ABOR ACCT ALLO APPE AVBL CDUP CLNT COMB CSID CWD DELE EPRT EPSV FEAT
         S:  HASH HELP HOST LANG LIST LPRT LPSV MD5 MDTM MFCT MFF MFMT MKD MLSD MLST
         S:  MMD5 MODE NLST NOOP OPTS PASS PASV PORT PRET PWD QUIT RANG REIN REST
         S:  RETR RMD RNFR RNTO SITE SIZE STAT STOR STOU STRU SYST TYPE USER XCRC
         S:  XMD5 XSHA XSHA1 XSHA256 XSHA512
         S: 214 End.
         C: SITE HELP
         S: 214 SITE commands: CHMOD COPY CPFR CPTO HELP MKDIR RMDIR SYMLINK UTIME.",
    );
    config.active = false;
    config.offers = Offers::EMPTY;
    config.tls = TlsPolicy::Offered;
    config.dangerous_ccc = true;
    config.dangerous_server_to_server = true;
    fresh_with(
        config,
        &std::format!(
            "{IN}
         C: HELP SITE
         S: 214-Commands:
         S:  ABOR ACCT ALLO APPE AUTH CCC CDUP CLNT CPSV CSID CWD DELE EPSV FEAT HELP
         S:  HOST LANG LIST LPSV MDTM MKD MLSD MLST MODE NLST NOOP OPTS PASS PASV
         S:  PBSZ PRET PROT PWD QUIT RANG REIN REST RETR RMD RNFR RNTO SITE SIZE SSCN
         S:  STAT STOR STOU STRU SYST TYPE USER
         S: 214 End.
         C: SITE HELP
         S: 214 SITE commands: HELP MKDIR RMDIR."
        ),
    );
}
