//! Pairs of machines in virtual time, scripted peers and real peers: the tests of ftpkit.

pub mod fuzz;
