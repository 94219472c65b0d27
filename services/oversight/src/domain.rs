//! What may happen to a ticket. Pure: no I/O, no clock.

pub mod ticket;
pub mod topic;
