//! The only SQL of this service: rows in, domain values out.

pub mod checks;
pub mod messages;
pub mod notices;
