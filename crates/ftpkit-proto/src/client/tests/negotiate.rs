//! Virtual hosts, features, and what client and server tell each other before work begins.

use super::*;

#[test]
fn a_virtual_host_is_told_first() {
    let cases = [
        "
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 220 Example
        C: USER anna
        S: 230 Welcome
        done 1 230 Welcome
        ",
        // Servers that do not know the command, or not the host.
        "
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 500 What?
        C: USER anna
        ",
        "
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 502 What?
        C: USER anna
        ",
        "
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 504 Who?
        C: USER anna
        S: 220 Hello ~ 331 Password?
        C: PASS secret
        ",
        // It matters who gets the password.
        "
        ask login anna secret only at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 504 Who?
        done 1 504 Who?
        ask noop
        C: NOOP
        ",
        // Not now is not no.
        "
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: HOST example.org
        S: 451 Later
        done 1 451 Later
        ",
        // It is told where it is listed, or has to be.
        "
        ask features
        ask login anna secret at example.org
        ask features
        ask login anna secret only at example.org
        ask features
        ask login anna secret at example.org
        S: 220 Hello
        greeting 220
        C: FEAT
        S: 211-Features ~  SIZE ~ 211 End
        done 1 features SIZE
        C: USER anna
        S: 530 No
        done 2 530 No
        C: FEAT
        S: 211-Features ~  SIZE ~ 211 End
        done 3 features SIZE
        C: HOST example.org
        S: 502 What?
        done 4 502 What?
        C: FEAT
        S: 211-Features ~  HOST ~ 211 End
        done 5 features HOST
        C: HOST example.org
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), script);
    }
}

fn named() -> Config {
    let mut config = Config::default();
    config.client_name = Some(Text::from_static("Tester 1.0"));
    config
}

#[test]
fn what_is_listed_is_told() {
    let cases = [
        "
        ask negotiate
        C: FEAT
        S: 211-Features ~  CLNT ~  UTF8 ~ 211 End
        C: CLNT Tester 1.0
        S: 200 Welcome, Tester
        C: OPTS UTF8 ON
        S: 200 Fine
        done 1 features CLNT, UTF8
        ",
        // A refusal of a courtesy does no harm.
        "
        ask negotiate
        C: FEAT
        S: 211-Features ~  CLNT ~  UTF8 ~ 211 End
        C: CLNT Tester 1.0
        S: 500 Who?
        C: OPTS UTF8 ON
        S: 501 It is on anyway
        done 1 features CLNT, UTF8
        ",
        "
        ask negotiate
        C: FEAT
        S: 211-Features ~  UTF8 ~ 211 End
        C: OPTS UTF8 ON
        S: 200 Fine
        done 1 features UTF8
        ",
        "
        ask negotiate
        C: FEAT
        S: 211-Features ~  CLNT ~ 211 End
        C: CLNT Tester 1.0
        S: 200 Fine
        done 1 features CLNT
        ",
        "
        ask negotiate
        C: FEAT
        S: 211 None
        done 1 features none
        ",
        // A server from before RFC 2389.
        "
        ask negotiate
        C: FEAT
        S: 500 What?
        done 1 500 What?
        ask noop
        C: NOOP
        ",
    ];
    for script in thin(cases, 4) {
        play(named(), &format!("S: 220 Hello\ngreeting 220\n{script}"));
    }
}

#[test]
fn a_client_without_a_name_tells_none() {
    play(
        Config::default(),
        "
        S: 220 Hello
        greeting 220
        ask negotiate
        C: FEAT
        S: 211-Features ~  CLNT ~ 211 End
        done 1 features CLNT
        ",
    );
}

#[test]
fn a_login_goes_on_with_it_where_that_is_wished() {
    let mut config = named();
    config.negotiate = true;
    let cases = [
        "
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 230 Welcome ~ 230 Again
        C: FEAT
        S: 230 And again ~ 211-Features ~  CLNT ~  UTF8 ~ 211 End
        C: CLNT Tester 1.0
        S: 200 Fine
        C: OPTS UTF8 ON
        S: 200 Fine
        done 1 230 Welcome
        C: NOOP
        ",
        "
        C: USER anna
        S: 230 Welcome
        C: FEAT
        S: 502 What?
        done 1 230 Welcome
        C: NOOP
        ",
        // One that fails does not.
        "
        C: USER anna
        S: 331 Password?
        C: PASS secret
        S: 530 No
        done 1 530 No
        C: NOOP
        ",
    ];
    for script in thin(cases, 4) {
        play(
            config.clone(),
            &format!("ask login anna secret\nask noop\nS: 220 Hello\ngreeting 220\n{script}"),
        );
    }
}

/// Before and after a login, under TLS and at another host.
#[test]
fn features_are_asked_for_again_where_they_may_have_changed() {
    let now = Instant::START;
    let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
    client.handle_bytes(now, b"220 Hello\r\n");
    let learn = |client: &mut Connection, request: Request| {
        client.submit(now, request);
        client.handle_bytes(now, b"211-Features\r\n EPSV\r\n211 End\r\n");
        assert!(client.features().unwrap().epsv());
    };
    learn(&mut client, Request::Features);
    client.submit(now, Request::Login(Credentials::anonymous()));
    assert!(client.features().is_none());
    client.handle_bytes(now, b"230 Welcome\r\n");
    learn(&mut client, Request::Negotiate);
    let host = Command::Host(Text::from_static("example.org"));
    client.submit(now, Request::Command(host.clone()));
    client.handle_bytes(now, b"504 Who?\r\n");
    assert!(client.features().is_some());
    client.submit(now, Request::Command(host));
    client.handle_bytes(now, b"220 Hello\r\n");
    assert!(client.features().is_none());
    learn(&mut client, Request::Command(Command::Feat));
    client.submit(now, Request::Secure { protect_data: true });
    client.handle_bytes(now, b"234 Go\r\n");
    client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
    assert!(client.features().is_none());
}
