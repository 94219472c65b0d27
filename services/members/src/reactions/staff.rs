//! Timers of roles: delegations that end, and the daily look at all of them.

pub mod end_grant;
pub mod review_grants;

use platform::NewTask;
use uuid::Uuid;

/// The one task that looks at all roles every day; left behind by whoever gives
/// one, since without any there is nothing to look at.
pub fn reviews() -> NewTask {
    NewTask::now("review_grants", Uuid::nil(), &()).once("review_grants")
}
