//! What was held against what, and what came of it.

pub mod days;
pub mod differences;
pub mod settlements;
pub mod streams;
