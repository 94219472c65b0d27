use std::time::Duration;

use proto::studio::access::v1::Role;
use proto::studio::orders::v1::PaymentMethod;
use proto::studio::refunds::v1 as pb;

use crate::world::{Sale, World, id, minor, money, policy, reason, refunds};

fn ask(sale: &Sale) -> pb::QuoteRefundRequest {
    pb::QuoteRefundRequest {
        order_id: sale.order.clone(),
        reason: pb::RefundReason::Personal.into(),
        due_id: String::new(),
        requested_amount: None,
    }
}

#[tokio::test]
async fn a_dry_run_shows_every_line_and_changes_nothing() {
    let world = World::open().await;
    let mut table = policy("0.9");
    table.rules[0].fee = Some(money(5_000));
    world.publish(table).await;
    let sale = world.sold_for(&[
        (60_000, PaymentMethod::Wallet),
        (40_000, PaymentMethod::WechatNative),
    ]);
    world.visited(&sale, 2);
    let quote = world
        .member(sale.person)
        .quote_refund(ask(&sale))
        .await
        .unwrap()
        .into_inner()
        .quote
        .unwrap();
    let lines: Vec<_> = quote
        .lines
        .iter()
        .map(|l| (l.kind(), minor(l.amount.clone())))
        .collect();
    let expected = vec![
        (pb::LineKind::Paid, 100_000),
        (pb::LineKind::Used, -20_000),
        (pb::LineKind::Ratio, -8_000),
        (pb::LineKind::Fee, -5_000),
    ];
    assert_eq!(lines, expected);
    let ways: Vec<_> = quote
        .legs
        .iter()
        .map(|l| (l.route(), minor(l.amount.clone())))
        .collect();
    assert_eq!(
        ways,
        vec![(pb::LegRoute::Wallet, 40_200), (pb::LegRoute::Channel, 26_800)]
    );
    assert_eq!(
        (
            quote.used_share.as_str(),
            quote.rule_code.as_str(),
            quote.order_version
        ),
        ("0.2", "standard", 9)
    );
    assert_eq!(
        (world.count("cases").await, world.count("due_refunds").await),
        (0, 0)
    );
}

#[tokio::test]
async fn an_order_beyond_reach_is_not_there() {
    let world = World::with_policy().await;
    let (sale, other) = (world.sold(10_000), world.sold(10_000));
    assert_eq!(
        reason(world.member(other.person).quote_refund(ask(&sale)).await),
        "NOT_FOUND"
    );
    let elsewhere = refunds(world.it.as_staff(Role::RefundClerk, world.chain.haidian));
    assert_eq!(
        reason(elsewhere.clone().quote_refund(ask(&sale)).await),
        "NOT_FOUND"
    );
    world.clerk().quote_refund(ask(&sale)).await.unwrap();
    let unknown = Sale { order: id(), ..sale };
    let answer = world.clerk().quote_refund(ask(&unknown)).await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn without_a_policy_of_its_day_nothing_is_calculated() {
    let world = World::open().await;
    let sale = world.sold(10_000);
    assert_eq!(reason(world.clerk().quote_refund(ask(&sale)).await), "NO_POLICY");
    world.it.advance(Duration::from_hours(1));
    world.publish(policy("1")).await;
    assert_eq!(reason(world.clerk().quote_refund(ask(&sale)).await), "NO_POLICY");
}

#[tokio::test]
async fn the_window_closes_and_says_since_when() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    world.it.advance(Duration::from_hours(24 * 90 - 1));
    world.clerk().quote_refund(ask(&sale)).await.unwrap();
    world.it.advance(Duration::from_hours(2));
    assert_eq!(
        reason(world.clerk().quote_refund(ask(&sale)).await),
        "WINDOW_CLOSED"
    );
}

#[tokio::test]
async fn what_is_unpaid_used_up_or_too_much_is_refused_each_with_its_reason() {
    let world = World::with_policy().await;
    let unpaid = world.sold_for(&[]);
    assert_eq!(
        reason(world.clerk().quote_refund(ask(&unpaid)).await),
        "NOTHING_PAID"
    );
    let used_up = world.sold(10_000);
    world.visited(&used_up, 10);
    assert_eq!(
        reason(world.clerk().quote_refund(ask(&used_up)).await),
        "NOT_REFUNDABLE"
    );
    let sale = world.sold(10_000);
    let more = pb::QuoteRefundRequest {
        requested_amount: Some(money(10_001)),
        ..ask(&sale)
    };
    assert_eq!(reason(world.clerk().quote_refund(more).await), "ABOVE_REFUNDABLE");
    let nothing = pb::QuoteRefundRequest {
        requested_amount: Some(money(0)),
        ..ask(&sale)
    };
    assert_eq!(
        reason(world.clerk().quote_refund(nothing).await),
        "INVALID_FIELDS"
    );
    let no_reason = pb::QuoteRefundRequest {
        reason: 0,
        ..ask(&sale)
    };
    assert_eq!(
        reason(world.clerk().quote_refund(no_reason).await),
        "INVALID_FIELDS"
    );
}
