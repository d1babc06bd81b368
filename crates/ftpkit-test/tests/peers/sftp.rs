//! Real SFTP clients against `ftpkit serve --sftp`, each with a table of what its users do; and
//! ftpkit's own against OpenSSH's server.

mod curl;
mod lftp;
mod many;
mod openssh;
mod python;
mod rclone;
mod refused;
mod remote;
mod scp;
mod served;
mod sshd;
