//! Local metadata as storage metadata.

use ftpkit_storage::{Kind, Metadata};

macro_rules! describe {
    ($metadata:expr, $time:expr, $unix:path) => {{
        let metadata = $metadata;
        let file_type = metadata.file_type();
        let kind = if file_type.is_file() {
            Kind::File
        } else if file_type.is_dir() {
            Kind::Directory
        } else if file_type.is_symlink() {
            Kind::Symlink
        } else {
            Kind::Other
        };
        let mut described = Metadata::new(kind);
        described.size = Some(metadata.len());
        described.modified = metadata.modified().ok().map($time);
        described.accessed = metadata.accessed().ok().map($time);
        described.created = metadata.created().ok().map($time);
        #[cfg(unix)]
        {
            use $unix as UnixMetadata;
            described.mode = Some(UnixMetadata::mode(metadata) & 0o7777);
            described.uid = Some(UnixMetadata::uid(metadata));
            described.gid = Some(UnixMetadata::gid(metadata));
            described.links = Some(UnixMetadata::nlink(metadata));
            described.unique = Some((UnixMetadata::dev(metadata), UnixMetadata::ino(metadata)));
        }
        described
    }};
}

pub(crate) fn describe(metadata: &cap_std::fs::Metadata) -> Metadata {
    describe!(
        metadata,
        cap_std::time::SystemTime::into_std,
        cap_std::fs::MetadataExt
    )
}

pub(crate) fn describe_open(metadata: &std::fs::Metadata) -> Metadata {
    describe!(
        metadata,
        std::convert::identity,
        std::os::unix::fs::MetadataExt
    )
}
