//! Listings as streams of entries, and what is known of one file: MLSD and MLST, and what
//! stands in for them where a server knows neither.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::SystemTime,
};

use bytes::Bytes;
use ftpkit_proto::{
    PathArg, Text,
    client::{Request, Transfer as Asked},
    command::{Command, ListArgs},
    facts::Kind,
    listing::{Dialect, Entry, Line, Parser},
    reply::fields,
    time::{Civil, Timestamp},
};
use futures::Stream;

use crate::{
    client::Client,
    error::{Error, ErrorKind, Result, Step},
    path,
    transfer::Reader,
};

/// What a clock that makes no sense is taken to show.
const EPOCH: Civil = match Civil::date(1970, 1, 1) {
    Some(day) => day,
    None => panic!("the day exists"),
};
/// How many lines that could not be read are kept for the caller.
const MAX_UNPARSED: usize = 100;

/// What a server has shown of how it lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// It knows no MLSD.
    pub(crate) no_mlsd: bool,
    /// It knows no MLST.
    pub(crate) no_mlst: bool,
    /// Whether LIST takes `-a`; none: not tried yet.
    dash_a: Option<bool>,
}

impl Habits {
    pub(crate) const fn new() -> Self {
        Self {
            no_mlsd: false,
            no_mlst: false,
            dash_a: None,
        }
    }
}

impl Client {
    /// Lists a directory; an empty path is the working directory.
    ///
    /// The entries of `.` and `..` are left out. The listing is MLSD's where the server knows
    /// it, else LIST's, of which times are in the server's zone and often to the minute only.
    ///
    /// ```no_run
    /// # async fn example(client: &mut ftpkit_client::Client) -> ftpkit_client::Result<()> {
    /// let mut listing = client.list("reports").await?;
    /// while let Some(entry) = listing.next().await {
    ///     let entry = entry?;
    ///     println!("{} {:?}", entry.name(), entry.size);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Where the server refuses, as for a directory that is not there.
    pub async fn list(&mut self, path: impl AsRef<[u8]>) -> Result<Listing<'_>> {
        let path = path::optional(Step::List, path.as_ref())
            .map_err(|error| error.with_host(self.host()))?;
        if !self.habits.no_mlsd {
            let asked = Asked::Facts { path: path.clone() };
            match self.open_listing(asked).await {
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    self.habits.no_mlsd = true;
                }
                Err(error) => return Err(error.of_path(path.as_ref())),
                Ok(()) => return Ok(Listing::new(self, path, Some(Dialect::Mlsx))),
            }
        }
        if self.habits.dash_a.is_none() {
            self.habits.dash_a = Some(self.is_unix().await?);
        }
        if self.habits.dash_a == Some(true) {
            let asked = list_args(Text::from_static("a"), path.as_ref());
            match self.open_listing(Asked::List(asked)).await {
                // It may have taken the option for a name: what it says without counts.
                Err(error) if error.reply().is_some() && !error.is_closed() => {}
                Err(error) => return Err(error.of_path(path.as_ref())),
                Ok(()) => return Ok(Listing::new(self, path, None)),
            }
        }
        let asked = list_args(Text::default(), path.as_ref());
        match self.open_listing(Asked::List(asked)).await {
            Err(error) => Err(error.of_path(path.as_ref())),
            Ok(()) => {
                self.habits.dash_a = Some(false);
                Ok(Listing::new(self, path, None))
            }
        }
    }

    async fn open_listing(&mut self, transfer: Asked) -> Result<()> {
        let ascii = false;
        let request = Request::Transfer { transfer, ascii };
        self.session.open(Step::List, request).await.map(drop)
    }

    /// Servers that call themselves Unix hide dot files from LIST, and show them with `-a`.
    async fn is_unix(&mut self) -> Result<bool> {
        let reply = self
            .session
            .reply(Step::List, Request::Command(Command::Syst))
            .await?;
        let text = reply.text().as_bytes();
        Ok(reply.code().is_success()
            && text
                .get(..4)
                .is_some_and(|start| start.eq_ignore_ascii_case(b"UNIX")))
    }

    /// What the server tells of one file or directory; an empty path is the working directory.
    ///
    /// It asks with MLST. Where the server does not know that, it puts the entry together from
    /// SIZE, MDTM, and whether the path can be changed into; then the name is the path that was
    /// given.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where there is nothing of that name.
    pub async fn metadata(&mut self, path: impl AsRef<[u8]>) -> Result<Entry> {
        let path = path::optional(Step::Metadata, path.as_ref())
            .map_err(|error| error.with_host(self.host()))?;
        if !self.habits.no_mlst {
            match self
                .simple(Step::Metadata, Command::Mlst(path.clone()))
                .await
            {
                Err(error) if error.kind() == ErrorKind::Unsupported => {
                    self.habits.no_mlst = true;
                }
                Err(error) => return Err(error.of_path(path.as_ref())),
                Ok(reply) => {
                    let today = today();
                    let found = reply.lines().find_map(|line| facts(line, today));
                    return found.ok_or_else(|| {
                        let error = self
                            .session
                            .error(ErrorKind::Protocol, Step::Metadata)
                            .with_detail("there are no facts in the reply")
                            .with_reply(reply);
                        error.of_path(path.as_ref())
                    });
                }
            }
        }
        let path = path.unwrap_or_else(|| PathArg::from_static("."));
        self.probe(&path).await
    }

    /// Finds out without MLST.
    async fn probe(&mut self, path: &PathArg) -> Result<Entry> {
        let step = Step::Metadata;
        let size = self.size_of(path).await?;
        let mdtm = Request::Command(Command::Mdtm(path.clone()));
        let modified = fields::modified(&self.session.reply(step, mdtm).await?);
        // Some servers tell a time of directories, none a size of them.
        if size.is_none() {
            match self.is_directory(path).await? {
                Ok(()) => {
                    let mut entry = Entry::new(path.clone().into(), Kind::Directory);
                    entry.modified = modified.map(Into::into);
                    return Ok(entry);
                }
                Err(refusal) if modified.is_none() => return Err(refusal),
                Err(_) => {}
            }
        }
        let mut entry = Entry::new(path.clone().into(), Kind::File);
        entry.size = size;
        entry.modified = modified.map(Into::into);
        Ok(entry)
    }

    /// Whether a path can be changed into; the working directory stays what it was.
    async fn is_directory(&mut self, path: &PathArg) -> Result<Result<(), Error>> {
        let step = Step::Metadata;
        let here = self.current_dir().await?;
        match self.on(step, path, Command::Cwd(Some(path.clone()))).await {
            Ok(_) => {}
            Err(error) if error.is_closed() || error.reply().is_none() => return Err(error),
            Err(refusal) => return Ok(Err(refusal)),
        }
        self.on(step, &here, Command::Cwd(Some(here.clone())))
            .await?;
        Ok(Ok(()))
    }
}

/// The arguments of LIST; a path that looks like an option is made to look like none.
fn list_args(options: Text, path: Option<&PathArg>) -> ListArgs {
    let mut args = ListArgs::default();
    args.options = options;
    args.path = path.map(|path| {
        if !path.as_bytes().starts_with(b"-") {
            return path.clone();
        }
        let dotted = [b"./", path.as_bytes()].concat();
        // It was a path without the two bytes, and they are fine.
        PathArg::try_from(&dotted[..]).unwrap_or_else(|_| path.clone())
    });
    args
}

/// The entries of a directory, as the server sends them.
///
/// It is a [`Stream`]; [`next`](Self::next) does without a trait. It ends when the server has
/// confirmed the end; where it did not, the last item is an error. Dropping it before gives
/// the listing up; the connection stays usable.
pub struct Listing<'c> {
    reader: Reader<'c>,
    parser: Parser,
    block: Vec<u8>,
    /// The server has confirmed the end, or the listing has failed.
    ended: bool,
    /// What is told behind the entries that came.
    failed: Option<Error>,
    unparsed: Vec<Bytes>,
    unparsed_count: u64,
}

impl<'c> Listing<'c> {
    fn new(client: &'c mut Client, path: Option<PathArg>, dialect: Option<Dialect>) -> Self {
        Self {
            reader: Reader::attach(client, Step::List, path, None, false),
            parser: Parser::new(dialect, today()),
            block: vec![0; 16 * 1024],
            ended: false,
            failed: None,
            unparsed: Vec::new(),
            unparsed_count: 0,
        }
    }

    /// The next entry; none at the end.
    pub async fn next(&mut self) -> Option<Result<Entry>> {
        poll_fn(|cx| self.poll_entry(cx)).await
    }

    /// Lines that could not be read as an entry: at most the first hundred.
    #[must_use]
    pub fn unparsed(&self) -> &[Bytes] {
        &self.unparsed
    }

    /// How many lines could not be read as an entry.
    #[must_use]
    pub const fn unparsed_count(&self) -> u64 {
        self.unparsed_count
    }

    /// All entries that are left.
    ///
    /// # Errors
    /// Where the listing did not come to its end.
    pub async fn collect(mut self) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        while let Some(entry) = self.next().await {
            entries.push(entry?);
        }
        Ok(entries)
    }

    fn poll_entry(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Entry>>> {
        loop {
            while let Some(line) = self.parser.next_line() {
                match line {
                    Line::Entry(entry) if !is_dot(&entry) => {
                        return Poll::Ready(Some(Ok(entry)));
                    }
                    Line::Unparsed { raw, .. } => {
                        self.unparsed_count += 1;
                        if self.unparsed.len() < MAX_UNPARSED {
                            self.unparsed.push(raw);
                        }
                    }
                    _ => {}
                }
            }
            if self.ended {
                return Poll::Ready(self.failed.take().map(Err));
            }
            match ready!(self.reader.poll_payload(cx, &mut self.block)) {
                Ok(read) if read > 0 => {
                    let block = self.block.get(..read).unwrap_or_default();
                    self.parser.push(block);
                }
                end => {
                    self.failed = end.err();
                    self.ended = true;
                    self.parser.finish();
                }
            }
        }
    }
}

fn is_dot(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Current | Kind::Parent) || matches!(entry.name_bytes(), b"." | b"..")
}

impl Stream for Listing<'_> {
    type Item = Result<Entry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_entry(cx)
    }
}

impl fmt::Debug for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// The entry that a line of MLST's reply tells of.
fn facts(line: &Text, today: Civil) -> Option<Entry> {
    let mut parser = Parser::new(Some(Dialect::Mlsx), today);
    parser.push(line.as_bytes());
    parser.finish();
    parser
        .next_line()
        .and_then(Line::into_entry)
        // The first and the last line are for people, and parse as names without facts.
        .filter(|entry| entry.kind != Kind::Other || entry.size.is_some())
        .map(|mut entry| {
            // The words are for directories that a listing holds.
            if matches!(entry.kind, Kind::Current | Kind::Parent) {
                entry.kind = Kind::Directory;
            }
            entry
        })
}

/// The day on which a listing is read, for dates without a year.
fn today() -> Civil {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_unix(seconds, 0))
        .map_or(EPOCH, Timestamp::civil)
}
