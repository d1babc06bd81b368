//! What SSH has beside SFTP, asked for by OpenSSH's `ssh`: all of it is refused.

use super::served::{Login, Sftp, fails};

#[test]
fn shells_commands_and_forwarding_are_refused() {
    let served = Sftp::start();
    let port = served.address.port();
    let (socket, forward) = (served.key("socket"), format!("0:127.0.0.1:{port}"));
    let socket_forward = format!("{}:127.0.0.1:{port}", socket.display());
    let direct = format!("127.0.0.1:{port}");
    // The options before whom to reach, the words behind, and what `ssh` says then.
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&["-T"], &[], "shell request failed"),
        (&["-tt"], &[], "PTY allocation request failed"),
        (&[], &["true"], "exec request failed"),
        (&[], &["internal-sftp"], "exec request failed"),
        (&["-s"], &["netconf"], "subsystem request failed"),
        (&["-W", &direct], &[], "administratively prohibited"),
        (
            &["-N", "-o", "ExitOnForwardFailure=yes", "-R", &forward],
            &[],
            "remote port forwarding failed",
        ),
        (
            &[
                "-N",
                "-o",
                "ExitOnForwardFailure=yes",
                "-R",
                &socket_forward,
            ],
            &[],
            "remote port forwarding failed",
        ),
    ];
    for (options, words, said) in cases {
        let mut ssh = served.openssh("ssh", Login::USUAL);
        let told = fails(ssh.args(*options).arg(served.target()).args(*words));
        assert!(told.contains(said), "{options:?} {words:?}: {told}");
    }
}
