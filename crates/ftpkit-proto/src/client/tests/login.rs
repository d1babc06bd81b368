//! The greeting, logins, and what servers say too often.

use super::*;

#[test]
fn logins() {
    let cases = [
        "
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 230 Welcome
        done 1 230 Welcome
        ",
        // No password is needed.
        "
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 230 Welcome
        done 1 230 Welcome
        ",
        // RFC 2228: logged in by the security exchange; a challenge.
        "
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 232 Welcome
        done 1 232 Welcome
        ask login anna secret
        C: USER anna
        S: 336 Challenge
        C: PASS secret
        S: 202 Fine
        done 2 202 Fine
        ",
        // An account, asked for after PASS, after USER, and where there is none.
        "
        ask login anna secret acc
        ask login anna secret acc
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 332 Account?
        C: ACCT acc
        S: 230 Welcome
        done 1 230 Welcome
        C: USER anna
        S: 332 Account?
        C: ACCT acc
        S: 530 No
        done 2 530 No
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 332 Account?
        done 3 332 Account?
        ",
        // Refused, at each step; a refusal is an outcome and the connection goes on.
        "
        ask login anna secret
        ask login anna secret
        ask noop
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 530 No
        done 1 530 No
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 530-No,
         no. ~ 530 Never.
        done 2 530 No, / no. / Never.
        C: NOOP
        S: 200 Yes
        done 3 200 Yes
        ",
        // A second question instead of an answer is the outcome.
        "
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 331 Password?
        done 1 331 Password?
        ",
    ];
    for script in thin(cases, 4) {
        let script = script.replace(",\n         no.", ", ~  no.");
        play(Config::default(), &script);
    }
}

#[test]
fn greetings() {
    let cases = [
        "
        S: 120 In a minute ~ 120 Soon ~ 220-Hello ~ 220-there, ~ 220 and welcome
        greeting 220
        ",
        // The server has logged in by itself.
        "
        ask noop
        S: 230 Welcome
        greeting 230
        C: NOOP
        S: 200 Yes
        done 1 200 Yes
        ",
        "
        ask noop
        ask quit
        S: 421 Too many
        done 1 rejected
        done 2 rejected
        closed the server closes the session: 421 Too many
        ask noop
        done 3 rejected
        ",
        "
        S: 554 No
        closed the server closes the session: 554 No
        ",
        "
        S: 331 Password?
        closed the peer broke the protocol: this is not FTP
        ",
        "
        S: SSH-2.0-OpenSSH_10.0
        closed the peer broke the protocol: a line is not a reply
        ",
        "
        ask noop
        wait 29
        wait 1
        done 1 rejected
        closed timed out: the server did not reply
        ",
        "
        wait 29
        S: 120 Soon
        wait 29
        S: 220 Hello
        greeting 220
        wait 1000
        ",
        "
        S: 120 Soon
        eof
        closed the control connection was closed by the peer
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), script);
    }
}

#[test]
fn what_is_said_too_often_does_not_answer_the_next_command() {
    let cases = [
        "
        S: 220 Hello ~ 220 there ~ 220 and welcome
        greeting 220
        ask login anna secret
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 230 Welcome
        done 1 230 Welcome
        S: 230 You last came yesterday
        ask noop
        C: NOOP
        S: 200 Yes
        done 2 200 Yes
        ",
        "
        ask login anna secret
        ask features
        ask noop
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 220 there ~ 331 Password?
        C: PASS secret
        S: 230 Welcome ~ 230 Again ~ 230 And again
        done 1 230 Welcome
        C: FEAT
        S: 230 Still here ~ 211-Features ~  SIZE ~  UTF8 ~ 211 End
        done 2 features SIZE, UTF8
        C: NOOP
        S: 200 Yes
        done 3 200 Yes
        ",
        // A greeting that goes on during the login, and a welcome in many replies.
        "
        ask login anna secret
        ask noop
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 331 Password? ~ 220 there
        C: PASS secret
        S: 220 and welcome ~ 230-You are ~ 230 in ~ 230-Read ~ 230 this ~ 230 and this
        done 1 230 You are / in
        C: NOOP
        S: 230 and that ~ 200 Yes
        done 2 200 Yes
        ",
        // So with the account.
        "
        ask login anna secret acc
        ask noop
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 332 Account?
        C: ACCT acc
        S: 220 there ~ 230 Welcome ~ 230 Again
        done 1 230 Welcome
        C: NOOP
        ",
        // A HOST is answered by 220.
        "
        ask host example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 220 Also here
        done 1 220 Also here
        ",
        // The same login twice: the second 230 is an answer.
        "
        ask login anna secret
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: USER anna
        S: 230 Welcome
        done 1 230 Welcome
        C: USER anna
        S: 230 Welcome
        done 2 230 Welcome
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), script);
    }
}

#[test]
fn a_strict_client_closes_on_what_nobody_asked() {
    let mut config = Config::default();
    config.lenient = false;
    play(
        config,
        "
        S: 220 Hello
        greeting 220
        S: 220 there
        closed the peer broke the protocol: a reply came that answers no command
        ",
    );
}

#[test]
fn a_flood_of_replies_ends_the_session() {
    let flood = "220 there ~ ".repeat(64);
    play(
        Config::default(),
        &format!(
            "
            ask noop
            S: 220 Hello
            greeting 220
            C: NOOP
            S: {flood}220 one too many
            done 1 lost
            closed the peer broke the protocol: a reply came that answers no command
            "
        ),
    );
    let flood = "120 Soon ~ ".repeat(64);
    play(
        Config::default(),
        &format!(
            "
            S: {flood}120 one too many
            closed the peer broke the protocol: a reply came that answers no command
            "
        ),
    );
}

#[test]
fn what_the_server_sends_is_bounded() {
    let mut config = Config::default();
    config.limits.line = 64;
    config.limits.reply = 128;
    let long = "x".repeat(80);
    play(
        config.clone(),
        &format!(
            "
            S: 220 {long}
            closed the peer broke the protocol: a line is longer than the limit
            "
        ),
    );
    let many = "220-again and again ~ ".repeat(8);
    play(
        config,
        &format!(
            "
            S: {many}
            closed the peer broke the protocol: a reply is longer than the limit
            "
        ),
    );
}

#[test]
fn features_are_remembered_until_they_may_have_changed() {
    let now = Instant::START;
    let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
    client.handle_bytes(now, b"220 Hello\r\n");
    assert_eq!(client.greeting().unwrap().to_string(), "220 Hello");
    assert!(client.is_idle());
    client.submit(now, Request::Features);
    assert!(!client.is_idle());
    client.handle_bytes(now, b"211-Features\r\n REST STREAM\r\n");
    assert!(client.awaits_reply());
    client.handle_bytes(now, b"211 End\r\n");
    assert!(!client.awaits_reply());
    assert!(client.features().unwrap().rest_stream());
    client.submit(now, Request::Login(Credentials::anonymous()));
    assert!(client.features().is_none());
    client.handle_bytes(now, b"230 Welcome\r\n");
    client.submit(now, Request::Features);
    client.handle_bytes(now, b"502 No\r\n");
    assert!(client.features().is_none());
    assert!(client.is_idle());
}
