//! A local directory as an ftpkit storage, confined by capability.
