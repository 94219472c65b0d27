//! Payouts of channels against the lines of bank accounts.

use chrono::{Duration, NaiveDate};
use uuid::Uuid;

/// Money on its way, or arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    pub statement: Uuid,
    pub line: u32,
    pub book: Uuid,
    pub day: NaiveDate,
    /// Numbers that the two sides may have in common.
    pub numbers: Vec<String>,
    /// In fen, above zero.
    pub minor: i64,
}

/// A payout and where it arrived, as indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub payout: usize,
    pub arrival: usize,
}

/// Pairs payouts with arrivals: first by a number, then, among those without
/// one in common, by the amount within so many days, the earliest first.
pub fn pair(payouts: &[Leg], arrivals: &[Leg], within: Duration) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut free: Vec<usize> = (0..arrivals.len()).collect();
    let mut rest = Vec::new();
    for (at, payout) in payouts.iter().enumerate() {
        match take(&mut free, |arrival| shares_number(payout, &arrivals[arrival])) {
            Some(arrival) => pairs.push(Pair { payout: at, arrival }),
            None => rest.push(at),
        }
    }
    for at in rest {
        let payout = &payouts[at];
        let fits = |arrival: usize| {
            let arrival = &arrivals[arrival];
            arrival.minor == payout.minor && (payout.day..=payout.day + within).contains(&arrival.day)
        };
        if let Some(arrival) = take(&mut free, fits) {
            pairs.push(Pair { payout: at, arrival });
        }
    }
    pairs
}

fn take(free: &mut Vec<usize>, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let at = free.iter().position(|index| fits(*index))?;
    Some(free.remove(at))
}

fn shares_number(payout: &Leg, arrival: &Leg) -> bool {
    arrival
        .numbers
        .iter()
        .any(|number| payout.numbers.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(day: u32, minor: i64, number: &str) -> Leg {
        Leg {
            statement: Uuid::nil(),
            line: 1,
            book: Uuid::nil(),
            day: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(),
            numbers: if number.is_empty() {
                Vec::new()
            } else {
                vec![number.to_owned()]
            },
            minor,
        }
    }

    #[test]
    fn a_number_wins_over_an_amount_and_each_line_is_used_once() {
        let payouts = [leg(1, 500, "W1"), leg(1, 500, "W2"), leg(1, 700, "W3")];
        let arrivals = [leg(2, 500, ""), leg(2, 490, "W2"), leg(2, 500, "")];
        let pairs = pair(&payouts, &arrivals, Duration::days(3));
        assert_eq!(
            pairs,
            [
                Pair {
                    payout: 1,
                    arrival: 1
                },
                Pair {
                    payout: 0,
                    arrival: 0
                }
            ]
        );
    }

    #[test]
    fn an_amount_alone_counts_within_the_days_and_never_before() {
        let early = [leg(1, 500, "")];
        let late = [leg(6, 500, "")];
        assert_eq!(pair(&[leg(2, 500, "W1")], &early, Duration::days(3)), []);
        assert_eq!(pair(&[leg(2, 500, "W1")], &late, Duration::days(3)), []);
        assert_eq!(pair(&[leg(3, 500, "W1")], &late, Duration::days(3)).len(), 1);
    }
}
