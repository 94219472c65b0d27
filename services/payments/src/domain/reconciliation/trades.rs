//! A trade bill against our attempts and refunds, number by number.

use kernel::Timestamp;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::difference::{Finding, Subject, Type};
use crate::domain::statement::{Deed, Progress};

/// A fee may be rounded to the next fen in either direction.
const ROUNDING: i64 = 1_000;

/// A line of a trade bill, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traded {
    pub statement: Uuid,
    pub line: u32,
    /// Of another day's bill, which was judged when it came.
    pub earlier: bool,
    pub deed: Deed,
    pub progress: Progress,
    pub transaction: String,
    pub merchant: String,
    pub app: String,
    pub amount_minor: i64,
    pub settle_minor: i64,
    pub fee_thousandths: i64,
    pub rate: Option<Decimal>,
    pub at: Timestamp,
}

/// What we have under a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    pub subject: Subject,
    pub thing: Thing,
    /// The account by which it went, as in the configuration.
    pub account: String,
    pub amount_minor: i64,
    /// What the due says; of a refund its own amount.
    pub due_minor: i64,
    /// The channel's number as we know it; empty when we do not.
    pub transaction: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// An attempt whose money was captured.
    Paid,
    /// An attempt whose money goes back.
    Isolated,
    Unpaid,
    /// Money on its way back.
    Returning,
    Returned,
    /// It does not go back this way.
    Bounced,
}

/// Everything under one number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    pub number: String,
    pub traded: Vec<Traded>,
    pub ours: Option<Ours>,
}

/// As whom and at what price we stand at the channel.
#[derive(Debug, Clone)]
pub struct Terms {
    pub account: String,
    pub merchant: String,
    /// As agreed; without it the line's own rate counts.
    pub rate: Option<Decimal>,
}

/// What a group makes: differences, and the line that proves a payment of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub proof: Option<Traded>,
}

/// Holds one number's lines against ours.
pub fn judge(group: &Group, terms: &Terms) -> Verdict {
    let mut verdict = Verdict::default();
    let mut seen: Vec<Deed> = group
        .traded
        .iter()
        .filter(|t| t.earlier)
        .map(|t| t.deed)
        .collect();
    let reversed = group.traded.iter().any(|t| t.deed == Deed::Reversal);
    for traded in group.traded.iter().filter(|t| !t.earlier) {
        let said = Said { group, traded, terms };
        if seen.contains(&traded.deed) {
            verdict.findings.push(said.finding(Type::DuplicateLine));
            continue;
        }
        seen.push(traded.deed);
        match traded.deed {
            Deed::Payment => said.payment(reversed, &mut verdict),
            Deed::Refund => said.refund(&mut verdict),
            Deed::Reversal => said.reversal(&mut verdict),
            _ => verdict.findings.push(said.finding(Type::UnknownBusiness)),
        }
    }
    verdict
}

struct Said<'a> {
    group: &'a Group,
    traded: &'a Traded,
    terms: &'a Terms,
}

impl Said<'_> {
    fn finding(&self, kind: Type) -> Finding {
        let ours = self.group.ours.as_ref();
        let key = if kind == Type::DuplicateLine {
            format!(
                "{} {} {}",
                self.group.number, self.traded.statement, self.traded.line
            )
        } else {
            self.group.number.clone()
        };
        Finding {
            kind,
            key,
            line: Some((self.traded.statement, self.traded.line)),
            ours: ours.map(|o| o.subject),
            ours_minor: ours.map(|o| o.amount_minor),
            theirs_minor: Some(self.traded.amount_minor),
        }
    }

    fn payment(&self, reversed: bool, verdict: &mut Verdict) {
        self.fee(verdict);
        let Some(ours) = self.ours(Type::PaidMissingHere, verdict) else {
            return;
        };
        if ours.due_minor != ours.amount_minor {
            let due = Finding {
                theirs_minor: Some(ours.due_minor),
                ..self.finding(Type::DueAmount)
            };
            verdict.findings.push(due);
        }
        if ours.amount_minor != self.traded.amount_minor {
            verdict.findings.push(self.finding(Type::Amount));
        } else if ours.thing == Thing::Unpaid {
            if !reversed {
                verdict.findings.push(self.finding(Type::PaidUnknownHere));
                verdict.proof = Some(self.traded.clone());
            }
        } else if ours.transaction != self.traded.transaction {
            verdict.findings.push(self.finding(Type::Transaction));
        }
    }

    fn refund(&self, verdict: &mut Verdict) {
        self.fee(verdict);
        if self.traded.progress == Progress::Strange {
            verdict.findings.push(self.finding(Type::UnknownBusiness));
            return;
        }
        let Some(ours) = self.ours(Type::RefundMissingHere, verdict) else {
            return;
        };
        if ours.amount_minor != self.traded.amount_minor {
            verdict.findings.push(self.finding(Type::RefundAmount));
        }
        let agree = match self.traded.progress {
            Progress::Done => ours.thing == Thing::Returned,
            Progress::Failed => ours.thing != Thing::Returned,
            Progress::Going | Progress::Strange => true,
        };
        if !agree {
            verdict.findings.push(self.finding(Type::RefundState));
        }
    }

    fn reversal(&self, verdict: &mut Verdict) {
        if let Some(ours) = self.ours(Type::PaidMissingHere, verdict)
            && ours.thing == Thing::Paid
        {
            verdict.findings.push(self.finding(Type::State));
        }
    }

    /// Ours, when the line is about it; else what is wrong with that is kept.
    fn ours(&self, missing: Type, verdict: &mut Verdict) -> Option<&Ours> {
        let stated = &self.traded.merchant;
        if !stated.is_empty() && *stated != self.terms.merchant {
            verdict.findings.push(self.finding(Type::WrongMerchant));
            return None;
        }
        let Some(ours) = &self.group.ours else {
            verdict.findings.push(self.finding(missing));
            return None;
        };
        if ours.account != self.terms.account {
            verdict.findings.push(self.finding(Type::WrongMerchant));
            return None;
        }
        Some(ours)
    }

    /// The fee must be the rate of what the account gets or gives; of a refund
    /// the channel may keep it.
    fn fee(&self, verdict: &mut Verdict) {
        let traded = self.traded;
        let Some(rate) = self.terms.rate.or(traded.rate) else {
            return;
        };
        let Some(exact) = exact_fee(traded.settle_minor, rate) else {
            return;
        };
        let (expected, kept) = match traded.deed {
            Deed::Refund => (-exact, traded.fee_thousandths == 0),
            _ => (exact, false),
        };
        if !kept && (traded.fee_thousandths - expected).abs() >= ROUNDING {
            let fee = Finding {
                ours_minor: Some(expected / 1_000),
                theirs_minor: Some(traded.fee_thousandths / 1_000),
                ..self.finding(Type::FeeOffRate)
            };
            verdict.findings.push(fee);
        }
    }
}

/// In thousandths of a fen.
fn exact_fee(settle_minor: i64, rate: Decimal) -> Option<i64> {
    kernel::portion(settle_minor.checked_mul(1_000)?, rate, kernel::Rounding::HalfUp)
}

#[cfg(test)]
mod tests;
