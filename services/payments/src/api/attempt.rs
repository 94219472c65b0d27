pub mod get;
pub mod start;
pub mod watch;
