//! Local I/O errors as storage errors.

use std::io;

use ftpkit_storage::{Error, ErrorKind, Result, VirtualPath};

/// Puts kind, step and path to I/O errors.
pub(crate) trait Context<T> {
    fn on(self, path: &VirtualPath, step: &'static str) -> Result<T>;
}

impl<T> Context<T> for io::Result<T> {
    fn on(self, path: &VirtualPath, step: &'static str) -> Result<T> {
        self.map_err(|error| {
            let kind = kind(&error);
            Error::with_source(kind, error).at(path).during(step)
        })
    }
}

impl<T> Context<T> for Result<T> {
    fn on(self, path: &VirtualPath, step: &'static str) -> Self {
        self.map_err(|error| error.at(path).during(step))
    }
}

impl<T> Context<T> for Result<T, ErrorKind> {
    fn on(self, path: &VirtualPath, step: &'static str) -> Result<T> {
        self.map_err(|kind| Error::new(kind).at(path).during(step))
    }
}

/// The kind of a local error. What leads out of the root is not there, as far as a client is
/// told: the confinement reports it as a denial of its own, without the system's number.
pub(crate) fn kind(error: &io::Error) -> ErrorKind {
    if error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none() {
        return ErrorKind::NotFound;
    }
    match error.kind() {
        io::ErrorKind::InvalidFilename => ErrorKind::InvalidName,
        io::ErrorKind::CrossesDevices => ErrorKind::Unsupported,
        kind => match ErrorKind::from_io(kind) {
            ErrorKind::Other => crate::sys::kind(error),
            kind => kind,
        },
    }
}
