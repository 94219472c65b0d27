//! Timers of roles: delegations that end, and the daily look at all of them.

pub mod end_grant;
pub mod review_grants;
