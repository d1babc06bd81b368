//! FileZilla, which has no interface but its windows: on a screen that nobody sees, with its
//! settings and its queue prepared, and one key pressed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    servers::{Security, Version, peers, tls_file},
    site::Site,
    tree::content,
    under_test::{Served, V4, run},
};

/// How long FileZilla may take for a step, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a key press may go unheeded: the window may not have been ready for it.
const HEED: Duration = Duration::from_secs(10);

/// A process that ends with the value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A screen in memory.
struct Screen {
    display: String,
    _server: Ended,
}

impl Screen {
    fn open() -> Self {
        let mut server = Command::new("Xvfb")
            // It takes a free display, and tells which once it can be used.
            .args(["-displayfd", "1", "-screen", "0", "1024x768x24"])
            .args(["-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("Xvfb: {error}; run peers/install"));
        let mut number = String::new();
        let read = BufReader::new(server.stdout.take().unwrap()).read_line(&mut number);
        let server = Ended(server);
        assert!(
            read.is_ok() && !number.trim().is_empty(),
            "Xvfb opened no display"
        );
        Self {
            display: format!(":{}", number.trim()),
            _server: server,
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display);
        command
    }

    /// Takes a picture of it, for those who look after a failure.
    fn picture(&self) -> PathBuf {
        let path = peers().join(format!("filezilla{}.png", self.display.replace(':', "-")));
        let _ = self
            .command("import")
            .args(["-window", "root"])
            .arg(&path)
            .status();
        path
    }
}

/// Files to be moved by the queue: the local path, the name at the server, and which way.
struct Item {
    local: PathBuf,
    remote: String,
    download: bool,
    size: usize,
}

struct FileZilla {
    screen: Screen,
    home: TempDir,
    process: Ended,
}

impl FileZilla {
    /// Starts it with this queue; it connects and lists by itself.
    fn start(site: &Site, version: Option<Version>, queue: &[Item]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let protocol = match site.security {
            // Without asking the server for TLS first.
            Security::Clear => 6,
            Security::Explicit(_) => 4,
            Security::Implicit(_) => 3,
        };
        let items: Vec<_> = queue
            .iter()
            .map(|item| {
                json!({
                    "directory": format!("{}/", item.local.parent().unwrap().display()),
                    "local": item.local.file_name().unwrap().to_str().unwrap(),
                    "remote": item.remote,
                    "download": item.download,
                    "size": item.size,
                })
            })
            .collect();
        let plan = json!({
            "port": site.address.port(),
            "user": site.user,
            "password": site.password,
            "protocol": protocol,
            "home": site.home,
            "secure": site.security != Security::Clear,
            "tls13": version == Some(Version::Tls13),
            "certificate": tls_file("server.pem"),
            "items": items,
        });
        run(Command::new("/usr/bin/python3")
            .args(["-c", PREPARE])
            .arg(home.path())
            .arg(plan.to_string()));
        let screen = Screen::open();
        let mut command = screen.command("filezilla");
        command
            .args(["--site", "0/served"])
            .env("HOME", home.path())
            .env("LC_ALL", "C.UTF-8")
            .env("NO_AT_BRIDGE", "1")
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME");
        if version == Some(Version::Tls12) {
            // It has a setting for the least version only.
            command.env("GNUTLS_SYSTEM_PRIORITY_FILE", home.path().join("gnutls"));
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("filezilla: {error}; run peers/install"));
        Self {
            screen,
            home,
            process: Ended(process),
        }
    }

    fn log(&self) -> String {
        // There is none before its first line.
        fs::read(self.home.path().join("log")).map_or_else(
            |_| String::new(),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    fn has_ended(&mut self) -> bool {
        self.process.0.try_wait().unwrap().is_some()
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!(
            "{what}; the screen is in {:?}; the log:\n{}",
            self.screen.picture(),
            self.log()
        );
    }

    /// Waits until the log says so, and tells whether it did.
    fn awaits(&mut self, patience: Duration, said: impl Fn(&str) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            let ended = self.has_ended();
            if said(&self.log()) {
                return true;
            }
            if ended || Instant::now() > deadline {
                return false;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the listing, has the queue worked off, and returns the log. The program closes
    /// itself after the last transfer.
    #[track_caller]
    fn work(mut self, transfers: usize) -> String {
        let listed = |log: &str| {
            log.lines()
                .any(|line| line.contains("Directory listing of") && line.ends_with("successful"))
        };
        if !self.awaits(PATIENCE, listed) {
            self.fail("FileZilla did not list the directory");
        }
        let started =
            |log: &str| log.contains("Starting upload") || log.contains("Starting download");
        let heeded = (0..6).any(|_| {
            // Control and P start the queue.
            run(self.screen.command("xdotool").args(["key", "ctrl+p"]));
            self.awaits(HEED, started)
        });
        if !heeded {
            self.fail("FileZilla did not start its queue");
        }
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                self.fail("FileZilla did not end after its queue");
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = self.log();
        let successes = log.matches("File transfer successful").count();
        if successes != transfers || log.contains("Error:") {
            self.fail(&format!(
                "{successes} of {transfers} transfers were successful"
            ));
        }
        log
    }
}

/// Connects, lists, and moves a queue of files both ways over one connection.
#[track_caller]
pub(crate) fn works_off_a_queue(site: &Site, version: Option<Version>) -> String {
    let local = tempfile::tempdir().unwrap();
    let mut queue = Vec::new();
    // More uploads in a row than a server gives tickets for at once, an empty one among them.
    let sizes = |index: usize| match index {
        0 => 0,
        1 => 3_000_001,
        _ => 1000 * index,
    };
    for index in 0..20 {
        let name = format!("up {index} é");
        let path = local.path().join(&name);
        fs::write(&path, content(index as u64, sizes(index))).unwrap();
        queue.push(Item {
            local: path,
            remote: name,
            download: false,
            size: sizes(index),
        });
    }
    for index in 0..10 {
        let name = format!("down{index}");
        site.write(&name, &content(100 + index as u64, sizes(index)));
        queue.push(Item {
            local: local.path().join(&name),
            remote: name,
            download: true,
            size: sizes(index),
        });
    }
    let log = FileZilla::start(site, version, &queue).work(queue.len());
    for index in 0..20 {
        let name = format!("up {index} é");
        assert!(
            site.read(&name) == content(index as u64, sizes(index)),
            "{name}: its bytes differ\n{log}"
        );
    }
    for index in 0..10 {
        let name = format!("down{index}");
        let got = fs::read(local.path().join(&name)).unwrap();
        assert!(
            got == content(100 + index as u64, sizes(index)),
            "{name}: its bytes differ\n{log}"
        );
    }
    log
}

#[test]
fn a_queue_in_clear() {
    let served = Served::start(V4);
    works_off_a_queue(&served.site(Security::Clear), None);
}

/// Writes the settings, the site and the queue: PREPARE HOME PLAN.
const PREPARE: &str = r#"
import base64, json, os, sqlite3, ssl, sys
from xml.sax.saxutils import escape
home, plan = sys.argv[1], json.loads(sys.argv[2])
conf = os.path.join(home, ".config", "filezilla")
os.makedirs(conf)

def write(name, body):
    with open(os.path.join(conf, name), "w") as file:
        file.write('<?xml version="1.0"?>\n<FileZilla3 version="3.63.0" platform="*nix">' + body + "</FileZilla3>\n")

settings = {
    "Greeting version": "9.0.0",
    "Disable update check": 1,
    "Logging file": os.path.join(home, "log"),
    "Logging Debug Level": 3,
    # One connection for the whole queue, and the window closes behind it.
    "Number of Transfers": 1,
    "Queue completion action": 3,
    # 2 is TLS 1.2, 3 is TLS 1.3.
    "Minimum TLS Version": 3 if plan["tls13"] else 2,
}
write("filezilla.xml", "<Settings>" + "".join(
    f'<Setting name="{name}">{escape(str(value))}</Setting>' for name, value in settings.items()
) + "</Settings>")
secret = base64.b64encode(plan["password"].encode()).decode()
write("sitemanager.xml", f"""<Servers><Server><Host>127.0.0.1</Host><Port>{plan["port"]}</Port>
<Protocol>{plan["protocol"]}</Protocol><Type>0</Type><User>{plan["user"]}</User>
<Pass encoding="base64">{secret}</Pass><Logontype>1</Logontype><PasvMode>MODE_DEFAULT</PasvMode>
<EncodingType>Auto</EncodingType><BypassProxy>0</BypassProxy><Name>served</Name></Server></Servers>""")
# What is trusted by its certificate cannot be a host that may go without.
if plan["secure"]:
    with open(plan["certificate"]) as file:
        certificate = ssl.PEM_cert_to_DER_cert(file.read()).hex()
    trust = f"""<TrustedCerts><Certificate><Data>{certificate}</Data>
<ActivationTime>1</ActivationTime><ExpirationTime>4000000000</ExpirationTime>
<Host>127.0.0.1</Host><Port>{plan["port"]}</Port><TrustSANs>0</TrustSANs></Certificate></TrustedCerts>"""
else:
    trust = f"""<InsecureHosts><Host Port="{plan["port"]}">127.0.0.1</Host></InsecureHosts>"""
write("trustedcerts.xml", trust)
with open(os.path.join(home, "gnutls"), "w") as file:
    file.write("[overrides]\ndisabled-version = tls1.3\n")

queue = sqlite3.connect(os.path.join(conf, "queue.sqlite3"))
queue.executescript("""
PRAGMA encoding = "UTF-16le";
CREATE TABLE servers (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, host TEXT NOT NULL,
  port INTEGER, user TEXT, password TEXT, account TEXT, keyfile TEXT, protocol INTEGER,
  type INTEGER, logontype INTEGER, timezone_offset INTEGER, transfer_mode TEXT,
  max_connections INTEGER, encoding TEXT, bypass_proxy INTEGER, post_login_commands TEXT,
  name TEXT, parameters TEXT, site_path TEXT DEFAULT NULL);
CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, server INTEGER NOT NULL,
  source_file TEXT, target_file TEXT, local_path INTEGER, remote_path INTEGER, size INTEGER,
  error_count INTEGER, priority INTEGER, flags INTEGER, default_exists_action INTEGER,
  extra_flags TEXT);
CREATE INDEX server_index ON files (server);
CREATE TABLE local_paths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT NOT NULL);
CREATE TABLE remote_paths (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, path TEXT NOT NULL);
PRAGMA user_version = 7;
""")
queue.execute(
    "INSERT INTO servers (id, host, port, user, password, protocol, type, logontype,"
    " timezone_offset, transfer_mode, max_connections, encoding, bypass_proxy)"
    " VALUES (1, '127.0.0.1', ?, ?, ?, ?, 0, 1, 0, 'default', 0, 'Auto', 0)",
    (plan["port"], plan["user"], plan["password"], plan["protocol"]))
# A path is its kind, its prefix's length, and each part behind its length.
parts = [part for part in plan["home"].split("/") if part]
queue.execute("INSERT INTO remote_paths VALUES (1, ?)",
    (" ".join(["1 0"] + [f"{len(part)} {part}" for part in parts]),))
directories = {}
for item in plan["items"]:
    directory = directories.setdefault(item["directory"], len(directories) + 1)
    names = item["local"], item["remote"]
    source, target = reversed(names) if item["download"] else names
    queue.execute(
        "INSERT INTO files (server, source_file, target_file, local_path, remote_path, size,"
        " error_count, priority, flags, default_exists_action) VALUES (1, ?, ?, ?, 1, ?, 0, 2, ?, -1)",
        (source, target, directory, item["size"], 16 if item["download"] else 0))
for directory, number in directories.items():
    queue.execute("INSERT INTO local_paths VALUES (?, ?)", (number, directory))
queue.commit()
"#;
