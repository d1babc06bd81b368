//! Bytes that somebody on the way puts behind the server's consent to TLS, to be taken as the
//! server's under it (CVE-2026-54891 and its kin).

use proptest::prelude::*;

use super::*;
use crate::error::{Error, PeerMisbehaved};

/// The consent with something behind it, cut here: the connection ends, with nothing of it told.
fn injected(consent: &str, behind: &[u8], cut: usize) {
    let now = Instant::START;
    let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
    client.handle_bytes(now, b"220 Hello\r\n");
    client.submit(now, Request::Secure { protect_data: true });
    let login = Credentials::new(Text::from_static("anna"), Secret::from_static("secret"));
    client.submit(now, Request::Login(login));
    let stream = [consent.as_bytes(), behind].concat();
    let mut written = Vec::new();
    let mut poll = |client: &mut Connection| {
        loop {
            match client.poll_output() {
                Output::Write(bytes) => written.extend_from_slice(&bytes),
                end @ (Output::Wait(_) | Output::Closed(_)) => return end,
                _ => {}
            }
        }
    };
    poll(&mut client);
    let (first, second) = stream.split_at(cut);
    for piece in [first, second] {
        client.handle_bytes(now, piece);
        poll(&mut client);
    }
    client.handle_tls(now, TlsEvent::Started(TlsFacts::default()));
    client.handle_bytes(now, b"200 Fine\r\n");
    let end = poll(&mut client);
    assert!(!client.is_secured() && client.features().is_none());
    assert_eq!(written, b"AUTH TLS\r\n", "it went on in clear");
    let Output::Closed(Err(Error::PeerMisbehaved(why))) = end else {
        panic!("{end:?}");
    };
    assert_eq!(why, PeerMisbehaved::BytesBeforeTls);
}

/// What an attacker would send.
const LINES: &[&[u8]] = &[
    b"200 Fine\r\n",
    b"230 Welcome\r\n",
    b"227 Fine (10,0,0,1,0,80)\r\n",
    b"\r\n",
    b"\xff\xf1",
    b"\xff\xfb\x18",
    b"2",
    b"\0",
];

fn behind() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::sample::select(LINES);
    let lines = prop::collection::vec(lines, 1..4).prop_map(|lines| lines.concat());
    prop_oneof![lines, prop::collection::vec(any::<u8>(), 1..30)]
}

proptest! {
    #[test]
    fn whatever_comes_behind_the_234_ends_the_connection_at_every_split(
        consent in prop::sample::select(&["234 Go\r\n", "234-Go\r\n on\r\n234 Go\r\n", "334 Go\r\n"][..]),
        behind in behind(),
    ) {
        for cut in thin(0..=consent.len() + behind.len(), 7) {
            injected(consent, &behind, cut);
        }
    }
}
