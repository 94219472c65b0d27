//! One-time codes and the limits of guessing them.

mod challenge;
mod lockout;

pub use challenge::{Answer, Challenge, Purpose};
pub use lockout::{Lockout, LockoutRules};
