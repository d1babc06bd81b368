//! Python's ftplib against ftpkit's server: every method that it has, passive and active, over
//! IPv4 and IPv6.

use std::process::Command;

use crate::under_test::{Served, V4, V6, run};

#[test]
fn every_method_in_every_mode() {
    for (family, modes) in [
        (V4, &["PASV", "EPSV", "PORT", "EPRT"][..]),
        (V6, &["EPSV", "EPRT"]),
    ] {
        for mode in modes {
            let served = Served::start(family);
            let address = served.address();
            run(Command::new("/usr/bin/python3").args([
                "-c",
                SCRIPT,
                &address.ip().to_string(),
                &address.port().to_string(),
                Served::USER,
                Served::PASSWORD,
                mode,
            ]));
        }
    }
}

const SCRIPT: &str = r#"
import ftplib, io, socket, sys, datetime
host, port, user, password, mode = sys.argv[1:]

class Client(ftplib.FTP):
    def makepasv(self):
        # ftplib chooses by the family of the control connection; the mode is chosen here.
        if mode == "EPSV":
            return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername())
        return super().makepasv()
    def sendport(self, host, port):
        return self.sendeprt(host, port) if mode == "EPRT" else super().sendport(host, port)

ftp = Client(timeout=20, encoding="utf-8")
ftp.connect(host, int(port))
assert ftp.getwelcome().startswith("220")
ftp.login(user, password)
ftp.set_pasv(mode in ("PASV", "EPSV"))
home = ftp.pwd()

name = 'na"me é x.bin'
data = bytes(range(256)) * 5000
assert ftp.storbinary("STOR " + name, io.BytesIO(data)).startswith("226")
ftp.voidcmd("TYPE I")
assert ftp.size(name) == len(data)
got = bytearray()
assert ftp.retrbinary("RETR " + name, got.extend).startswith("226")
assert bytes(got) == data, "download differs"

got = bytearray()
ftp.retrbinary("RETR " + name, got.extend, rest=1000)
assert bytes(got) == data[1000:], "resumed download differs"
ftp.storbinary("STOR " + name, io.BytesIO(b"tail"), rest=1000)
got = bytearray()
ftp.retrbinary("RETR " + name, got.extend)
assert bytes(got) == data[:1000] + b"tail", "resumed upload differs"
ftp.storbinary("APPE " + name, io.BytesIO(b"!"))
assert ftp.size(name) == 1005

assert ftp.mkd("dir \"q\"").endswith('dir "q"')
ftp.cwd('dir "q"')
assert ftp.pwd() == home.rstrip("/") + '/dir "q"', ftp.pwd()
ftp.storlines("STOR lines", io.BytesIO(b"one\r\ntwo\r\n"))
lines = []
ftp.retrlines("RETR lines", lines.append)
assert lines == ["one", "two"], lines
assert ftp.nlst() == ["lines"], ftp.nlst()
listing = []
ftp.dir(listing.append)
assert len(listing) == 1 and listing[0].endswith(" lines"), listing
entries = dict(ftp.mlsd(facts=["type", "size", "modify"]))
assert entries["lines"]["type"] == "file", entries
# ftplib wrote CRLF in TYPE A; a server on Unix stores LF.
assert entries["lines"]["size"] == "8", entries
ftp.voidcmd("MFMT 20200102030405 lines")
assert ftp.voidcmd("MDTM lines") == "213 20200102030405"

# Abort a download after its first block; the next transfer works.
ftp.cwd("..")
ftp.voidcmd("TYPE I")
ftp.storbinary("STOR big", io.BytesIO(bytes(8 << 20)))
connection = ftp.transfercmd("RETR big")
connection.recv(1000)
ftp.abort()
connection.close()
try:
    # Which of the two replies abort() has read depends on the moment.
    ftp.sock.settimeout(1)
    ftp.getmultiline()
except (socket.timeout, TimeoutError):
    # ftplib's reader is spent after a timeout: it needs a new one.
    ftp.file = ftp.sock.makefile("r", encoding="utf-8")
ftp.sock.settimeout(20)
assert ftp.size("big") == 8 << 20
got = bytearray()
ftp.retrbinary("RETR big", got.extend)
assert len(got) == 8 << 20

ftp.rename("big", "small")
ftp.delete("small")
ftp.delete(name)
ftp.cwd('dir "q"')
ftp.delete("lines")
ftp.cwd("..")
ftp.rmd('dir "q"')
assert ftp.nlst() == [], ftp.nlst()
for command in ("RETR missing", "SIZE missing", "DELE missing", "CWD missing", "RNFR missing"):
    try:
        ftp.retrbinary(command, None) if command.startswith("RETR") else ftp.voidcmd(command)
    except ftplib.error_perm as error:
        assert str(error).startswith("550"), error
    else:
        raise AssertionError(command)
assert ftp.quit().startswith("221")
"#;
