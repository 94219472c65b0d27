pub mod open;
pub mod resolve;
