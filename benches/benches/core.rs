//! The core without I/O: commands, replies, listings against published parsers, and how many
//! commands a server machine carries.
//!
//! `cargo bench -p ftpkit-benches --bench core`; behind `--`, a name picks some.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails prints why")]

use bytes::BytesMut;
use divan::{Bencher, black_box, counter::ItemsCount};
use ftpkit_proto::{
    Code, Command, PathArg, Reply,
    listing::{Line, Parser},
    reply::ReplyReader,
    wire::{Framed, Framer},
};

fn main() {
    divan::main();
}

mod command {
    use super::*;

    const LINES: [&str; 6] = [
        "RETR some/path.txt",
        "NOOP",
        "PASV",
        "TYPE I",
        "PORT 192,0,2,1,4,1",
        "EPRT |2|2001:db8::1|1025|",
    ];

    #[divan::bench(args = LINES)]
    fn parse(bencher: Bencher<'_, '_>, line: &str) {
        bencher.bench(|| Command::parse(black_box(line.as_bytes())).unwrap());
    }

    #[divan::bench(args = LINES)]
    fn format(bencher: Bencher<'_, '_>, line: &str) {
        let command = Command::parse(line.as_bytes()).unwrap();
        let mut out = BytesMut::with_capacity(1024);
        bencher.bench_local(|| {
            out.clear();
            black_box(&command).encode(&mut out);
            out.len()
        });
    }
}

mod reply {
    use super::*;

    #[divan::bench]
    fn format(bencher: Bencher<'_, '_>) {
        let mut out = BytesMut::with_capacity(1024);
        bencher.bench_local(|| {
            out.clear();
            Reply::new(black_box(Code::TRANSFER_COMPLETE), "Transfer complete.").encode(&mut out);
            out.len()
        });
    }

    #[divan::bench]
    fn parse(bencher: Bencher<'_, '_>) {
        let mut reader = ReplyReader::new(64 * 1024, true);
        bencher.bench_local(|| {
            reader
                .push_line(black_box(b"226 Transfer complete."))
                .unwrap()
        });
    }

    #[divan::bench]
    fn frame(bencher: Bencher<'_, '_>) {
        let mut framer = Framer::new(4096);
        bencher.bench_local(|| {
            framer.push(black_box(b"226 Transfer complete.\r\n"));
            let Some(Framed::Line(line)) = framer.next_line() else {
                panic!("no line");
            };
            line.len()
        });
    }
}

/// One line after another, as a client reads a listing.
mod listing {
    use super::*;
    use ftpkit_benches::listing::{COUNT, Contender, Form, read, today};

    /// How many entries there are, each read where it is.
    fn take(parser: &mut Parser) -> usize {
        let mut entries = 0;
        while let Some(line) = parser.next_ref() {
            if let Line::Entry(entry) = line {
                read(entry);
                entries += 1;
            }
        }
        entries
    }

    fn parse(bencher: Bencher<'_, '_>, parser: Contender, form: Form) {
        parser.check(form).unwrap();
        let listing = form.listing();
        bencher.counter(ItemsCount::new(COUNT)).bench_local(|| {
            let mut entries = 0;
            let see = |name: &[u8], size| {
                black_box((name, size));
                entries += 1;
            };
            parser.parse(form, &listing, see).unwrap();
            assert_eq!(entries, COUNT);
        });
    }

    #[divan::bench(args = Contender::ALL)]
    fn unix(bencher: Bencher<'_, '_>, parser: Contender) {
        parse(bencher, parser, Form::Unix);
    }

    #[divan::bench(args = Contender::ALL)]
    fn dos(bencher: Bencher<'_, '_>, parser: Contender) {
        parse(bencher, parser, Form::Dos);
    }

    #[divan::bench(args = Form::Mlsd.contenders())]
    fn mlsd(bencher: Bencher<'_, '_>, parser: Contender) {
        parse(bencher, parser, Form::Mlsd);
    }

    /// The dialect found out, in pieces as they come from a network: the time a line stays the
    /// same, but for the guess, which the first lines pay.
    ///
    /// From 100,000 lines on a round takes longer than a scheduler's slice. Where others use the
    /// processors too each such round holds their time as well, and a line seems to take up to
    /// the load times as long; with the machine alone it does not. `perf stat` shows which it is:
    /// the processor's time a line is the same for all counts.
    #[divan::bench(args = [100, 1_000, 10_000, 100_000, 1_000_000], max_time = 3)]
    fn linear(bencher: Bencher<'_, '_>, count: usize) {
        let all = Form::Unix.listing();
        let lines = all.split_inclusive('\n').cycle();
        let listing: String = lines.take(count).collect();
        bencher.counter(ItemsCount::new(count)).bench_local(|| {
            let mut parser = Parser::new(None, today());
            let mut entries = 0;
            for piece in listing.as_bytes().chunks(64 * 1024) {
                parser.push(piece);
                entries += take(&mut parser);
            }
            parser.finish();
            entries += take(&mut parser);
            assert_eq!(entries, count);
        });
    }
}

/// A server machine alone, its application and its driver played here.
mod machine {
    use super::*;
    use ftpkit_proto::{
        DataEvent, DataRequest, Instant, Machine as _, Output,
        server::{Config, Connection, Event, LoginAnswer, Offers, Opened},
    };
    use std::sync::Arc;

    fn logged_in() -> Connection {
        let (client, local) = (
            "192.0.2.9:40000".parse().unwrap(),
            "192.0.2.1:21".parse().unwrap(),
        );
        let mut server =
            Connection::new(Arc::new(Config::default()), Instant::START, client, local);
        server.handle_bytes(Instant::START, b"USER anna\r\nPASS x\r\nTYPE I\r\n");
        drive(&mut server);
        assert!(server.is_logged_in());
        server
    }

    /// Plays application and driver until nothing is left to do.
    fn drive(server: &mut Connection) -> usize {
        let now = Instant::START;
        let mut written = 0;
        loop {
            match server.poll_output() {
                Output::Write(bytes) => written += bytes.len(),
                Output::Event(Event::Login(ask)) => {
                    let home = PathArg::from_static("/");
                    server.answer(
                        now,
                        ask,
                        Ok(LoginAnswer::Accepted {
                            home,
                            offers: Offers::EMPTY,
                        }),
                    );
                }
                Output::Event(Event::Open(ask)) => {
                    server.answer(now, ask, Ok(Opened::default()));
                }
                Output::Data(id, request) => match request {
                    DataRequest::Listen(_) => {
                        let at = "192.0.2.1:50000".parse().unwrap();
                        server.handle_data(now, id, DataEvent::Listening(at));
                    }
                    DataRequest::Accept => {
                        let from = "192.0.2.9:40001".parse().unwrap();
                        server.handle_data(now, id, DataEvent::Connected(from));
                    }
                    DataRequest::Transfer(_) => {
                        let (bytes, clean) = (5, true);
                        server.handle_data(now, id, DataEvent::Finished { bytes, clean });
                    }
                    _ => {}
                },
                Output::Wait(_) => return written,
                Output::Closed(end) => panic!("{end:?}"),
                _ => {}
            }
        }
    }

    fn sequences(bencher: Bencher<'_, '_>, commands: &str, count: usize) {
        let mut server = logged_in();
        bencher.counter(ItemsCount::new(count)).bench_local(|| {
            server.handle_bytes(Instant::START, black_box(commands.as_bytes()));
            drive(&mut server)
        });
    }

    #[divan::bench]
    fn noop(bencher: Bencher<'_, '_>) {
        sequences(bencher, "NOOP\r\n", 1);
    }

    #[divan::bench]
    fn noop_pipelined_by_16(bencher: Bencher<'_, '_>) {
        sequences(bencher, &"NOOP\r\n".repeat(16), 16);
    }

    #[divan::bench]
    fn pasv_and_retr(bencher: Bencher<'_, '_>) {
        let mut server = logged_in();
        bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
            server.handle_bytes(Instant::START, black_box(b"PASV\r\n"));
            drive(&mut server);
            server.handle_bytes(Instant::START, black_box(b"RETR some/path.txt\r\n"));
            drive(&mut server)
        });
    }
}
