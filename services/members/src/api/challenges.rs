//! One-time codes and signing in by one.

pub(super) mod mark_challenge_sent;
pub(super) mod request_sign_in_code;
pub(super) mod reveal_challenge_code;
pub(super) mod sign_in;

mod issue;

pub(super) use issue::{counted_wrong, digest, issue, same};
