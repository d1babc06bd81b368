//! A load for FTP servers that costs less than any server: the client side of
//! `cargo xtask compare server`.
//!
//! What a server sends in clear is taken from the socket without a copy, what it is sent goes out
//! of the page cache, and what it sends under TLS is decrypted where it arrived. Sessions log in,
//! `ready` is printed, and a line on the standard input starts the work; one line of JSON tells
//! what was moved and how long it took, and the end of the input ends the sessions. So whoever
//! has started this can look at the server before and after. Byte counts are checked always.
//!
//! It knows nothing of the servers, and nothing of the comparison; nothing of ftpkit is in it.

#[cfg(target_os = "linux")]
mod control;
#[cfg(target_os = "linux")]
mod data;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod tls;
#[cfg(target_os = "linux")]
mod work;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<()> {
    work::run(&clap::Parser::parse())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this needs Linux");
    std::process::exit(1);
}
