//! Cards and what they give.

mod benefit;
mod card;
mod hold;
mod validity;

pub use benefit::{Benefit, BenefitTerms};
pub use card::{Activation, Card, Proof, Sale, State, Terms};
pub use hold::{Hold, HoldState};
pub use validity::{Validity, ValidityStart};
