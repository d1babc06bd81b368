//! Listings: [`format`] writes the lines of LIST, NLST, MLSD and MLST.

pub mod format;
