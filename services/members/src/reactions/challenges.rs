//! Timers of one-time codes.

pub mod forget_code;
