//! How much goes back, step by step, and on which ways.

use kernel::{Amount, Balance, CardId, DueId, PolicyId, Rounding, Timestamp, allocate, portion};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::order::{PaidDue, Route};
use super::policy::{Base, Reason, Rule, Used};
use super::words::words;
use super::{Order, Policy, Refusal};

words! {
    /// What a line of the calculation counts.
    LineKind {
        Paid = "paid",
        RefundedBefore = "refunded_before",
        Used = "used",
        Ratio = "ratio",
        Fee = "fee",
        NotRequested = "not_requested",
    }
}

/// One step from what was paid to what goes back, above or below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub kind: LineKind,
    pub minor: i64,
    pub ratio: Option<Decimal>,
}

/// One way back, as planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    pub due: DueId,
    pub route: Route,
    pub minor: i64,
    /// What was paid by this due: the ceiling of everything that goes back.
    pub paid_minor: i64,
}

/// What the policy gives, kept with the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub order_version: i64,
    /// None where money comes back for what was never delivered.
    pub policy: Option<PolicyId>,
    pub rule: String,
    pub lines: Vec<Line>,
    pub amount_minor: i64,
    pub ways: Vec<Way>,
    pub used: Used,
    pub window_ends_at: Option<Timestamp>,
    pub card: Option<CardId>,
    /// All that could go back of the order does, so nothing of the card stays.
    pub whole: bool,
    /// All that could go back of the order, asked for or not.
    pub refundable_minor: i64,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    pub reason: Reason,
    pub due: Option<DueId>,
    pub at_most: Option<Amount>,
}

impl Quote {
    /// Calculates what a policy gives for an order.
    pub fn of(order: &Order, policy: &Policy, ask: Ask, now: Timestamp) -> Result<Self, Refusal> {
        let dues = order.part(ask.due);
        let paid_at = dues
            .iter()
            .map(|due| due.paid_at)
            .max()
            .ok_or(Refusal::NothingPaid)?;
        let window_ends = policy.window_ends(paid_at);
        if now > window_ends {
            return Err(Refusal::WindowClosed { since: window_ends });
        }
        let used = order.used(now);
        let rule = policy
            .rule(ask.reason, used, paid_at, now)
            .ok_or(Refusal::NotRefundable)?;
        let mut sheet = Sheet::paid(&dues);
        sheet.by(rule, used);
        let refundable = sheet.total();
        sheet.at_most(ask.at_most)?;
        sheet.quote(
            &dues,
            &Terms {
                order,
                policy: Some(policy.id),
                rule: &rule.code,
                used,
                window: Some(window_ends),
                refundable,
            },
        )
    }

    /// Everything back of a due that bought nothing: no policy takes anything
    /// off, and no window closes.
    pub fn undelivered(order: &Order, due: DueId) -> Result<Self, Refusal> {
        let dues = order.part(Some(due));
        if dues.is_empty() {
            return Err(Refusal::NothingPaid);
        }
        let mut sheet = Sheet::paid(&dues);
        sheet.less_refunded_before();
        let (refundable, used) = (sheet.total(), Used::NOTHING);
        sheet.quote(
            &dues,
            &Terms {
                order,
                policy: None,
                rule: "undelivered",
                used,
                window: None,
                refundable,
            },
        )
    }

    pub fn amount(&self) -> Option<Amount> {
        Amount::from_minor(self.amount_minor)
    }

    /// How many of the uses that are left a refund of this size takes back,
    /// in the member's favour.
    pub fn uses_back(&self, left: i32) -> i32 {
        let share = Decimal::from(self.amount_minor).checked_div(Decimal::from(self.refundable_minor));
        let uses = portion(left.into(), share.unwrap_or_default(), Rounding::Down);
        uses.and_then(|uses| i32::try_from(uses).ok()).unwrap_or_default()
    }
}

struct Terms<'a> {
    order: &'a Order,
    policy: Option<PolicyId>,
    rule: &'a str,
    used: Used,
    window: Option<Timestamp>,
    refundable: i64,
}

/// The calculation as it grows: its lines always add up to its total.
struct Sheet {
    lines: Vec<Line>,
    paid: i64,
    before: i64,
}

impl Sheet {
    fn paid(dues: &[PaidDue]) -> Self {
        let paid = dues.iter().map(|due| due.amount.minor()).sum();
        let before = dues.iter().map(|due| due.before.minor()).sum();
        Self {
            lines: vec![Line {
                kind: LineKind::Paid,
                minor: paid,
                ratio: None,
            }],
            paid,
            before,
        }
    }

    fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.minor).sum()
    }

    /// Takes off no more than there is; nothing is no line.
    fn less(&mut self, kind: LineKind, minor: i64, ratio: Option<Decimal>) {
        let minor = minor.min(self.total());
        if minor > 0 {
            self.lines.push(Line {
                kind,
                minor: -minor,
                ratio,
            });
        }
    }

    fn less_refunded_before(&mut self) {
        self.less(LineKind::RefundedBefore, self.before, None);
    }

    fn by(&mut self, rule: &Rule, used: Used) {
        if rule.base == Base::Unused {
            let gone = portion(self.paid, used.share, Rounding::HalfUp).unwrap_or(self.paid);
            self.less(LineKind::Used, gone, Some(used.share));
        }
        let base = self.total();
        let given = portion(base, rule.ratio, Rounding::HalfUp).unwrap_or_default();
        self.less(LineKind::Ratio, base - given, Some(rule.ratio));
        self.less(LineKind::Fee, rule.fee_minor, None);
        self.less_refunded_before();
    }

    fn at_most(&mut self, most: Option<Amount>) -> Result<(), Refusal> {
        let Some(most) = most else { return Ok(()) };
        let total = self.total();
        if total > 0 && most.minor() > total {
            return Err(Refusal::AboveRefundable {
                refundable: Balance::from_minor(total),
            });
        }
        self.less(LineKind::NotRequested, total - most.minor(), None);
        Ok(())
    }

    fn quote(self, dues: &[PaidDue], terms: &Terms<'_>) -> Result<Quote, Refusal> {
        let amount = self.total();
        if amount <= 0 {
            return Err(if self.before >= self.paid && self.paid > 0 {
                Refusal::AboveRefundable {
                    refundable: Some(Balance::ZERO),
                }
            } else {
                Refusal::NotRefundable
            });
        }
        let others = terms
            .order
            .part(None)
            .into_iter()
            .filter(|other| !dues.contains(other));
        let refundable = terms.refundable + others.map(|other| other.left()).sum::<i64>();
        let bought = dues.iter().any(|due| !due.surplus);
        Ok(Quote {
            order_version: terms.order.version,
            policy: terms.policy,
            rule: terms.rule.to_owned(),
            lines: self.lines,
            amount_minor: amount,
            ways: ways(dues, amount),
            used: terms.used,
            window_ends_at: terms.window,
            card: terms.order.card.as_ref().filter(|_| bought).map(|card| card.id),
            whole: amount == refundable,
            refundable_minor: refundable,
        })
    }
}

/// Shares the amount over the dues by what each has left, to the fen.
fn ways(dues: &[PaidDue], amount: i64) -> Vec<Way> {
    let weights: Vec<u64> = dues
        .iter()
        .map(|due| u64::try_from(due.left()).unwrap_or_default())
        .collect();
    allocate(amount, &weights)
        .into_iter()
        .zip(dues)
        .filter(|(minor, _)| *minor > 0)
        .map(|(minor, due)| Way {
            due: due.id,
            route: due.route,
            minor,
            paid_minor: due.amount.minor(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
