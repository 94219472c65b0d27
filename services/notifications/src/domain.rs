//! What may be said and how far a message has come. Pure: no I/O, no clock.

pub mod fill;
pub mod message;
pub mod template;
