//! The settings of both machines: what each is by default, why, and when to change it.
//!
//! The defaults are meant to be kept. They are safe before login, wait long enough for a slow
//! peer and not for a dead one, and fit the clients and servers that are in use. A setting that
//! gives safety away says so in its name (`dangerous_…`, `trust_…`, `accept_unclean_…`).
//!
//! The values below are those that `Debug` shows; a test compares them with the code, and that
//! no setting is missing. All durations may be zero, which means: never.
//!
//! # The server
//!
//! One [`Config`](crate::server::Config) behind an `Arc` serves all sessions.
//!
//! | setting of [`server::Config`](crate::server::Config) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`greeting`](crate::server::Config::greeting) | `"ftpkit ready."` | It names no version: nothing that helps to choose an exploit. | to tell a name, or a rule of the house |
//! | [`hosts`](crate::server::Config::hosts) | `[]` | A server without virtual hosts takes every name that HOST gives; the client may know it by any. | to the names of the virtual hosts, where there are some |
//! | [`passive_host`](crate::server::Config::passive_host) | `None` | The address by which the client came is the one that works, unless something translates it. | behind NAT, for clients that use PASV and believe the address |
//! | [`active`](crate::server::Config::active) | `true` | Some clients behind old gateways have nothing else, and a target other than the client is never dialled. | off where the server must not open connections at all |
//! | [`tls`](crate::server::Config::tls) | `Off` | AUTH may be offered only by a driver that can start TLS. | as high as the clients allow, once the driver can |
//! | [`accept_unclean_close`](crate::server::Config::accept_unclean_close) | `false` | Under TLS, an upload without close_notify may have been cut by anybody on the way. | for clients that never send close_notify, and only where size or hash is checked elsewhere |
//! | [`dangerous_ccc`](crate::server::Config::dangerous_ccc) | `false` | CCC puts commands back in clear, under a login that was made under TLS. | for clients behind a gateway that must read PORT |
//! | [`dangerous_server_to_server`](crate::server::Config::dangerous_server_to_server) | `false` | PORT to any host, and any host at a passive port, is the bounce of RFC 2577. | for servers that trust each other, behind a firewall |
//! | [`offers`](crate::server::Config::offers) | `ALL` | What an application can do is its own to say, with each login. | to keep HASH or COPY from everybody |
//! | [`offers_before_login`](crate::server::Config::offers_before_login) | `EMPTY` | FEAT must not name what a user then does not get. | where all users get the same |
//! | [`dangerous_rein_under_tls`](crate::server::Config::dangerous_rein_under_tls) | `false` | RFC 4217 wants REIN to end TLS, so that the next password comes in clear. | for conformance tests |
//! | [`trace`](crate::server::Config::trace) | `false` | It costs an event a command. | for logs of commands; they print without secrets |
//!
//! | setting of [`server::Limits`](crate::server::Limits) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`limits.line`](crate::server::Limits::line) | `4096` | The longest path of common systems fits; a longer line is refused with 500 and skipped, at no cost. | up, for storages with longer paths |
//! | [`limits.pipeline`](crate::server::Limits::pipeline) | `65536` | What may wait while a command is carried out; then TCP pushes back. Enough for a burst of hundreds of commands, and the most that an idle client can make a session hold. | down on small devices; not below `limits.line` |
//! | [`limits.login_attempts`](crate::server::Limits::login_attempts) | `3` | RFC 2577 sec. 5 asks for a bound; people mistype twice. | up only where something else slows guessing down |
//! | [`limits.bad_commands_before_login`](crate::server::Limits::bad_commands_before_login) | `20` | Clients try a dozen commands that a server may lack; a script that was meant for another protocol sends more. | down to 3 where no probing client is expected |
//! | [`limits.survey_entries`](crate::server::Limits::survey_entries) | `1000` | `STAT path` is a listing in one reply, which is built in memory. Listings over data connections have no limit. | down on small devices |
//!
//! | setting of [`server::Timeouts`](crate::server::Timeouts) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`timeouts.login`](crate::server::Timeouts::login) | `60s` | From the greeting to the end of login, in all: slow single bytes buy nothing. A person can type a password in it. | up, for passwords that come by another way |
//! | [`timeouts.idle`](crate::server::Timeouts::idle) | `300s` | RFC 1123 sec. 4.1.3.2 wants 5 minutes at least. Transfers do not count as idle. | up for people at a prompt, down for scripts only |
//! | [`timeouts.data_connect`](crate::server::Timeouts::data_connect) | `60s` | A client may ask its user about the firewall. | down where clients are near |
//! | [`timeouts.handshake`](crate::server::Timeouts::handshake) | `10s` | A few round trips; a client that takes longer holds memory and nothing else. | up over satellites |
//! | [`timeouts.stall`](crate::server::Timeouts::stall) | `300s` | No byte in either direction. Long enough for a laptop that changes networks. | down where slots are scarce |
//! | [`timeouts.question`](crate::server::Timeouts::question) | `300s` | A commit may copy a large file to another store. Without it a storage that hangs would hold the session for ever. | to what the slowest storage needs |
//!
//! # The client
//!
//! One [`Config`](crate::client::Config) a connection, or one behind an `Arc` for many.
//!
//! | setting of [`client::Config`](crate::client::Config) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`data_mode`](crate::client::Config::data_mode) | `Passive` | Nothing has to be let in on this side. | `Auto` where servers are behind firewalls that let nothing in, `Active` where it is known |
//! | [`trust_passive_address`](crate::client::Config::trust_passive_address) | `false` | A server that may name any address makes its client connect into networks that only the client reaches. | for a cluster whose data ports are on other machines, if that server is trusted |
//! | [`active_address`](crate::client::Config::active_address) | `None` | The listener's own address is right, unless something translates it. | behind NAT with forwarded ports |
//! | [`long_addresses`](crate::client::Config::long_addresses) | `false` | Whoever has IPv6 has EPSV and EPRT; a try costs a round trip. | for servers from before RFC 2428 |
//! | [`pret`](crate::client::Config::pret) | `Listed` | Distributed servers list it in FEAT, and others answer 500. | `Always` for one that does not list it |
//! | [`negotiate`](crate::client::Config::negotiate) | `false` | What is sent is what was asked for. | on, for one round of FEAT and OPTS UTF8 at each login |
//! | [`client_name`](crate::client::Config::client_name) | `None` | Nobody needs to know. | where servers keep statistics, or work around clients |
//! | [`pipelining`](crate::client::Config::pipelining) | `Off` | Some servers lose commands that come early. | `Safe` for many queries over a long line |
//! | [`epsv_ahead`](crate::client::Config::epsv_ahead) | `Known` | vsftpd and ftpkit read the next command when a transfer is over; others refuse it, overlook it, or end the transfer. | `Always` for another server that bears it, where many small files move over a long line |
//! | [`lenient`](crate::client::Config::lenient) | `true` | See [`interoperability`](super::interoperability): none of it lets a reply answer the wrong command. | off, to test a server |
//! | [`accept_unclean_close`](crate::client::Config::accept_unclean_close) | `false` | Under TLS, a download without close_notify may have been cut by anybody on the way. | for servers that never send it, where the size is known |
//! | [`telnet_abort`](crate::client::Config::telnet_abort) | `false` | All servers that were tried act on a plain ABOR, and Pure-FTPd overlooks one behind a Synch. | for servers that do not look at the control connection during a transfer |
//! | [`implicit_tls`](crate::client::Config::implicit_tls) | `false` | AUTH (RFC 4217) is the standard, and serves the same port. | for servers that listen under TLS, at port 990 by custom |
//! | [`dangerous_ccc`](crate::client::Config::dangerous_ccc) | `false` | CCC gives what TLS was for away. | for a gateway that must read PASV |
//! | [`learned`](crate::client::Config::learned) | `None` | A machine knows nothing but its connection. | to what [`Connection::learned`](crate::client::Connection::learned) gave for the same host |
//! | [`trace`](crate::client::Config::trace) | `false` | It costs an event a command and a reply. | for logs; they print without secrets |
//!
//! | setting of [`client::Limits`](crate::client::Limits) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`limits.line`](crate::client::Limits::line) | `8192` | Twice what a server takes, for a 257 or 250 around the longest path. | up for servers with longer names |
//! | [`limits.reply`](crate::client::Limits::reply) | `262144` | Banners of some servers are long; a `STAT path` of a thousand files fits. A reply without an end closes the connection there. | down on small devices |
//! | [`limits.queue`](crate::client::Limits::queue) | `1024` | A mistake in a loop must not eat the memory. | up, or better, wait for [`Event::Done`](crate::client::Event::Done) |
//!
//! | setting of [`client::Timeouts`](crate::client::Timeouts) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`timeouts.reply`](crate::client::Timeouts::reply) | `30s` | Slow log-ins look a name up, which takes up to 20 s where it fails. | up for storages on tape |
//! | [`timeouts.data_connect`](crate::client::Timeouts::data_connect) | `20s` | A firewall that drops packets is met in silence, and the next way is tried behind it. | down to be quicker with the fall back |
//! | [`timeouts.handshake`](crate::client::Timeouts::handshake) | `10s` | A few round trips. | up over satellites |
//! | [`timeouts.stall`](crate::client::Timeouts::stall) | `120s` | Shorter than a server's, so that this side learns of it first and can say so. | up where files are fetched from tape |
//! | [`timeouts.data_drain`](crate::client::Timeouts::data_drain) | `30s` | The server has confirmed; what is under way is in its system's buffers, and full ones take a while on slow lines. | up on very slow lines |
//! | [`timeouts.final_reply`](crate::client::Timeouts::final_reply) | `60s` | The server makes the file durable, or checks it, before it confirms. NAT may have forgotten the control connection, so it is not for ever. | up for servers that copy to another store before their 226 |
//!
//! # The relay
//!
//! A [`Relay`](crate::client::Relay) has settings of its own, beside those of its two connections.
//!
//! | setting of [`client::RelayConfig`](crate::client::RelayConfig) | default | why | change it |
//! | --- | --- | --- | --- |
//! | [`listens`](crate::client::RelayConfig::listens) | `Destination` | The source is known to have the file before the destination is told to replace its own. | where it is known that only the source can be called |
//! | [`trust_passive_address`](crate::client::RelayConfig::trust_passive_address) | `false` | A server that may name any address would have the other one attack it. | for clusters, as above |
//! | [`patience`](crate::client::RelayConfig::patience) | `2s` | A source that listens may answer only when it was called, and a refusal is there sooner. | up over satellites |
//! | [`limit`](crate::client::RelayConfig::limit) | `86400s` | Neither server tells how far it is, so that a stall cannot be seen. | to what the largest file needs |
//! | [`final_reply`](crate::client::RelayConfig::final_reply) | `60s` | Behind the one final reply the other is near. | up for servers that copy to another store before their 226 |
//!
//! # Listings and lines
//!
//! | what | default | change it |
//! | --- | --- | --- |
//! | the longest line of a listing | 16 KiB | [`Parser::line_limit`](crate::listing::Parser::line_limit) |
//! | how far in the future a date without a year may lie | one day | [`Parser::future_tolerance`](crate::listing::Parser::future_tolerance), where the server's zone is known |
//! | the longest line of [`Framer`](crate::wire::Framer), the longest reply of [`ReplyReader`](crate::reply::ReplyReader) | none: they are arguments | |
//!
//! ```
//! use ftpkit_proto::{listing::{Dialect, Line, Parser, UnparsedReason}, time::Civil};
//! let today = Civil::date(2024, 6, 15).unwrap();
//! let mut parser = Parser::new(Some(Dialect::Unix), today);
//! parser.push(&[b'x'; 16 * 1024 + 2]);
//! let told = parser.next_line();
//! assert!(matches!(told, Some(Line::Unparsed { reason: UnparsedReason::TooLong, .. })), "{told:?}");
//! let year = |day: &str| {
//!     let mut parser = Parser::new(None, today);
//!     parser.push(format!("-rw-r--r-- 1 a b 1 {day} 00:00 x\r\n").as_bytes());
//!     parser.finish();
//!     parser.next_line().unwrap().into_entry().unwrap().modified.unwrap().to_string()
//! };
//! assert_eq!(year("Jun 16"), "2024-06-16T00:00");
//! assert_eq!(year("Jun 17"), "2023-06-17T00:00");
//! ```
//!
//! # Bounds without a setting
//!
//! A machine that is asked for its outputs holds no more than these: 32 KiB of replies or 64
//! outputs, then it takes up no further command until they are taken; 16 Telnet refusals at a
//! time; 64 replies that nobody asked for, then a client closes; 16 queries sent ahead.
