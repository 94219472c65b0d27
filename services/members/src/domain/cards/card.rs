use chrono::Duration;
use chrono_tz::Tz;
use kernel::{Balance, BenefitId, CardId, OrderId, PersonId, ProductId, StudioId, Timestamp};

use super::{Benefit, BenefitTerms, Validity, ValidityStart};
use crate::domain::Refusal;

/// What was sold, pinned as it was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub product: ProductId,
    pub product_version: i64,
    pub product_name: String,
    pub price: Balance,
    pub contract_version: String,
    pub start: ValidityStart,
    pub validity_days: u32,
    pub latest_start_days: u32,
}

/// A paid order that wants its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    pub order: OrderId,
    pub person: PersonId,
    pub studio: StudioId,
    pub terms: Terms,
    pub benefits: Vec<BenefitTerms>,
    pub paid_at: Timestamp,
}

/// The paper that proves a purchase at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    Receipt,
    Contract,
    Order,
}

impl Proof {
    /// As it is kept: `receipt`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Contract => "contract",
            Self::Order => "order",
        }
    }
}

/// How a card was activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub at: Timestamp,
    /// Who did it, as audit names actors.
    pub by: String,
    /// At the desk: where, and which paper was shown.
    pub desk: Option<(StudioId, Proof, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Paid; its holder can come in.
    Opened,
    /// Its holder proved who they are.
    Activated { at: Timestamp },
    /// A refund took it back.
    Ended {
        at: Timestamp,
        activated_at: Option<Timestamp>,
    },
}

/// One annual card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: CardId,
    pub order: OrderId,
    pub person: PersonId,
    pub studio: StudioId,
    pub terms: Terms,
    pub state: State,
    pub paid_at: Timestamp,
    pub opened_at: Timestamp,
    /// Validity begins now at the latest.
    pub latest_start_at: Timestamp,
    pub validity: Option<Validity>,
    pub version: i64,
}

impl Card {
    /// Opens the card of a paid order. Ids follow from the order's, so that a
    /// repetition makes the same card.
    pub fn open(sale: &Sale, now: Timestamp, zone: Tz) -> (Self, Vec<Benefit>) {
        let id = CardId::derived(sale.order, "card");
        let card = Self {
            id,
            order: sale.order,
            person: sale.person,
            studio: sale.studio,
            terms: sale.terms.clone(),
            state: State::Opened,
            paid_at: sale.paid_at,
            opened_at: now,
            latest_start_at: sale.paid_at + Duration::days(i64::from(sale.terms.latest_start_days)),
            validity: None,
            version: 1,
        };
        let card = match sale.terms.start {
            ValidityStart::AtPayment => card.begin(sale.paid_at, zone),
            ValidityStart::AtActivation | ValidityStart::AtFirstVisit => card.catch_up(now, zone),
        };
        let benefits = sale.benefits.iter().zip(0..).map(|(terms, position)| {
            let benefit = BenefitId::derived(id, &terms.code);
            Benefit::new(benefit, &card, position, terms.clone(), zone)
        });
        let benefits = benefits.collect();
        (card, benefits)
    }

    /// Whether a second sale for the same order asks for this very card.
    pub fn is_of(&self, sale: &Sale, benefits: &[Benefit]) -> bool {
        self.person == sale.person
            && self.studio == sale.studio
            && self.terms == sale.terms
            && benefits.iter().map(|b| &b.terms).eq(&sale.benefits)
    }

    /// Activates the card, and begins its validity where the product says so.
    pub fn activate(self, now: Timestamp, zone: Tz) -> Result<Self, Refusal> {
        match self.state {
            State::Opened => {}
            State::Activated { .. } => return Err(Refusal::AlreadyActivated),
            State::Ended { .. } => return Err(Refusal::CardEnded),
        }
        let card = self.catch_up(now, zone);
        let card = if card.terms.start == ValidityStart::AtActivation {
            card.begin(now, zone)
        } else {
            card
        };
        Ok(Self {
            state: State::Activated { at: now },
            ..card
        })
    }

    /// Lets its holder in; a first visit begins validity where the product says so.
    pub fn visit(self, now: Timestamp, zone: Tz) -> Result<Self, Refusal> {
        if let State::Ended { .. } = self.state {
            return Err(Refusal::CardEnded);
        }
        let card = self.catch_up(now, zone);
        Ok(if card.terms.start == ValidityStart::AtFirstVisit {
            card.begin(now, zone)
        } else {
            card
        })
    }

    /// Begins a validity whose latest start has passed, as of that moment: the
    /// timer may come late.
    #[must_use]
    pub fn catch_up(self, now: Timestamp, zone: Tz) -> Self {
        if now < self.latest_start_at || matches!(self.state, State::Ended { .. }) {
            return self;
        }
        let latest = self.latest_start_at;
        self.begin(latest, zone)
    }

    /// Takes the card back.
    pub fn end(self, now: Timestamp) -> Result<Self, Refusal> {
        let activated_at = match self.state {
            State::Opened => None,
            State::Activated { at } => Some(at),
            State::Ended { .. } => return Err(Refusal::CardEnded),
        };
        Ok(Self {
            state: State::Ended {
                at: now,
                activated_at,
            },
            ..self
        })
    }

    /// Days of validity left; the whole length before it began, none at the end.
    pub fn remaining_days(&self, now: Timestamp, zone: Tz) -> u32 {
        match (self.state, self.validity) {
            (State::Ended { .. }, _) => 0,
            (_, Some(validity)) => validity.remaining_days(now, zone),
            (_, None) => self.terms.validity_days,
        }
    }

    pub fn activated_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Opened => None,
            State::Activated { at } => Some(at),
            State::Ended { activated_at, .. } => activated_at,
        }
    }

    fn begin(self, from: Timestamp, zone: Tz) -> Self {
        let begun = || Validity::of_days(from, self.terms.validity_days, zone);
        let validity = self.validity.unwrap_or_else(begun);
        Self {
            validity: Some(validity),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Asia::Shanghai;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn sale(start: ValidityStart) -> Sale {
        Sale {
            order: OrderId::fresh(),
            person: PersonId::fresh(),
            studio: StudioId::fresh(),
            terms: Terms {
                product: ProductId::fresh(),
                product_version: 1,
                product_name: "年卡".to_owned(),
                price: Balance::ZERO,
                contract_version: String::new(),
                start,
                validity_days: 365,
                latest_start_days: 30,
            },
            benefits: vec![BenefitTerms {
                code: "ENTRY".to_owned(),
                name: "入场".to_owned(),
                uses: None,
                scope: Vec::new(),
                validity_days: 0,
            }],
            paid_at: at("2026-11-21T04:00:00Z"),
        }
    }

    fn opened(start: ValidityStart) -> Card {
        Card::open(&sale(start), at("2026-11-21T04:00:05Z"), Shanghai).0
    }

    #[test]
    fn validity_begins_where_the_products_rule_says_and_nowhere_else() {
        use ValidityStart::{AtActivation, AtFirstVisit, AtPayment};
        let later = at("2026-11-25T04:00:00Z");
        for (start, by_opening, by_activation, by_visit) in [
            (AtPayment, true, true, true),
            (AtActivation, false, true, false),
            (AtFirstVisit, false, false, true),
        ] {
            let card = opened(start);
            assert_eq!(card.validity.is_some(), by_opening, "{start:?} at opening");
            let activated = card.clone().activate(later, Shanghai).unwrap();
            assert_eq!(
                activated.validity.is_some(),
                by_activation,
                "{start:?} at activation"
            );
            let visited = card.visit(later, Shanghai).unwrap();
            assert_eq!(visited.validity.is_some(), by_visit, "{start:?} at a visit");
        }
    }

    #[test]
    fn validity_begins_by_itself_at_the_latest_start_and_not_when_somebody_looks() {
        let card = opened(ValidityStart::AtFirstVisit).catch_up(at("2026-12-30T00:00:00Z"), Shanghai);
        assert_eq!(card.validity.map(|v| v.from), Some(at("2026-12-21T04:00:00Z")));
        let early = opened(ValidityStart::AtFirstVisit).catch_up(at("2026-12-21T03:59:59Z"), Shanghai);
        assert_eq!(early.validity, None);
    }

    #[test]
    fn a_second_visit_does_not_begin_validity_again() {
        let first = opened(ValidityStart::AtFirstVisit)
            .visit(at("2026-11-22T04:00:00Z"), Shanghai)
            .unwrap();
        let second = first.clone().visit(at("2026-11-29T04:00:00Z"), Shanghai).unwrap();
        assert_eq!(first.validity, second.validity);
    }

    #[test]
    fn every_step_from_every_state_is_allowed_or_refused_as_listed() {
        let now = at("2026-11-22T04:00:00Z");
        let opened = opened(ValidityStart::AtPayment);
        let activated = opened.clone().activate(now, Shanghai).unwrap();
        let ended = activated.clone().end(now).unwrap();
        let outcomes = [&opened, &activated, &ended].map(|card| {
            let step = |result: Result<Card, Refusal>| result.err();
            [
                step(card.clone().activate(now, Shanghai)),
                step(card.clone().visit(now, Shanghai)),
                step(card.clone().end(now)),
            ]
        });
        let gone = || Some(Refusal::CardEnded);
        assert_eq!(
            outcomes,
            [
                [None, None, None],
                [Some(Refusal::AlreadyActivated), None, None],
                [gone(), gone(), gone()]
            ]
        );
    }

    #[test]
    fn a_card_taken_back_has_no_days_left_and_remembers_its_activation() {
        let now = at("2026-11-22T04:00:00Z");
        let card = opened(ValidityStart::AtPayment)
            .activate(now, Shanghai)
            .unwrap()
            .end(now)
            .unwrap();
        assert_eq!(card.remaining_days(now, Shanghai), 0);
        assert_eq!(card.activated_at(), Some(now));
    }

    #[test]
    fn the_same_sale_opens_the_same_card_and_another_is_told_apart() {
        let first = sale(ValidityStart::AtPayment);
        let (card, benefits) = Card::open(&first, at("2026-11-21T05:00:00Z"), Shanghai);
        assert_eq!(
            card.id,
            Card::open(&first, at("2026-11-22T05:00:00Z"), Shanghai).0.id
        );
        assert!(card.is_of(&first, &benefits));
        let mut dearer = first.clone();
        dearer.benefits[0].uses = Some(10);
        assert!(!card.is_of(&dearer, &benefits));
        let other = Sale {
            person: PersonId::fresh(),
            ..first
        };
        assert!(!card.is_of(&other, &benefits));
    }
}
