//! Where this project reads a listing otherwise than another one asserts, and why.

use super::corpora::Exception;

/// A value that a project asserts wherever it occurs in a format: the format, the field and what
/// is asserted, what is read here, and why.
pub(crate) type Rule = (
    &'static str,
    (&'static str, Option<&'static str>),
    Option<&'static str>,
    &'static str,
);

/// Formats of which not all values are held against the corpora yet: only the ways to cut their
/// lines are tested.
pub(crate) const PENDING: &[&str] = &[
    "enterprise-unix",
    "macos-peter",
    "mvs",
    "mvs-jes1",
    "mvs-jes2",
    "mvs-member",
    "netware",
    "nonstop",
    "os2",
    "os400",
    "vms",
];

pub(crate) const RULES: &[Rule] = &[(
    "dos",
    ("size", Some("0")),
    None,
    "a directory has no size in DIR; the other projects have no word for that",
)];

const DEVICE: &str = "the other project has no kind for devices, and takes their numbers for sizes";
const LENIENT: &str = "what cannot be read is left out, and the name is kept";
const BARE: &str = "without facts it could be a line of anything; MLSD must be told";
const LOOKS_LIKE_MAC: &str = "alone, it is a line of the classic Mac OS as well";

pub(crate) const EXCEPTIONS: &[Exception] = &[
    (
        "commons-net-assert/043",
        "name zxbox, here   zxbox",
        "one blank ends the date; case 029 asserts of the same line that the others are the name's",
    ),
    ("commons-net/010", "type file, here unknown", DEVICE),
    ("commons-net/011", "type file, here unknown", DEVICE),
    ("commons-net/030", "type file, here unknown", DEVICE),
    ("commons-net/030", "group kmem 0,, here kmem", DEVICE),
    ("commons-net/030", "size 27, here unknown", DEVICE),
    ("commons-net/031", "type file, here unknown", DEVICE),
    (
        "commons-net/046",
        "entries 0, here 1",
        "the owner is 1ftp, the links are not told",
    ),
    (
        "commons-net/047",
        "entries 0, here 1",
        "a date alone is the form of ls --time-style=iso",
    ),
    (
        "commons-net/073",
        "name 500           166 Nov  2  2001 73131-testtes1.afp, here 73131-testtes1.afp",
        "the parser under test there is for servers that list no date",
    ),
    ("commons-net/073", "size 500, here 166", "as its name"),
    (
        "commons-net/074",
        "name 500           166 Nov  9  2001 73131-testtes1.AFP, here 73131-testtes1.AFP",
        "as 073",
    ),
    ("commons-net/074", "size 500, here 166", "as 073"),
    (
        "commons-net/076",
        "entries 0, here 1",
        "the day may come first",
    ),
    ("commons-net/212", "entries 1, here 0", BARE),
    ("commons-net/215", "entries 1, here 0", BARE),
    ("commons-net/216", "entries 1, here 0", BARE),
    ("commons-net/223", "entries 0, here 1", LENIENT),
    ("commons-net/224", "entries 0, here 1", LENIENT),
    ("commons-net/226", "entries 0, here 1", LENIENT),
    ("commons-net/227", "entries 0, here 1", LENIENT),
    ("commons-net/228", "entries 0, here 1", LENIENT),
    ("fluentftp/062", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("fluentftp/063", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("jlaffaye/006", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("jlaffaye/007", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("jlaffaye/008", "dialect unix, here macos", LOOKS_LIKE_MAC),
];
