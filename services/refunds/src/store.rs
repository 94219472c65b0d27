//! The only SQL of refunds: rows in, domain values out.

pub mod cases;
pub mod checks;
pub mod legs;
pub mod policies;
