mod gate;
pub mod get;
mod limits;
mod payer;
pub mod start;
pub mod watch;
