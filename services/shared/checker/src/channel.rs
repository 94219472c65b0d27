//! I6: what a channel says happened, against what payments believes, both
//! ways and to the fen. In tests the channel simulator tells; in production
//! the channel's statements will.

use std::collections::BTreeMap;

use proto::studio::operations::v1::Tally;
use serde::Deserialize;
use serde_json::Value;

use crate::house::Lists;
use crate::{Invariant, Violation};

/// Money that came to the channel for one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPayment {
    /// Our number for it.
    pub number: String,
    /// The channel's.
    pub transaction: String,
    pub amount_minor: i64,
}

/// Money that the channel sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRefund {
    /// Our number for it.
    pub number: String,
    /// Our number for the payment that it is of.
    pub payment: String,
    pub amount_minor: i64,
}

/// What a channel knows: only what ended, each number once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelTruth {
    pub payments: Vec<ChannelPayment>,
    pub refunds: Vec<ChannelRefund>,
}

/// The channel's answer is not in the form that it promises.
#[derive(Debug, thiserror::Error)]
#[error("what the channel told cannot be read")]
pub struct Unreadable(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Order {
    out_trade_no: String,
    #[serde(default)]
    transaction_id: Option<String>,
    trade_state: String,
    amount_minor: i64,
}

#[derive(Deserialize)]
struct Refund {
    out_refund_no: String,
    out_trade_no: String,
    status: String,
    amount: RefundAmount,
}

#[derive(Deserialize)]
struct RefundAmount {
    refund: i64,
}

impl ChannelTruth {
    /// Reads the orders and refunds that the channel simulator shows, at
    /// `/control/orders` and `/control/refunds` or by itself.
    pub fn of_simulator(orders: &[Value], refunds: &[Value]) -> Result<Self, Unreadable> {
        let orders: Vec<Order> = orders.iter().map(Order::deserialize).collect::<Result<_, _>>()?;
        let refunds: Vec<Refund> = refunds
            .iter()
            .map(Refund::deserialize)
            .collect::<Result<_, _>>()?;
        let paid = |order: &Order| order.trade_state == "SUCCESS" || order.trade_state == "REFUND";
        Ok(Self {
            payments: orders
                .into_iter()
                .filter(paid)
                .map(|order| ChannelPayment {
                    number: order.out_trade_no,
                    transaction: order.transaction_id.unwrap_or_default(),
                    amount_minor: order.amount_minor,
                })
                .collect(),
            refunds: refunds
                .into_iter()
                .filter(|refund| refund.status == "SUCCESS")
                .map(|refund| ChannelRefund {
                    number: refund.out_refund_no,
                    payment: refund.out_trade_no,
                    amount_minor: refund.amount.refund,
                })
                .collect(),
        })
    }
}

pub(crate) fn compare(lists: &Lists, truth: &ChannelTruth) -> Vec<Violation> {
    let lines = |kind| lists.get(&("payments", kind)).map_or(&[][..], Vec::as_slice);
    let mut found = Vec::new();
    if lists.contains_key(&("payments", "attempts")) {
        let ours = lines("attempts").iter();
        let ours = ours.filter(|line| line.state == "paid" || line.state == "isolated");
        // What the channel contradicted itself about lies before a person already.
        let doubted = |number: &str| {
            let mut attempts = lines("attempts").iter();
            attempts.any(|line| line.key == number && line.state == "quarantined")
        };
        let theirs = truth.payments.iter().filter(|p| !doubted(&p.number));
        let theirs = theirs.map(|p| (p.number.as_str(), (p.transaction.as_str(), p.amount_minor)));
        found.extend(both_ways("payment", &ours.collect::<Vec<_>>(), &theirs.collect()));
        let ours = lines("channel_refunds")
            .iter()
            .filter(|line| line.state == "succeeded");
        let theirs = truth.refunds.iter();
        let theirs = theirs.map(|r| (r.number.as_str(), (r.payment.as_str(), r.amount_minor)));
        found.extend(both_ways("refund", &ours.collect::<Vec<_>>(), &theirs.collect()));
    }
    found.extend(over_refunded(truth));
    found
}

fn both_ways(what: &str, ours: &[&Tally], theirs: &BTreeMap<&str, (&str, i64)>) -> Vec<Violation> {
    let told = |key: &str, how: String| {
        Violation::new(Invariant::ChannelAgrees, "payments", key, format!("{what} {how}"))
    };
    let mut found = Vec::new();
    let known: BTreeMap<&str, &Tally> = ours.iter().map(|line| (line.key.as_str(), *line)).collect();
    for (number, (tied, amount)) in theirs {
        match known.get(number) {
            None => found.push(told(
                number,
                format!("of {amount} fen happened at the channel and not here"),
            )),
            Some(line) if line.amount_minor != *amount => {
                let how = format!("is {amount} fen at the channel and {} here", line.amount_minor);
                found.push(told(number, how));
            }
            Some(line) if line.other != *tied => {
                found.push(told(
                    number,
                    format!("is of {tied} at the channel and of {} here", line.other),
                ));
            }
            Some(_) => {}
        }
    }
    for line in known
        .values()
        .filter(|line| !theirs.contains_key(line.key.as_str()))
    {
        let how = format!(
            "of {} fen happened here and not at the channel",
            line.amount_minor
        );
        found.push(told(&line.key, how));
    }
    found
}

/// I3 at the channel: no payment gave back more than it brought.
fn over_refunded(truth: &ChannelTruth) -> Vec<Violation> {
    let mut back: BTreeMap<&str, i64> = BTreeMap::new();
    for refund in &truth.refunds {
        *back.entry(&refund.payment).or_default() += refund.amount_minor;
    }
    let paid: BTreeMap<&str, i64> = truth
        .payments
        .iter()
        .map(|p| (p.number.as_str(), p.amount_minor))
        .collect();
    let over = back.into_iter().filter_map(|(number, back)| {
        let paid = paid.get(number).copied().unwrap_or_default();
        let what = format!("the channel sent {back} fen back of {paid}");
        (back > paid).then(|| Violation::new(Invariant::RefundsWithinPaid, "payments", number, what))
    });
    over.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(key: &str, other: &str, amount_minor: i64, state: &str) -> Tally {
        Tally {
            key: key.to_owned(),
            other: other.to_owned(),
            amount_minor,
            state: state.to_owned(),
        }
    }

    fn truth() -> ChannelTruth {
        let orders = [
            json!({ "out_trade_no": "a", "transaction_id": "t1", "trade_state": "SUCCESS", "amount_minor": 100 }),
            json!({ "out_trade_no": "b", "transaction_id": "t2", "trade_state": "REFUND", "amount_minor": 50 }),
            json!({ "out_trade_no": "c", "trade_state": "NOTPAY", "amount_minor": 70 }),
        ];
        let refund = |number: &str, status: &str, amount: i64| json!({ "out_refund_no": number, "out_trade_no": "b", "status": status, "amount": { "refund": amount } });
        let refunds = [refund("r", "SUCCESS", 50), refund("s", "PROCESSING", 1)];
        ChannelTruth::of_simulator(&orders, &refunds).unwrap()
    }

    fn ours(attempts: Vec<Tally>, refunds: Vec<Tally>) -> Lists {
        Lists::from([
            (("payments", "attempts"), attempts),
            (("payments", "channel_refunds"), refunds),
        ])
    }

    fn agreed() -> (Vec<Tally>, Vec<Tally>) {
        let attempts = vec![
            line("a", "t1", 100, "paid"),
            line("b", "t2", 50, "isolated"),
            line("c", "", 70, "awaiting_payment"),
        ];
        (
            attempts,
            vec![line("r", "b", 50, "succeeded"), line("s", "b", 1, "submitted")],
        )
    }

    #[test]
    fn a_channel_and_books_that_agree_leave_nothing_to_say() {
        let (attempts, refunds) = agreed();
        assert_eq!(compare(&ours(attempts, refunds), &truth()), []);
    }

    #[test]
    fn what_lies_in_quarantine_is_known_to_a_person() {
        let (mut attempts, refunds) = agreed();
        attempts[0].state = "quarantined".to_owned();
        assert_eq!(compare(&ours(attempts, refunds), &truth()), []);
    }

    #[test]
    fn every_difference_to_the_channel_is_named_with_its_number() {
        let change = |with: &dyn Fn(&mut Vec<Tally>, &mut Vec<Tally>)| {
            let (mut attempts, mut refunds) = agreed();
            with(&mut attempts, &mut refunds);
            let found = compare(&ours(attempts, refunds), &truth());
            found.into_iter().map(|v| v.key).collect::<Vec<_>>()
        };
        assert_eq!(change(&|attempts, _| attempts[0].amount_minor = 99), ["a"]);
        assert_eq!(change(&|attempts, _| attempts[0].other = "t9".to_owned()), ["a"]);
        assert_eq!(
            change(&|attempts, _| attempts[0].state = "closing".to_owned()),
            ["a"]
        );
        assert_eq!(
            change(&|attempts, _| attempts[2].state = "paid".to_owned()),
            ["c"]
        );
        assert_eq!(change(&|_, refunds| refunds[0].amount_minor = 1), ["r"]);
        assert_eq!(
            change(&|_, refunds| refunds[1].state = "succeeded".to_owned()),
            ["s"]
        );
        assert_eq!(change(&|_, refunds| drop(refunds.remove(0))), ["r"]);
    }

    #[test]
    fn a_channel_that_sent_more_back_than_came_is_named() {
        let mut truth = truth();
        truth.refunds[0].amount_minor = 51;
        assert_eq!(
            over_refunded(&truth)
                .iter()
                .map(|v| v.key.as_str())
                .collect::<Vec<_>>(),
            ["b"]
        );
    }
}
