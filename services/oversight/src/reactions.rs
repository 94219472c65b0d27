//! What oversight hears of members, and the notices that it has sent.

pub mod members;
pub mod send_notice;
