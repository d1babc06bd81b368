//! What went wrong in SFTP and SSH elsewhere, and what keeps it from happening here.
//!
//! FTP's classes stand in the manual of `ftpkit-proto`, and what both protocols share (accounts,
//! limits, storages) is told there. For each class: a case, its cause, and the type, the rule or the
//! test that excludes it. The tests are named so that a search finds them.
//!
//! # Paths and names
//!
//! ## Paths that lead out
//!
//! *Elsewhere:* CVE-2026-23942 (Erlang): a root was compared as a prefix, so that `/root2` was
//! inside of `/root`.
//!
//! *Cause:* paths as texts, resolved and compared by each request in its own way.
//!
//! *Here:* all that a client sends goes through one function onto a path of the storage, which is a
//! list of names and cannot hold a `..`. REALPATH is a matter of words alone. A backslash is a byte
//! of a name.
//!
//! *Tests:* `any_path_from_any_home_stays_inside`, `any_argument_stays_inside`,
//! `paths_are_canonical_whether_or_not_they_are_there`, `only_the_own_home_is_known`,
//! `no_realpath_leads_above_the_root`.
//!
//! ## Links that lead out, or tell where the root lies
//!
//! *Elsewhere:* CVE-2017-7418 (ProFTPD); CVE-2026-48855 (Erlang), READLINK told the real path of
//! the root; CVE-2023-35887 (Apache MINA) told whether a file outside was there.
//!
//! *Cause:* a path was checked first and used afterwards, or answered as the system has it.
//!
//! *Here:* a storage on disk opens below a directory that it holds open, so that there is nothing
//! between check and use. A link that leads outside is as if it led to nothing, and READLINK shows
//! no target whose way leads above the root.
//!
//! *Tests:* `no_race_with_a_link_leads_outside`,
//! `links_that_lead_outside_are_as_if_they_led_to_nothing`, `no_link_shows_where_the_root_lies`,
//! `a_target_that_leads_out_is_not_shown`, `a_hard_link_is_of_a_file_and_stays_inside`.
//!
//! ## A server that names files `../x`
//!
//! *Elsewhere:* CVE-2016-5725 (JSch), CVE-2026-106552 (OpenSSH): a recursive download wrote where
//! the server's names led.
//!
//! *Cause:* a name from the other side became part of a local path.
//!
//! *Here:* an entry of a directory has a type for its name that holds neither a slash nor a dot
//! alone or two; what does not fit is no entry. The line that NAME carries for people is never read,
//! and what is shown of names and of a server's words has its control bytes escaped.
//!
//! *Tests:* `evil_names_are_no_entries`,
//! `a_listing_reads_to_the_end_and_refuses_names_that_are_none`,
//! `a_listing_ends_at_names_that_are_none_at_all`, `no_control_byte_gets_in`,
//! `a_status_is_shown_without_terminal_tricks`.
//!
//! # Numbers and amounts
//!
//! ## All that a client may hold
//!
//! *Elsewhere:* CVE-2025-48041 (Erlang): OPENDIR without end used up all descriptors.
//!
//! *Cause:* what one peer may hold was bounded by the system alone.
//!
//! *Here:* handles, requests in flight and bytes that wait are bounded for each session, sessions
//! for each address and in all, and the time to log in is one budget. What is over the bound is
//! refused, or waits in the peer's own socket. Whatever a client's connections do, the loop that
//! accepts them goes on.
//!
//! *Tests:* `handles_are_bounded`, `handles_beyond_the_limit_are_refused`,
//! `requests_beyond_the_limit_wait`,
//! `bytes_beyond_the_limit_wait_and_so_do_those_that_nobody_fetches`,
//! `answers_that_nobody_fetches_are_kept_within_the_limit`, `what_waits_is_bounded`,
//! `who_takes_no_answers_is_bounded_and_ends_and_others_go_on`,
//! `an_sftp_server_goes_on_when_there_are_descriptors_again`,
//! `who_does_not_log_in_is_cut_off`, `who_asks_nothing_is_cut_off`,
//! `sessions_are_limited_by_address_and_by_ipv6_network`,
//! `a_session_that_breaks_down_costs_nothing_but_itself`.
//!
//! ## Lengths and offsets
//!
//! *Elsewhere:* CVE-2026-54886 (Erlang) looped on an offset; ProFTPD's `mod_sftp` took lengths
//! below zero and packets of none.
//!
//! *Cause:* arithmetic on numbers that the peer has chosen.
//!
//! *Here:* a length is believed as far as bytes have come, a count as far as its packet goes, and
//! the end of a range is added up with a check before anybody is asked.
//!
//! *Tests:* `a_length_that_no_packet_has_ends_it_and_keeps_nothing`,
//! `a_length_makes_no_room_for_what_has_not_come`, `no_length_is_believed_beyond_the_packet`,
//! `counts_beyond_the_packet_are_refused_before_anything_is_read`,
//! `every_beginning_of_a_packet_is_an_error_that_tells_where`, `offsets_and_lengths_stay_inside`,
//! `any_bytes_in_any_pieces_do_the_same`, `any_packets_end_in_order_in_any_pieces`; and the fuzz
//! targets of packets and of both machines.
//!
//! # SSH itself
//!
//! ## Compression before the login
//!
//! *Elsewhere:* RUSTSEC-2026-0493: a peer that had not logged in had the server inflate without
//! bound.
//!
//! *Here:* compression is neither offered nor built in.
//!
//! *Tests:* `the_strict_key_exchange_is_offered` reads the lists that the server sends, with `none`
//! as the only compression.
//!
//! ## Messages taken out of the beginning
//!
//! *Elsewhere:* CVE-2023-48795 (Terrapin): somebody on the way slipped in messages before the keys
//! were there, and took out as many behind.
//!
//! *Cause:* numbers of packets that went on counting over the key exchange.
//!
//! *Here:* both roles offer the strict key exchange, and a message that is out of place in it ends
//! the connection. What is older than SHA-2 is not spoken at all.
//!
//! *Tests:* `the_strict_key_exchange_is_offered`, `the_strict_key_exchange_is_held_to`,
//! `weak_algorithms_are_not_spoken`, `rsa_signs_with_sha_2_alone`.
//!
//! ## More than SFTP
//!
//! *Elsewhere:* accounts for files alone that could forward ports, or run a command.
//!
//! *Here:* a channel is for the subsystem `sftp`; there is no code for a shell, a command or
//! forwarding that a setting could let through.
//!
//! *Tests:* `a_channel_is_for_sftp_alone`, `nothing_is_forwarded`.
//!
//! ## Panics in the library
//!
//! *Elsewhere:* CVE-2026-73429 (russh): the length of an X25519 value, before the login.
//!
//! *Here:* each connection is a task of its own, so that even a panic would end no other; and
//! values of wrong lengths in all key exchanges, packets out of place and lengths that lie are
//! tried against the server.
//!
//! *Tests:* `hostile_key_exchanges_cost_their_connection_alone`,
//! `a_session_that_breaks_down_costs_nothing_but_itself`.
