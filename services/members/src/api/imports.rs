//! Files of an older system.

pub(super) mod import_members;
pub(super) mod import_organisation;
pub(super) mod import_staff;

mod report;

use report::{Counts, open, report};
