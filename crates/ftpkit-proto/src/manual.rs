//! Chapters for people: what can go wrong with FTP, what the settings are, what others do. There
//! is no code here; what is said of the code is checked by tests, and links to it by rustdoc.
//!
//! - [`vulnerabilities`]: what went wrong elsewhere, and what keeps it from happening here
//! - [`defaults`]: every setting, why it is as it is, when to change it
//! - [`interoperability`]: what real clients and servers do, and what is done about it
//!
//! How a machine is driven stands on the [crate's page](crate).

pub mod defaults;
pub mod interoperability;
pub mod vulnerabilities;
