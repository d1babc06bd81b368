//! FTP as a pair of state machines that perform no I/O.
//!
//! For those who write a client, a server, a proxy, a test server or a fuzzer on a runtime of
//! their own. On tokio, `ftpkit-client` and `ftpkit-server` have done it already.
//!
//! # The two machines
//!
//! [`client::Connection`] and [`server::Connection`] know the control connection byte for byte,
//! and data connections only as facts. Both are a [`Machine`]:
//!
//! ```text
//!   control bytes ─► handle_bytes    ┌────────────┐  poll_output ─► Write / StartTls
//!   data facts    ─► handle_data     │ Connection │              ─► Data(id, request)
//!   time          ─► handle_timeout  └────────────┘              ─► Event, Wait, Closed
//!                       payload ──────────(never passes)───────────► your files
//! ```
//!
//! What sits between a machine and the network is a *driver*: a loop, a clock and sockets. This
//! page is its contract. What sits above is the *application*: it answers a server's questions,
//! or submits a client's requests, and moves the payload.
//!
//! # The loop
//!
//! Outputs are taken until the machine says [`Output::Wait`] or [`Output::Closed`]; then comes
//! the next input. This loop drives either role over a blocking socket. It is whole, but for
//! data connections and TLS, of which it says that it has none:
//!
//! ```
//! use std::{io::{ErrorKind, Read, Write}, net::{TcpListener, TcpStream}, thread, time::Duration};
//! use ftpkit_proto::{
//!     DataEvent, DataFailure, DataRequest, Instant, Machine, Output, PathArg, TlsEvent,
//!     client::{self, Credentials, Outcome, Request},
//!     server::{self, LoginAnswer, Offers},
//! };
//!
//! type Fallible = Result<(), Box<dyn std::error::Error + Send + Sync>>;
//!
//! fn drive<M: Machine>(
//!     machine: &mut M,
//!     control: &mut TcpStream,
//!     mut on_event: impl FnMut(&mut M, Instant, M::Event),
//! ) -> Fallible {
//!     let clock = std::time::Instant::now();
//!     let now = || Instant::after_start(clock.elapsed());
//!     let mut page = [0; 4096];
//!     // A peer that takes no bytes must not hold the loop, and its deadlines, for ever.
//!     control.set_write_timeout(Some(Duration::from_secs(60)))?;
//!     loop {
//!         match machine.poll_output() {
//!             Output::Write(bytes) | Output::WriteUrgent(bytes) => control.write_all(&bytes)?,
//!             Output::Event(event) => on_event(machine, now(), event),
//!             Output::Data(_, DataRequest::Abort) => {}
//!             Output::Data(id, _) => {
//!                 machine.handle_data(now(), id, DataEvent::Failed(DataFailure::Listen));
//!             }
//!             Output::StartTls | Output::StopTls => machine.handle_tls(now(), TlsEvent::Failed),
//!             Output::Wait(deadline) => {
//!                 // Zero is no timeout for std, and one that is early does no harm.
//!                 let left = deadline.map(|at| (at - now()).max(Duration::from_millis(1)));
//!                 if !machine.wants_read() {
//!                     thread::sleep(left.unwrap_or(Duration::from_secs(1)));
//!                     machine.handle_timeout(now());
//!                     continue;
//!                 }
//!                 control.set_read_timeout(left)?;
//!                 match control.read(&mut page) {
//!                     Ok(0) => machine.handle_eof(now()),
//!                     Ok(read) => machine.handle_bytes(now(), &page[..read]),
//!                     Err(error) => match error.kind() {
//!                         ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
//!                             machine.handle_timeout(now());
//!                         }
//!                         _ => machine.handle_eof(now()),
//!                     },
//!                 }
//!             }
//!             Output::Closed(end) => return Ok(end?),
//!             _ => return Err("this driver is older than its machine".into()),
//!         }
//!     }
//! }
//!
//! // A server on a thread, for one client.
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! let serving = thread::spawn(move || -> Fallible {
//!     let (mut control, peer) = listener.accept()?;
//!     let config = server::Config::default();
//!     let local = control.local_addr()?;
//!     let mut machine = server::Connection::new(config.into(), Instant::START, peer, local);
//!     drive(&mut machine, &mut control, |machine, now, event| match event {
//!         server::Event::Login(ask) => {
//!             let (home, offers) = (PathArg::from_static("/"), Offers::EMPTY);
//!             machine.answer(now, ask, Ok(LoginAnswer::Accepted { home, offers }));
//!         }
//!         other => println!("not served here: {other:?}"),
//!     })
//! });
//!
//! // And its client.
//! let mut control = TcpStream::connect(address)?;
//! let mut machine = client::Connection::new(client::Config::default(), Instant::START, address);
//! machine.submit(Instant::START, Request::Login(Credentials::anonymous()));
//! machine.submit(Instant::START, Request::Quit);
//! let mut codes = Vec::new();
//! drive(&mut machine, &mut control, |_, _, event| {
//!     if let client::Event::Done(_, Outcome::Reply(reply)) = event {
//!         codes.push(reply.code().number());
//!     }
//! })?;
//! assert_eq!(codes, [230, 221]);
//! drop(control);
//! serving.join().expect("the server does not panic")?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! In the repository, `examples/blocking_client.rs` is such a loop with data connections in under
//! a hundred lines, and `examples/blocking_server` one with a thread for each thing that blocks.
//! The crate `ftpkit-tokio` is the driver for tokio.
//!
//! # Order
//!
//! There is one queue of outputs, and its order is a promise: the reply that stands before
//! [`Output::StartTls`] goes out in clear, the 150 stands before the request that lets payload
//! flow, and ABOR stands before the request that drops the data connection. So **each output is
//! carried out, at least begun, before the next is asked for**. What is begun and ends later (a
//! listener, a connection, a handshake, a transfer, an answer) comes back as an input.
//!
//! Inputs have no order of their own: they never fail, never block, and may come in any pieces,
//! at any moment, several before the next poll. What they mean is decided by the machine. Methods
//! that are not part of [`Machine`] are inputs too ([`client::Connection::submit`],
//! [`server::Connection::answer`], and so on); after any input, poll again.
//!
//! # Inputs
//!
//! | input | when |
//! | --- | --- |
//! | [`handle_bytes`](Machine::handle_bytes) | Bytes were read from the control connection: all of them, at once, as they came. Under TLS: what was decrypted. |
//! | [`handle_eof`](Machine::handle_eof) | The peer has ended its half, or reading or writing has failed. Once is enough. |
//! | [`handle_tls`](Machine::handle_tls) | [`Output::StartTls`] or [`Output::StopTls`] has come to its end. |
//! | [`handle_data`](Machine::handle_data) | Something has become of a data connection. |
//! | [`handle_timeout`](Machine::handle_timeout) | The deadline of the last [`Output::Wait`] is past. One that is spurious or early does nothing. |
//!
//! # Outputs
//!
//! | output | what a driver does |
//! | --- | --- |
//! | [`Write`](Output::Write) | Writes the bytes. Where they cannot be taken at once, polls no more until they are, so that memory stays bounded; the last deadline still counts. With `TCP_NODELAY`, or a 226 waits until the 150 before it is acknowledged. |
//! | [`WriteUrgent`](Output::WriteUrgent) | Writes them in their place with the last one as TCP urgent data; under TLS, or where the system has none, like any others. |
//! | [`StartTls`](Output::StartTls) | Sends all that was written before, hands over what it has read already, reads nothing more in clear, and begins the handshake: a client as a TLS client, a server as a server. Then [`TlsEvent::Started`] with what the handshake told, or [`TlsEvent::Failed`]. |
//! | [`StopTls`](Output::StopTls) | Sends close_notify behind all that was written, waits for the peer's, and goes on in clear. Then [`TlsEvent::Stopped`] or [`TlsEvent::Failed`]. |
//! | [`Data`](Output::Data) | See [below](#data-connections). |
//! | [`Event`](Output::Event) | Hands it to the application, which need not be done with it: a question may be answered much later. |
//! | [`Wait`](Output::Wait) | Nothing more to do: waits for the next input, at most until the deadline. A later `Wait` replaces it. |
//! | [`Closed`](Output::Closed) | See [below](#death). |
//!
//! # Reading
//!
//! While [`Machine::wants_read`] is `false`, the driver does not read: a client that sends
//! commands faster than they are served is slowed down by TCP, and between AUTH and TLS nothing
//! may be read in clear. It is asked anew after every round of outputs. Bytes that are handed
//! over all the same are not lost; in the midst of an upgrade they are fatal, and must be.
//! Therefore: **no buffer of the driver's own between the socket and the machine**. What a
//! `BufReader` keeps back in clear would be read as if it had come under TLS.
//!
//! *Urgent data.* Clients send the last byte of `ABOR`, or of the Telnet Synch before it, as TCP
//! urgent data. A socket without the option `SO_OOBINLINE` takes that byte out of the stream; a
//! server sets the option (std has no name for it, the crate `socket2` has). Reads stop short at
//! the mark, so that a short read does not mean that no more is there.
//!
//! *Half-close.* The end of the peer's half is an input like any other, behind the bytes before
//! it. A server still carries out the lines that wait, and still writes: a client may have closed
//! its sending half only. A transfer is broken off with 426, since in most cases the client is
//! gone, and the end of its upload would be that of its system and not of the file. **Before a
//! driver reports the end of a payload that was received, it asks the control socket whether the
//! peer has left**, and if so reports that first.
//!
//! # Time
//!
//! There is no clock inside. Every input brings an [`Instant`] of the driver's clock, which must
//! not run backwards, and [`Output::Wait`] tells when [`Machine::handle_timeout`] is due; `None`
//! is never. Every wait for somebody has a deadline, unless the configuration takes it away:
//! [`server::Timeouts`] and [`client::Timeouts`] say which there are, and
//! [`manual::defaults`] why they are as long as they are. So a driver needs no timeouts but for
//! what blocks it: a write, a connect, a look-up.
//!
//! # Data connections
//!
//! A machine asks for them by [`DataRequest`] and learns of them by [`DataEvent`]. Each has a
//! [`DataId`] that is never used twice, so that late news of an old one harm nobody. There is at
//! most one at a time.
//!
//! | request | what a driver does | answers |
//! | --- | --- | --- |
//! | [`Listen`](DataRequest::Listen) | Listens on the control connection's local address (not on all), on a port that cannot be guessed where it may choose. | [`Listening`](DataEvent::Listening) |
//! | [`Accept`](DataRequest::Accept) | Takes the next caller, who may have called before. | [`Connected`](DataEvent::Connected), with the caller's address as the system tells it |
//! | [`Reject`](DataRequest::Reject) | Closes that caller without a byte and keeps the listener. `Accept` follows. | none |
//! | [`Connect`](DataRequest::Connect) | Connects, from the control connection's local address where that is possible. | `Connected` |
//! | [`Secure`](DataRequest::Secure) | Starts TLS in the role that it names, which is that of the control connection but for SSCN and CPSV, and resumes its session. | [`Secured`](DataEvent::Secured) |
//! | [`Transfer`](DataRequest::Transfer) | Lets the payload flow: tells the application that the stream is there. | [`Progress`](DataEvent::Progress) at times, one [`Finished`](DataEvent::Finished) |
//! | [`Discard`](DataRequest::Discard) | Ends TLS on the connection without payload, and reads to the peer's end, for a second at most. | `Finished` |
//! | [`Abort`](DataRequest::Abort) | Closes whatever there is under this id. | none |
//!
//! Instead of an answer there may be [`Failed`](DataEvent::Failed), with whose fault it is: the
//! network's, or with `Local`, `NoSpace` and `Quota` the application's own. Nothing is left under
//! the id after it, nor after `Finished`: no `Abort` follows. Who may call and who may be called is
//! decided by the machine, on addresses: a driver accepts and dials what it is told.
//!
//! *Payload* never enters a machine: sendfile, TLS and a simulated 10 GB look the same. The
//! sender ends its half when all is written, then reports `Finished`; the receiver reports it at
//! the end of file. Under TLS the sender says close_notify before, and `clean` tells the receiver's
//! machine whether the peer did. Which file it is stands in [`server::Event::Open`], or follows
//! from the request of [`client::Event::Opened`]; both name the [`DataId`]. With TYPE A the
//! application converts by [`ascii`].
//!
//! *Progress* keeps a transfer alive. It need not be told for each block: when a deadline is
//! about to pass, before [`Machine::handle_timeout`], and before bytes of the control connection,
//! which may ask how far it is, is enough.
//!
//! # TLS
//!
//! Both roles are ready for it: AUTH, PBSZ, PROT, CCC and what they reset are in the machines, as
//! is the rule that no byte in clear may stand behind AUTH or its 234 ([`wire::Drained`]). The
//! handshakes, and the decision whom to trust, are the driver's. A server offers what
//! [`server::Config::tls`] says, a client asks by [`client::Request::Secure`]. A driver without
//! TLS leaves the first at its default and answers the outputs with [`TlsEvent::Failed`], which
//! ends the session: nothing falls back to clear text by itself.
//!
//! Under *implicit* TLS ([`server::Connection::implicit`], [`client::Config::implicit_tls`])
//! [`Output::StartTls`] is the first output, and the greeting follows [`TlsEvent::Started`]; data
//! connections are under TLS from then on, without a PROT.
//!
//! What a handshake tells comes with [`TlsEvent::Started`] ([`TlsFacts`]): a server takes the name
//! that was asked for as the virtual host, and asks at USER whether the client's certificate is
//! enough ([`server::Login::password`]). Which of the driver's certificates a name is shown is the
//! driver's choice, and so is what a data connection must prove; where it does not, it fails with
//! [`DataFailure::NotResumed`] or [`DataFailure::Certificate`].
//!
//! # Death
//!
//! A session ends by [`Output::Closed`], which then is all that a machine says; whatever was
//! open (a question, a request, a data connection) has been ended by outputs before it, and
//! inputs are ignored. `Ok` is an orderly end (QUIT, a drain), [`Error`] tells the others, by
//! blame. The driver sends what was written, closes its sending half, reads and forgets what
//! still comes for a second or two, and closes: without that the last reply may be lost, since a
//! close with unread bytes resets the connection.
//!
//! A driver that loses its own patience drops the machine; nothing is held outside of it but
//! what it asked the driver and the application for.
//!
//! # Questions and requests
//!
//! A server asks its application ([`server::Event`]): who may log in, what is in a file, whether
//! an upload is durable. At most one question is open; [`server::Connection::answer`] uses it up,
//! its type says what an answer is, and the application never writes a reply line. Commands that
//! come meanwhile wait, but for ABOR, and in a transfer STAT and NOOP;
//! [`server::Event::Cancelled`] tells that an answer has
//! become useless, [`server::Event::TransferEnded`] that what was opened must be let go. A
//! question without an answer ends in 451.
//!
//! A client submits requests ([`client::Request`]), which are carried out in order, and each ends
//! exactly once ([`client::Event::Done`]). A refusal is an outcome, not an [`Error`]: the
//! protocol worked. [`client::Connection::abort`] takes a request back at whatever stage it is,
//! and the connection stays in step. [`client::Relay`] joins two client connections, between
//! whose servers files go without passing this side; it is driven like both at once.
//!
//! # Usable alone
//!
//! [`wire::Framer`], [`Command`], [`Reply`], [`reply::ReplyReader`], [`listing::Parser`],
//! [`url::Url`], [`ascii`] and [`transcript::Explainer`] need no machine.
//!
//! # For tests
//!
//! With the feature `transitions` a machine panics on a transition that its tables do not have,
//! and [`client::Connection`] and [`server::Connection`] tell by `transitions` which ones they
//! have taken. It is off by default, and costs nothing then.
//!
//! # The manual
//!
//! - [`manual::vulnerabilities`]: what went wrong elsewhere, and what keeps it from happening here
//! - [`manual::defaults`]: every setting, why it is as it is, when to change it
//! - [`manual::interoperability`]: what real clients and servers do, and what is done about it
//!
//! # Specifications
//!
//! All that is listed is read, as typed values, and written. *Served* is what the server machine
//! does with it, *asked* what the client machine does; a refusal is the standard one.
//!
//! | text | what | where | served | asked |
//! | --- | --- | --- | --- | --- |
//! | RFC 854, 1123 sec. 4.1.2.12 | Telnet below the control connection | [`wire`] | Synch understood, options refused | Synch before ABOR ([`client::Config::telnet_abort`]) |
//! | RFC 959, 1123 sec. 4.1 | commands and replies | [`command`], [`reply`], [`server`], [`client`] | yes; SMNT 502; TYPE E, L other than 8, STRU R and P, MODE B and C 504 | yes; TYPE A and I, STRU F, MODE S; REIN never |
//! | RFC 775, 1123 sec. 4.1.3.1 | XCWD, XCUP, XMKD, XPWD, XRMD | [`command`] | as the names without X | no |
//! | RFC 1635 | anonymous login | [`client::Credentials::anonymous`] | the application's matter | yes |
//! | RFC 1639 | LPRT, LPSV | [`address`] | yes | [`client::Config::long_addresses`] |
//! | RFC 1738, 3986 | URLs, `;type=` | [`url`] | | |
//! | RFC 2228 | AUTH, PBSZ, PROT, CCC | [`server::TlsPolicy`], [`client::Request::Secure`] | by policy | yes |
//! | | ADAT, MIC, CONF, ENC | [`command`] | 502 | no |
//! | RFC 2389 | FEAT, OPTS | [`features`], [`command::Opts`] | yes | yes |
//! | RFC 2428 | EPRT, EPSV, EPSV ALL | [`address`] | yes | yes |
//! | RFC 2577 | bounce, password guessing and more | [`manual::vulnerabilities`] | yes | yes |
//! | RFC 2640 | names in UTF-8, LANG | [`text`] | names are bytes, LANG EN only | UTF8 where it is listed |
//! | RFC 3659 | MDTM, SIZE, REST, MLST, MLSD, TVFS | [`facts`], [`listing`], [`time`] | yes | yes |
//! | RFC 4217 | TLS by AUTH | [`TlsEvent`], [`wire::Drained`] | by policy, with a driver that can | yes, with a driver that can |
//! | | login by certificate (232) | [`server::Login::password`], [`TlsFacts::certificate`] | as the application answers | yes |
//! | | TLS from the first byte (port 990) | [`server::Connection::implicit`], [`client::Config::implicit_tls`] | yes, with a driver that can | yes, with a driver that can |
//! | RFC 7151 | HOST | [`server::Login::host`], [`client::Credentials`] | [`server::Config::hosts`]; it must be the name of SNI | yes |
//! | draft-somers-ftp-mfxx | MFMT | [`command`] | yes | yes |
//! | | MFCT, MFF | [`command`], [`command::SetFacts`] | as the application can ([`server::Offers`]) | as commands |
//! | draft-bryan-ftpext-hash | HASH, OPTS HASH | [`command::HashAlgorithm`], [`reply::fields`] | as the application can | [`client::Request::Hash`] |
//! | draft-bryan-ftp-range | RANG | [`command::ByteRange`] | yes | [`client::Transfer::DownloadRange`] |
//! | draft-preston-ftpext-deflate | MODE Z | [`command::Mode`] | 504 | no |
//! | draft-peterson-streamlined-ftp-command-extensions | AVBL | [`command`] | as the application can | as a command |
//! | | CSID | [`command`] | yes | as a command |
//! | custom | XCRC, XMD5, XSHA and kin, MD5, MMD5, COMB | [`command::Checksum`], [`reply::fields`] | as the application can | as commands |
//! | | CLNT | [`client::Config::client_name`] | yes | where it is listed |
//! | | PRET | [`client::Pret`] | yes | where it is listed |
//! | | SITE CHMOD, UTIME, SYMLINK, MKDIR, RMDIR, COPY, CPFR, CPTO | [`command::Site`] | as the application can | as commands |
//! | | SSCN, CPSV, transfers from server to server | [`client::Relay`] | by [`server::Config::dangerous_server_to_server`] | yes |
//! | | what LIST shows, in every dialect of [`listing::Dialect`] | [`listing`] | like `ls -l` | read |
//!
//! With its default configuration the server machine answers 502, whatever the argument: `ADAT`,
//! `AUTH`, `CONF`, `CPSV`, `ENC`, `MIC`, `SMNT`, `SSCN`.
//!
//! Without std; `alloc` is needed. A panic is a bug.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod ascii;
mod automaton;
pub mod client;
pub mod command;
pub mod data;
#[cfg(test)]
mod effort;
pub mod error;
pub mod facts;
pub mod features;
pub mod listing;
pub mod machine;
pub mod manual;
mod outbox;
pub mod reply;
pub mod server;
pub mod text;
pub mod time;
pub mod timer;
pub mod transcript;
pub mod url;
pub mod wire;

#[cfg(feature = "transitions")]
pub use automaton::{Transition, Transitions};
pub use command::{Command, Verb};
pub use data::{DataEvent, DataFailure, DataId, DataRequest, Family, Flow, TlsRole};
pub use error::Error;
pub use machine::{Machine, Output, TlsEvent, TlsFacts};
pub use reply::{Code, Reply};
pub use text::{PathArg, SafeName, Secret, Text};
pub use time::Instant;
