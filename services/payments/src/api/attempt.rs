pub mod get;
mod payer;
pub mod start;
pub mod watch;
