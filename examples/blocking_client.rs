//! A client over `std::net` with the protocol core alone: no runtime, no threads, no TLS.
//! `cargo run --example blocking_client -- ls|get|put HOST:PORT USER PASSWORD PATH`: standard
//! output has what came, standard input what goes; only exit code 0 says that it is complete.

use std::io::{self, ErrorKind, Read, Write};
use std::{error::Error, net::Shutdown, net::TcpStream, time::Duration, time::Instant as Clock};

use ftpkit_proto::client::{Config, Connection, Credentials, Event, Outcome, Request, Transfer};
use ftpkit_proto::{DataEvent, DataFailure, DataRequest, Flow, Instant, Machine as _, Output};
use ftpkit_proto::{PathArg, listing, listing::Line, time::Civil};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let end = run(&args, &mut io::stdin(), &mut io::stdout()).inspect_err(|e| eprintln!("{e}"));
    std::process::exit(end.is_err().into());
}

fn run(args: &[String], input: &mut dyn Read, out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let [what, server, user, password, path] = args else {
        return Err("five arguments: ls|get|put HOST:PORT USER PASSWORD PATH".into());
    };
    let (path, offset, ascii) = (PathArg::try_from(path.as_str())?, 0, false);
    let transfer = match what.as_str() {
        "get" => Transfer::Download { path, offset },
        "put" => Transfer::Upload { path, offset },
        "ls" => Transfer::List(path.into()),
        _ => return Err("neither ls, get nor put".into()),
    };
    let login = Credentials::new(user.as_str().try_into()?, password.as_str().try_into()?);
    let (clock, waits) = (Clock::now(), Config::default().timeouts);
    let now = || Instant::after_start(clock.elapsed());
    let (mut control, mut data, mut page) = (TcpStream::connect(server)?, None, [0; 4096]);
    control.set_write_timeout(Some(waits.reply))?;
    let mut client = Connection::new(Config::default(), now(), control.peer_addr()?);
    client.submit(now(), Request::Login(login));
    client.submit(now(), Request::Transfer { transfer, ascii });
    client.submit(now(), Request::Quit);
    loop {
        match client.poll_output() {
            Output::Write(bytes) | Output::WriteUrgent(bytes) => control.write_all(&bytes)?,
            Output::Data(_, DataRequest::Abort) => data = None,
            Output::Data(id, request) => {
                let news = match (request, &mut data) {
                    (DataRequest::Connect(at), _) => {
                        TcpStream::connect_timeout(&at, waits.data_connect).and_then(|stream| {
                            stream.set_read_timeout(Some(waits.stall))?;
                            stream.set_write_timeout(Some(waits.stall))?;
                            data = Some(stream);
                            Ok(DataEvent::Connected(at))
                        })
                    }
                    (DataRequest::Transfer(flow), Some(stream)) => match flow {
                        Flow::Send => io::copy(input, stream).and_then(|bytes| {
                            stream.shutdown(Shutdown::Write)?;
                            Ok(bytes)
                        }),
                        _ if what == "get" => io::copy(stream, out),
                        _ => names(stream, out),
                    }
                    .map(|bytes| DataEvent::Finished { bytes, clean: true }),
                    _ => Err(ErrorKind::Unsupported.into()),
                };
                let event = news
                    .inspect_err(|error| eprintln!("{error}"))
                    .unwrap_or(DataEvent::Failed(DataFailure::Local));
                client.handle_data(now(), id, event);
            }
            Output::Event(Event::Done(_, Outcome::Reply(reply))) if reply.code().is_refusal() => {
                return Err(format!("the server says: {reply}").into());
            }
            Output::Event(Event::Done(_, Outcome::TransferFailed(why))) => Err(format!("{why:?}"))?,
            Output::Wait(deadline) => {
                let left = deadline.map(|at| (at - now()).max(Duration::from_millis(1)));
                control.set_read_timeout(left)?;
                match control.read(&mut page) {
                    Ok(0) => client.handle_eof(now()),
                    Ok(read) => client.handle_bytes(now(), &page[..read]),
                    Err(e) if e.kind() == ErrorKind::ConnectionReset => client.handle_eof(now()),
                    Err(_) => client.handle_timeout(now()),
                }
            }
            Output::Closed(end) => return Ok(end.map(|()| out.flush())??),
            _ => {}
        }
    }
}

/// Prints the names of a listing; what would rewrite a terminal is escaped.
fn names(data: &mut TcpStream, out: &mut dyn Write) -> io::Result<u64> {
    let mut bytes = Vec::new();
    data.take(16 << 20).read_to_end(&mut bytes)?;
    // The day is for dates without a year, and no date is shown.
    let day = Civil::date(2000, 1, 1).ok_or(ErrorKind::InvalidInput)?;
    let lines = listing::parse(&bytes, day);
    for entry in lines.into_iter().filter_map(Line::into_entry) {
        writeln!(out, "{}", entry.name())?;
    }
    Ok(bytes.len() as u64)
}
