//! Recharges, spending and refunds are told, by mail and in the inbox.

#![expect(
    clippy::needless_update,
    reason = "one macro makes facts with and without further fields"
)]

use proto::studio::members::v1 as members;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::payments::v1 as payments;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::refunds::v1 as refunds;
use proto::studio::refunds::v1::refunds_event::Fact as Refund;
use proto::studio::wallet::v1 as wallet;
use proto::studio::wallet::v1::wallet_event::Fact as Wallet;

use crate::journey::id;
use crate::world::{World, money};

macro_rules! of_recharge {
    ($world:expr, $fact:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let (person_id, studio_id) = $world.who();
        Wallet::$fact(wallet::$fact {
            recharge_id: id(), person_id, studio_id, amount: money(50_000), $($field: $value,)* ..Default::default()
        })
    }};
}

#[tokio::test]
async fn a_recharge_is_told_until_it_may_be_paid() {
    let world = World::open().await;
    let method = wallet::RechargeMethod::WechatNative.into();
    let applied = of_recharge!(
        world,
        RechargeApplied {
            method: method,
            expire_at: world.now()
        }
    );
    world
        .wallet(applied, "recharge_applied", &["¥500.00", "微信支付"])
        .await;
    world
        .wallet(
            of_recharge!(
                world,
                RechargeAccepted {
                    expire_at: world.now()
                }
            ),
            "recharge_accepted",
            &["¥500.00"],
        )
        .await;
}

#[tokio::test]
async fn a_recharge_is_told_with_amount_time_and_method_when_it_is_posted() {
    let world = World::open().await;
    let method = wallet::RechargeMethod::WechatNative.into();
    world
        .wallet(
            of_recharge!(world, RechargeReceived { method: method }),
            "recharge_received",
            &["入账前不可使用"],
        )
        .await;
    let posted = of_recharge!(
        world,
        RechargePosted {
            method: method,
            balance: money(60_000)
        }
    );
    world
        .wallet(
            posted,
            "recharge_posted",
            &["¥500.00", "微信支付", "¥600.00", "年"],
        )
        .await;
}

#[tokio::test]
async fn a_recharge_that_fails_is_told_with_cause_and_advice() {
    let world = World::open().await;
    let rejected = of_recharge!(
        world,
        RechargeRejected {
            reason: wallet::RejectReason::WrongAmount.into(),
            advice: wallet::Advice::OtherMethod.into(),
            money_returns: true,
        }
    );
    world
        .wallet(
            rejected,
            "recharge_rejected",
            &["金额不符", "请更换支付方式", "按原路退回"],
        )
        .await;
    world
        .wallet(
            of_recharge!(world, RechargeExpired {}),
            "recharge_expired",
            &["未在期限内付款", "重新提交"],
        )
        .await;
    world
        .wallet(
            of_recharge!(world, RechargeCancelled {}),
            "recharge_cancelled",
            &["¥500.00"],
        )
        .await;
    world
        .wallet(
            of_recharge!(world, RechargeReturned {}),
            "recharge_returned",
            &["¥500.00"],
        )
        .await;
}

#[tokio::test]
async fn every_cause_and_advice_of_wallet_and_refunds_has_its_words() {
    let world = World::open().await;
    for reason in 1..=6 {
        for advice in 1..=3 {
            let fact = of_recharge!(
                world,
                RechargeRejected {
                    reason: reason,
                    advice: advice
                }
            );
            world.hears(wallet::WalletEvent { fact: Some(fact) }).await;
        }
    }
    for reason in 1..=4 {
        let (person_id, studio_id) = world.who();
        let fact = refunds::RefundRejected {
            case_id: id(),
            person_id,
            studio_id,
            reason,
            ..Default::default()
        };
        world
            .hears(refunds::RefundsEvent {
                fact: Some(Refund::RefundRejected(fact)),
            })
            .await;
    }
    assert_eq!((world.mails().len(), world.messages().await.len()), (22, 22));
}

#[tokio::test]
async fn what_a_wallet_spends_and_gets_back_is_told() {
    let world = World::open().await;
    let (person_id, studio_id) = world.who();
    let spent = wallet::WalletSpent {
        person_id: person_id.clone(),
        studio_id: studio_id.clone(),
        due_id: id(),
        amount: money(8_000),
        balance: money(42_000),
        ..Default::default()
    };
    world
        .wallet(Wallet::WalletSpent(spent), "wallet_spent", &["¥80.00", "¥420.00"])
        .await;
    let back = wallet::SpendReturned {
        person_id,
        studio_id,
        leg_id: id(),
        amount: money(4_000),
        balance: money(46_000),
        ..Default::default()
    };
    world
        .wallet(
            Wallet::SpendReturned(back),
            "spend_returned",
            &["¥40.00", "¥460.00"],
        )
        .await;
}

macro_rules! of_case {
    ($world:expr, $fact:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let (person_id, studio_id) = $world.who();
        Refund::$fact(refunds::$fact {
            case_id: id(), person_id, studio_id, amount: money(12_345), $($field: $value,)* ..Default::default()
        })
    }};
}

#[tokio::test]
async fn the_result_of_a_refund_is_told() {
    let world = World::open().await;
    world
        .refund(
            of_case!(world, RefundRequested {}),
            "refund_requested",
            &["¥123.45"],
        )
        .await;
    world
        .refund(
            of_case!(world, RefundApproved {}),
            "refund_approved",
            &["¥123.45"],
        )
        .await;
    let reason = refunds::CaseRejectReason::ConditionsNotMet.into();
    world
        .refund(
            of_case!(world, RefundRejected { reason: reason }),
            "refund_rejected",
            &["不符合退费条件"],
        )
        .await;
    world
        .refund(
            of_case!(world, RefundCompleted {}),
            "refund_completed",
            &["¥123.45"],
        )
        .await;
}

#[tokio::test]
async fn a_recharge_payment_is_told_by_the_wallet_alone() {
    let world = World::open().await;
    let mut captured = world.captured();
    captured.purpose = payments::Purpose::Recharge.into();
    world
        .hears(payments::PaymentsEvent {
            fact: Some(Payment::PaymentCaptured(captured)),
        })
        .await;
    assert!(world.messages().await.is_empty());
    assert_eq!(
        world.count("notices").await,
        3,
        "the departments hear of it all the same"
    );
}

#[tokio::test]
async fn somebody_taken_over_from_an_older_system_is_not_welcomed() {
    let world = World::open().await;
    let (person_id, home_studio_id) = world.who();
    let fact = members::PersonRegistered {
        person_id,
        home_studio_id,
        imported: true,
    };
    world
        .hears(members::MembersEvent {
            fact: Some(Member::PersonRegistered(fact)),
        })
        .await;
    assert!(world.messages().await.is_empty());
}
