use kernel::{BenefitId, CardId, CheckInId, HoldId, PersonId, StudioId, Timestamp};

use crate::domain::cards::{Benefit, Hold};

/// One visit, which used one benefit once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    pub id: CheckInId,
    pub studio: StudioId,
    pub person: PersonId,
    pub card: CardId,
    pub benefit: BenefitId,
    /// The hold that it redeemed.
    pub hold: Option<HoldId>,
    pub staff: PersonId,
    pub at: Timestamp,
}

impl CheckIn {
    /// A visit at the counter.
    pub fn new(benefit: &Benefit, studio: StudioId, staff: PersonId, now: Timestamp) -> Self {
        Self {
            id: CheckInId::fresh(),
            studio,
            person: benefit.person,
            card: benefit.card,
            benefit: benefit.id,
            hold: None,
            staff,
            at: now,
        }
    }

    /// The visit for which a use was held.
    pub fn redeeming(hold: &Hold, staff: PersonId, now: Timestamp) -> Self {
        Self {
            id: CheckInId::derived(hold.id, "visit"),
            studio: hold.studio,
            person: hold.person,
            card: hold.card,
            benefit: hold.benefit,
            hold: Some(hold.id),
            staff,
            at: now,
        }
    }
}
