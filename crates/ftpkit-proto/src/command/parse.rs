//! A whole line to a [`Command`] or a [`CommandError`]. What clients get wrong is tolerated
//! here and nowhere else; what a command means to a session stands in `server`.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while_m_n, take_while1},
    character::complete::{char, satisfy, u16, u32, u64},
    combinator::{all_consuming, eof, opt, rest, verify},
    sequence::{delimited, preceded, terminated},
};

use super::{
    ByteRange, Checksum, Command, Epsv, ListArgs, Mode, Protection, Structure, TextFormat, Type,
    Verb,
};
use crate::{
    address::{ExtendedError, LongError, parse_extended, parse_host_port, parse_long},
    reply::Code,
    text::{PathArg, Secret, Text},
    time::Timestamp,
};

/// Why a line is no command, and with which code a server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommandError {
    verb: Option<Verb>,
    kind: CommandErrorKind,
}

/// The kinds of [`CommandError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// The line does not begin with a verb, or something else than a space follows it.
    #[error("the line is not a command")]
    NotACommand,
    /// The command needs an argument.
    #[error("an argument is needed")]
    MissingArgument,
    /// The command takes no argument.
    #[error("no argument is allowed")]
    UnexpectedArgument,
    /// The argument is not of the form that the command takes.
    #[error("the argument is not understood")]
    BadArgument,
    /// The argument holds a CR, an LF or a NUL.
    #[error("the argument holds a control character that no command can have")]
    ForbiddenByte,
    /// The argument is of the form that the command takes, with a value that does not exist.
    #[error("this parameter does not exist")]
    UnknownParameter,
    /// EPRT with a network protocol that is neither 1 nor 2.
    #[error("the network protocol is neither 1 nor 2")]
    UnknownFamily,
    /// LPRT with an address family that is neither 4 nor 6.
    #[error("the address family is neither 4 nor 6")]
    UnknownLongFamily,
}

use CommandErrorKind as Kind;

mod options;
mod words;

pub(super) use words::is_plain_name;

impl CommandError {
    /// The verb, where the line has one.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        self.verb
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> CommandErrorKind {
        self.kind
    }

    /// The code of the reply: 500, 501, 504, 521 or 522.
    #[must_use]
    pub const fn reply_code(&self) -> Code {
        match self.kind {
            Kind::NotACommand => Code::SYNTAX,
            Kind::MissingArgument
            | Kind::UnexpectedArgument
            | Kind::BadArgument
            | Kind::ForbiddenByte => Code::BAD_ARGUMENT,
            Kind::UnknownParameter => Code::BAD_PARAMETER,
            Kind::UnknownFamily => Code::PROTOCOL_REFUSED,
            // RFC 1639 sec. 5: address family not supported.
            Kind::UnknownLongFamily => Code::PROTECTION_TOO_LOW,
        }
    }
}

/// Without the argument, which may be a password.
impl core::fmt::Display for CommandError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.verb {
            Some(verb) => write!(f, "{verb}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl core::error::Error for CommandError {}

/// What a grammar yields; why it fails is told by the command that it stands in.
type Parsed<'a, O> = IResult<&'a [u8], O, ()>;

impl Command {
    /// Reads one line, without its end and with Telnet undone, as a framer gives it.
    ///
    /// Verbs count in any case, and the X forms of RFC 775 are read as the plain ones. Spaces
    /// at the end are dropped, except from a path or password, to which everything behind the
    /// one space belongs. A verb without a variant becomes [`Command::Other`].
    ///
    /// The argument is copied, so that a path that lives on holds its own bytes only; a
    /// command without an argument allocates nothing.
    ///
    /// ```
    /// use ftpkit_proto::{Code, Command, PathArg};
    /// let command = Command::parse(b"retr a file.txt")?;
    /// assert_eq!(command, Command::Retr(PathArg::from_static("a file.txt")));
    /// assert_eq!(Command::parse(b"RETR").unwrap_err().reply_code(), Code::BAD_ARGUMENT);
    /// # Ok::<(), ftpkit_proto::command::CommandError>(())
    /// ```
    ///
    /// # Errors
    /// [`CommandError`] says what is wrong and which reply it calls for.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        let Ok((_, (verb, argument))) = command_line(line) else {
            return Err(CommandError {
                verb: None,
                kind: Kind::NotACommand,
            });
        };
        with_argument(verb, argument).map_err(|kind| CommandError {
            verb: Some(verb),
            kind,
        })
    }
}

/// ```text
/// command-line = verb [ SP argument ]       ; the end of the line is gone already
/// verb         = 1*15( ALPHA / DIGIT )
/// argument     = *OCTET                     ; one that is empty is none
/// ```
fn command_line(input: &[u8]) -> Parsed<'_, (Verb, &[u8])> {
    let (verb, input) = Verb::split_off(input).ok_or(nom::Err::Error(()))?;
    let (input, argument) = alt((preceded(char(' '), rest), eof)).parse(input)?;
    Ok((input, (verb, argument)))
}

/// The argument by the verb's own grammar.
fn with_argument(verb: Verb, argument: &[u8]) -> Result<Command, Kind> {
    Ok(match verb {
        Verb::USER => Command::User(text(argument)?),
        Verb::PASS => Command::Pass(secret(argument)?),
        Verb::ACCT => Command::Acct(needed(argument).and_then(secret)?),
        Verb::CWD | Verb::XCWD => Command::Cwd(optional_path(argument)?),
        Verb::CDUP | Verb::XCUP => none(argument, Command::Cdup)?,
        Verb::SMNT => Command::Smnt(path(argument)?),
        Verb::REIN => none(argument, Command::Rein)?,
        Verb::QUIT => none(argument, Command::Quit)?,
        Verb::PORT => Command::Port(port(argument)?),
        Verb::PASV => none(argument, Command::Pasv)?,
        Verb::TYPE => Command::Type(type_code(argument)?),
        Verb::STRU => Command::Stru(one_letter(argument, |letter| match letter {
            'F' => Some(Structure::File),
            'R' => Some(Structure::Record),
            'P' => Some(Structure::Page),
            _ => None,
        })?),
        Verb::MODE => Command::Mode(one_letter(argument, |letter| match letter {
            'S' => Some(Mode::Stream),
            'B' => Some(Mode::Block),
            'C' => Some(Mode::Compressed),
            'Z' => Some(Mode::Deflate),
            _ => None,
        })?),
        Verb::RETR => Command::Retr(path(argument)?),
        Verb::STOR => Command::Stor(path(argument)?),
        Verb::STOU => Command::Stou(optional_path(argument)?),
        Verb::APPE => Command::Appe(path(argument)?),
        Verb::ALLO => Command::Allo(allo(argument)?),
        Verb::REST => Command::Rest(whole(argument, u64)?),
        Verb::RNFR => Command::Rnfr(path(argument)?),
        Verb::RNTO => Command::Rnto(path(argument)?),
        Verb::ABOR => none(argument, Command::Abor)?,
        Verb::DELE => Command::Dele(path(argument)?),
        Verb::RMD | Verb::XRMD => Command::Rmd(path(argument)?),
        Verb::MKD | Verb::XMKD => Command::Mkd(path(argument)?),
        Verb::PWD | Verb::XPWD => none(argument, Command::Pwd)?,
        Verb::LIST => Command::List(list_args(argument)?),
        Verb::NLST => Command::Nlst(list_args(argument)?),
        Verb::SITE => Command::Site(options::site(argument)?),
        Verb::SYST => none(argument, Command::Syst)?,
        Verb::STAT => Command::Stat(list_args(argument)?),
        Verb::HELP => Command::Help(optional_text(argument)?),
        Verb::NOOP => none(argument, Command::Noop)?,
        Verb::AUTH => Command::Auth(text(argument)?),
        Verb::ADAT => Command::Adat(text(argument)?),
        Verb::PBSZ => Command::Pbsz(whole(argument, u32)?),
        Verb::PROT => Command::Prot(one_letter(argument, |letter| match letter {
            'C' => Some(Protection::Clear),
            'S' => Some(Protection::Safe),
            'E' => Some(Protection::Confidential),
            'P' => Some(Protection::Private),
            _ => None,
        })?),
        Verb::CCC => none(argument, Command::Ccc)?,
        Verb::MIC => Command::Mic(text(argument)?),
        Verb::CONF => Command::Conf(text(argument)?),
        Verb::ENC => Command::Enc(text(argument)?),
        Verb::FEAT => none(argument, Command::Feat)?,
        Verb::OPTS => Command::Opts(options::opts(argument)?),
        Verb::EPRT => Command::Eprt(parse_extended(needed(trimmed(argument))?).map_err(
            |error| match error {
                ExtendedError::Family(_) => Kind::UnknownFamily,
                ExtendedError::Malformed => Kind::BadArgument,
            },
        )?),
        Verb::EPSV => Command::Epsv(epsv(argument)?),
        Verb::LANG => Command::Lang(optional_text(argument)?),
        Verb::MDTM => Command::Mdtm(path(argument)?),
        Verb::SIZE => Command::Size(path(argument)?),
        Verb::MLST => Command::Mlst(optional_path(argument)?),
        Verb::MLSD => Command::Mlsd(optional_path(argument)?),
        Verb::HOST => Command::Host(text(argument)?),
        Verb::MFMT => {
            let (time, path) = time_and_path(argument)?;
            Command::Mfmt { time, path }
        }
        Verb::CLNT => Command::Clnt(text(argument)?),
        Verb::LPRT => Command::Lprt(lprt(argument)?),
        Verb::LPSV => none(argument, Command::Lpsv)?,
        Verb::MFCT => {
            let (time, path) = time_and_path(argument)?;
            Command::Mfct { time, path }
        }
        Verb::MFF => words::mff(argument)?,
        Verb::HASH => Command::Hash(path(argument)?),
        Verb::RANG => Command::Rang(rang(argument)?),
        Verb::XCRC => words::checksum(Checksum::Xcrc, argument)?,
        Verb::XMD5 => words::checksum(Checksum::Xmd5, argument)?,
        Verb::XSHA => words::checksum(Checksum::Xsha, argument)?,
        Verb::XSHA1 => words::checksum(Checksum::Xsha1, argument)?,
        Verb::XSHA256 => words::checksum(Checksum::Xsha256, argument)?,
        Verb::XSHA512 => words::checksum(Checksum::Xsha512, argument)?,
        Verb::MD5 => words::checksum(Checksum::Md5, argument)?,
        Verb::MMD5 => Command::Mmd5(words::paths_between_commas(argument)?),
        Verb::CSID => Command::Csid(text(argument)?),
        Verb::AVBL => Command::Avbl(optional_path(argument)?),
        Verb::COMB => words::comb(argument)?,
        Verb::PRET => pret(argument)?,
        Verb::SSCN => Command::Sscn(sscn(argument)?),
        Verb::CPSV => none(argument, Command::Cpsv)?,
        verb => Command::Other {
            verb,
            argument: match argument {
                [] => None,
                argument => Some(checked(Text::try_from(argument))?),
            },
        },
    })
}

/// The types of `text` hold no CR, LF or NUL; emptiness is looked at before.
fn checked<T>(made: Result<T, crate::text::TextError>) -> Result<T, Kind> {
    made.map_err(|_| Kind::ForbiddenByte)
}

/// The argument without the spaces at its end.
fn trimmed(argument: &[u8]) -> &[u8] {
    let end = argument
        .iter()
        .rposition(|b| *b != b' ')
        .map_or(0, |at| at + 1);
    argument.get(..end).unwrap_or_default()
}

fn needed(argument: &[u8]) -> Result<&[u8], Kind> {
    if argument.is_empty() {
        return Err(Kind::MissingArgument);
    }
    Ok(argument)
}

fn none(argument: &[u8], command: Command) -> Result<Command, Kind> {
    if trimmed(argument).is_empty() {
        return Ok(command);
    }
    Err(Kind::UnexpectedArgument)
}

fn secret(argument: &[u8]) -> Result<Secret, Kind> {
    checked(Secret::try_from(argument))
}

fn text(argument: &[u8]) -> Result<Text, Kind> {
    needed(trimmed(argument)).and_then(|argument| checked(Text::try_from(argument)))
}

fn optional_text(argument: &[u8]) -> Result<Option<Text>, Kind> {
    match trimmed(argument) {
        [] => Ok(None),
        argument => checked(Text::try_from(argument)).map(Some),
    }
}

fn path(argument: &[u8]) -> Result<PathArg, Kind> {
    needed(argument).and_then(|argument| checked(PathArg::try_from(argument)))
}

fn optional_path(argument: &[u8]) -> Result<Option<PathArg>, Kind> {
    match argument {
        [] => Ok(None),
        argument => checked(PathArg::try_from(argument)).map(Some),
    }
}

/// The whole argument by this grammar, but for spaces at its end.
fn whole<'a, O>(
    argument: &'a [u8],
    grammar: impl Parser<&'a [u8], Output = O, Error = ()>,
) -> Result<O, Kind> {
    let argument = needed(trimmed(argument))?;
    match all_consuming(grammar).parse(argument) {
        Ok((_, value)) => Ok(value),
        Err(_) => Err(Kind::BadArgument),
    }
}

/// ```text
/// letter-code = ALPHA                       ; STRU, MODE and PROT
/// ```
fn one_letter<T>(argument: &[u8], known: impl Fn(char) -> Option<T>) -> Result<T, Kind> {
    let letter = whole(argument, satisfy(|c| c.is_ascii_alphabetic()))?;
    known(letter.to_ascii_uppercase()).ok_or(Kind::UnknownParameter)
}

/// ```text
/// type-code = "A" [ SP form ] / "E" [ SP form ] / "I" / "L" [ SP ] byte-size
/// form      = "N" / "T" / "C"
/// byte-size = 1*DIGIT                       ; 1 to 255
/// ```
fn type_code(argument: &[u8]) -> Result<Type, Kind> {
    let form = || opt(preceded(char(' '), satisfy(|c| c.is_ascii_alphabetic())));
    let letter = || satisfy(|c| c.is_ascii_alphabetic());
    let local = preceded((tag_no_case("L"), opt(char(' '))), u16);
    // What the letter means is looked at afterwards, so that an unknown one is a 504.
    let (letter, form, size) = whole(
        argument,
        alt((
            local.map(|size| ('L', None, Some(size))),
            (letter(), form()).map(|(letter, form)| (letter, form, None)),
        )),
    )?;
    let format = || match form.map(|form| form.to_ascii_uppercase()) {
        None | Some('N') => Ok(TextFormat::NonPrint),
        Some('T') => Ok(TextFormat::Telnet),
        Some('C') => Ok(TextFormat::CarriageControl),
        Some(_) => Err(Kind::UnknownParameter),
    };
    match (letter.to_ascii_uppercase(), form, size) {
        ('A', ..) => format().map(Type::Ascii),
        ('E', ..) => format().map(Type::Ebcdic),
        ('I', None, _) => Ok(Type::Image),
        ('L', _, Some(0)) | ('L', _, None) | ('I', Some(_), _) => Err(Kind::BadArgument),
        ('L', _, Some(size)) => u8::try_from(size)
            .map(Type::Local)
            .map_err(|_| Kind::UnknownParameter),
        _ => Err(Kind::UnknownParameter),
    }
}

fn tag_no_case<'a>(word: &'static str) -> impl Parser<&'a [u8], Output = &'a [u8], Error = ()> {
    nom::bytes::complete::tag_no_case(word)
}

/// `host-port` of RFC 959; nothing can listen on port 0.
fn port(argument: &[u8]) -> Result<core::net::SocketAddrV4, Kind> {
    parse_host_port(needed(trimmed(argument))?)
        .filter(|address| address.port() != 0)
        .ok_or(Kind::BadArgument)
}

/// ```text
/// allo = size [ SP "R" SP size ]            ; the record size means nothing to a stream
/// size = 1*DIGIT                            ; below 2^64
/// ```
///
/// What does not begin with a digit is none; it gets a 202, since nothing depends on it.
fn allo(argument: &[u8]) -> Result<Option<u64>, Kind> {
    if needed(trimmed(argument))?
        .first()
        .is_some_and(|b| !b.is_ascii_digit())
    {
        return text(argument).map(|_| None);
    }
    let records = (char(' '), tag_no_case("R"), char(' '), u64);
    whole(argument, terminated(u64, opt(records))).map(Some)
}

/// ```text
/// mode = 3*4( "0"-"7" )                   ; SITE CHMOD, and UNIX.mode of MFF
/// ```
fn mode(input: &[u8]) -> Parsed<'_, u16> {
    let digits = take_while_m_n(3, 4, |b: u8| matches!(b, b'0'..=b'7'));
    let mut mode = digits.map(|digits: &[u8]| {
        digits
            .iter()
            .fold(0, |mode, digit| mode << 3 | u16::from(digit & 7))
    });
    mode.parse(input)
}

/// ```text
/// epsv = [ "ALL" / protocol ]
/// ```
fn epsv(argument: &[u8]) -> Result<Epsv, Kind> {
    if trimmed(argument).is_empty() {
        return Ok(Epsv::Any);
    }
    whole(
        argument,
        alt((tag_no_case("ALL").map(|_| Epsv::All), u16.map(Epsv::Family))),
    )
}

/// The letters that clients send behind a dash and that mean an option of `ls`.
const fn is_list_option(byte: u8) -> bool {
    matches!(
        byte,
        b'a' | b'l'
            | b'A'
            | b'R'
            | b't'
            | b'r'
            | b'1'
            | b'F'
            | b'S'
            | b'h'
            | b'n'
            | b'g'
            | b'o'
            | b'd'
    )
}

/// ```text
/// list-args = *( options SP ) [ options / path ]
/// options   = "-" 1*letter                  ; known letters only: else it is a path
/// ```
fn list_args(argument: &[u8]) -> Result<ListArgs, Kind> {
    let Ok((mut path, letters)) = list_options(argument) else {
        return Ok(ListArgs::new(Text::default(), optional_path(argument)?));
    };
    // One group is the rule, and is copied once.
    let mut options = checked(Text::try_from(letters))?;
    if list_options(path).is_ok() {
        let mut all = letters.to_vec();
        while let Ok((behind, letters)) = list_options(path) {
            all.extend_from_slice(letters);
            path = behind;
        }
        options = checked(Text::new(all))?;
    }
    Ok(ListArgs {
        options,
        path: optional_path(path)?,
    })
}

fn list_options(input: &[u8]) -> Parsed<'_, &[u8]> {
    delimited(char('-'), take_while1(is_list_option), alt((tag(" "), eof))).parse(input)
}

/// `long-host-port` of RFC 1639.
fn lprt(argument: &[u8]) -> Result<core::net::SocketAddr, Kind> {
    parse_long(needed(trimmed(argument))?).map_err(|error| match error {
        LongError::Family(_) => Kind::UnknownLongFamily,
        LongError::Malformed => Kind::BadArgument,
    })
}

/// ```text
/// rang = first SP last                      ; both included; "1 0" is the whole file
/// ```
fn rang(argument: &[u8]) -> Result<Option<ByteRange>, Kind> {
    match whole(argument, (u64, preceded(char(' '), u64)))? {
        (1, 0) => Ok(None),
        (first, last) => ByteRange::inclusive(first, last)
            .map(Some)
            .ok_or(Kind::BadArgument),
    }
}

/// ```text
/// pret = command-line                       ; RETR, STOR, STOU, APPE, LIST, NLST or MLSD
/// ```
fn pret(argument: &[u8]) -> Result<Command, Kind> {
    let (_, (verb, argument)) = command_line(needed(argument)?).map_err(|_| Kind::BadArgument)?;
    // It announces no further one: a line full of them is no way into the stack.
    if verb == Verb::PRET {
        return Err(Kind::BadArgument);
    }
    let announced = with_argument(verb, argument)?;
    match announced {
        Command::Retr(_)
        | Command::Stor(_)
        | Command::Stou(_)
        | Command::Appe(_)
        | Command::List(_)
        | Command::Nlst(_)
        | Command::Mlsd(_) => Ok(Command::Pret(announced.into())),
        _ => Err(Kind::BadArgument),
    }
}

/// ```text
/// sscn = [ "ON" / "OFF" ]
/// ```
fn sscn(argument: &[u8]) -> Result<Option<bool>, Kind> {
    match trimmed(argument) {
        [] => Ok(None),
        word if word.eq_ignore_ascii_case(b"ON") => Ok(Some(true)),
        word if word.eq_ignore_ascii_case(b"OFF") => Ok(Some(false)),
        _ => Err(Kind::UnknownParameter),
    }
}

/// `timed-path`, the argument of MFMT and MFCT.
fn time_and_path(argument: &[u8]) -> Result<(Timestamp, PathArg), Kind> {
    let (time, path) = timed_path(needed(argument)?).ok_or(Kind::BadArgument)?;
    Ok((time, checked(PathArg::try_from(path))?))
}

/// ```text
/// timed-path = time-val SP path
/// ```
fn timed_path(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let digits = take_while1(|b: u8| b.is_ascii_digit() || b == b'.');
    let name = verify(rest, |name: &[u8]| !name.is_empty());
    let (_, (time, _, path)): (_, (&[u8], _, _)) =
        (digits, char::<_, ()>(' '), name).parse(input).ok()?;
    Some((Timestamp::parse_time_val(time)?, path))
}

/// Reads the argument of an MDTM as the old form that sets the time, `YYYYMMDDHHMMSS path`;
/// `None` where it is not of that form.
///
/// A file may bear such a name: a server looks for it first, or serves only one of both.
#[must_use]
pub fn mdtm_set(argument: &PathArg) -> Option<(Timestamp, PathArg)> {
    let (time, path) = timed_path(argument.as_bytes())?;
    Some((time, PathArg::try_from(path).ok()?))
}

#[cfg(test)]
mod tests;
