//! [`Client`]: one connection to one server, and what can be done on it.
//! How it comes about is in `builder`, how payload moves in `transfer`, listings in `list`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use ftpkit_proto::{
    Code, PathArg, Reply, Text, Verb,
    client::{Learned, Outcome, Request, Transfer as Asked, Transferred},
    command::{Command, Site},
    features::Features,
    reply::fields,
    time::Timestamp,
};

use tokio::io::AsyncRead;

use crate::{
    builder::ClientBuilder,
    error::{Error, ErrorKind, Result, Step},
    list::Habits,
    path,
    session::Session,
    transfer::{
        self, Download, DownloadTo, OpenReader, OpenWriter, Transfer, Upload, UploadFrom, Writer,
    },
};

/// A connection to an FTP server.
///
/// Every method takes `&mut self`: a control connection does one thing at a time. Dropping a
/// future of any method leaves the connection in a known state: the next call first ends what
/// was under way (it aborts a transfer, and waits for the reply to anything else), or fails
/// with [`ErrorKind::Disconnected`].
///
/// Paths are bytes, since a server's names need not be UTF-8: `&str`, `String`, `&[u8]` and
/// [`PathArg`] all do. They are relative to the working directory.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ftpkit_client::Result<()> {
/// use ftpkit_client::Client;
///
/// let mut client = Client::connect("ftp://ana:secret@ftp.example.org/reports").await?;
/// client.download_to("today.csv", "today.csv").await?;
/// client.upload_from("answer.txt", "answer.txt").await?;
/// client.quit().await?;
/// # Ok(()) }
/// ```
pub struct Client {
    pub(crate) session: Session,
    features: Option<Features>,
    pub(crate) habits: Habits,
}

impl Client {
    pub(crate) const fn new(session: Session) -> Self {
        Self {
            session,
            features: None,
            habits: Habits::new(),
        }
    }

    /// Connects to `ftp://user:password@host:port/directory`, logs in, and changes to the
    /// directory. Without a user it logs in as `anonymous`. `ftpes://` and `ftps://` are under
    /// TLS, with a certificate that the operating system trusts.
    ///
    /// The directory is relative to the login directory; `%2F` at its start makes it absolute.
    ///
    /// # Errors
    /// As [`ClientBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        ClientBuilder::new().url(url).connect().await
    }

    /// Begins a connection with settings of its own.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// The server, as `host:port`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.session.host()
    }

    /// The server's greeting.
    #[must_use]
    pub fn greeting(&self) -> Option<&Reply> {
        self.session.greeting()
    }

    /// What is known of TLS on the control connection; none in clear text.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls_info(&self) -> Option<crate::tls::TlsInfo> {
        self.session.tls_info()
    }

    /// Whether the connection is known to be over. It may be lost without being known yet.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Asks what the server offers beyond RFC 959 (FEAT), once; the answer is remembered. A
    /// server that does not know the command offers nothing.
    ///
    /// # Errors
    /// Where the connection was lost.
    pub async fn features(&mut self) -> Result<&Features> {
        if self.features.is_none() {
            self.learn(Request::Features).await?;
        }
        Ok(self.features.get_or_insert_default())
    }

    /// Asks for the features, and tells the server the client's name and UTF-8 where it wants
    /// to be told.
    pub(crate) async fn negotiate(&mut self) -> Result<()> {
        self.learn(Request::Negotiate).await
    }

    /// What is known of the host now, to begin the next connection to it with
    /// ([`ClientBuilder::learned`]).
    #[must_use]
    pub fn learned(&self) -> Learned {
        self.session.machine().learned()
    }

    /// Makes do with the features that an earlier connection has learnt, if it has.
    pub(crate) fn recall(&mut self) {
        if let Some(features) = self.session.machine().features().cloned() {
            self.note(features);
        }
    }

    async fn learn(&mut self, request: Request) -> Result<()> {
        let features = match self.session.request(Step::Features, request).await? {
            Outcome::Features(features) => features,
            Outcome::Reply(_) => Features::default(),
            other => return Err(self.session.unexpected(Step::Features, other)),
        };
        self.note(features);
        Ok(())
    }

    fn note(&mut self, features: Features) {
        // A server that lists its features, and not this one, need not be asked.
        if !features.is_empty() && features.mlst().is_none() {
            self.habits.no_mlsd = true;
            self.habits.no_mlst = true;
        }
        self.features = Some(features);
    }

    /// The working directory, as the server writes it (PWD).
    ///
    /// # Errors
    /// Where the server refuses, or its reply holds no path.
    pub async fn current_dir(&mut self) -> Result<PathArg> {
        let reply = self.simple(Step::CurrentDir, Command::Pwd).await?;
        fields::path(&reply).ok_or_else(|| {
            self.session
                .error(ErrorKind::Protocol, Step::CurrentDir)
                .with_detail("there is no path in the reply")
                .with_reply(reply)
        })
    }

    /// Changes the working directory (CWD).
    ///
    /// # Errors
    /// Where the server refuses, as for a directory that is not there.
    pub async fn change_dir(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = self.arg(Step::ChangeDir, path.as_ref())?;
        self.on(Step::ChangeDir, &path, Command::Cwd(Some(path.clone())))
            .await?;
        Ok(())
    }

    /// Makes a directory (MKD).
    ///
    /// # Errors
    /// Where the server refuses, as for one that exists.
    pub async fn create_dir(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = self.arg(Step::CreateDir, path.as_ref())?;
        self.on(Step::CreateDir, &path, Command::Mkd(path.clone()))
            .await?;
        Ok(())
    }

    /// Removes a directory, which must be empty (RMD).
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn remove_dir(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = self.arg(Step::RemoveDir, path.as_ref())?;
        self.on(Step::RemoveDir, &path, Command::Rmd(path.clone()))
            .await?;
        Ok(())
    }

    /// Removes a file (DELE).
    ///
    /// # Errors
    /// Where the server refuses, as for one that is not there.
    pub async fn remove_file(&mut self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = self.arg(Step::RemoveFile, path.as_ref())?;
        self.on(Step::RemoveFile, &path, Command::Dele(path.clone()))
            .await?;
        Ok(())
    }

    /// Renames or moves a file or directory (RNFR, RNTO). Most servers replace a file of the
    /// new name.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn rename(&mut self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<()> {
        let from = self.arg(Step::Rename, from.as_ref())?;
        let to = self.arg(Step::Rename, to.as_ref())?;
        let what = format!("{from} to {to}");
        let reply = self
            .session
            .reply(Step::Rename, Request::Rename { from, to })
            .await;
        let reply = reply.map_err(|error| error.with_path(&what))?;
        self.accepted(Step::Rename, &what, reply)?;
        Ok(())
    }

    /// Sets when a file was modified: by MFMT, and where a server does not know that, by
    /// SITE UTIME or the form of MDTM that sets.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the server knows none of them, others where it refuses.
    pub async fn set_modified(&mut self, path: impl AsRef<[u8]>, time: Timestamp) -> Result<()> {
        let step = Step::SetAttributes;
        let path = self.arg(step, path.as_ref())?;
        let time = time.whole_seconds();
        let mfmt = Command::Mfmt {
            time,
            path: path.clone(),
        };
        let utime = Command::Site(Site::Utime {
            accessed: None,
            modified: time,
            path: path.clone(),
        });
        // Older than MFMT, and never standardised: the time stands before the path.
        let mut argument = time.time_val().to_string().into_bytes();
        argument.push(b' ');
        argument.extend_from_slice(path.as_bytes());
        let mdtm = Command::Other {
            verb: Verb::MDTM,
            argument: Text::new(argument).ok(),
        };
        let mut last = Ok(());
        for command in [mfmt, utime, mdtm] {
            last = self.on(step, &path, command).await.map(drop);
            match &last {
                Err(error) if error.kind() == ErrorKind::Unsupported => {}
                _ => break,
            }
        }
        last
    }

    /// Sets the Unix permission bits of a file (SITE CHMOD), at most `0o7777`.
    ///
    /// # Errors
    /// Where the server refuses, or does not know the command.
    pub async fn set_mode(&mut self, path: impl AsRef<[u8]>, mode: u16) -> Result<()> {
        let step = Step::SetAttributes;
        let path = self.arg(step, path.as_ref())?;
        let chmod = Command::Site(Site::Chmod {
            mode: mode & 0o7777,
            path: path.clone(),
        });
        self.on(step, &path, chmod).await?;
        Ok(())
    }

    /// Takes the control connection back to clear text (CCC, RFC 4217 sec. 6), for gateways that
    /// must read where data connections go. Those stay under TLS.
    ///
    /// From then on whoever is on the way can read and change every command and reply.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] unless
    /// [`ClientBuilder::dangerous_ccc`](crate::ClientBuilder::dangerous_ccc) allows it and there
    /// is TLS to be ended; others where the server refuses.
    pub async fn clear_control(&mut self) -> Result<()> {
        let reply = self
            .session
            .reply(Step::Command, Request::ClearControl)
            .await?;
        if reply.code().is_success() {
            Ok(())
        } else {
            Err(Error::refused(Step::Command, reply).with_host(self.host()))
        }
    }

    /// Sends any other command and returns its final reply, whatever its code: a refusal is
    /// an answer here.
    ///
    /// ```no_run
    /// use ftpkit_client::proto::command::Command;
    ///
    /// # async fn example(client: &mut ftpkit_client::Client) -> ftpkit_client::Result<()> {
    /// let reply = client.command(Command::Syst).await?;
    /// println!("{}", reply.text());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for a command that begins a login, a transfer, a data
    /// connection or TLS: those have methods of their own.
    pub async fn command(&mut self, command: Command) -> Result<Reply> {
        self.session
            .reply(Step::Command, Request::Command(command))
            .await
    }

    /// Downloads a file into `sink`, which is flushed at the end. With what arrived before an
    /// error is in it.
    ///
    /// ```no_run
    /// # async fn example(client: &mut ftpkit_client::Client) -> ftpkit_client::Result<()> {
    /// let mut bytes = Vec::new();
    /// client.download("data.bin", &mut bytes).await?;
    /// # Ok(()) }
    /// ```
    pub fn download<W>(&mut self, path: impl AsRef<[u8]>, sink: W) -> Transfer<'_, Download<W>> {
        Transfer::new(self, Step::Download, path.as_ref(), Download(sink))
    }

    /// Downloads a file into a local one, which appears, or is replaced, only when the
    /// download is complete.
    pub fn download_to(
        &mut self,
        path: impl AsRef<[u8]>,
        local: impl AsRef<Path>,
    ) -> Transfer<'_, DownloadTo> {
        let local = PathBuf::from(local.as_ref());
        let kind = DownloadTo {
            local,
            resume: false,
        };
        Transfer::new(self, Step::Download, path.as_ref(), kind)
    }

    /// Uploads what `source` gives until its end.
    ///
    /// When it fails, what the server keeps of it is the server's choice.
    pub fn upload<R>(&mut self, source: R, path: impl AsRef<[u8]>) -> Transfer<'_, Upload<R>> {
        let kind = Upload {
            source,
            append: false,
        };
        Transfer::new(self, Step::Upload, path.as_ref(), kind)
    }

    /// Uploads a local file.
    pub fn upload_from(
        &mut self,
        local: impl AsRef<Path>,
        path: impl AsRef<[u8]>,
    ) -> Transfer<'_, UploadFrom> {
        let local = PathBuf::from(local.as_ref());
        let kind = UploadFrom {
            local,
            append: false,
            resume: false,
        };
        Transfer::new(self, Step::Upload, path.as_ref(), kind)
    }

    /// Uploads under a name that the server chooses (STOU), in the working directory. The name
    /// is returned where the server tells it.
    ///
    /// # Errors
    /// As for any upload.
    pub async fn upload_unique<R>(
        &mut self,
        mut source: R,
    ) -> Result<(Option<PathArg>, Transferred)>
    where
        R: AsyncRead + Unpin + Send,
    {
        let asked = Asked::UploadUnique { path: None };
        let writer = Writer::open(self, asked, false).await?;
        let name = writer.unique_name();
        let transferred = transfer::send_all(&mut source, writer).await?;
        Ok((name, transferred))
    }

    /// Opens a file to read it.
    pub fn reader(&mut self, path: impl AsRef<[u8]>) -> Transfer<'_, OpenReader> {
        Transfer::new(self, Step::Download, path.as_ref(), OpenReader(()))
    }

    /// Opens a file to write it, replacing one of that name.
    pub fn writer(&mut self, path: impl AsRef<[u8]>) -> Transfer<'_, OpenWriter> {
        let kind = OpenWriter { append: false };
        Transfer::new(self, Step::Upload, path.as_ref(), kind)
    }

    /// Says goodbye (QUIT) and closes the connection.
    ///
    /// Dropping a client closes its connection too, without a word.
    ///
    /// # Errors
    /// Where the connection was lost before the server answered.
    pub async fn quit(mut self) -> Result<()> {
        let reply = self.session.reply(Step::Quit, Request::Quit).await?;
        if reply.code().is_refusal() {
            return Err(Error::refused(Step::Quit, reply).with_host(self.host()));
        }
        self.session.wait_closed().await;
        Ok(())
    }

    /// The size of a file; none where it is not there, or the server does not tell it.
    pub(crate) async fn size_of(&mut self, path: &PathArg) -> Result<Option<u64>> {
        // Under TYPE A servers refuse to count, or count other bytes.
        let image = Command::Type(ftpkit_proto::command::Type::Image);
        self.session
            .reply(Step::Metadata, Request::Command(image))
            .await?;
        let size = Request::Command(Command::Size(path.clone()));
        let reply = self.session.reply(Step::Metadata, size).await?;
        Ok(fields::size(&reply))
    }

    pub(crate) fn arg(&self, step: Step, path: &[u8]) -> Result<PathArg> {
        path::required(step, path).map_err(|error| error.with_host(self.host()))
    }

    /// Sends a command that succeeds or is refused.
    pub(crate) async fn simple(&mut self, step: Step, command: Command) -> Result<Reply> {
        let reply = self.session.reply(step, Request::Command(command)).await?;
        if reply.code().is_success() {
            Ok(reply)
        } else {
            Err(Error::refused(step, reply).with_host(self.host()))
        }
    }

    /// Sends a command about a file.
    pub(crate) async fn on(
        &mut self,
        step: Step,
        path: &PathArg,
        command: Command,
    ) -> Result<Reply> {
        self.simple(step, command)
            .await
            .map_err(|error| error.with_path(path))
    }

    fn accepted(&self, step: Step, what: &str, reply: Reply) -> Result<Reply> {
        if reply.code().is_success() || reply.code() == Code::SUPERFLUOUS {
            Ok(reply)
        } else {
            Err(Error::refused(step, reply)
                .with_host(self.host())
                .with_path(what))
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("host", &self.host())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
