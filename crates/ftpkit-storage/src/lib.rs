//! The storage traits of ftpkit: paths, metadata, the memory backend and layers.
