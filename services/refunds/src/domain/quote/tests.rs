use chrono::Duration;
use kernel::{BenefitId, Clock, LegalEntityId, OrderId, PaymentId, PersonId, StudioId};
use proptest::prelude::*;

use super::*;
use crate::domain::order::{Benefit, Card};
use crate::domain::policy::Usage;
use crate::domain::policy::tests::{policy, rule};

fn due(minor: i64, before: i64, route: Route) -> PaidDue {
    PaidDue {
        id: DueId::fresh(),
        route,
        amount: Amount::from_minor(minor).unwrap(),
        before: Balance::from_minor(before).unwrap(),
        paid_at: Clock::real(),
        surplus: false,
    }
}

fn order(dues: Vec<PaidDue>, given: i32, taken: i32) -> Order {
    let benefit = Benefit {
        id: BenefitId::fresh(),
        uses: given,
        used: taken,
        left: given - taken,
    };
    Order {
        id: OrderId::fresh(),
        version: 7,
        person: PersonId::fresh(),
        studio: StudioId::fresh(),
        legal_entity: LegalEntityId::fresh(),
        contracted_at: Some(Clock::real()),
        dues,
        card: Some(Card {
            id: CardId::fresh(),
            valid_from: None,
            valid_days: 365,
            benefits: vec![benefit],
        }),
    }
}

fn ask() -> Ask {
    Ask {
        reason: Reason::Personal,
        due: None,
        at_most: None,
    }
}

fn fen(minor: i64) -> Option<Amount> {
    Amount::from_minor(minor)
}

fn lines(quote: &Quote) -> Vec<(LineKind, i64)> {
    quote.lines.iter().map(|line| (line.kind, line.minor)).collect()
}

#[test]
fn the_lines_lead_from_what_was_paid_to_what_goes_back() {
    let order = order(vec![due(100_000, 0, Route::Wallet)], 10, 2);
    let policy = policy(vec![Rule {
        fee_minor: 5_000,
        ..rule("standard", "0.9")
    }]);
    let quote = Quote::of(&order, &policy, ask(), Clock::real()).unwrap();
    let expected = vec![
        (LineKind::Paid, 100_000),
        (LineKind::Used, -20_000),
        (LineKind::Ratio, -8_000),
        (LineKind::Fee, -5_000),
    ];
    assert_eq!(lines(&quote), expected);
    assert_eq!((quote.amount_minor, quote.whole), (67_000, true));
    assert_eq!(quote.lines[2].ratio, Some(Decimal::new(9, 1)));
}

#[test]
fn half_a_fen_is_rounded_in_one_named_way() {
    let order = order(vec![due(3, 0, Route::Wallet)], 0, 0);
    let policy = policy(vec![rule("half", "0.5")]);
    assert_eq!(
        Quote::of(&order, &policy, ask(), Clock::real())
            .unwrap()
            .amount_minor,
        2
    );
}

#[test]
fn less_can_be_asked_for_and_never_more() {
    let order = order(vec![due(10_000, 0, Route::Wallet)], 10, 0);
    let policy = policy(vec![rule("standard", "0.8")]);
    let part = Ask {
        at_most: fen(3_000),
        ..ask()
    };
    let quote = Quote::of(&order, &policy, part, Clock::real()).unwrap();
    assert_eq!((quote.amount_minor, quote.whole), (3_000, false));
    assert_eq!(lines(&quote).last(), Some(&(LineKind::NotRequested, -5_000)));
    let more = Ask {
        at_most: fen(8_001),
        ..ask()
    };
    let refused = Quote::of(&order, &policy, more, Clock::real()).unwrap_err();
    assert_eq!(
        refused,
        Refusal::AboveRefundable {
            refundable: Balance::from_minor(8_000)
        }
    );
}

#[test]
fn a_part_takes_back_a_part_of_the_uses_in_the_members_favour() {
    let order = order(vec![due(10_000, 0, Route::Wallet)], 10, 0);
    let policy = policy(vec![rule("standard", "1")]);
    let part = Ask {
        at_most: fen(3_900),
        ..ask()
    };
    assert_eq!(
        Quote::of(&order, &policy, part, Clock::real())
            .unwrap()
            .uses_back(10),
        3
    );
}

#[test]
fn what_went_back_before_is_taken_off() {
    let policy = policy(vec![rule("standard", "1")]);
    let partly = order(vec![due(10_000, 4_000, Route::Wallet)], 0, 0);
    assert_eq!(
        Quote::of(&partly, &policy, ask(), Clock::real())
            .unwrap()
            .amount_minor,
        6_000
    );
    let wholly = order(vec![due(10_000, 10_000, Route::Wallet)], 0, 0);
    let refused = Quote::of(&wholly, &policy, ask(), Clock::real()).unwrap_err();
    assert_eq!(
        refused,
        Refusal::AboveRefundable {
            refundable: Some(Balance::ZERO)
        }
    );
}

#[test]
fn after_the_window_nothing_can_be_asked_for() {
    let order = order(vec![due(10_000, 0, Route::Wallet)], 0, 0);
    let policy = policy(vec![rule("standard", "1")]);
    let ends = policy.window_ends(order.dues[0].paid_at);
    assert!(Quote::of(&order, &policy, ask(), ends).is_ok());
    let refused = Quote::of(&order, &policy, ask(), ends + Duration::seconds(1)).unwrap_err();
    assert_eq!(refused, Refusal::WindowClosed { since: ends });
}

#[test]
fn no_fitting_line_and_a_ratio_of_nothing_give_nothing() {
    let order = order(vec![due(10_000, 0, Route::Wallet)], 10, 0);
    for rules in [
        vec![Rule {
            usage: Usage::Partly,
            ..rule("partly", "1")
        }],
        vec![rule("never", "0")],
    ] {
        assert_eq!(
            Quote::of(&order, &policy(rules), ask(), Clock::real()).unwrap_err(),
            Refusal::NotRefundable
        );
    }
}

#[test]
fn what_nothing_was_paid_for_gives_nothing_back() {
    let policy = policy(vec![rule("standard", "1")]);
    let refused = Quote::of(&order(vec![], 0, 0), &policy, ask(), Clock::real()).unwrap_err();
    assert_eq!(refused, Refusal::NothingPaid);
}

#[test]
fn money_goes_back_to_where_each_part_came_from() {
    let payment = PaymentId::fresh();
    let order = order(
        vec![
            due(10_000, 0, Route::Wallet),
            due(20_000, 0, Route::Channel(payment)),
        ],
        0,
        0,
    );
    let policy = policy(vec![rule("standard", "0.5")]);
    let quote = Quote::of(&order, &policy, ask(), Clock::real()).unwrap();
    let ways: Vec<_> = quote.ways.iter().map(|way| (way.route, way.minor)).collect();
    assert_eq!(
        ways,
        vec![(Route::Wallet, 5_000), (Route::Channel(payment), 10_000)]
    );
}

#[test]
fn money_that_bought_nothing_goes_back_whole_whatever_the_policy() {
    let surplus = PaidDue {
        surplus: true,
        ..due(20_000, 0, Route::Channel(PaymentId::fresh()))
    };
    let order = order(vec![due(10_000, 0, Route::Wallet), surplus], 10, 5);
    let quote = Quote::undelivered(&order, surplus.id).unwrap();
    assert_eq!(
        (quote.amount_minor, quote.policy, quote.card),
        (20_000, None, None)
    );
    let policy = policy(vec![rule("standard", "1")]);
    assert_eq!(
        Quote::of(&order, &policy, ask(), Clock::real()).unwrap().lines[0].minor,
        10_000
    );
}

#[test]
fn one_due_of_several_takes_back_its_part_of_the_card_and_not_the_whole() {
    let order = order(
        vec![due(4_000, 0, Route::Wallet), due(6_000, 0, Route::Wallet)],
        10,
        0,
    );
    let policy = policy(vec![rule("standard", "1")]);
    let part = Ask {
        due: Some(order.dues[0].id),
        ..ask()
    };
    let quote = Quote::of(&order, &policy, part, Clock::real()).unwrap();
    assert_eq!(
        (quote.amount_minor, quote.whole, quote.uses_back(10)),
        (4_000, false, 4)
    );
}

proptest! {
    #[test]
    fn lines_and_ways_add_up_and_no_way_passes_what_its_due_has_left(
        dues in prop::collection::vec((1i64..1_000_000, 0i64..1_000_000), 1..5),
        used in 0i32..11,
        ratio in 0u32..=1_000_000,
        fee in 0i64..100_000,
        most in 1i64..2_000_000,
    ) {
        let dues: Vec<_> = dues.into_iter().map(|(paid, before)| due(paid, before.min(paid), Route::Wallet)).collect();
        let order = order(dues.clone(), 10, used);
        let policy = policy(vec![Rule { ratio: Decimal::new(ratio.into(), 6), fee_minor: fee, ..rule("any", "1") }]);
        if let Ok(quote) = Quote::of(&order, &policy, Ask { at_most: fen(most), ..ask() }, Clock::real()) {
            prop_assert_eq!(quote.lines.iter().map(|l| l.minor).sum::<i64>(), quote.amount_minor);
            prop_assert_eq!(quote.ways.iter().map(|w| w.minor).sum::<i64>(), quote.amount_minor);
            for way in &quote.ways {
                let left = dues.iter().find(|d| d.id == way.due).unwrap().left();
                prop_assert!(way.minor <= left);
            }
        }
    }
}
