//! A server of SFTP over SSH.
