//! A client of SFTP over SSH.
