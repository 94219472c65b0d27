//! The only SQL of this service: rows in, domain values out.

pub mod entries;
pub mod supervisors;
pub mod tickets;
