//! [`Offers`]: what an application can do beyond what every FTP server does.

use crate::{command::HashAlgorithm, facts::bit_set};

bit_set! {
    /// What an application can do beyond transfers, listings and plain changes.
    ///
    /// FEAT names what is in it: behind a login what its answer has, before it what all users
    /// have by the [`Config`](super::Config), and nothing that the `Config` forbids. A change
    /// that is not in it is asked for all the same: who may not write is refused with `Denied`,
    /// and what cannot be done with `Unsupported`. Digests and space, which are questions of
    /// their own, are not.
    ///
    /// ```
    /// use ftpkit_proto::server::Offers;
    /// let offers = Offers::SHA256 | Offers::COPY;
    /// assert!(Offers::HASHES.contains(Offers::SHA256) && !offers.contains(Offers::HASHES));
    /// ```
    Offers: u32 {
        /// CRC-32 for HASH, and XCRC.
        CRC32 = 0;
        /// MD5 for HASH, and XMD5, MD5 and MMD5.
        MD5 = 1;
        /// SHA-1 for HASH, and XSHA and XSHA1.
        SHA1 = 2;
        /// SHA-256 for HASH, and XSHA256.
        SHA256 = 3;
        /// SHA-512 for HASH, and XSHA512.
        SHA512 = 4;
        /// MFMT, SITE UTIME, and MFF with `Modify`.
        SET_MODIFIED = 5;
        /// MFCT, and MFF with `Create`.
        SET_CREATED = 6;
        /// SITE CHMOD, and MFF with `UNIX.mode`.
        SET_MODE = 7;
        /// MFF with `UNIX.owner` and `UNIX.group`.
        SET_OWNER = 8;
        /// SITE SYMLINK.
        SYMLINK = 9;
        /// SITE COPY, CPFR and CPTO.
        COPY = 10;
        /// COMB.
        COMBINE = 11;
        /// AVBL; and ALLO is measured against it.
        SPACE = 12;
    }
}

impl Offers {
    /// All algorithms of HASH and the commands beside it.
    pub const HASHES: Self = Self::CRC32
        .union(Self::MD5)
        .union(Self::SHA1)
        .union(Self::SHA256)
        .union(Self::SHA512);

    /// What offers this algorithm.
    #[must_use]
    pub const fn hash(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Crc32 => Self::CRC32,
            HashAlgorithm::Md5 => Self::MD5,
            HashAlgorithm::Sha1 => Self::SHA1,
            HashAlgorithm::Sha256 => Self::SHA256,
            HashAlgorithm::Sha512 => Self::SHA512,
        }
    }
}
