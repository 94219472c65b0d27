use chrono::Duration;
use kernel::{BadField, BenefitId, CardId, HoldId, PersonId, StudioId, Timestamp};

use super::Benefit;
use crate::domain::Refusal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    Held,
    Redeemed,
    Released,
    Expired,
}

impl HoldState {
    pub const ALL: [Self; 4] = [Self::Held, Self::Redeemed, Self::Released, Self::Expired];

    /// As it is kept: `held`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Redeemed => "redeemed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Nobody books further ahead.
const LONGEST: Duration = Duration::days(30);

/// One use of a benefit, reserved for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub benefit: BenefitId,
    pub card: CardId,
    pub person: PersonId,
    /// Where it will be used.
    pub studio: StudioId,
    pub state: HoldState,
    pub expires_at: Timestamp,
    pub version: i64,
}

impl Hold {
    /// Reserves one use until `expires_at`, which must lie ahead and within the
    /// benefit's validity.
    pub fn new(
        benefit: &Benefit,
        studio: StudioId,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, BadField> {
        if expires_at <= now {
            return Err(BadField::new("expire_at", "must lie ahead"));
        }
        if expires_at > now + LONGEST {
            return Err(BadField::new("expire_at", "must be at most 30 days ahead"));
        }
        if benefit.valid_until.is_some_and(|until| expires_at > until) {
            return Err(BadField::new(
                "expire_at",
                "must lie within the validity of the benefit",
            ));
        }
        Ok(Self {
            id: HoldId::fresh(),
            benefit: benefit.id,
            card: benefit.card,
            person: benefit.person,
            studio,
            state: HoldState::Held,
            expires_at,
            version: 1,
        })
    }

    /// Ends a hold that stands. One that ran out is settled although its timer
    /// may not have come yet.
    pub fn settle(self, to: HoldState, now: Timestamp) -> Result<Self, Refusal> {
        let runs = now < self.expires_at || to == HoldState::Expired;
        match (self.state, to) {
            (HoldState::Held, HoldState::Redeemed | HoldState::Released | HoldState::Expired) if runs => {
                Ok(Self {
                    state: to,
                    version: self.version + 1,
                    ..self
                })
            }
            _ => Err(Refusal::HoldSettled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HoldState::{Expired, Held, Redeemed, Released};

    fn hold(state: HoldState) -> Hold {
        Hold {
            id: HoldId::fresh(),
            benefit: BenefitId::fresh(),
            card: CardId::fresh(),
            person: PersonId::fresh(),
            studio: StudioId::fresh(),
            state,
            expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
            version: 1,
        }
    }

    #[test]
    fn only_a_standing_hold_settles_and_only_to_an_end() {
        let before = "2026-11-30T00:00:00Z".parse().unwrap();
        let allowed = [(Held, Redeemed), (Held, Released), (Held, Expired)];
        for from in HoldState::ALL {
            for to in HoldState::ALL {
                assert_eq!(
                    hold(from).settle(to, before).is_ok(),
                    allowed.contains(&(from, to)),
                    "{from:?} to {to:?}"
                );
            }
        }
    }

    #[test]
    fn a_hold_that_ran_out_can_only_expire() {
        let after = "2026-12-01T00:00:00Z".parse().unwrap();
        assert_eq!(hold(Held).settle(Redeemed, after), Err(Refusal::HoldSettled));
        assert_eq!(hold(Held).settle(Released, after), Err(Refusal::HoldSettled));
        assert!(hold(Held).settle(Expired, after).is_ok());
    }
}
