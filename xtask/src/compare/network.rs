//! A network of the comparison's own, where the system's congestion control would pace loopback.
//!
//! BBR sends at the rate that it believes in, even to itself, and costs up to two thirds of what
//! loopback can do. In a new network namespace the routes of loopback name another one, and
//! nothing of the system's is touched.

use std::{
    convert::Infallible,
    env, fs,
    path::Path,
    process::{Command, exit},
};

use anyhow::Context as _;

const SETTING: &str = "/proc/sys/net/ipv4/tcp_congestion_control";

/// Tells the program inside of the namespace what its routes name.
const ROUTES: &str = "FTPKIT_COMPARE_CONGESTION_CONTROL";

/// Starts loopback and runs what is behind. Closed connections keep their ports for a minute; of
/// 10,000 data ports that several servers share most would be taken so, and ProFTPD gives up when
/// it has met a few of them.
const SET_UP: &str = "echo 4096 >/proc/sys/net/ipv4/tcp_max_tw_buckets; \
    ip link set lo up && for to in 127.0.0.0/8 127.0.0.1; do \
    ip route change local $to dev lo table local proto kernel scope host src 127.0.0.1 \
    congctl cubic || exit 1; done && exec \"$@\"";

/// The congestion control of TCP over loopback here, where the system tells.
pub(super) fn congestion_control() -> Option<String> {
    let setting = || fs::read_to_string(SETTING).ok();
    let name = env::var(ROUTES).ok().or_else(setting)?;
    Some(name.trim().to_owned())
}

/// Whether loopback would be paced.
pub(super) fn needs_own() -> bool {
    congestion_control().is_some_and(|name| name == "bbr")
}

/// Runs this program again in a namespace of its own, with the ftpkit that is built already, and
/// ends as it ends. That takes root, `unshare` and `ip`.
pub(super) fn run_in_own(ftpkit: &Path) -> anyhow::Result<Infallible> {
    let this = env::current_exe().context("this program cannot be found")?;
    let mut command = Command::new("unshare");
    command
        .args(["--net", "--", "sh", "-c", SET_UP, "sh"])
        .arg(this)
        .args(env::args_os().skip(1))
        .env(ROUTES, "cubic");
    if !env::args().any(|argument| argument.starts_with("--ftpkit")) {
        command.arg("--ftpkit").arg(ftpkit);
    }
    let status = command.status().context(
        "the congestion control here is bbr, which paces loopback, and `unshare` cannot be \
         started to have a network with another one: set net.ipv4.tcp_congestion_control to cubic",
    )?;
    exit(status.code().unwrap_or(1))
}
