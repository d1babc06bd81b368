//! Layers: storages over another storage, which narrow what can be done through them, whatever
//! the protocol in front.

mod read_only;
mod rooted;

pub use self::{read_only::ReadOnly, rooted::Rooted};

#[cfg(test)]
mod tests;
