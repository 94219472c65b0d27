pub mod charge;
pub mod open;
pub mod resolve;
