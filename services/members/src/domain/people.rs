//! People: what they say about themselves and what they agree to.

mod consent;
mod person;

pub use consent::{Consent, Document};
pub use person::{Language, Person, PersonState, Registration};
