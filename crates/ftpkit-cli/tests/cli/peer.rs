//! A server that breaks off, which `ftpkit serve` never does.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
};

/// Serves one session in which RETR sends `payload` and then answers `reply`; returns the port.
pub(crate) fn breaks_off(payload: &'static [u8], reply: &'static str) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || session(listener.accept().unwrap().0, payload, reply));
    (port, thread)
}

fn session(stream: TcpStream, payload: &[u8], end: &str) {
    let mut out = stream.try_clone().unwrap();
    let mut say = |line: &str| {
        // A client that has left has nothing more to learn.
        let _ = out.write_all(format!("{line}\r\n").as_bytes());
    };
    say("220 ready");
    let mut data = None;
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        match line.split(' ').next().unwrap_or_default() {
            "USER" => say("230 in"),
            "FEAT" => say("211 none"),
            "TYPE" => say("200 ok"),
            "EPSV" => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let port = listener.local_addr().unwrap().port();
                data = Some(listener);
                say(&format!("229 here (|||{port}|)"));
            }
            "RETR" => {
                say("150 opening");
                let (mut stream, _) = data.take().unwrap().accept().unwrap();
                stream.write_all(payload).unwrap();
                drop(stream);
                say(end);
            }
            "QUIT" => say("221 bye"),
            _ => say("502 no"),
        }
    }
}
