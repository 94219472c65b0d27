//! What two services must agree on: I2, I3 and the books' half of I6. Each rule
//! is a few lines over the lists that services give.

use std::collections::BTreeMap;

use proto::studio::operations::v1::Tally;

use crate::house::Lists;
use crate::{Invariant, Violation};

type Name = (&'static str, &'static str);

pub(crate) fn all(lists: &Lists) -> Vec<Violation> {
    let rules = [
        cards,
        undelivered,
        dues_by_channel,
        dues_by_wallet,
        recharges,
        spend_returns,
        channel_refunds,
        cases,
        promised,
    ];
    rules.iter().flat_map(|rule| rule(lists)).collect()
}

/// The lines of a list that a rule is about; none when the service is not there.
fn lines(lists: &Lists, name: Name, about: impl Fn(&Tally) -> bool) -> Option<Vec<Tally>> {
    Some(
        lists
            .get(&name)?
            .iter()
            .filter(|line| about(line))
            .cloned()
            .collect(),
    )
}

/// The same lines, known by what they are tied to.
fn turned(lines: Option<Vec<Tally>>) -> Option<Vec<Tally>> {
    let turn = |line: Tally| Tally {
        key: line.other,
        other: line.key,
        ..line
    };
    Some(lines?.into_iter().map(turn).collect())
}

/// One line with the sum for each thing that lines are tied to.
fn summed(lines: Option<Vec<Tally>>) -> Option<Vec<Tally>> {
    let mut sums: BTreeMap<String, Tally> = BTreeMap::new();
    for line in turned(lines)? {
        sums.entry(line.key.clone())
            .and_modify(|sum| sum.amount_minor += line.amount_minor)
            .or_insert(line);
    }
    Some(sums.into_values().collect())
}

/// Two lists that have the same keys, tied to the same and with equal amounts.
struct Pair {
    invariant: Invariant,
    left: (Name, Option<Vec<Tally>>),
    right: (Name, Option<Vec<Tally>>),
    /// Whether both say what the key is tied to.
    tied: bool,
    /// Whether both say the amount.
    amounts: bool,
}

impl Pair {
    fn compare(self) -> Vec<Violation> {
        let (Some(left), Some(right)) = (&self.left.1, &self.right.1) else {
            return Vec::new();
        };
        let by_key = |lines: &[Tally]| -> BTreeMap<String, Tally> {
            lines
                .iter()
                .map(|line| (line.key.clone(), line.clone()))
                .collect()
        };
        let (left_lines, right_lines) = (by_key(left), by_key(right));
        let mut found = Vec::new();
        for (key, line) in &left_lines {
            match right_lines.get(key) {
                None => found.push(self.missing(self.left.0, self.right.0, line)),
                Some(other) => found.extend(self.unequal(line, other)),
            }
        }
        let alone = right_lines
            .iter()
            .filter(|(key, _)| !left_lines.contains_key(*key));
        found.extend(alone.map(|(_, line)| self.missing(self.right.0, self.left.0, line)));
        found
    }

    fn missing(&self, here: Name, there: Name, line: &Tally) -> Violation {
        let what = format!(
            "{} of {} fen ({} {}) is not among {} {}",
            here.1, line.amount_minor, line.state, line.other, there.0, there.1
        );
        Violation::new(self.invariant, here.0, &line.key, what)
    }

    fn unequal(&self, left: &Tally, right: &Tally) -> Option<Violation> {
        let (here, there) = (self.left.0, self.right.0);
        let what = if self.tied && left.other != right.other {
            format!(
                "{} has {}, {} {} has {}",
                here.1, left.other, there.0, there.1, right.other
            )
        } else if self.amounts && left.amount_minor != right.amount_minor {
            format!(
                "{} has {} fen, {} {} has {}",
                here.1, left.amount_minor, there.0, there.1, right.amount_minor
            )
        } else {
            return None;
        };
        Some(Violation::new(self.invariant, here.0, &left.key, what))
    }
}

/// I2: the card that an order names is the one card that its order has.
fn cards(lists: &Lists) -> Vec<Violation> {
    let (orders, cards) = (("orders", "order_cards"), ("members", "cards"));
    Pair {
        invariant: Invariant::PaidIsGranted,
        left: (orders, lines(lists, orders, |line| !line.other.is_empty())),
        right: (cards, lines(lists, cards, |_| true)),
        tied: true,
        amounts: false,
    }
    .compare()
}

/// I2: the money of an order that gets no card goes back: a case has it in hand.
fn undelivered(lists: &Lists) -> Vec<Violation> {
    let (orders, cases) = (("orders", "order_cards"), ("refunds", "cases"));
    let owing = |line: &Tally| line.state == "unfulfillable" && line.amount_minor > 0;
    let (Some(owing), Some(cases)) = (
        lines(lists, orders, owing),
        lines(lists, cases, |line| line.state != "rejected"),
    ) else {
        return Vec::new();
    };
    let left = owing
        .iter()
        .filter(|order| !cases.iter().any(|case| case.other == order.key));
    left.map(|order| {
        let what = format!(
            "bought nothing, and no case gives {} fen back",
            order.amount_minor
        );
        Violation::new(Invariant::PaidIsGranted, orders.0, &order.key, what)
    })
    .collect()
}

/// I6: a due that was paid through a channel has its captured payment.
fn dues_by_channel(lists: &Lists) -> Vec<Violation> {
    let (dues, captured) = (("orders", "paid_dues"), ("payments", "captured"));
    Pair {
        invariant: Invariant::ChannelAgrees,
        left: (dues, turned(lines(lists, dues, |line| line.state != "wallet"))),
        right: (captured, lines(lists, captured, |line| line.state == "order")),
        tied: false, // surplus stands on a due of its own
        amounts: true,
    }
    .compare()
}

/// I6: what was paid from a wallet for an order was spent there for it.
fn dues_by_wallet(lists: &Lists) -> Vec<Violation> {
    let (dues, spends) = (("orders", "paid_dues"), ("wallet", "spends"));
    Pair {
        invariant: Invariant::ChannelAgrees,
        left: (dues, summed(lines(lists, dues, |line| line.state == "wallet"))),
        right: (spends, summed(lines(lists, spends, |_| true))),
        tied: false,
        amounts: true,
    }
    .compare()
}

/// I6: what a recharge received was captured for it.
fn recharges(lists: &Lists) -> Vec<Violation> {
    let (received, captured) = (("wallet", "recharges"), ("payments", "captured"));
    Pair {
        invariant: Invariant::ChannelAgrees,
        left: (received, turned(lines(lists, received, |_| true))),
        right: (captured, lines(lists, captured, |line| line.state == "recharge")),
        tied: true,
        amounts: true,
    }
    .compare()
}

/// I6: what came back to a wallet is a refund's leg that came back.
fn spend_returns(lists: &Lists) -> Vec<Violation> {
    let (legs, returns) = (("refunds", "legs"), ("wallet", "spend_returns"));
    Pair {
        invariant: Invariant::ChannelAgrees,
        left: (legs, lines(lists, legs, |line| line.state == "wallet returned")),
        right: (returns, lines(lists, returns, |_| true)),
        tied: true,
        amounts: true,
    }
    .compare()
}

/// I6: what payments sent back is what refunds or the wallet asked for. A
/// refund that bounced is nobody's: the next try has a key of its own.
fn channel_refunds(lists: &Lists) -> Vec<Violation> {
    let (refunds, legs, recharges) = (
        ("payments", "refunds"),
        ("refunds", "legs"),
        ("wallet", "recharge_returns"),
    );
    let (Some(refunds_there), Some(legs), Some(recharges)) = (
        lists.get(&refunds),
        lines(lists, legs, |line| line.state.starts_with("channel ")),
        lines(lists, recharges, |_| true),
    ) else {
        return Vec::new();
    };
    let asked: BTreeMap<&str, &Tally> = legs
        .iter()
        .chain(&recharges)
        .map(|line| (line.key.as_str(), line))
        .collect();
    let told = |key: &str, what: String| Violation::new(Invariant::ChannelAgrees, refunds.0, key, what);
    let mut found = Vec::new();
    for refund in refunds_there.iter().filter(|refund| refund.state != "bounced") {
        match asked.get(refund.key.as_str()) {
            None => found.push(told(
                &refund.key,
                format!("{} fen that nobody asked for", refund.amount_minor),
            )),
            Some(line) if line.amount_minor != refund.amount_minor => {
                let what = format!(
                    "is {} fen and {} were asked for",
                    refund.amount_minor, line.amount_minor
                );
                found.push(told(&refund.key, what));
            }
            Some(line) if line.state.ends_with("returned") != (refund.state == "succeeded") => {
                found.push(told(
                    &refund.key,
                    format!("is {} and its leg is {}", refund.state, line.state),
                ));
            }
            Some(_) => {}
        }
    }
    let made = |key: &str| {
        refunds_there
            .iter()
            .any(|refund| refund.key == key && refund.state != "bounced")
    };
    let back = asked
        .values()
        .filter(|line| line.state.ends_with("returned") && !made(&line.key));
    found.extend(back.map(|line| told(&line.key, "came back and payments never sent it".to_owned())));
    found
}

/// I3: what an order has written down as refunded is what its completed cases
/// gave back.
fn cases(lists: &Lists) -> Vec<Violation> {
    let (cases, records) = (("refunds", "cases"), ("orders", "refund_records"));
    Pair {
        invariant: Invariant::RefundsWithinPaid,
        left: (cases, lines(lists, cases, |line| line.state == "completed")),
        right: (records, lines(lists, records, |line| line.state == "recorded")),
        tied: true,
        amounts: true,
    }
    .compare()
}

/// I3: what legs of refunds promise of a due never passes what was paid.
fn promised(lists: &Lists) -> Vec<Violation> {
    let (dues, legs) = (("orders", "paid_dues"), ("refunds", "legs"));
    let (Some(dues), Some(legs)) = (
        lists.get(&dues),
        lines(lists, legs, |line| !line.state.ends_with("bounced")),
    ) else {
        return Vec::new();
    };
    let paid: BTreeMap<&str, i64> = dues
        .iter()
        .map(|due| (due.key.as_str(), due.amount_minor))
        .collect();
    let mut promised: BTreeMap<&str, i64> = BTreeMap::new();
    for leg in &legs {
        *promised.entry(&leg.other).or_default() += leg.amount_minor;
    }
    let over = promised.into_iter().filter_map(|(due, promised)| {
        let paid = paid.get(due).copied().unwrap_or_default();
        let what = format!("{promised} fen are promised back of {paid}");
        (promised > paid).then(|| Violation::new(Invariant::RefundsWithinPaid, "refunds", due, what))
    });
    over.collect()
}

#[cfg(test)]
mod tests;
