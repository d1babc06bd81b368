use std::task::Waker;

use super::*;

/// A socket that takes so many bytes of each piece, and remembers the pieces.
struct Socket {
    takes: usize,
    pieces: Vec<Vec<u8>>,
}

impl Socket {
    const fn taking(takes: usize) -> Self {
        Self {
            takes,
            pieces: Vec::new(),
        }
    }

    fn all(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut piece: Vec<u8> = bufs.iter().flat_map(|buf| &**buf).copied().collect();
        piece.truncate(this.takes);
        let length = piece.len();
        this.pieces.push(piece);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Writes all of it, piece by piece, as TLS does.
fn write(outgoing: &mut Outgoing, socket: &mut Socket, mut bytes: &[u8]) {
    let mut cx = Context::from_waker(Waker::noop());
    while !bytes.is_empty() {
        let (first, rest) = bytes.split_at(bytes.len() / 3);
        let bufs = [IoSlice::new(first), IoSlice::new(rest)];
        let Poll::Ready(Ok(written)) = outgoing.poll_write(socket, &mut cx, &bufs) else {
            panic!("the socket takes something at once");
        };
        assert!(written > 0 && written <= bytes.len());
        bytes = &bytes[written..];
    }
}

fn flush(outgoing: &mut Outgoing, socket: &mut Socket) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        outgoing.poll_flush(socket, &mut cx),
        Poll::Ready(Ok(()))
    ));
}

/// A server of TLS 1.3 whose flight the client has answered.
fn answered(socket: &mut Socket) -> Outgoing {
    let mut outgoing = Outgoing::new(TlsRole::Server);
    let flight = b"\x16\x03\x03\x00\x02hi\x17\x03\x03\x00\x03abc";
    write(&mut outgoing, socket, flight);
    outgoing.heard();
    assert_eq!(socket.all(), flight, "a handshake waits for nothing");
    socket.pieces.clear();
    outgoing
}

#[test]
fn tickets_go_out_with_what_comes_next() {
    let mut socket = Socket::taking(1 << 20);
    let mut outgoing = answered(&mut socket);
    write(&mut outgoing, &mut socket, b"tickets, ");
    flush(&mut outgoing, &mut socket);
    assert!(
        socket.pieces.is_empty(),
        "there is nothing that they go with"
    );
    outgoing.gather();
    outgoing.release();
    write(&mut outgoing, &mut socket, b"a reply");
    flush(&mut outgoing, &mut socket);
    assert_eq!(socket.pieces, [b"tickets, a reply"]);
}

#[test]
fn what_is_short_goes_out_with_the_end() {
    let mut socket = Socket::taking(1 << 20);
    let mut outgoing = answered(&mut socket);
    write(&mut outgoing, &mut socket, b"tickets, ");
    outgoing.gather();
    outgoing.release();
    for piece in [&b"payload, "[..], b"more, ", b"close_notify"] {
        write(&mut outgoing, &mut socket, piece);
    }
    assert!(socket.pieces.is_empty());
    flush(&mut outgoing, &mut socket);
    assert_eq!(socket.pieces, [b"tickets, payload, more, close_notify"]);
}

#[test]
fn nothing_is_lost_or_comes_twice_however_little_is_taken() {
    for takes in [999, SHORT / 2, SHORT, 1 << 20] {
        for short in [1, 100, SHORT - 1, SHORT] {
            let mut socket = Socket::taking(takes);
            let mut outgoing = Outgoing::new(TlsRole::Client);
            outgoing.gather();
            let long = vec![b'l'; SHORT + 5];
            let short = vec![b's'; short];
            let mut all = Vec::new();
            for piece in [&short, &long, &long, &short, &short, &long, &short] {
                write(&mut outgoing, &mut socket, piece);
                all.extend_from_slice(piece);
                assert!(outgoing.held.len() <= SHORT);
            }
            flush(&mut outgoing, &mut socket);
            assert!(
                socket.all() == all,
                "{takes} at a time, {} short",
                short.len()
            );
            assert_eq!(outgoing.held.capacity(), 0, "what is sent needs no memory");
        }
    }
}

#[test]
fn what_is_long_takes_along_what_waits_and_waits_for_nothing() {
    let mut socket = Socket::taking(1 << 20);
    let mut outgoing = Outgoing::new(TlsRole::Client);
    outgoing.gather();
    write(&mut outgoing, &mut socket, b"short");
    write(&mut outgoing, &mut socket, &[b'-'; SHORT]);
    assert_eq!(socket.pieces.len(), 1);
    assert_eq!(socket.pieces[0].len(), SHORT + 5);
}

#[test]
fn the_last_words_of_a_handshake_are_taken() {
    let mut socket = Socket::taking(1 << 20);
    let mut outgoing = answered(&mut socket);
    write(&mut outgoing, &mut socket, b"an alert");
    let mut sent = Vec::new();
    outgoing.send_held(|held| {
        sent.extend_from_slice(held);
        Ok(held.len())
    });
    assert_eq!(sent, b"an alert");
    write(&mut outgoing, &mut socket, b"more");
    assert_eq!(socket.pieces, [b"more"], "nothing is held any more");
}

#[test]
fn a_stranger_gets_no_tickets() {
    let mut socket = Socket::taking(1 << 20);
    let mut outgoing = answered(&mut socket);
    write(&mut outgoing, &mut socket, b"tickets");
    outgoing.forget_tickets();
    write(&mut outgoing, &mut socket, b"close_notify");
    outgoing.release();
    flush(&mut outgoing, &mut socket);
    assert_eq!(socket.pieces, [b"close_notify"]);
}

#[test]
fn a_client_and_tls_1_2_have_no_tickets_that_wait() {
    let mut socket = Socket::taking(1 << 20);
    let mut client = Outgoing::new(TlsRole::Client);
    write(&mut client, &mut socket, b"\x17\x03\x03\x00\x01x");
    client.heard();
    write(&mut client, &mut socket, b"payload");
    let mut server = Outgoing::new(TlsRole::Server);
    write(
        &mut server,
        &mut socket,
        b"\x16\x03\x03\x00\x02hi\x16\x03\x03\x00\x01x",
    );
    server.heard();
    write(&mut server, &mut socket, b"payload");
    assert!(socket.all().ends_with(b"payload"));
    assert!(client.held.is_empty() && server.held.is_empty());
}

#[test]
fn a_socket_that_takes_nothing_is_an_error() {
    let mut socket = Socket::taking(0);
    let mut outgoing = Outgoing::new(TlsRole::Client);
    outgoing.gather();
    write(&mut outgoing, &mut socket, b"short");
    let mut cx = Context::from_waker(Waker::noop());
    let flushed = outgoing.poll_flush(&mut socket, &mut cx);
    assert!(matches!(flushed, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::WriteZero));
}
