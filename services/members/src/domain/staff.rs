//! Staff and the roles they hold.

mod grant;
mod role;

pub use grant::{Grant, ReviewRules};
pub use role::Post;
