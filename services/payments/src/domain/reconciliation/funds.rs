//! A trade bill against the fund bill of the same account: what was traded must
//! have moved, and what moved must have been traded.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::difference::{Finding, Type};
use crate::domain::statement::{Deed, Progress};

/// A fee in a fund bill is a whole fen.
const ROUNDING: i64 = 1_000;

/// A line of either bill, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub statement: Uuid,
    pub line: u32,
    /// Of the trade bill; otherwise of the fund bill.
    pub traded: bool,
    /// Of the day that is judged, or before; the day after may explain it, and is
    /// judged later.
    pub must: bool,
    pub deed: Deed,
    pub progress: Progress,
    /// What tells a line from its duplicate.
    pub own: String,
    /// In fen, above zero whichever way it went.
    pub minor: i64,
    /// In thousandths of a fen: of a fund bill's line of a fee, what was taken.
    pub fee_thousandths: i64,
}

/// Everything about one movement, or about all of one order where a channel
/// tells them apart by the order alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    pub key: String,
    pub moved: Vec<Moved>,
}

/// Holds the two bills against each other, line by line of equal amount.
pub fn judge(group: &Group) -> Vec<Finding> {
    let lines = without_duplicates(&group.moved);
    let mut findings = Vec::new();
    for deed in [Deed::Payment, Deed::Refund] {
        let traded = Side::of(&lines, deed, true);
        let funds = Side::of(&lines, deed, false);
        let mut untaken = traded.missing_in(&funds);
        let mut strange = funds.missing_in(&traded);
        while let (Some(theirs), Some(ours)) = (strange.last(), untaken.last()) {
            findings.push(group.finding(Type::FundsAmount, theirs, Some(ours.minor)));
            strange.pop();
            untaken.pop();
        }
        findings.extend(
            untaken
                .iter()
                .map(|line| group.finding(Type::MissingInFunds, line, None)),
        );
        findings.extend(
            strange
                .iter()
                .map(|line| group.finding(Type::FundsUnexplained, line, None)),
        );
    }
    findings.extend(fee(group, &lines));
    findings
}

/// A line that stands twice is told elsewhere.
fn without_duplicates(moved: &[Moved]) -> Vec<&Moved> {
    let mut lines: Vec<&Moved> = Vec::with_capacity(moved.len());
    for line in moved {
        let twin =
            |known: &&Moved| known.traded == line.traded && known.deed == line.deed && known.own == line.own;
        if !lines.iter().any(twin) {
            lines.push(line);
        }
    }
    lines
}

/// One bill's lines of one deed by amount: those that must be in the other, and
/// those that may be.
struct Side<'a>(BTreeMap<i64, Lines<'a>>);

#[derive(Default)]
struct Lines<'a> {
    must: Vec<&'a Moved>,
    may: usize,
}

impl<'a> Side<'a> {
    fn of(lines: &[&'a Moved], deed: Deed, traded: bool) -> Self {
        let mut side: BTreeMap<i64, Lines<'a>> = BTreeMap::new();
        for line in lines.iter().copied().filter(|line| line.traded == traded) {
            let lines = side.entry(line.minor).or_default();
            if line.deed == deed && line.must && line.progress != Progress::Failed {
                lines.must.push(line);
            } else if line.deed == deed || line.deed == Deed::Reversal {
                lines.may += 1;
            }
        }
        Self(side)
    }

    fn missing_in(&self, other: &Self) -> Vec<&'a Moved> {
        let mut missing = Vec::new();
        for (minor, lines) in &self.0 {
            let there = other.0.get(minor).map_or(0, |lines| lines.must.len() + lines.may);
            missing.extend(lines.must.iter().skip(there));
        }
        missing
    }
}

/// What was taken as fees must be what the trade bill says, where the channel
/// takes them at once.
fn fee(group: &Group, lines: &[&Moved]) -> Option<Finding> {
    let taken: Vec<&&Moved> = lines
        .iter()
        .filter(|l| !l.traded && l.deed == Deed::Fee)
        .collect();
    let first = taken.iter().find(|line| line.must)?;
    let sum = |traded: bool, all: bool| -> i64 {
        let counted = |line: &&&Moved| line.traded == traded && (all || line.must);
        let fees = lines
            .iter()
            .filter(counted)
            .filter(|l| l.traded || l.deed == Deed::Fee);
        fees.map(|line| line.fee_thousandths).sum()
    };
    let agree = [false, true].into_iter().any(|all| {
        let said = sum(true, all);
        [false, true]
            .into_iter()
            .any(|all| (sum(false, all) - said).abs() < ROUNDING)
    });
    let finding = Finding {
        ours_minor: Some(sum(true, false) / 1_000),
        theirs_minor: Some(sum(false, false) / 1_000),
        ..group.finding(Type::FeeTaken, first, None)
    };
    (!agree).then_some(finding)
}

impl Group {
    fn finding(&self, kind: Type, line: &Moved, ours_minor: Option<i64>) -> Finding {
        Finding {
            kind,
            key: format!("{} {}", self.key, line.own),
            line: Some((line.statement, line.line)),
            ours: None,
            ours_minor,
            theirs_minor: Some(line.minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(traded: bool, deed: Deed, minor: i64, own: &str) -> Moved {
        Moved {
            statement: Uuid::from_u128(u128::from(traded)),
            line: 2,
            traded,
            must: true,
            deed,
            progress: Progress::Done,
            own: own.to_owned(),
            minor,
            fee_thousandths: 0,
        }
    }

    fn types(moved: Vec<Moved>) -> Vec<Type> {
        let found = judge(&Group {
            key: "K".to_owned(),
            moved,
        });
        found.into_iter().map(|f| f.kind).collect()
    }

    #[test]
    fn what_was_traded_and_moved_agrees() {
        assert_eq!(
            types(vec![
                line(true, Deed::Payment, 5, "a"),
                line(false, Deed::Payment, 5, "b")
            ]),
            []
        );
    }

    #[test]
    fn each_fault_has_its_own_type() {
        let traded = || line(true, Deed::Payment, 5, "a");
        let moved = || line(false, Deed::Payment, 5, "b");
        assert_eq!(types(vec![traded()]), [Type::MissingInFunds]);
        assert_eq!(types(vec![moved()]), [Type::FundsUnexplained]);
        assert_eq!(
            types(vec![traded(), Moved { minor: 4, ..moved() }]),
            [Type::FundsAmount]
        );
        assert_eq!(
            types(vec![traded(), moved(), moved()]),
            [],
            "a duplicate is told by its number"
        );
        let fee = |own: i64| Moved {
            fee_thousandths: own,
            ..line(false, Deed::Fee, 0, "c")
        };
        let with_fee = Moved {
            fee_thousandths: 22_080,
            ..traded()
        };
        assert_eq!(types(vec![with_fee.clone(), moved(), fee(22_000)]), []);
        assert_eq!(types(vec![with_fee, moved(), fee(23_080)]), [Type::FeeTaken]);
    }

    #[test]
    fn the_next_day_explains_and_is_not_judged() {
        let next = |moved: Moved| Moved { must: false, ..moved };
        let traded = line(true, Deed::Refund, 5, "a");
        let moved = line(false, Deed::Refund, 5, "b");
        assert_eq!(types(vec![traded.clone(), next(moved.clone())]), []);
        assert_eq!(types(vec![next(traded.clone())]), []);
        // two refunds of one order, the second at midnight
        let second = next(line(true, Deed::Refund, 7, "c"));
        assert_eq!(types(vec![traded, moved, second]), []);
    }

    #[test]
    fn a_refund_that_failed_need_not_move_and_may() {
        let failed = Moved {
            progress: Progress::Failed,
            ..line(true, Deed::Refund, 5, "a")
        };
        assert_eq!(types(vec![failed.clone()]), []);
        assert_eq!(types(vec![failed, line(false, Deed::Refund, 5, "b")]), []);
    }

    proptest! {
        #[test]
        fn however_midnight_falls_what_moved_as_it_was_traded_is_never_accused(
            lines in prop::collection::vec((1_i64..4, any::<bool>(), any::<bool>(), any::<bool>()), 0..6)
        ) {
            let mut moved = Vec::new();
            for (at, (minor, refund, traded_late, moved_late)) in lines.into_iter().enumerate() {
                let deed = if refund { Deed::Refund } else { Deed::Payment };
                for (traded, late) in [(true, traded_late), (false, moved_late)] {
                    moved.push(Moved { must: !late, ..line(traded, deed, minor, &at.to_string()) });
                }
            }
            prop_assert_eq!(types(moved), []);
        }
    }
}
