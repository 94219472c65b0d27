//! What members decides, purely: values in, values or refusals out. Time and
//! chance are arguments.

pub mod cards;
pub mod challenges;
pub mod checkins;
pub mod imports;
pub mod organisation;
pub mod people;
mod refusal;
pub mod staff;

pub use refusal::Refusal;
