//! What may be started at cashiers.

pub mod list_blocked;
pub mod list_limits;
mod place;
pub mod set_limit;
