//! Visits.

mod check_in;

pub use check_in::CheckIn;
