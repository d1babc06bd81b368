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

pub(crate) const RULES: &[Rule] = &[
    (
        "dos",
        ("size", Some("0")),
        None,
        "a directory has no size in DIR; the other projects have no word for that",
    ),
    (
        "macos-peter",
        ("size", Some("0")),
        None,
        "the number of things in a folder is not its size",
    ),
    (
        "macos-peter",
        ("nlink", Some("0")),
        None,
        "there are no links on that system; the other project has no word for that",
    ),
    (
        "os400",
        ("size", Some("0")),
        None,
        "the size of a member is not told; the other project has no word for that",
    ),
];

const DEVICE: &str = "the other project has no kind for devices, and takes their numbers for sizes";
const LENIENT: &str = "what cannot be read is left out, and the name is kept";
const BARE: &str = "without facts it could be a line of anything; MLSD must be told";
const FIXTURE: &str = "the test there asserts what it made up itself, not what it has read";
const ORDER: &str = "the order of the figures is not told, and the day of this test is in 2024: \
    so late, another order means a later day";
const VERSION: &str = "the version has a field of its own";
const BLOCKS: &str =
    "a block has 512 bytes; that project gives their number, or 1024 times as much";
const TRACKS: &str = "that project estimates from above; how full the tracks are is not told";
const LOOKS_LIKE_MAC: &str = "alone, it is a line of the classic Mac OS as well";

pub(crate) const EXCEPTIONS: &[Exception] = &[
    (
        "commons-net-assert/016",
        "mtime ????-04-13T23:12, here 2024-03-12T15:20",
        FIXTURE,
    ),
    (
        "commons-net-assert/016",
        "name testFile, here Document name with spaces.doc",
        FIXTURE,
    ),
    (
        "commons-net-assert/016",
        "owner testUser, here rwinston",
        FIXTURE,
    ),
    ("commons-net-assert/016", "size 512, here 19968", FIXTURE),
    ("commons-net-assert/016", "type dir, here file", FIXTURE),
    (
        "commons-net-assert/020",
        "mtime 2004-03-24T14:06, here 2024-04-03T14:06:34",
        ORDER,
    ),
    (
        "commons-net-assert/021",
        "mtime 2004-03-24T14:06, here 2024-04-03T14:06:29",
        ORDER,
    ),
    (
        "commons-net-assert/022",
        "name AUDWRK0204232015114625.PDF, here /DRV/AUDWRKSHET/AUDWRK0204232015114625.PDF",
        "a name is what the server sent",
    ),
    (
        "commons-net-assert/023",
        "mtime 2004-03-24T14:06, here 2024-04-03T14:06:34",
        ORDER,
    ),
    (
        "commons-net-assert/024",
        "mtime 2004-03-24T14:06, here 2024-04-03T14:06:29",
        ORDER,
    ),
    (
        "commons-net-assert/043",
        "name zxbox, here   zxbox",
        "one blank ends the date; case 029 asserts of the same line that the others are the name's",
    ),
    (
        "commons-net-assert/047",
        "name 1-JUN.LIS;1, here 1-JUN.LIS",
        VERSION,
    ),
    (
        "commons-net-assert/047",
        "name 2-JUN.LIS;1, here 2-JUN.LIS",
        VERSION,
    ),
    (
        "commons-net-assert/047",
        "name 3-JUN.LIS;1, here 3-JUN.LIS",
        VERSION,
    ),
    (
        "commons-net-assert/047",
        "name 3-JUN.LIS;4, here 3-JUN.LIS",
        VERSION,
    ),
    (
        "commons-net-assert/047",
        "name 3-JUN.LIS;2, here 3-JUN.LIS",
        VERSION,
    ),
    (
        "commons-net-assert/047",
        "name 3-JUN.LIS;3, here 3-JUN.LIS",
        VERSION,
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
    (
        "commons-net/086",
        "entries 0, here 1",
        "a date in figures is one too",
    ),
    (
        "commons-net/107",
        "mtime 2004-03-18T18:58:16, here 2018-04-03T18:58:16",
        ORDER,
    ),
    (
        "commons-net/108",
        "mtime 2004-03-24T14:06:26, here 2024-04-03T14:06:26",
        ORDER,
    ),
    (
        "commons-net/109",
        "mtime 2004-03-24T14:06:29, here 2024-04-03T14:06:29",
        ORDER,
    ),
    (
        "commons-net/110",
        "mtime 2004-03-24T14:06:34, here 2024-04-03T14:06:34",
        ORDER,
    ),
    (
        "commons-net/111",
        "mtime 2004-03-24T14:06:47, here 2024-04-03T14:06:47",
        ORDER,
    ),
    ("commons-net/131", "entries 0, here 1", LENIENT),
    (
        "commons-net/135",
        "entries 0, here 1",
        "a member may have size and date",
    ),
    ("commons-net/136", "entries 0, here 1", "as 135"),
    ("commons-net/137", "entries 0, here 1", "as 135"),
    (
        "commons-net/160",
        "entries 0, here 1",
        "the name of a group may hold what it likes",
    ),
    ("commons-net/162", "entries 0, here 1", LENIENT),
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
    ("fluentftp/097", "size 11, here 5632", BLOCKS),
    ("fluentftp/098", "size 30, here 15360", BLOCKS),
    ("fluentftp/099", "size 30, here 15360", BLOCKS),
    ("fluentftp/100", "size 113, here 57856", BLOCKS),
    ("fluentftp/101", "size 113, here 57856", BLOCKS),
    ("fluentftp/102", "size 63, here 32256", BLOCKS),
    ("fluentftp/103", "size 125, here 64000", BLOCKS),
    ("fluentftp/104", "size 95, here 48640", BLOCKS),
    ("fluentftp/105", "size 17472, here 8945664", BLOCKS),
    ("fluentftp/106", "size 777, here 397824", BLOCKS),
    ("fluentftp/107", "size 254, here 130048", BLOCKS),
    ("fluentftp/108", "size 21, here 10752", BLOCKS),
    ("fluentftp/109", "size 22, here 11264", BLOCKS),
    ("fluentftp/110", "size 431, here 220672", BLOCKS),
    ("fluentftp/111", "size 2459, here 1259008", BLOCKS),
    ("fluentftp/112", "size 4610, here 2360320", BLOCKS),
    ("fluentftp/113", "size 936, here 479232", BLOCKS),
    ("fluentftp/114", "size 1178, here 603136", BLOCKS),
    ("fluentftp/115", "size 1, here 512", BLOCKS),
    (
        "fluentftp/115",
        "name pdf-dir, here pdf-dir.DIR",
        "a name is what the server sent",
    ),
    ("fluentftp/116", "size 155, here 79360", BLOCKS),
    ("fluentftp/117", "size 1048576, here 1024", BLOCKS),
    (
        "fluentftp/117",
        "mtime unknown, here 2000-01-07",
        "a date without a time is one too",
    ),
    ("fluentftp/118", "size 3145728, here 3072", BLOCKS),
    ("fluentftp/119", "size 89534758912, here 87436288", BLOCKS),
    ("fluentftp/120", "size 10, here 5120", BLOCKS),
    ("fluentftp/143", "size 849960, here unknown", TRACKS),
    ("fluentftp/144", "size 950664167424, here unknown", TRACKS),
    ("jlaffaye/006", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("jlaffaye/007", "dialect unix, here macos", LOOKS_LIKE_MAC),
    ("jlaffaye/008", "dialect unix, here macos", LOOKS_LIKE_MAC),
    (
        "jlaffaye/029",
        "entries 0, here 1",
        "that project does not read NetWare",
    ),
    (
        "jlaffaye/030",
        "entries 0, here 1",
        "that project does not read NetWare",
    ),
];
