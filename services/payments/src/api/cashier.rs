//! What may be started at cashiers.

pub mod close;
pub mod list_blocked;
pub mod list_closures;
pub mod list_limits;
mod place;
pub mod reopen;
pub mod set_limit;
