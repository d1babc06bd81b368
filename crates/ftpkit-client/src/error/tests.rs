use super::*;

#[test]
fn a_line_says_what_where_the_reply_and_what_to_try() {
    let cases = [
        (
            Error::refused(
                Step::Login,
                Reply::new(Code::NOT_LOGGED_IN, "Login incorrect."),
            )
            .with_host("127.0.0.1:2121"),
            "cannot log in to 127.0.0.1:2121: the server replied 530 Login incorrect; \
             check the user name and the password",
        ),
        (
            Error::refused(
                Step::Download,
                Reply::new(Code::FILE_UNAVAILABLE, "No such file"),
            )
            .with_host("h:21")
            .with_path("a b"),
            "cannot download a b from h:21: the server replied 550 No such file; \
             list the directory to see what is there",
        ),
        (
            Error::new(ErrorKind::Connect, Step::Connect)
                .with_host("h:21")
                .with_detail("connection refused"),
            "cannot connect to h:21: connection refused; check that the server is running there",
        ),
        (
            Error::session(
                Step::List,
                SessionError::ServiceClosing(Box::new(Reply::new(
                    Code::SERVICE_CLOSING,
                    "Too many users",
                ))),
            )
            .with_host("h:21"),
            "cannot list on h:21: the server replied 421 Too many users; try again later",
        ),
    ];
    for (error, line) in cases {
        assert_eq!(error.to_string(), line);
    }
}

#[test]
fn refusals_are_told_apart_as_far_as_the_reply_allows() {
    let kind = |step, code, text| refusal_kind(step, &Reply::new(code, text));
    let f550 = Code::FILE_UNAVAILABLE;
    for (step, code, text, expected) in [
        (
            Step::Download,
            f550,
            "x: No such file or directory",
            ErrorKind::NotFound,
        ),
        (Step::Download, f550, "File not found", ErrorKind::NotFound),
        (
            Step::Download,
            f550,
            "Can't open x: File doesn't exist",
            ErrorKind::NotFound,
        ),
        (
            Step::Download,
            f550,
            "Permission denied.",
            ErrorKind::PermissionDenied,
        ),
        (
            Step::Download,
            f550,
            "Failed to open file.",
            ErrorKind::Refused,
        ),
        (
            Step::Metadata,
            f550,
            "Could not get file size.",
            ErrorKind::NotFound,
        ),
        (Step::Upload, Code::NO_SPACE, "full", ErrorKind::NoSpace),
        (
            Step::List,
            Code::NOT_IMPLEMENTED,
            "what?",
            ErrorKind::Unsupported,
        ),
        (Step::Login, Code::NOT_LOGGED_IN, "no", ErrorKind::Login),
        (Step::Login, Code::SERVICE_CLOSING, "no", ErrorKind::Closing),
        (
            Step::Upload,
            Code::NO_DATA_CONNECTION,
            "no",
            ErrorKind::DataConnection,
        ),
        (
            Step::Upload,
            Code::NAME_NOT_ALLOWED,
            "no",
            ErrorKind::Refused,
        ),
    ] {
        assert_eq!(kind(step, code, text), expected, "{code} {text}");
    }
}

#[test]
fn no_reply_can_break_the_line() {
    let reply = Reply::multiline(
        Code::FILE_UNAVAILABLE,
        "first\u{1b}[2J".try_into().unwrap(),
        vec!["second".try_into().unwrap()],
    );
    let line = Error::refused(Step::Upload, reply).to_string();
    assert!(!line.chars().any(char::is_control), "{line}");
}
