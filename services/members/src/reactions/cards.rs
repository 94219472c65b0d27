//! Timers of cards and holds.

pub mod expire_hold;
pub mod start_validity;
