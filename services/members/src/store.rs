//! The only SQL of members: rows in, domain values out.

pub mod cards;
pub mod challenges;
pub mod checkins;
pub mod checks;
pub mod organisation;
pub mod people;
pub mod staff;

use platform::{Caller, Studios};
use uuid::Uuid;

/// The studios of a scope for `= any(…)`, so that the index serves; none for all.
fn studios(within: &Studios) -> Option<Vec<Uuid>> {
    match within {
        Studios::All => None,
        Studios::Some(studios) => Some(studios.iter().map(|studio| studio.0).collect()),
    }
}

/// Whose rows a list shows: those of studios within reach, and a member's own.
#[derive(Debug)]
pub struct Scope {
    pub studios: Option<Vec<Uuid>>,
    pub own: Option<Uuid>,
}

impl Scope {
    /// All that the transaction itself shows.
    pub fn all() -> Self {
        Self {
            studios: None,
            own: None,
        }
    }

    pub fn of(caller: &Caller) -> Self {
        let own = caller.person().filter(|person| caller.reaches_own(*person));
        Self {
            studios: studios(caller.studios()),
            own: own.map(Uuid::from),
        }
    }
}
