//! What real clients and servers do, and what is done about it here.
//!
//! Tolerance is a setting ([`client::Config::lenient`](crate::client::Config::lenient)) or a matter
//! of course, never a build of its own. What is taken is bounded by one rule: **a reply must not
//! come to answer the wrong command.** Where that cannot be known, a connection is closed.
//!
//! The machines run against vsftpd, ProFTPD, Pure-FTPd and pyftpdlib, and against curl, lftp,
//! ncftp and Python's ftplib: `everything_against_vsftpd`, `everything_against_proftpd`,
//! `everything_against_pure_ftpd`, `everything_against_pyftpdlib`,
//! `files_of_all_sizes_go_up_and_down_in_every_mode`, `mirrors_by_epsv`, `trees_go_up_and_down`,
//! `every_method_in_every_mode`.
//!
//! # What clients do
//!
//! ## Lines
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | LF alone at the end of a line | scripts, `nc` | taken | `lines_end_in_crlf_or_lf` |
//! | lower case, blanks at the end, zeros in front | many | taken | `what_clients_get_wrong_is_read_all_the_same` |
//! | `XCWD`, `XPWD` and the other X names | old clients | as without X | `what_clients_get_wrong_is_read_all_the_same` |
//! | names with blanks, quotes, `%`, `;`, a dash or blank in front | all | the bytes behind one blank are the name, all of them | `paths_are_taken_and_written_byte_by_byte`, `names_of_all_kinds_come_back_as_they_were_sent` |
//! | 0xFF in a name, doubled (as Telnet has it) and not | each its own way | both taken; sent doubled | `a_name_with_ff_is_doubled_on_the_wire`, `each_sequence_is_undone` |
//! | names that are not UTF-8 | clients with a code page | bytes are bytes | `in_commands`, `in_listings` |
//! | Telnet options | telnet itself | refused, as RFC 1123 wants | `options_are_refused_in_bounded_memory` |
//! | commands ahead of the replies | lftp | they wait, bounded, and are answered in order | `a_pipelined_burst_is_answered_in_order`, `mirrors_with_pipelined_commands` |
//!
//! ## Getting ready
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | `SYST`, `FEAT`, `CLNT`, `OPTS UTF8 ON`, `OPTS UTF-8 ON`, `OPTS UTF8 NLST`, before or after login | FileZilla, WinSCP, lftp, curl | answered; OPTS UTF8 and FEAT before login too | `before_login`, `parameters`, `feat_offers_what_is_on` |
//! | `CWD` without a name | some | the login directory | `the_working_directory` |
//! | `CWD ..` at the root | all, when clicked at | stays there (`ftpkit-server`) | `no_path_leaves_the_root` |
//! | PBSZ and PROT under implicit TLS, where data connections are private anyway; or neither | each its own way | both taken | `tls_begins_with_the_connection_and_covers_data` |
//! | `PASS` behind a `USER` that the certificate has logged in | clients that do not wait | 202 | `a_certificate_may_be_enough` |
//! | `HOST` ahead of AUTH | clients of RFC 7151 without SNI | kept, unless TLS was asked for another name | `host_may_come_before_auth_and_tls_overrules_it` |
//! | `USER` in the midst of a session | proxies | logs out, and begins again | `user_and_rein_forget_who_was_in` |
//!
//! ## Data connections
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | PASV and nothing after it; two in a row; PORT, then PASV | clients that were interrupted | the last one counts, the listener before is closed, and ends with the session | `one_rendezvous_replaces_the_other`, `a_listener_that_nobody_uses_ends_with_its_session` |
//! | EPRT with `::` | lftp, over IPv6 loopback | means the client itself, and only that is dialled | `only_the_client_itself_is_dialled`, `mirrors_over_ipv6_by_eprt` |
//! | the data connection only after the 150 | some, all under TLS | the listener waits; TLS on it starts behind the 150 | `a_download_in_passive_mode`, `a_transfer_under_tls` |
//! | an hour without a word while a transfer runs | all | not idle: payload keeps a session | `an_idle_session_ends_but_not_a_silent_transfer` |
//! | NOOP and STAT in a transfer, to keep NAT awake | long transfers | answered at once, between 150 and 226 | `what_is_answered_in_a_transfer`, `noop_and_stat_are_answered_during_a_transfer` |
//! | QUIT behind a transfer | clients in a hurry | waits for it | `quit_waits_for_the_transfer` |
//! | ABOR plain, behind IAC IP IAC DM, with the last byte or all of it urgent | lftp, ftplib, others; each its own way | all understood, in any pieces, also while the storage hangs; a Synch discards what waits before it | `it_is_answered_at_every_moment_and_at_every_split`, `a_synch_discards_what_waits`, `a_synch_sent_as_urgent_data_is_understood`, `abor_is_answered_though_the_storage_hangs` |
//! | the sending half of the control connection closed early | scripts around `nc` | what waits is carried out; a transfer is cut with 426 | `the_end_of_the_control_connection`, `a_client_that_closes_half_of_the_control_connection_learns_that_the_download_is_cut` |
//!
//! ## Files
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | `LIST -a`, `LIST -al path`, `NLST -a` | FileZilla, browsers | options are letters that `ls` has; anything else is a name | `what_clients_get_wrong_is_read_all_the_same`, `listings_have_their_styles` |
//! | `MDTM 20240615120000 name`, to set the time | old clients | sets it, unless there is a file of the whole name | `mdtm_sets_the_time_only_where_no_such_name_is` |
//! | `SITE UTIME` in two forms, `SITE CHMOD` | lftp, WinSCP | both | `every_wire_form_is_read_and_written`, `changes` |
//! | `SIZE` and `MDTM` of a directory, `SIZE` under TYPE A | curl, wget | 550 | `facts_of_one_file` |
//! | `ALLO` with something that is no number | some | 202 | `parameters` |
//! | REST, then another command | clients that were interrupted | the marker is void | `restart_markers` |
//! | REST, then APPE or STOU | broken resumes | 450, and nothing is stored | `restart_markers` |
//! | RANG, then STOR, APPE or STOU | by the draft, a part is overwritten | 450, and nothing is stored: no storage is asked to write into the midst of a file | `restart_markers`, `a_range_is_all_that_is_sent` |
//! | RANG and REST both | clients that take one back by the other | the last one counts | `restart_markers` |
//! | `PRET`, though FEAT does not name it | DrFTPD's clients | 200; not in FEAT, where it would cost every client a round trip for nothing | `an_announced_command_changes_nothing` |
//! | `SITE CPFR`, `SITE CPTO` | WinSCP | 350 and 250, as RNFR and RNTO | `copying_is_two_commands_and_nothing_between` |
//! | XCRC, XMD5 and kin, MD5, in capitals | clients that compare texts | capitals; HASH has small letters, as its draft wants | `commands_that_are_an_algorithm_each`, `hash_by_the_algorithm_in_force` |
//! | `STRU R` | RFC 1123 sec. 4.1.2.4 wants it where files have records | 504: files are bytes here, and a stream without record marks read back would be another file | `parameters` |
//! | `MODE Z` | lftp, FileZilla | 504: payload does not pass through here, and a driver that deflates is not there yet | `parameters` |
//! | LF in text under TYPE A | all Unix | [`ascii`](crate::ascii): LF leaves as CRLF, CRLF stays | `line_ends_both_ways`, `text_is_converted_both_ways` |
//!
//! # What servers do
//!
//! ## Replies
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | 120, then 220 | slow ones | waits on, each time for as long as for a reply, 64 times | `greetings` |
//! | 230 as the greeting | servers that log in by address | ready | `greetings` |
//! | another 220 or 230 when all is said | several | belongs to what was before; told by a code that the next command cannot have | `what_is_said_too_often_does_not_answer_the_next_command` |
//! | 421 at any time | all, when full or idle | the request that waits gets it, the rest is lost, the connection is closed | `the_session_ends_under_a_command`, `a_421_between_commands_is_told_by_the_next` |
//! | a reply of several lines that ends with another code, or with the code alone | glFTPd, others | that is its end, and its code | `strict_and_lenient` |
//! | `211-` in front of each line of FEAT | some | taken off | `strict_and_lenient`, `every_style_of_line` |
//! | LF alone, CR within a line, NUL | some | taken; CR becomes `?`, NUL is dropped | `lines_end_in_crlf_or_lf`, `strict_and_lenient` |
//! | 200 where 250 is due, 226 to TYPE, 250 to MKD | bftpd, sasserftpd | a code of success is one, where no value is wanted | `any_code_of_success_is_one` |
//! | another code outside a command's row | some | passed on; [`Command::replies`](crate::Command::replies) tells what was allowed | `a_row_is_its_own_codes_and_those_of_all` |
//! | 331 for an account, 332 behind USER or PASS, 202, 232, 336 | many | USER, PASS, ACCT as asked | `logins` |
//! | 530 for "too many users" | many | a refusal like any other; `ftpkit-client` tells full from wrong | `a_server_that_is_full_says_so` |
//! | 5yz for what may work later | several | passed on: whether to try again is the caller's policy | |
//! | FEAT that is refused before login, or says less | several | asked again when it may have changed; what it leaves out is tried last, not never | `features_are_asked_for_again_where_they_may_have_changed`, `what_the_server_does_not_list_is_tried_last` |
//! | 202, 501 or 504 to OPTS UTF8 | FileZilla Server, Pure-FTPd | does not matter | `what_is_listed_is_told` |
//!
//! ## Data connections
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | 227 without brackets, with `=`, with words around | many | the first six numbers that are an address ([`fields::passive`](crate::reply::fields::passive)) | `passive_in_every_style` |
//! | 227 with a private, wrong or foreign address | NAT, clusters | the control connection's peer; [`client::Config::trust_passive_address`](crate::client::Config::trust_passive_address) for clusters | `passive_over_ipv4`, `a_foreign_address_in_227_is_ignored` |
//! | 229 with other delimiters, with the fields filled, or 227 to EPSV | EBCDIC hosts, some | taken | `extended_passive_with_any_delimiter` |
//! | 229 that cannot be read, EPSV refused, or its port out of reach | firewalls | PASV, and remembered | `epsv_refused_means_pasv_and_is_remembered`, `a_dead_port_of_epsv_means_pasv`, `a_port_that_cannot_be_reached_is_tried_with_pasv_and_that_is_remembered` |
//! | nothing passive works | firewalls | active, with [`DataMode::Auto`](crate::client::DataMode::Auto), and remembered | `passive_then_active` |
//! | PASV over IPv6 | Pure-FTPd refuses it | not tried: there is no form for it | `passive_over_ipv6_knows_no_pasv` |
//! | EPRT refused | old ones | PORT, and remembered | `eprt_refused_means_port` |
//! | PRET wanted before PASV | DrFTPD | sent where FEAT lists it ([`client::Pret`](crate::client::Pret)) | `a_distributed_server_is_told_first` |
//! | one of two servers cannot listen, cannot call, or takes CPSV or SSCN only, in a transfer between them | glFTPd, firewalls | the two change places ([`client::Relay`](crate::client::Relay)) | `where_the_one_way_is_refused_the_two_change_places`, `under_tls_one_server_is_made_the_client` |
//! | gateways that rewrite PORT and not EPRT | NAT | EPRT is first; passive mode is the way out | |
//! | data connections in clear under implicit TLS until PROT P | some | private from the start; [`client::Request::Secure`](crate::client::Request::Secure) sends PBSZ and PROT all the same | `implicit_tls_comes_ahead_of_the_greeting` |
//! | TLS on the data connection only behind the command | ProFTPD, Pure-FTPd | the handshake starts behind the 1yz, also for an empty file | `the_handshake_comes_behind_the_1yz` |
//! | 425 or 522 where TLS on the data connection did not resume the session, while too few tickets were given to resume each time | ProFTPD, vsftpd | uploads are given up before their payload, downloads have brought nothing: the command is sent again, once, over a connection that resumes | `an_upload_is_begun_anew_before_its_payload`, `a_download_that_was_refused_is_begun_anew` |
//! | 425 or 550 while its call is awaited | all | heard, and the listener is dropped | `a_server_that_cannot_call_says_so_and_the_next_transfer_works` |
//!
//! ## The end of a transfer
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | 226 before the last byte, or in one packet with the 150 | many | both halves are waited for, each with its timer | `both_halves_in_either_order`, `in_one_packet_with_the_1yz` |
//! | no 150 | some | the final reply opens and confirms a download; an upload that is confirmed before it began has failed | `a_reply_without_1yz` |
//! | no data connection for an empty listing | some, in active mode | empty, if the server confirms it | `active_over_ipv4` |
//! | 226 twice | some | the second is forgotten, if it is the same | `a_confirmation_that_comes_twice_answers_nothing_else` |
//! | ABOR answered by 426 and 226, 226 and 225, 226 alone, or 426 alone; late, or behind the next reply | each another | PWD is sent behind the first: its 257 marks the end of them | `while_the_server_carries_it_out`, `a_late_answer_to_abor_answers_nothing_else` |
//! | ABOR that is not looked at | servers that read nothing in a transfer | the data connection is dropped behind it; without a reply the connection is closed | `a_server_that_does_not_answer_ends_the_session` |
//! | a full disk in the midst of an upload | all | what the server says is read before the broken connection is told | `a_broken_connection_waits_for_what_the_server_says`, `a_server_that_refuses_the_rest_is_heard_while_writing` |
//! | an offset that outlives its transfer | some | taken back with `REST 0` | `an_offset_that_may_be_left_at_the_server_is_taken_back` |
//! | no word behind the last byte, since NAT forgot the control connection | NAT | [`client::Timeouts::final_reply`](crate::client::Timeouts::final_reply) ends it | `every_wait_has_its_timer` |
//! | the whole file where RANG asked for a part | some | fails instead of being taken for the part | `a_part_of_a_file` |
//!
//! ## Values
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | 257 with words before the quote, doubled quotes, or no quotes | many | read ([`fields::path`](crate::reply::fields::path)) | `paths_quoted_and_not` |
//! | 213 of MDTM with fractions, or with the year 19100 | many; years that count from 1900 | read | `moments`, `old_servers_are_understood` |
//! | `(1234 bytes)` in the 150 as the only size | servers without SIZE | a hint ([`fields::size_hint`](crate::reply::fields::size_hint)) | `size_hints` |
//! | MLST with blanks, banners or one line a fact | several | read ([`fields::mlst`](crate::reply::fields::mlst)) | `facts_of_a_file` |
//! | digests behind a path, quoted or not, in any case | XCRC and its kin | read | `every_form_of_one_digest` |
//! | `FILE:` of STOU in the 150, the 226, or in words | each another | read ([`fields::unique_name`](crate::reply::fields::unique_name)) | `unique_names` |
//! | paths that are none of Unix (VMS, OS/400, z/OS) | those | passed on as they are: no rewriting, and no `SITE NAMEFMT` by itself | |
//!
//! ## Listings
//!
//! The dialect is found by what fits the lines best, over the whole listing and whatever SYST says;
//! see [`listing`](crate::listing). Every line gives an entry, or is kept with the reason. A date without
//! a year is read against a day that is an argument, and tells its precision; a time of LIST has no
//! zone and says so ([`ListedTime`](crate::time::ListedTime)). Names are the bytes of the line.
//! `dialects_are_told_apart`, `a_banner_does_not_hide_the_dialect`, `a_listing_may_change_its_form`,
//! `lines_of_all_kinds_of_servers`, `the_year_of_a_date_without_one`, `every_order_and_language`.
//!
//! | what | who | here | where it is tested |
//! | --- | --- | --- | --- |
//! | 550 or 450 for an empty directory | several | an outcome with its reply: only the caller knows whether the directory is there | `a_missing_directory_is_an_outcome` |
//! | `.` and `..` among the entries | some | [`Kind::Current`](crate::facts::Kind::Current) and [`Kind::Parent`](crate::facts::Kind::Parent), so that no walk goes in circles | `lines_of_all_kinds_of_servers` |
//! | MLSD that is listed and does not work, options that LIST takes for a name | Serv-U; strict servers | `ftpkit-client` falls back, and remembers | `list_stands_in_for_mlsd_and_is_remembered`, `an_option_that_is_taken_for_a_name_is_left_out` |
//! | a path that begins with a dash taken for options | Unix servers | sent as `./-…` | `what_is_read_is_written_in_a_form_that_reads_the_same` |
