//! The work that waits for its time. Members follows nobody's facts.

pub mod cards;
pub mod challenges;
pub mod staff;

use platform::TaskKind;

use crate::App;

/// Every kind of task.
pub fn tasks() -> Vec<TaskKind<App>> {
    vec![
        TaskKind::new("start_validity", cards::start_validity::run),
        TaskKind::new("expire_hold", cards::expire_hold::run),
        TaskKind::new("forget_code", challenges::forget_code::run),
        TaskKind::new("end_grant", staff::end_grant::run),
        TaskKind::new("review_grants", staff::review_grants::run),
    ]
}
