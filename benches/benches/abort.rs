//! How soon ABOR is answered during RETR and STOR, over loopback: from the last byte of ABOR
//! written until both replies are read.
//!
//! `cargo bench -p ftpkit-benches --bench abort`
#![allow(clippy::unwrap_used, reason = "a benchmark that fails prints why")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use ftpkit::{accounts::Anonymous, server::Server, storage::Memory};

const ROUNDS: usize = 200;
/// More than what the sockets' buffers take, so that the transfer is under way when it is aborted.
const SIZE: usize = 64 << 20;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let storage = Arc::new(Memory::new());
    let server = runtime
        .block_on(
            Server::builder()
                .listen("127.0.0.1:0")
                .authenticator(Anonymous::read_write(storage))
                .bind(),
        )
        .unwrap();
    let address = server.local_addrs()[0];
    runtime.spawn(server.serve());

    let mut client = Client::connect(address);
    let mut data = client.open("STOR large");
    data.write_all(&vec![7; SIZE]).unwrap();
    drop(data);
    client.expect("226");
    for (name, command) in [("RETR", "RETR large"), ("STOR", "STOR other")] {
        for (form, abort) in [
            ("plain", &b"ABOR\r\n"[..]),
            ("Telnet", b"\xff\xf4\xff\xf2ABOR\r\n"),
        ] {
            let mut times: Vec<Duration> =
                (0..ROUNDS).map(|_| client.abort(command, abort)).collect();
            times.sort();
            println!(
                "{name} {form:6}: median {:?}, p99 {:?}, max {:?} of {ROUNDS}",
                times[ROUNDS / 2],
                times[ROUNDS * 99 / 100],
                times[ROUNDS - 1],
            );
        }
    }
}

struct Client {
    control: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let control = TcpStream::connect(address).unwrap();
        control.set_nodelay(true).unwrap();
        let mut client = Self {
            control: BufReader::new(control),
        };
        client.expect("220");
        client.command("USER anonymous", "331");
        client.command("PASS bench@", "230");
        client.command("TYPE I", "200");
        client
    }

    fn expect(&mut self, code: &str) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        assert!(line.starts_with(code), "{code} was due, {line:?} came");
        line
    }

    fn command(&mut self, command: &str, code: &str) -> String {
        let line = format!("{command}\r\n");
        self.control.get_mut().write_all(line.as_bytes()).unwrap();
        self.expect(code)
    }

    fn open(&mut self, command: &str) -> TcpStream {
        let reply = self.command("EPSV", "229");
        let port = reply.split('|').nth(3).unwrap().parse().unwrap();
        let mut address = self.control.get_ref().peer_addr().unwrap();
        address.set_port(port);
        let data = TcpStream::connect(address).unwrap();
        self.command(command, "150");
        data
    }

    fn abort(&mut self, command: &str, abort: &[u8]) -> Duration {
        let mut data = self.open(command);
        if command.starts_with("RETR") {
            data.read_exact(&mut [0; 100_000]).unwrap();
        } else {
            data.write_all(&[7; 100_000]).unwrap();
        }
        let begun = Instant::now();
        self.control.get_mut().write_all(abort).unwrap();
        self.expect("426");
        self.expect("226");
        begun.elapsed()
    }
}
