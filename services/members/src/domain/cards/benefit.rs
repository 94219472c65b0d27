use chrono_tz::Tz;
use kernel::{BenefitId, CardId, NodeId, PersonId, StudioId, Timestamp};

use super::{Card, Validity};
use crate::domain::Refusal;

/// One benefit as it was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenefitTerms {
    /// Unique within the card, as `GROUP_CLASS`.
    pub code: String,
    pub name: String,
    /// None for without limit.
    pub uses: Option<u32>,
    /// Nodes below which it can be used; none for everywhere.
    pub scope: Vec<NodeId>,
    /// 0 for as long as the card.
    pub validity_days: u32,
}

/// One benefit of a card with what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benefit {
    pub id: BenefitId,
    pub card: CardId,
    pub person: PersonId,
    pub studio: StudioId,
    pub position: i16,
    pub terms: BenefitTerms,
    pub used: u32,
    pub held: u32,
    pub revoked: u32,
    pub valid_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub version: i64,
}

impl Benefit {
    pub fn new(id: BenefitId, card: &Card, position: i16, terms: BenefitTerms, zone: Tz) -> Self {
        let valid_until = until(&terms, card.validity, zone);
        Self {
            id,
            card: card.id,
            person: card.person,
            studio: card.studio,
            position,
            terms,
            used: 0,
            held: 0,
            revoked: 0,
            valid_until,
            ended_at: None,
            version: 1,
        }
    }

    /// The end of this benefit once its card's validity has begun.
    pub fn until(&self, validity: Option<Validity>, zone: Tz) -> Option<Timestamp> {
        until(&self.terms, validity, zone)
    }

    /// Uses that can still be taken; `None` for without limit.
    pub fn left(&self) -> Option<u32> {
        let gone = self.used.saturating_add(self.held).saturating_add(self.revoked);
        self.terms.uses.map(|uses| {
            if self.ended_at.is_some() {
                0
            } else {
                uses.saturating_sub(gone)
            }
        })
    }

    /// Whether it can be used now at a place, given as the studio with every
    /// node above it. The conditional UPDATE in the store asks the same; this
    /// says why not.
    pub fn usable(&self, place: &[NodeId], now: Timestamp) -> Result<(), Refusal> {
        if self.ended_at.is_some() {
            return Err(Refusal::BenefitEnded);
        }
        if !self.terms.scope.is_empty() && !self.terms.scope.iter().any(|node| place.contains(node)) {
            return Err(Refusal::OutOfScope);
        }
        if self.valid_until.is_some_and(|until| now >= until) {
            return Err(Refusal::NotValid);
        }
        if self.left() == Some(0) {
            Err(Refusal::Exhausted)
        } else {
            Ok(())
        }
    }
}

fn until(terms: &BenefitTerms, validity: Option<Validity>, zone: Tz) -> Option<Timestamp> {
    let validity = validity?;
    if terms.validity_days == 0 {
        return Some(validity.until);
    }
    let own = Validity::of_days(validity.from, terms.validity_days, zone);
    Some(own.until.min(validity.until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ten_classes(scope: Vec<NodeId>) -> Benefit {
        let terms = BenefitTerms {
            code: "CLASS".to_owned(),
            name: "团课".to_owned(),
            uses: Some(10),
            scope,
            validity_days: 0,
        };
        Benefit {
            id: BenefitId::fresh(),
            card: CardId::fresh(),
            person: PersonId::fresh(),
            studio: StudioId::fresh(),
            position: 0,
            terms,
            used: 0,
            held: 0,
            revoked: 0,
            valid_until: Some(at("2027-01-01T00:00:00Z")),
            ended_at: None,
            version: 1,
        }
    }

    #[test]
    fn what_is_used_held_or_revoked_is_not_left() {
        let benefit = Benefit {
            used: 4,
            held: 3,
            revoked: 2,
            ..ten_classes(Vec::new())
        };
        assert_eq!(benefit.left(), Some(1));
    }

    #[test]
    fn each_limit_refuses_with_its_own_reason() {
        let (region, studio) = (NodeId::fresh(), NodeId::fresh());
        let (here, there) = ([studio, region], [NodeId::fresh(), NodeId::fresh()]);
        let (now, late) = (at("2026-12-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let benefit = ten_classes(vec![region]);
        assert_eq!(benefit.usable(&here, now), Ok(()));
        assert_eq!(benefit.usable(&there, now), Err(Refusal::OutOfScope));
        assert_eq!(benefit.usable(&here, late), Err(Refusal::NotValid));
        assert_eq!(
            Benefit {
                used: 10,
                ..benefit.clone()
            }
            .usable(&here, now),
            Err(Refusal::Exhausted)
        );
        assert_eq!(
            Benefit {
                used: 9,
                held: 1,
                ..benefit.clone()
            }
            .usable(&here, now),
            Err(Refusal::Exhausted)
        );
        assert_eq!(
            Benefit {
                ended_at: Some(now),
                ..benefit
            }
            .usable(&here, now),
            Err(Refusal::BenefitEnded)
        );
    }

    #[test]
    fn a_benefit_without_limit_is_never_exhausted() {
        let mut benefit = ten_classes(Vec::new());
        benefit.terms.uses = None;
        benefit.used = u32::MAX;
        assert_eq!(benefit.usable(&[], at("2026-12-01T00:00:00Z")), Ok(()));
        assert_eq!(benefit.left(), None);
    }

    #[test]
    fn a_benefit_before_validity_began_can_be_used() {
        let benefit = Benefit {
            valid_until: None,
            ..ten_classes(Vec::new())
        };
        assert_eq!(benefit.usable(&[], at("2030-01-01T00:00:00Z")), Ok(()));
    }

    #[test]
    fn a_shorter_benefit_ends_before_its_card_and_a_longer_one_with_it() {
        let year = Some(Validity::of_days(at("2026-11-21T04:00:00Z"), 365, Shanghai));
        let mut benefit = ten_classes(Vec::new());
        benefit.terms.validity_days = 30;
        assert_eq!(benefit.until(year, Shanghai), Some(at("2026-12-20T16:00:00Z")));
        benefit.terms.validity_days = 1000;
        assert_eq!(benefit.until(year, Shanghai), year.map(|v| v.until));
        assert_eq!(benefit.until(None, Shanghai), None);
    }
}
