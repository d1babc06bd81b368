//! Remote paths as callers give them: bytes, because a server's names need not be UTF-8.

use ftpkit_proto::PathArg;

use crate::error::{Error, ErrorKind, Result, Step};

/// Takes a path that must name something.
pub(crate) fn required(step: Step, path: &[u8]) -> Result<PathArg> {
    PathArg::try_from(path).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, step)
            .with_path(shown(path))
            .with_detail(format!("the path cannot be sent: {error}"))
            .with_source(error)
    })
}

/// Takes a path where an empty one, or `.`, means the working directory.
pub(crate) fn optional(step: Step, path: &[u8]) -> Result<Option<PathArg>> {
    if path.is_empty() {
        return Ok(None);
    }
    required(step, path).map(Some)
}

/// The last component, for messages and for names of local files.
pub(crate) fn shown(path: &[u8]) -> String {
    format!(
        "{}",
        ftpkit_proto::Text::sanitized(&String::from_utf8_lossy(path))
    )
}
