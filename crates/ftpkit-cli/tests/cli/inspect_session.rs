//! inspect reply, command and transcript: what crossed a control connection.

use serde_json::{Value, json};

use crate::inspect::inspect;

fn replies(input: &[u8]) -> Vec<Value> {
    inspect(&["reply"], input)
}

fn commands(input: &[u8]) -> Vec<Value> {
    inspect(&["command"], input)
}

fn transcript(input: &str) -> Vec<Value> {
    inspect(&["transcript", "-"], input.as_bytes())
}

#[test]
fn each_reply_has_its_value() {
    for (reply, value) in [
        (
            "227 Ok (192,0,2,7,195,80)",
            json!({"passive": "192.0.2.7:50000"}),
        ),
        (
            "227 =192,0,2,7,195,80",
            json!({"passive": "192.0.2.7:50000"}),
        ),
        (
            "228 Ok (4,4,192,0,2,7,2,195,80)",
            json!({"long_passive": "192.0.2.7:50000"}),
        ),
        ("229 Ok (|||50000|)", json!({"extended_port": 50000})),
        ("257 \"/a\"\"b\" made", json!({"path": "/a\"b"})),
        ("213 1234", json!({"size": 1234})),
        (
            "213 20240615120000.5",
            json!({"time": "2024-06-15T12:00:00.5Z"}),
        ),
        ("213 19124-06-15", Value::Null),
        (
            "213 SHA-1 0-4 0123456789abcdef0123456789abcdef01234567 a",
            json!({"hash": {
                "algorithm": "SHA-1", "digest": "0123456789abcdef0123456789abcdef01234567",
                "first": 0, "last": 4, "path": "a",
            }}),
        ),
        (
            "213 Modify=20240615120000; a",
            json!({"changed": {
                "name": "a", "kind": "other", "modified": "2024-06-15T12:00:00",
                "precision": "second", "utc": true,
            }}),
        ),
        (
            "211-Features:\r\n MLST size*;\r\n211 End",
            json!({"features": ["MLST size*;"]}),
        ),
        (
            "250-Facts\r\n type=file;size=3; a\r\n250 End",
            json!({"facts": {"name": "a", "kind": "file", "size": 3}}),
        ),
        (
            "150 FILE: a (7 bytes)",
            json!({"size_hint": 7, "unique_name": "a (7 bytes)"}),
        ),
        (
            "252 a 0123456789abcdef0123456789abcdef",
            json!({"hashes": [{"digest": "0123456789abcdef0123456789abcdef", "path": "a"}]}),
        ),
        ("226 Done", Value::Null),
    ] {
        let lines = replies(reply.as_bytes());
        assert_eq!(lines.len(), 1, "{reply}");
        assert_eq!(lines[0]["value"], value, "{reply}");
        assert_eq!(lines[0]["odd"], Value::Null, "{reply}");
    }
}

#[test]
fn replies_of_several_lines_are_one_object_and_odd_ones_say_why() {
    assert_eq!(
        replies(b"220-Hi\r\n  there\r\n220 Ready\r\n\r\nwhat\r\n227 Ok\n200\n211-a\0\n200 b\n211-open\n x"),
        [
            json!({"code": 220, "lines": ["Hi", " there", "Ready"]}),
            json!({"unparsed": "what", "reason": "a line is not a reply"}),
            json!({"code": 227, "lines": ["Ok"], "odd": ["the value of this 227 cannot be read"]}),
            json!({
                "code": 200, "lines": [""],
                "odd": ["nothing follows the code, not even a space"],
            }),
            json!({
                "code": 200, "lines": ["a", "b"],
                "odd": [
                    "a control character stands inside the line",
                    "the reply begins with 211 and ends with 200",
                ],
            }),
            json!({"unparsed": "211-open", "reason": "the last line of the reply is missing"}),
        ]
    );
    assert_eq!(
        replies(b"257 \"/\xe9\"\r\n"),
        [json!({"code": 257, "lines_base64": ["Ii/pIg=="], "value": {"path_base64": "L+k="}})]
    );
}

#[test]
fn each_command_has_its_parts() {
    for (line, parts) in [
        ("user ana", json!({"name": "ana"})),
        ("PASS hunter2", json!({})),
        ("ACCT hunter2", json!({})),
        ("RETR a b", json!({"path": "a b"})),
        ("CWD", json!({})),
        ("LIST -la d", json!({"options": "la", "path": "d"})),
        (
            "PORT 192,0,2,7,195,80",
            json!({"address": "192.0.2.7:50000"}),
        ),
        (
            "EPRT |2|2001:db8::1|50000|",
            json!({"address": "[2001:db8::1]:50000"}),
        ),
        (
            "LPRT 4,4,192,0,2,7,2,195,80",
            json!({"address": "192.0.2.7:50000"}),
        ),
        ("EPSV 2", json!({"family": 2})),
        ("EPSV ALL", json!({"all": true})),
        ("TYPE A T", json!({"type": "A T"})),
        ("STRU R", json!({"structure": "R"})),
        ("MODE Z", json!({"mode": "Z"})),
        ("PROT P", json!({"protection": "P"})),
        ("ALLO 5", json!({"size": 5})),
        ("PBSZ 0", json!({"size": 0})),
        ("REST 18446744073709551615", json!({"offset": u64::MAX})),
        ("RANG 5 9", json!({"first": 5, "last": 9})),
        (
            "SITE CHMOD 644 f",
            json!({"site": "CHMOD", "path": "f", "mode": "0644"}),
        ),
        (
            "SITE SYMLINK a b",
            json!({"site": "SYMLINK", "path": "b", "target": "a"}),
        ),
        ("SITE HELP", json!({"site": "HELP"})),
        ("SITE IDLE 60", json!({"site": "IDLE 60"})),
        (
            "SITE UTIME 20240615120000 f",
            json!({"site": "UTIME", "path": "f", "modified": "2024-06-15T12:00:00Z"}),
        ),
        ("OPTS UTF8 ON", json!({"option": "UTF8", "on": true})),
        (
            "OPTS MLST size;",
            json!({"option": "MLST", "facts": "size;"}),
        ),
        (
            "OPTS HASH SHA-256",
            json!({"option": "HASH", "algorithm": "SHA-256"}),
        ),
        (
            "OPTS MODE Z LEVEL 6",
            json!({"option": "MODE Z", "level": 6}),
        ),
        ("OPTS X y", json!({"option": "X", "parameters": "y"})),
        ("HELP RETR", json!({"topic": "RETR"})),
        ("LANG en", json!({"language": "en"})),
        ("AUTH TLS", json!({"mechanism": "TLS"})),
        ("HOST a", json!({"host": "a"})),
        ("CLNT a", json!({"client": "a"})),
        ("CSID Name=a;", json!({"client": "Name=a;"})),
        (
            "MFMT 20240615120000 f",
            json!({"time": "2024-06-15T12:00:00Z", "path": "f"}),
        ),
        (
            "MFF Modify=20240615120000;UNIX.mode=0644; f",
            json!({"facts": {"modified": "2024-06-15T12:00:00Z", "mode": "0644"}, "path": "f"}),
        ),
        ("XCRC f", json!({"algorithm": "CRC32", "path": "f"})),
        ("COMB t a", json!({"target": "t", "parts": ["a"]})),
        (
            "PRET RETR f",
            json!({"command": {"verb": "RETR", "path": "f"}}),
        ),
        ("SSCN ON", json!({"on": true})),
        ("AVBL", json!({})),
        ("FROB x", json!({"known": false, "argument": "x"})),
    ] {
        let mut lines = commands(line.as_bytes());
        assert_eq!(lines.len(), 1, "{line}");
        let object = lines[0].as_object_mut().unwrap();
        let (verb, wire) = (
            object.remove("verb").unwrap(),
            object.remove("wire").unwrap(),
        );
        assert_eq!(verb, line.split(' ').next().unwrap().to_uppercase());
        assert!(
            wire.as_str().unwrap().starts_with(verb.as_str().unwrap()),
            "{wire}"
        );
        assert_eq!(lines[0], parts, "{line}");
    }
}

#[test]
fn what_is_no_command_has_the_code_of_its_refusal() {
    for (line, code, verb) in [
        ("", 500, None),
        ("?", 500, None),
        ("RETR", 501, Some("RETR")),
        ("REST x", 501, Some("REST")),
        ("MODE X", 504, Some("MODE")),
        ("EPRT |3|x|1|", 522, Some("EPRT")),
    ] {
        let lines = commands(format!("{line}\r\n").as_bytes());
        assert_eq!(lines[0]["unparsed"], line);
        assert_eq!(lines[0]["code"], code, "{line}");
        assert_eq!(lines[0]["verb"].as_str(), verb, "{line}");
        assert!(!lines[0]["reason"].as_str().unwrap().is_empty());
    }
}

#[test]
fn telnet_and_bytes_that_are_no_utf8_are_understood() {
    assert_eq!(
        commands(b"\xff\xf4\xff\xf2ABOR\r\nRETR \xff\xff\r\n"),
        [
            json!({"verb": "ABOR", "wire": "ABOR"}),
            json!({"verb": "RETR", "path_base64": "/w==", "wire_base64": "UkVUUiD//w=="}),
        ]
    );
}

#[test]
fn no_secret_is_ever_printed() {
    let input = "PASS hunter2\r\n pass hunter2\nPASS hun\0hunter2\nPASS\thunter2\nACCT hunter2\n\
                 SITE PSWD hunter2 hunter2\nPASS: hunter2\nX PASS hunter2\nPASS hunter2";
    let marked: String = ["C: ", "> ", "12:00 ", "", "[x] Command "]
        .iter()
        .flat_map(|mark| input.lines().map(move |line| format!("{mark}{line}\n")))
        .collect();
    for (kind, input) in [("command", input), ("transcript", &marked)] {
        let lines = inspect(&[kind, "-"], input.as_bytes());
        assert!(lines.len() >= input.lines().count(), "{kind}");
        for line in lines {
            assert!(!line.to_string().contains("hunter2"), "{line}");
        }
    }
}

#[test]
fn a_transcript_is_explained_line_by_line() {
    let lines = transcript(
        "S: 220 Hi\nC: USER ana\nS: 331 Password?\nC: PASS hunter2\nS: 230 In\nC: TYPE I\n\
         S: 200 Ok\nC: EPSV\nS: 229 Ok (|||50000|)\nC: RETR a\nS: 150-Here\nS: 150 Go (5 bytes)\n\
         S: 226 Done\nC: ???\n\nC: REST 5\n",
    );
    assert_eq!(lines.len(), 17);
    let state = json!({
        "login": "out", "tls": false, "private": false, "type": "A", "mode": "S",
        "structure": "F", "waiting": 0,
    });
    assert_eq!(
        lines[0],
        json!({
            "line": 1, "from": "server", "reply": {"code": 220, "lines": ["Hi"]}, "state": state,
        })
    );
    assert_eq!(
        lines[3],
        json!({
            "line": 4, "from": "client", "command": {"verb": "PASS", "wire": "PASS ***"},
            "allowed": [
                202, 230, 332, 421, 500, 501, 502, 503, 504, 530, 533, 534, 535, 536, 537,
            ],
            "state": {
                "login": "name given", "tls": false, "private": false, "type": "A", "mode": "S",
                "structure": "F", "waiting": 1,
            },
            "odd": ["the secret of PASS crosses the network in clear"],
        })
    );
    let state = &lines[8]["state"];
    assert_eq!(
        (&state["login"], &state["type"]),
        (&"in".into(), &"I".into())
    );
    assert_eq!(
        (&state["data"], &lines[8]["to"]),
        (&"EPSV".into(), &"EPSV".into())
    );
    assert_eq!(lines[8]["reply"]["value"], json!({"extended_port": 50000}));
    assert_eq!(
        (&lines[10]["part"], &lines[10]["from"]),
        (&"150-Here".into(), &"server".into())
    );
    assert_eq!(lines[11]["state"]["transfer"], "RETR");
    assert_eq!(lines[11]["reply"]["value"], json!({"size_hint": 5}));
    assert_eq!(lines[12]["state"].get("transfer"), None);
    assert_eq!(
        (&lines[13]["unparsed"], &lines[13]["code"]),
        (&"???".into(), &500.into())
    );
    assert_eq!(lines[14], json!({"line": 15, "remark": ""}));
    assert_eq!(
        lines[15]["odd"],
        json!(["the command before has no reply yet"])
    );
    assert_eq!(lines[16]["end"], true);
    assert_eq!(lines[16]["odd"], json!(["REST got no reply"]));
}

#[test]
fn other_programs_logs_are_explained_too() {
    for log in [
        "* Connected to h\n< 220 Hi\n> USER ftp\n< 331 Ok\n> PASS x\n< 230 In\n",
        "---- Connecting\n<--- 220 Hi\n---> USER ftp\n<--- 331 Ok\n---> PASS x\n<--- 230 In\n",
        "220 Hi\n--> USER ftp\n\n331 Ok\n--> PASS x\n\n230 In\n",
        "Status:\tConnected\nResponse:\t220 Hi\nCommand:\tUSER ftp\nResponse:\t331 Ok\n\
         Command:\tPASS x\nResponse:\t230 In\n",
        "12:00:01.5 S: 220 Hi\n12:00:02.5 C: USER ftp\n12:00:03 S: 331 Ok\n\
         12:00:04 C: PASS x\n12:00:05 S: 230 In\n",
        "h:21 < 220 Hi\r\nh:21 > USER ftp\r\nh:21 < 331 Ok\r\nh:21 > PASS ***\r\nh:21 < 230 In\r\n",
    ] {
        let lines = transcript(log);
        let last = lines.last().unwrap();
        assert_eq!(last["state"]["login"], "in", "{log}");
        assert_eq!(last["to"], "PASS", "{log}");
        for line in &lines {
            assert_eq!(line.get("odd"), None, "{log}");
        }
    }
}
