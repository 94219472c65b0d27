//! What every service stands on. A service brings its rules; everything that
//! is the same for all of them, and must never be forgotten, is done here once.

pub mod caller;
mod error;

pub use caller::{Caller, Person, Studios};
pub use error::{Error, Refused, SHARED_DOMAIN, inconsistent, on_constraint};
