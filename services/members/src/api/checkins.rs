//! Visits.

pub(super) mod check_in;
pub(super) mod list_check_ins;
