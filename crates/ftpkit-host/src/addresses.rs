//! Which addresses a server listens on. Who calls there is told by `callers`.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use ftpkit_tokio::Acceptor;

/// The addresses of a server, gathered by its builder and bound all at once.
///
/// `E` says how sessions begin on an address, where there are several ways (in clear, with TLS).
#[derive(Debug)]
pub struct Addresses<E> {
    resolved: Vec<(E, io::Result<Vec<SocketAddr>>)>,
}

impl<E> Addresses<E> {
    /// No address.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            resolved: Vec::new(),
        }
    }

    /// One more address. A host name is resolved here and now, which may block; where that
    /// fails, [`bind`](Self::bind) tells.
    pub fn add(&mut self, entry: E, addr: impl ToSocketAddrs) {
        let resolved = addr.to_socket_addrs().map(Iterator::collect);
        self.resolved.push((entry, resolved));
    }

    /// How sessions begin, an item for each address that was added.
    pub fn entries(&self) -> impl Iterator<Item = &E> {
        self.resolved.iter().map(|(entry, _)| entry)
    }

    /// Binds all of them, in the order in which they were added. It needs a runtime of tokio.
    ///
    /// # Errors
    /// [`BindError`] where there is none, or one cannot be resolved or bound.
    pub fn bind(self) -> Result<Vec<(E, Acceptor)>, BindError>
    where
        E: Clone,
    {
        let mut bound = Vec::with_capacity(self.resolved.len());
        for (entry, resolved) in self.resolved {
            for addr in resolved.map_err(BindError::Resolve)? {
                let acceptor =
                    Acceptor::bind(addr).map_err(|source| BindError::Listen { addr, source })?;
                bound.push((entry.clone(), acceptor));
            }
        }
        if bound.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(bound)
    }
}

impl<E> Default for Addresses<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a server listens on nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// No address to listen on was given.
    #[error("no address to listen on; call `listen`")]
    NoAddress,
    /// An address to listen on cannot be understood or resolved.
    #[error("the address to listen on cannot be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// An address cannot be bound.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}
