//! Running the binary, and a server of it that ends with its test.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

pub(crate) fn ftpkit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ftpkit"))
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Done {
    #[track_caller]
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{self:?}");
        self.out
    }

    #[track_caller]
    pub(crate) fn text(self) -> String {
        String::from_utf8(self.ok()).unwrap()
    }

    /// A failure: its one line, behind the name of the program.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        let line = self.err.strip_suffix('\n').unwrap();
        assert!(!line.contains('\n'), "{line}");
        line.strip_prefix("ftpkit: ").unwrap().to_owned()
    }
}

pub(crate) fn run(dir: &Path, args: &[&str]) -> Done {
    run_with(dir, args, b"")
}

pub(crate) fn run_with(dir: &Path, args: &[&str], input: &[u8]) -> Done {
    let mut child = ftpkit()
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Beside the reading, since neither side can take more than a pipe holds.
    let output = std::thread::scope(|scope| {
        // A command that needs no input may have ended before it is written.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    Done {
        code: output.status.code(),
        out: output.stdout,
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `ftpkit serve` on a port of its own, over a directory of its own.
pub(crate) struct Server {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
    /// The lines that it printed when it was ready.
    pub(crate) lines: Vec<String>,
    pub(crate) root: PathBuf,
    /// A directory for local files.
    pub(crate) local: PathBuf,
    pub(crate) dir: TempDir,
}

impl Server {
    /// With these options; `root` is served.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options)
    }

    /// In a directory that may have what an earlier server left.
    pub(crate) fn start_in(dir: TempDir, options: &[&str]) -> Self {
        let (root, local) = (dir.path().join("root"), dir.path().join("local"));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir_all(&local).unwrap();
        let mut command = ftpkit();
        command.arg("serve");
        if !options.contains(&"--memory") {
            command.arg(&root);
        }
        if !options.contains(&"--listen") && !options.contains(&"--sftp") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command
            .args(options)
            .current_dir(dir.path())
            .env("XDG_STATE_HOME", dir.path().join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = Vec::new();
        // The hint is the last line.
        while !lines
            .last()
            .is_some_and(|line: &String| line.starts_with("try: "))
        {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap() == 0 {
                let output = child.wait_with_output().unwrap();
                panic!("{}", String::from_utf8_lossy(&output.stderr));
            }
            lines.push(line.trim_end().to_owned());
        }
        Self {
            child,
            out,
            lines,
            root,
            local,
            dir,
        }
    }

    /// A server that anybody may write to.
    pub(crate) fn open() -> Self {
        Self::start(&["--anonymous", "rw"])
    }

    /// The first address, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        let (_, address) = self.lines[0].split_once("://").unwrap();
        address.strip_suffix('/').unwrap()
    }

    /// The address for this scheme, as `host:port`.
    fn address_for(&self, scheme: &str) -> &str {
        if scheme != "ftps" {
            return self.address();
        }
        let line = self
            .lines
            .iter()
            .find_map(|line| line.strip_prefix("listening on ftps://"));
        line.unwrap().strip_suffix('/').unwrap()
    }

    /// A URL of any scheme.
    pub(crate) fn url_by(&self, scheme: &str, user: &str, path: &str) -> String {
        format!("{scheme}://{user}@{}/{path}", self.address_for(scheme))
    }

    /// What a line that begins so goes on with.
    pub(crate) fn told(&self, start: &str) -> &str {
        let line = self.lines.iter().find_map(|line| line.strip_prefix(start));
        line.unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ftp://{}/{path}", self.address())
    }

    pub(crate) fn url_of(&self, user: &str, path: &str) -> String {
        format!("ftp://{user}@{}/{path}", self.address())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Done {
        run(&self.local, args)
    }

    /// What is in the served directory.
    pub(crate) fn names(&self) -> Vec<String> {
        names(&self.root)
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Ends it, and keeps its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let dir = tempfile::tempdir().unwrap();
        std::mem::replace(&mut self.dir, dir)
    }

    /// Waits for the end: the exit code, and what was printed since it was ready.
    pub(crate) fn ended(mut self) -> Done {
        let code = self.child.wait().unwrap().code();
        let mut out = Vec::new();
        self.out.read_to_end(&mut out).unwrap();
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut err).unwrap();
        Done { code, out, err }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
