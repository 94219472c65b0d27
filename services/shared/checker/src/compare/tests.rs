use super::*;

fn line(key: &str, other: &str, amount_minor: i64, state: &str) -> Tally {
    Tally {
        key: key.to_owned(),
        other: other.to_owned(),
        amount_minor,
        state: state.to_owned(),
    }
}

/// A house in which one order was paid through a channel and one from a
/// wallet, both refunded, and one recharge was posted and one sent back.
fn agreed() -> Lists {
    Lists::from([
        (
            ("members", "cards"),
            vec![line("order 1", "card 1", 900, "ended")],
        ),
        (
            ("orders", "order_cards"),
            vec![
                line("order 1", "card 1", 0, "fulfilled"),
                line("order 2", "", 0, "unfulfillable"),
            ],
        ),
        (
            ("orders", "paid_dues"),
            vec![
                line("due 1", "payment 1", 900, "wechat_native"),
                line("due 2", "order 2", 500, "wallet"),
            ],
        ),
        (
            ("orders", "refund_records"),
            vec![line("case 1", "order 1", 900, "recorded")],
        ),
        (
            ("payments", "captured"),
            vec![
                line("payment 1", "due 1", 900, "order"),
                line("payment 3", "due 3", 700, "recharge"),
            ],
        ),
        (
            ("payments", "refunds"),
            vec![
                line("leg 1", "payment 1", 900, "succeeded"),
                line("leg 1 before", "payment 1", 900, "bounced"),
                line("leg 3", "payment 3", 700, "submitted"),
            ],
        ),
        (("wallet", "spends"), vec![line("due 2", "order 2", 500, "")]),
        (("wallet", "spend_returns"), vec![line("leg 2", "due 2", 500, "")]),
        (
            ("wallet", "recharges"),
            vec![line("due 3", "payment 3", 700, "returning")],
        ),
        (
            ("wallet", "recharge_returns"),
            vec![line("leg 3", "payment 3", 700, "returning")],
        ),
        (
            ("refunds", "legs"),
            vec![
                line("leg 1", "due 1", 900, "channel returned"),
                line("leg 2", "due 2", 500, "wallet returned"),
            ],
        ),
        (
            ("refunds", "cases"),
            vec![line("case 1", "order 1", 900, "completed")],
        ),
    ])
}

#[test]
fn services_that_agree_leave_nothing_to_say() {
    assert_eq!(all(&agreed()), []);
}

/// What is found when one line of one list is changed or taken away.
fn found(name: Name, at: usize, change: impl FnOnce(&mut Tally)) -> Vec<String> {
    let mut lists = agreed();
    change(&mut lists.get_mut(&name).unwrap()[at]);
    all(&lists).iter().map(ToString::to_string).collect()
}

#[test]
fn a_line_that_one_side_lacks_is_named_from_both_sides() {
    for ((service, kind), lines) in agreed() {
        for (at, line) in lines.iter().enumerate() {
            let alone = ["bounced", "submitted", "unfulfillable"].contains(&line.state.as_str());
            if alone || kind == "cases" && line.state != "completed" {
                continue;
            }
            let mut lists = agreed();
            lists.get_mut(&(service, kind)).unwrap().remove(at);
            assert!(!all(&lists).is_empty(), "{service} {kind} without {}", line.key);
        }
    }
}

#[test]
fn every_difference_is_named_with_its_invariant() {
    let off = |line: &mut Tally| line.amount_minor += 1;
    let tied = |line: &mut Tally| line.other.push('x');
    for (name, at, changed, invariant) in [
        (("members", "cards"), 0, "other", "I2"),
        (("orders", "paid_dues"), 0, "amount", "I6"),
        (("orders", "paid_dues"), 1, "amount", "I6"),
        (("payments", "captured"), 0, "amount", "I6"),
        (("payments", "captured"), 1, "other", "I6"),
        (("orders", "order_cards"), 1, "amount", "I2"),
        (("wallet", "recharges"), 0, "amount", "I6"),
        (("wallet", "spend_returns"), 0, "other", "I6"),
        (("payments", "refunds"), 0, "amount", "I6"),
        (("refunds", "legs"), 1, "amount", "I3"),
        (("refunds", "cases"), 0, "amount", "I3"),
    ] {
        let told = if changed == "amount" {
            found(name, at, off)
        } else {
            found(name, at, tied)
        };
        assert!(
            told.iter().any(|v| v.starts_with(invariant)),
            "{name:?} {at}: {told:?}"
        );
    }
}

#[test]
fn a_refund_that_nobody_asked_for_or_that_ended_otherwise_is_named() {
    let told = found(("payments", "refunds"), 2, |line| line.key = "leg 9".to_owned());
    assert!(told[0].contains("nobody asked for"), "{told:?}");
    let told = found(("payments", "refunds"), 2, |line| {
        line.state = "succeeded".to_owned();
    });
    assert!(told[0].contains("its leg is returning"), "{told:?}");
    let told = found(("payments", "refunds"), 0, |line| {
        line.state = "bounced".to_owned();
    });
    assert!(told[0].contains("never sent it"), "{told:?}");
}

#[test]
fn what_stands_beside_a_service_that_is_away_is_not_compared() {
    let mut lists = agreed();
    lists.retain(|(service, _), _| *service != "payments");
    assert_eq!(all(&lists), []);
}
