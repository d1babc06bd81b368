//! An FTP server for tokio over any ftpkit storage.
