//! What went wrong elsewhere, why, and what keeps it from happening here.
//!
//! For each class: a case, its cause, and the type, the rule or the test that excludes it. What
//! the core cannot exclude, since it knows no users, paths, files or certificates, says where it
//! is settled, or that it is not. The tests are named so that a search finds them. SFTP has a page of
//! its own, the module `manual` of `ftpkit-ssh`.
//!
//! # Who is connected to whom
//!
//! ## Bounce
//!
//! *Elsewhere:* CVE-1999-0017, RFC 2577 sec. 2. PORT named a third host, and the server connected
//! there: to scan ports, to pass a firewall, or to have a file of commands sent to a mail server.
//!
//! *Cause:* the address in a command was taken for the client's.
//!
//! *Here:* an address that is not the control connection's peer, or a port below 1024, is never
//! dialled, whatever it is written in: [`address::may_connect`](crate::address::may_connect)
//! decides for PORT, EPRT and LPRT alike, IPv4 in IPv6 form included. Such a command is refused
//! when it comes, so that no connect, not even a failed one, tells anything. A client that
//! listens drops any caller but its server. [`server::Config::active`](crate::server::Config::active)
//! turns it all off; only
//! [`dangerous_server_to_server`](crate::server::Config::dangerous_server_to_server) lets other hosts
//! in, for transfers from server to server. A [`Relay`](crate::client::Relay), which makes one server
//! call another on purpose, names the peers of its own control connections and no one else.
//!
//! *Tests:* `only_the_peer_and_only_high_ports_are_connected_to`,
//! `only_the_client_itself_is_dialled`, `active_mode_dials_the_client_only`,
//! `data_connections_go_to_the_client_and_to_no_one_else`, `no_third_host_is_named`.
//!
//! ## Stolen data connections
//!
//! *Elsewhere:* CERT VU#2558. Whoever connects to a passive port before its client gets the file,
//! or supplies it. Many servers check the address by now, but let the stranger's call end the
//! transfer, or answer it on the control connection, where the client takes that for the reply
//! to its next command.
//!
//! *Cause:* the first caller of a port was taken for the right one.
//!
//! *Here:* [`DataEvent::Connected`](crate::DataEvent::Connected) brings the caller's address, and a
//! stranger is answered with [`DataRequest::Reject`](crate::DataRequest::Reject): dropped without
//! a byte, no word on the control connection, and the wait goes on. In active mode the client does
//! the same. *Not excluded:* somebody behind the same address as the client (one NAT, one machine
//! with several users). A port that cannot be guessed makes that hard, which is the driver's
//! matter: the system's choice is random, a configured range is taken in turn. Only TLS with a
//! resumed session closes it; see the next class.
//!
//! *Tests:* `a_stranger_is_dropped_in_silence`, `active_over_ipv4`,
//! `a_stranger_on_the_port_gets_nothing`, `a_stranger_on_a_passive_port_gets_nothing`,
//! `a_stranger_first_then_the_right_caller`.
//!
//! ## Data connections under TLS that belong to somebody else
//!
//! *Elsewhere:* no identifier; vsftpd (by a setting) and ProFTPD (by default) insist on a resumed
//! session. A data connection that has TLS of its own proves nothing about who made the control
//! connection.
//!
//! *Cause:* two handshakes that nothing ties together.
//!
//! *Here:* [`DataEvent::Secured`](crate::DataEvent::Secured) tells whether the session of the
//! control connection was resumed, and [`client::Transferred::resumed`](crate::client::Transferred::resumed)
//! hands it on. A driver that insists fails the connection with
//! [`DataFailure::NotResumed`](crate::DataFailure::NotResumed), or with
//! [`DataFailure::Certificate`](crate::DataFailure::Certificate) where another certificate is
//! shown than on the control connection: the server answers 522, says what to do, and no byte of
//! payload has moved. `ftpkit-tokio`'s `SessionReuse` says when it insists. A handshake that is
//! refused has given the stranger tickets before; they are of no worth, or the second try would
//! succeed.
//!
//! *Tests:* `a_data_handshake_that_fails_is_522`, `the_handshake_comes_behind_the_1yz`,
//! `every_session_keeps_its_promises_and_every_transition_is_taken`,
//! `the_session_of_another_control_connection_is_refused`,
//! `a_stranger_who_insists_stays_outside`,
//! `data_connections_show_the_certificate_of_the_control_connection`.
//!
//! ## A server that names any host in 227
//!
//! *Elsewhere:* CVE-2020-8284 (curl), CVE-2021-4189 (Python), CVE-2021-37533 (Apache Commons Net).
//! The client connected to whatever address the reply to PASV named, so that a hostile server
//! could reach, and read the banners of, services that only the client reaches.
//!
//! *Cause:* as with a bounce, with the roles exchanged.
//!
//! *Here:* only the port is taken from a 227 or 228, and the address is the control connection's
//! peer. [`client::Config::trust_passive_address`](crate::client::Config::trust_passive_address)
//! is off, and even with it no reserved port of another host is dialled. EPSV, which names no
//! host, comes first.
//!
//! *Tests:* `passive_over_ipv4`, `a_trusted_passive_address_is_taken_unless_it_is_none`,
//! `a_trusted_address_of_another_host_is_not_on_a_reserved_port`,
//! `a_foreign_address_in_227_is_ignored`.
//!
//! # What a line can hold
//!
//! ## Commands in an argument
//!
//! *Elsewhere:* CVE-2004-1166 (Internet Explorer), CVE-2017-3533 (Java), bpo-30119 (Python),
//! RUSTSEC-2026-0271 (suppaftp). A URL, a file name or a password with CR LF in it became two
//! commands.
//!
//! *Cause:* arguments that are strings, and a check that each call has to remember.
//!
//! *Here:* [`Text`](crate::Text), [`PathArg`](crate::PathArg) and [`Secret`](crate::Secret) cannot
//! hold CR, LF or NUL, and [`Command`](crate::Command) holds nothing else. The error is one of the
//! call that makes them; nothing is cut off or rewritten. `%0d%0a` in a URL is refused
//! ([`url::UrlErrorKind::ForbiddenByte`](crate::url::UrlErrorKind::ForbiddenByte)).
//!
//! *Tests:* `no_line_break_or_nul_gets_in`, `a_command_crosses_the_wire_as_it_is`,
//! `errors_say_what_and_where`, `what_cannot_be_sent_is_refused_before_anything_is`.
//!
//! ## Replies that say what the client wanted
//!
//! *Elsewhere:* CERT VU#328867: a server that repeats an unknown command in its refusal can be
//! made to say `227 Entering Passive Mode (…)`, which opens a port in a firewall that reads along.
//! CVE-2021-3618 (ALPACA) had a browser run what such a reply repeated.
//!
//! *Cause:* the client's words in the server's mouth.
//!
//! *Here:* the application never writes a reply line, and the texts of refusals are the program's.
//! What must be told (a path in 257, a name in 150, facts) stands behind the code and its words, and
//! a [`Reply`](crate::Reply) is made of [`Text`](crate::Text), so that no line can begin with
//! anything but a code or a blank.
//!
//! *Tests:* `nothing_of_a_refused_command_comes_back`,
//! `every_line_of_every_reply_begins_with_its_code_or_a_blank`.
//!
//! ## Other protocols
//!
//! *Elsewhere:* CVE-2021-3618 again. A browser that is led to an FTP port sends a request, of
//! which the server refuses line after line, until one is a command.
//!
//! *Cause:* patience with what is not FTP, and TLS certificates that hold for any service.
//!
//! *Here:* before login, the first line of HTTP, SMTP, SSH or a TLS handshake ends the session
//! with 421, as do [`server::Limits::bad_commands_before_login`](crate::server::Limits::bad_commands_before_login)
//! lines that are none; so it is under TLS, where a browser would come. ALPN is the driver's:
//! `ftpkit-tokio`'s server knows `ftp` and `ftp-data`, and a client that offers only other names,
//! as browsers do, does not get through the handshake. One that offers none does: most FTP clients
//! have no ALPN.
//!
//! *Tests:* `other_protocols_are_known_by_their_first_word`, `other_protocols_and_noise_are_closed`,
//! `other_protocols_are_closed_under_tls_too`, `binary_garbage_before_login_ends_the_session`.
//!
//! ## Telnet in the way
//!
//! *Elsewhere:* CVE-2010-4221: ProFTPD counted escapes wrongly and wrote past a buffer, before
//! login.
//!
//! *Cause:* escapes that are undone in place, by hand, on pieces of input.
//!
//! *Here:* a filter of six states takes one byte at a time, so that the places where the bytes are
//! cut cannot matter; a subnegotiation without end is left after 512 bytes, and refusals of
//! options are bounded. `unsafe` is forbidden in the crate.
//!
//! *Tests:* `each_sequence_is_undone`, `every_split_gives_the_same_lines`,
//! `a_subnegotiation_without_end_is_left_behind`, `options_are_refused_in_bounded_memory`,
//! `it_is_answered_at_every_moment_and_at_every_split`.
//!
//! # TLS
//!
//! ## Bytes in front of the handshake
//!
//! *Elsewhere:* CVE-2011-0411 (Postfix) named the class, CVE-2011-1575 is Pure-FTPd's. Whoever is
//! on the way appends commands in clear to AUTH; the server reads them with it, and carries them
//! out once TLS is up, as the client's. With a client the same works behind the 234.
//!
//! *Cause:* a buffer that outlives the change from clear text to TLS.
//!
//! *Here:* TLS begins with a [`Drained`](crate::wire::Drained), which only an empty
//! [`Framer`](crate::wire::Framer) gives, behind whose last line not even Telnet has come. On both
//! sides bytes behind the command or its reply close the connection, rather than being dropped:
//! somebody has put them there. AUTH forgets user, parameters and, on the client, what FEAT said in
//! clear. Under implicit TLS there is no clear text at all: a byte ahead of the handshake closes
//! the connection, and a handshake that fails ends it without one.
//!
//! *Tests:* `only_an_empty_framer_is_drained`, `bytes_behind_auth_are_fatal`,
//! `whatever_comes_behind_auth_ends_the_session_at_every_split`,
//! `whatever_comes_behind_the_234_ends_the_connection_at_every_split`,
//! `nothing_of_a_session_in_clear_is_left_under_tls`, `until_tls_is_up_no_byte_goes_out`,
//! `a_session_under_implicit_tls_takes_no_byte_in_clear`,
//! `a_greeting_in_clear_is_fatal_where_tls_is_implicit`, `every_seed_of_every_target_passes`,
//! `bytes_in_clear_behind_the_234_are_fatal`, `auth_and_what_it_resets`,
//! `a_session_under_tls_is_another_one`,
//! `nothing_comes_between_the_consent_and_the_end_of_tls`.
//!
//! ## A silent way back to clear text
//!
//! *Elsewhere:* clients that go on without TLS where AUTH is refused, and send the password then.
//!
//! *Cause:* TLS as a wish.
//!
//! *Here:* [`client::Request::Secure`](crate::client::Request::Secure) ends with the refusal, and
//! what follows is the application's decision. CCC and REIN under TLS are refused unless a setting
//! says `dangerous`; [`server::TlsPolicy`](crate::server::TlsPolicy) refuses logins or data
//! connections in clear.
//!
//! *Tests:* `upgrades`, `clear_text_is_not_gone_back_to_unasked`,
//! `ccc_and_rein_go_back_to_clear_text_where_allowed`, `login_in_clear_is_refused_by_policy`,
//! `data_must_be_private_by_policy`, `no_payload_in_clear_where_the_policy_forbids_it`,
//! `no_name_in_clear_where_the_policy_forbids_it`.
//!
//! ## One host's users at another host
//!
//! *Elsewhere:* no identifier; RFC 7151 sec. 4 warns of it. A client checks the certificate of the
//! host that it means, and HOST, or what somebody on the way makes of it in clear, leads it to
//! another one, where its name and password may be somebody else's.
//!
//! *Cause:* two names for one session, and the one that is checked is not the one that is used.
//!
//! *Here:* the name that TLS was asked for (SNI) is the session's host, overrules a HOST in clear,
//! and a HOST that is not the same one gets 504. A HOST takes back a USER that came before it.
//! Where [`server::Config::hosts`](crate::server::Config::hosts) is set, no other name is a host,
//! and the one in [`server::Login::host`](crate::server::Login::host) is written as it is there.
//!
//! *Tests:* `host_names_one_that_is_known`, `another_host_wants_another_name`,
//! `tls_names_the_host_and_host_must_agree`, `host_may_come_before_auth_and_tls_overrules_it`,
//! `a_name_ends_with_its_tls`.
//!
//! ## Transfers that are cut
//!
//! *Elsewhere:* no identifier: servers whose TLS library takes a bare end of the TCP connection for
//! the end of the file, and confirm an upload that anybody on the way has cut short.
//!
//! *Cause:* close_notify is the only proof of an end, and it is easy to do without.
//!
//! *Here:* [`DataEvent::Finished`](crate::DataEvent::Finished) says whether it came. Without it an
//! upload ends with 426 and without a [`Commit`](crate::server::Commit), a download as
//! [`TransferFailed`](crate::client::TransferFailed);
//! [`accept_unclean_close`](crate::server::Config::accept_unclean_close) is off in both roles.
//! With it, an end in the midst of a TLS record is still none.
//!
//! *Tests:* `an_unclean_end_truncates`, `an_end_without_close_notify_is_no_end_of_a_download`,
//! `an_upload_without_close_notify_is_interrupted`,
//! `an_upload_without_close_notify_is_taken_where_it_may_be`,
//! `a_data_connection_that_is_lost_at_any_byte_is_never_taken_for_the_end`.
//!
//! # Files that are not what they seem
//!
//! ## The end of a connection that is no end of a file
//!
//! *Elsewhere:* in clear text, MODE S ends a file by ending its connection, and a client that is
//! killed ends it too. It is a limit of the protocol, which most servers leave at that.
//!
//! *Cause:* the end is not part of the payload.
//!
//! *Here:* it is not hidden: [`Completeness::Assumed`](crate::server::Completeness) and
//! [`client::Transferred::proven`](crate::client::Transferred::proven) say what is known. A reset, a
//! failure, a stall or a control connection that has ended is never taken for the end of a file;
//! a driver asks the control connection first ([the contract](crate#reading)). A client believes a
//! download only with the server's confirmation. An upload has its 226 only behind the answer to
//! [`Event::Commit`](crate::server::Event::Commit), and a storage that makes it visible only then,
//! as `ftpkit-fs` does, keeps the old file until then.
//!
//! *Tests:* `a_data_connection_that_is_lost_at_any_byte_is_never_taken_for_the_end`,
//! `a_client_that_is_killed_in_an_upload_replaces_nothing`, `an_upload_is_confirmed_after_its_commit`,
//! `what_is_not_confirmed_is_an_error_and_no_end`, `what_is_dropped_leaves_the_old_and_nothing_else`.
//!
//! ## Paths that lead outside
//!
//! *Elsewhere:* CVE-2008-7262 (pyftpdlib), by links on the way to a file; CVE-2020-26299 (ftp-srv), by
//! backslashes on Windows; CVE-2017-7418 (ProFTPD), which looked at the last name of a path only.
//!
//! *Cause:* a path as text, compared with a prefix, and a check that its use does not repeat.
//!
//! *Here:* the core opens nothing: a [`PathArg`](crate::PathArg) is the client's word. In the family
//! it becomes a `VirtualPath` of `ftpkit-storage` in one place, which has no `..`, and `ftpkit-fs`
//! opens it relative to a directory that it holds, so that the system itself keeps it inside.
//! Outside looks like absent.
//!
//! *Tests:* `any_argument_stays_inside`, `no_path_leaves_the_root`,
//! `links_that_lead_outside_are_as_if_they_led_to_nothing`, `no_race_with_a_link_leads_outside`.
//!
//! ## Names in a listing that lead outside
//!
//! *Elsewhere:* CVE-2002-1344 (wget), CVE-2016-5725 (JSch, by backslashes), CVE-2018-10916 (lftp). A
//! server lists `../../.profile`, and a client that mirrors it writes there. CVE-2014-4877 (wget)
//! did it by a listed link, followed by a listed directory of the same name.
//!
//! *Cause:* a name from a peer, joined to a local path.
//!
//! *Here:* a name is a [`Text`](crate::Text), and the way from it to a path is
//! [`Entry::safe_name`](crate::listing::Entry::safe_name): one component, no separator of any system, no
//! drive, not `.` or `..`. *Not excluded by it:* names that only Windows gives a meaning (`CON`,
//! `a:b`, a dot at the end); whoever writes to such a disk refuses them, as `ftpkit-fs` does. Links
//! are told as links ([`Kind::Symlink`](crate::facts::Kind::Symlink)), and nothing in the family makes
//! one because a listing has it.
//!
//! *Tests:* `a_safe_name_is_one_component_on_every_system`,
//! `a_name_that_leaves_the_directory_is_not_taken`, `a_link_is_told_as_one_and_not_followed`.
//!
//! ## Names that rewrite a terminal
//!
//! *Elsewhere:* CVE-2019-6109 and CVE-2019-6110 (scp): names with escape sequences hid what was
//! copied.
//!
//! *Cause:* bytes of a peer, printed as they are.
//!
//! *Here:* `Display` and `Debug` of [`Text`](crate::Text), [`PathArg`](crate::PathArg) and
//! [`SafeName`](crate::SafeName) escape control characters, bidirectional overrides and what is no
//! UTF-8; [`Reply`](crate::Reply) and [`Command`](crate::Command) print through them. `as_bytes` is
//! for paths and the wire, not for people. In its listings a server leaves out names that would
//! forge a line ([`listing::format`](crate::listing::format)) and sends all others as they are.
//!
//! *Tests:* `names_are_shown_without_terminal_tricks`, `names_cannot_rewrite_the_terminal`,
//! `no_reply_can_break_the_line`, `a_name_that_would_forge_a_line_is_left_out`.
//!
//! ## Lines in a log that never happened
//!
//! *Elsewhere:* CWE-117; CVE-2026-44331 (ProFTPD) is its cousin, where a name that came from outside
//! went into a query of SQL as it was.
//!
//! *Cause:* text of a peer in a format that gives some bytes a meaning.
//!
//! *Here:* no text can hold a line break, and all print escaped. Passwords and accounts are a
//! [`Secret`](crate::Secret), which prints as `***` in every build, in a command and in an event
//! too; neither framer nor machine shows what waits in it.
//!
//! *Tests:* `a_secret_is_never_shown`, `passwords_are_never_shown`, `what_waits_is_never_shown`,
//! `the_trace_has_everything_but_secrets`, `users_and_transfers_are_logged_and_passwords_are_not`,
//! `shows_names_that_would_rewrite_a_log_escaped`.
//!
//! # Too much of everything
//!
//! ## Lines without end
//!
//! *Elsewhere:* CVE-2019-18217: a long command sent ProFTPD into an endless loop, before login.
//! CVE-2026-44240 (basic-ftp): a greeting of many lines that never ends fills the client's memory, and
//! each piece is read again from the start.
//!
//! *Cause:* a buffer that grows with what a peer sends, and a scan that forgets how far it was.
//!
//! *Here:* the limit is part of the [`Framer`](crate::wire::Framer): a line over it is told once, as soon
//! as it is too long, and its rest is skipped without being kept.
//! [`ReplyReader`](crate::reply::ReplyReader) bounds a whole reply,
//! [`listing::Parser`](crate::listing::Parser) a line of a listing. What a client sends ahead is
//! bounded by [`wants_read`](crate::Machine::wants_read), what it does not read by the queue of
//! outputs, what a server says unasked by a count. *Not bounded:* a listing that the caller
//! collects, as [`listing::parse`](crate::listing::parse) does of what it is given.
//!
//! *Tests:* `an_endless_line_is_told_once_and_takes_no_memory`,
//! `a_pushed_flood_is_bounded_by_the_limit_and_not_by_its_size`,
//! `no_line_is_over_the_limit_and_memory_follows_it`, `a_reply_is_bounded_as_a_whole`,
//! `what_the_server_sends_is_bounded`, `a_flood_of_replies_ends_the_session`, `a_line_is_bounded`,
//! `lines_that_fit_nothing_do_not_pile_up`, `a_flood_is_pushed_back_and_loses_nothing`,
//! `an_idle_session_is_small`.
//!
//! ## Patterns
//!
//! *Elsewhere:* CERT CA-2001-07, CVE-2010-2632 (the glob of several C libraries), CVE-2011-0762
//! (vsftpd): `LIST *{*{*` takes exponential time or all memory. On the other side CVE-2017-8817 and
//! CVE-2020-8285 (curl): wildcards that are matched against a hostile listing.
//!
//! *Cause:* matchers that try everything, expansion before matching.
//!
//! *Here:* the core has no patterns: `*` is a byte of a name. `ftpkit-server` matches NLST's with
//! one that takes at most the product of both lengths and expands nothing. The parsers of listings
//! are written by hand, a pass over the line each.
//!
//! *Tests:* `a_hostile_pattern_takes_no_more_than_the_product_of_the_lengths`,
//! `long_lines_are_read_by_all`.
//!
//! ## Directories without end
//!
//! *Elsewhere:* CVE-2019-20176: `LIST -R` exhausted Pure-FTPd's stack. Others hold a whole directory
//! in memory before the first line leaves.
//!
//! *Cause:* recursion, and lists that are complete before they are sent.
//!
//! *Here:* payload is the application's, in pieces; the one listing that the core itself formats,
//! `STAT path`, is bounded by [`server::Limits::survey_entries`](crate::server::Limits::survey_entries).
//! `ftpkit-server` lists a page at a time, and a tree to a depth of 64 without recursion. The
//! parsers do not recurse; the one command that holds another, PRET, holds no second PRET.
//!
//! *Tests:* `a_listing_over_the_control_connection`, `a_large_directory_is_listed_in_full`,
//! `ten_thousand_entries_come_in_pages`, `a_command_in_a_command_is_no_recursion`,
//! `a_directory_deeper_than_any_stack_can_be_made_and_dropped`.
//!
//! ## Numbers
//!
//! *Elsewhere:* offsets below zero in REST and RANG (ProFTPD, in 2026), octets above 255 in PORT, sizes
//! that wrap.
//!
//! *Cause:* a number that is read first and judged later, or never.
//!
//! *Here:* each is read into its own width and refused when it does not fit; there is no sign to
//! read. An offset beyond the end is a refusal of its own
//! ([`RefusalKind::BeyondEnd`](crate::server::RefusalKind::BeyondEnd), 554).
//!
//! *Tests:* `arguments_are_read_as_they_are_or_refused`,
//! `numbers_in_replies_are_read_as_they_are_or_not_at_all`,
//! `numbers_in_listings_are_told_as_they_are_or_not_at_all`, `times_are_read_as_they_are_or_refused`,
//! `offsets_and_sizes_are_all_of_64_bits_and_no_more`, `numbers_beyond_an_octet_are_refused`.
//!
//! ## Compression bombs
//!
//! *Elsewhere:* CVE-2026-23943 (Erlang's SSH, before login), CVE-2026-46702 (russh): little on the
//! wire that unpacks to more than there is memory.
//!
//! *Cause:* output that nothing bounds by input.
//!
//! *Here:* MODE Z and MODE C are read and refused with 504, and a client cannot send them: a request
//! with either is [`Outcome::Rejected`](crate::client::Outcome::Rejected).
//!
//! *Tests:* `parameters`, `no_mode_is_asked_for_that_the_payload_has_not`.
//!
//! ## Connections without end
//!
//! *Elsewhere:* CVE-2021-30047 (vsftpd), CVE-2020-35359 (Pure-FTPd), CVE-2021-47865 (ProFTPD): a few
//! hundred connections that say nothing leave no place for others. CVE-2010-3494 (pyftpdlib): one
//! accept that fails ends the server.
//!
//! *Cause:* places that cost nothing to hold, timers that every byte starts anew.
//!
//! *Here:* [`server::Timeouts::login`](crate::server::Timeouts::login) is one span from the greeting to
//! the end of login. Every other wait has a deadline too, a listener ends with its session, and a
//! session that is idle holds no buffers. How many sessions there may be, in all and from one address,
//! is `ftpkit-accounts`' door; accepting on, `ftpkit-tokio`'s acceptor.
//!
//! *Tests:* `the_time_for_login_is_one_span`, `a_listener_that_nobody_uses_ends_with_its_session`,
//! `every_wait_has_its_end`, `every_wait_has_its_timer`, `silent_clients_are_sent_away`,
//! `sessions_are_limited_by_address_and_by_ipv6_network`,
//! `callers_wait_until_there_are_descriptors_again`, `a_thousand_bad_sessions_leave_nothing_behind`.
//!
//! # Who may do what
//!
//! ## Names that can be found out
//!
//! *Elsewhere:* CVE-2004-1602 (ProFTPD): the time of an answer tells whether a user exists. Others tell
//! it in the answer to USER.
//!
//! *Cause:* less work, or other words, for a name that is not there.
//!
//! *Here:* USER is answered 331 in the same words for every name, without asking anybody; where the
//! client has shown a certificate the application is asked first, and a name that the certificate
//! does not let in gets the same 331, uncounted. Whatever refuses a login is a 530 in the same
//! words. The time is the application's: `ftpkit-accounts` checks a password in either case, and
//! answers every failure after the same delay.
//!
//! *Tests:* `a_login_asks_and_the_third_failure_closes`, `every_refusal_stays_inside_its_row`,
//! `whatever_refuses_a_login_says_the_same`,
//! `a_wrong_password_and_a_name_that_is_not_there_are_told_the_same`,
//! `what_a_certificate_does_not_open_looks_the_same_for_every_name`,
//! `a_wrong_password_and_an_unknown_name_take_the_same_time`,
//! `every_failure_is_answered_at_the_same_time`.
//!
//! ## Guessing passwords
//!
//! *Elsewhere:* RFC 2577 sec. 5; servers that let one connection guess for ever, or answer at once.
//!
//! *Cause:* tries that cost nothing.
//!
//! *Here:* [`server::Limits::login_attempts`](crate::server::Limits::login_attempts) closes the session
//! with 421, and a new USER does not start the count anew; the delay of failures is `ftpkit-accounts`'.
//! *Not here yet:* a memory across connections, which would slow an address down. An empty password
//! is one like any other, for the application to refuse.
//!
//! *Tests:* `a_login_asks_and_the_third_failure_closes`, `the_third_wrong_password_closes`,
//! `the_third_failure_ends_the_session`.
//!
//! ## Commands before login
//!
//! *Elsewhere:* CVE-2015-3306, CVE-2019-12815 (ProFTPD): `SITE CPFR` and `CPTO` copied files for anybody,
//! since a module had forgotten to ask who it was.
//!
//! *Cause:* a check in each command.
//!
//! *Here:* one check in front of all: a command that is not on the list of those before login is
//! answered 530 and goes no further. A new one is not on the list unless it is put there. What a user
//! may do is a layer over the storage, below all commands (`ftpkit-storage`'s `ReadOnly`).
//!
//! *Tests:* `before_login_nothing_but_the_login_reaches_the_application`,
//! `everything_else_waits_for_login`, `nothing_works_without_a_login`, `reads_and_changes_nothing`.
//!
//! ## States that nobody thought of
//!
//! *Elsewhere:* CVE-2020-9273 (ProFTPD): a command in the midst of a transfer freed what the transfer
//! used. EPSV ALL that a later command took back; transfers that survive QUIT; one reply too many, after
//! which a client takes each answer for that to the command before.
//!
//! *Cause:* one state for everything, changed from everywhere.
//!
//! *Here:* an automaton for each thing that moves on its own, all transitions in one file; questions
//! that answering uses up; ids that are never used twice; ABOR that is fenced by a PWD, so that a client
//! is in step or closed. Random sessions hold the promises: one final reply a command, one end a
//! request, nothing left behind, whatever comes, in whatever pieces.
//!
//! *Tests:* `whatever_happens`, `whatever_a_driver_says`, `in_whatever_pieces`,
//! `each_request_ends_once_and_silence_ends_all`, `procedures_may_end_at_any_moment`,
//! `every_session_keeps_its_promises_and_every_transition_is_taken`, `epsv_all_sticks`, `a_late_answer_to_abor_answers_nothing_else`,
//! `it_is_answered_at_every_moment_and_at_every_split`.
