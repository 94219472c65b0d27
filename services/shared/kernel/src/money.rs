use proto::studio::money::v1 as pb;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::BadField;

/// The one currency at present.
pub const CURRENCY: &str = "CNY";

/// A sum of money above zero, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// A sum of money of zero or more, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Balance(i64);

impl Amount {
    /// `None` unless above zero.
    pub fn from_minor(minor: i64) -> Option<Self> {
        (minor > 0).then_some(Self(minor))
    }

    /// Reads a positive amount in CNY from `field` of a request.
    pub fn parse(field: &str, money: Option<&pb::Money>) -> Result<Self, BadField> {
        Balance::parse(field, money)
            .and_then(|b| Self::from_minor(b.0).ok_or_else(|| BadField::new(field, "must be above zero")))
    }

    pub const fn minor(self) -> i64 {
        self.0
    }

    /// `None` beyond the range of an amount.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl Balance {
    pub const ZERO: Self = Self(0);

    /// `None` when negative.
    pub fn from_minor(minor: i64) -> Option<Self> {
        (minor >= 0).then_some(Self(minor))
    }

    /// Reads an amount of zero or more in CNY from `field` of a request.
    pub fn parse(field: &str, money: Option<&pb::Money>) -> Result<Self, BadField> {
        let money = money.ok_or_else(|| BadField::new(field, "is required"))?;
        if money.currency != CURRENCY {
            return Err(BadField::new(format!("{field}.currency"), "must be CNY"));
        }
        Self::from_minor(money.minor)
            .ok_or_else(|| BadField::new(format!("{field}.minor"), "must not be negative"))
    }

    pub const fn minor(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `None` beyond the range of a balance.
    pub fn plus(self, amount: Amount) -> Option<Self> {
        self.0.checked_add(amount.0).map(Self)
    }

    /// `None` when it would fall below zero.
    pub fn minus(self, amount: Amount) -> Option<Self> {
        self.0.checked_sub(amount.0).and_then(Self::from_minor)
    }

    /// The same sum, when it is above zero.
    pub fn as_amount(self) -> Option<Amount> {
        Amount::from_minor(self.0)
    }
}

impl From<Amount> for Balance {
    fn from(amount: Amount) -> Self {
        Self(amount.0)
    }
}

impl From<Amount> for pb::Money {
    fn from(amount: Amount) -> Self {
        Self {
            minor: amount.0,
            currency: CURRENCY.to_owned(),
        }
    }
}

impl From<Balance> for pb::Money {
    fn from(balance: Balance) -> Self {
        Self {
            minor: balance.0,
            currency: CURRENCY.to_owned(),
        }
    }
}

/// How a sum that is no whole fen becomes one. The house has one table: what
/// the member pays and gets back is rounded half up, a fee down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Prices, discounts, refunds.
    HalfUp,
    /// Fees that the member bears.
    Down,
}

/// `ratio` of `whole`, in fen. `None` beyond the range.
pub fn portion(whole: i64, ratio: Decimal, rounding: Rounding) -> Option<i64> {
    let strategy = match rounding {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::Down => RoundingStrategy::ToZero,
    };
    let exact = Decimal::from(whole).checked_mul(ratio)?;
    i64::try_from(exact.round_dp_with_strategy(0, strategy)).ok()
}

/// Shares `whole` by `weights` without losing or making a fen: each gets its
/// floor, and the largest remainders get one more, the first on a tie. Shares
/// of zero weights in all are zero, and so is the sum.
pub fn allocate(whole: i64, weights: &[u64]) -> Vec<i64> {
    let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: &u64| i128::from(whole) * i128::from(*weight);
    let mut shares: Vec<i64> = weights
        .iter()
        .map(|w| i64::try_from(exact(w).div_euclid(total)).unwrap_or_default())
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(exact(&weights[at]).rem_euclid(total)));
    let missing = usize::try_from(whole - shares.iter().sum::<i64>()).unwrap_or_default();
    for &at in order.iter().take(missing) {
        shares[at] += 1;
    }
    shares
}

/// Why a text is no amount in yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an amount in yuan with at most two decimals")]
pub struct NotYuan;

/// Reads the yuan text of channels and files, as `12.34`, exactly.
pub fn fen_from_yuan(text: &str) -> Result<i64, NotYuan> {
    let yuan: Decimal = text.trim().parse().map_err(|_| NotYuan)?;
    let fen = yuan.checked_mul(Decimal::ONE_HUNDRED).ok_or(NotYuan)?;
    if !fen.fract().is_zero() {
        return Err(NotYuan);
    }
    i64::try_from(fen).map_err(|_| NotYuan)
}

/// Writes fen as the yuan text of channels and people, as `12.34`.
pub fn yuan_text(fen: i64) -> String {
    Decimal::new(fen, 2).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_add_up_to_the_whole(whole in 0i64..10_000_000_000, weights in prop::collection::vec(0u64..1_000_000, 1..20)) {
            let shares = allocate(whole, &weights);
            let expected = if weights.iter().all(|w| *w == 0) { 0 } else { whole };
            prop_assert_eq!(shares.iter().sum::<i64>(), expected);
        }

        #[test]
        fn yuan_text_survives_the_way_there_and_back(fen in -1_000_000_000_000i64..1_000_000_000_000) {
            prop_assert_eq!(fen_from_yuan(&yuan_text(fen)), Ok(fen));
        }
    }

    #[test]
    fn a_third_of_a_fen_is_refused_rather_than_rounded() {
        assert_eq!(fen_from_yuan("0.333"), Err(NotYuan));
    }

    #[test]
    fn the_largest_remainder_gets_the_odd_fen() {
        assert_eq!(allocate(100, &[1, 1, 1]), vec![34, 33, 33]);
        assert_eq!(allocate(10, &[1, 2]), vec![3, 7]);
    }

    #[test]
    fn half_a_fen_goes_to_the_member_and_fees_are_cut() {
        let half = Decimal::new(5, 1);
        assert_eq!(portion(1, half, Rounding::HalfUp), Some(1));
        assert_eq!(portion(1, half, Rounding::Down), Some(0));
    }

    #[test]
    fn a_foreign_currency_is_named_by_its_path() {
        let money = pb::Money {
            minor: 1,
            currency: "USD".to_owned(),
        };
        assert_eq!(
            Amount::parse("price", Some(&money)).unwrap_err().field,
            "price.currency"
        );
    }
}
