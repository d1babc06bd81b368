//! FTP, FTPS and SFTP for Rust.
