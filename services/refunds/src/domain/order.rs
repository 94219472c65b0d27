//! What refunds has to know of an order and its card.

use chrono::Duration;
use kernel::{
    Amount, Balance, CardId, DueId, LegalEntityId, OrderId, PaymentId, PersonId, StudioId, Timestamp,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::policy::Used;

/// Where the money of a due came from, and so goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    Wallet,
    Channel(PaymentId),
}

/// A due that was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidDue {
    pub id: DueId,
    pub route: Route,
    pub amount: Amount,
    /// What went back or is promised already.
    pub before: Balance,
    pub paid_at: Timestamp,
    /// The order could not use this money.
    pub surplus: bool,
}

impl PaidDue {
    /// What can still go back, in fen.
    pub fn left(&self) -> i64 {
        (self.amount.minor() - self.before.minor()).max(0)
    }
}

/// A benefit of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Benefit {
    pub id: kernel::BenefitId,
    /// 0 for without limit.
    pub uses: i32,
    pub used: i32,
    pub left: i32,
}

/// The card of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub id: CardId,
    pub valid_from: Option<Timestamp>,
    pub valid_days: i32,
    pub benefits: Vec<Benefit>,
}

/// An order as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub version: i64,
    pub person: PersonId,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    /// When quote and terms were accepted: the policy of that time counts.
    pub contracted_at: Option<Timestamp>,
    pub dues: Vec<PaidDue>,
    pub card: Option<Card>,
}

impl Card {
    /// What has been used by `now`. Validity goes by whether one comes or not,
    /// uses go by coming: the larger share counts.
    pub fn used(&self, now: Timestamp) -> Used {
        let times = self.benefits.iter().map(|benefit| i64::from(benefit.used)).sum();
        Used {
            any: times > 0,
            times,
            share: self
                .time_share(now)
                .max(self.use_share())
                .min(Decimal::ONE)
                .round_dp(6)
                .normalize(),
        }
    }

    fn time_share(&self, now: Timestamp) -> Decimal {
        let Some(from) = self.valid_from else {
            return Decimal::ZERO;
        };
        let gone = (now - from).max(Duration::zero()).num_seconds();
        let whole = Duration::days(self.valid_days.into()).num_seconds();
        Decimal::from(gone)
            .checked_div(Decimal::from(whole))
            .unwrap_or_default()
    }

    fn use_share(&self) -> Decimal {
        let limited = || self.benefits.iter().filter(|benefit| benefit.uses > 0);
        let taken: i64 = limited().map(|benefit| i64::from(benefit.used)).sum();
        let given: i64 = limited().map(|benefit| i64::from(benefit.uses)).sum();
        Decimal::from(taken)
            .checked_div(Decimal::from(given))
            .unwrap_or_default()
    }
}

impl Order {
    /// The dues that a case is about: one, or all whose money the order used.
    pub fn part(&self, due: Option<DueId>) -> Vec<PaidDue> {
        let wanted = |paid: &&PaidDue| due.map_or(!paid.surplus, |due| paid.id == due);
        self.dues.iter().filter(wanted).copied().collect()
    }

    pub fn used(&self, now: Timestamp) -> Used {
        self.card.as_ref().map_or(Used::NOTHING, |card| card.used(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{BenefitId, Clock};

    fn card(benefits: &[(i32, i32)]) -> Card {
        let benefits = benefits.iter().map(|(uses, used)| Benefit {
            id: BenefitId::fresh(),
            uses: *uses,
            used: *used,
            left: 0,
        });
        Card {
            id: CardId::fresh(),
            valid_from: None,
            valid_days: 100,
            benefits: benefits.collect(),
        }
    }

    #[test]
    fn the_larger_share_of_time_and_uses_counts() {
        let now = Clock::real();
        let card = Card {
            valid_from: Some(now - Duration::days(25)),
            ..card(&[(10, 4)])
        };
        assert_eq!(card.used(now).share, Decimal::new(4, 1));
        assert_eq!(card.used(now + Duration::days(50)).share, Decimal::new(75, 2));
        assert_eq!(card.used(now + Duration::days(500)).share, Decimal::ONE);
    }

    #[test]
    fn a_card_whose_validity_has_not_begun_is_used_by_uses_alone() {
        assert_eq!(card(&[(10, 0)]).used(Clock::real()), Used::NOTHING);
        assert_eq!(
            card(&[(10, 1), (0, 3)]).used(Clock::real()).share,
            Decimal::new(1, 1)
        );
    }

    #[test]
    fn a_benefit_without_limit_counts_as_used_and_takes_no_share() {
        let used = card(&[(0, 3)]).used(Clock::real());
        assert!(used.any);
        assert_eq!(used.share, Decimal::ZERO);
    }
}
