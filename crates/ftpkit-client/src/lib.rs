//! An FTP client for tokio: typed listings, transfers that finish, passive and active mode.
