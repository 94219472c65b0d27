//! The QR of Alipay: no trade exists until somebody scans it.

pub mod certificates;

use std::time::Duration;

use kernel::RefundLegId;
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::alipay::{APP_ID, Fails, Fault, Forgery, Operation, RefundEnd, SELLER_ID, Script, Simulator};
use testkit::house;

use crate::world::{NOTIFY, PRICE, World, reason};

const LIFE: Duration = Duration::from_secs(901);

/// The account of the merchant `house` at Alipay.
pub fn account(sim: &Simulator, timeout_ms: u64, certificates: Option<&certificates::Folder>) -> String {
    let path = |name: &str| house::keys().alipay(name).display().to_string();
    let keys = certificates.map_or_else(
        || format!("public_key_file = '{}'\n", path("alipay-public.pem")),
        |folder| folder.settings(sim),
    );
    format!(
        "app_id = '{}'\nseller_id = '{}'\nprivate_key_file = '{}'\n{keys}base_url = '{}'\n\
         notify_url = '{NOTIFY}/callbacks/alipay/house'\ntimeout_ms = {timeout_ms}\n",
        APP_ID,
        SELLER_ID,
        path("app-private.pem"),
        sim.gateway(),
    )
}

impl World {
    async fn alipay_start(&self, intent: &pb::Intent) -> Result<pb::Attempt, tonic::Status> {
        self.start_by(self.it.as_service("orders"), intent, pb::Method::AlipayQr)
            .await
    }

    /// An attempt with its QR of Alipay on the screen.
    pub async fn alipay_qr(&self, intent: &pb::Intent) -> pb::Attempt {
        let attempt = self.alipay_start(intent).await.unwrap();
        self.it.settle().await;
        let attempt = self.attempt(&attempt.attempt_id).await;
        assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
        attempt
    }

    async fn alipay_pay(&self, attempt: &pb::Attempt) {
        self.alipay.pay(&attempt.code_url).unwrap();
        self.callbacks_done().await;
    }

    /// A payment by Alipay of a fresh due, captured, whose order obeys a script.
    pub async fn alipay_payment(&self, script: Script) -> pb::Payment {
        self.alipay.script_next(script);
        let intent = self.intent().await;
        let attempt = self.alipay_qr(&intent).await;
        self.alipay_pay(&attempt).await;
        self.payment_of(&intent).await
    }

    /// What went back at Alipay, in fen.
    fn alipay_gave_back(&self) -> i64 {
        let done = |refund: &serde_json::Value| {
            (refund["status"] == "SUCCESS").then(|| refund["amount"]["refund"].as_i64().unwrap())
        };
        self.alipay.refunds().iter().filter_map(done).sum()
    }
}

#[tokio::test]
async fn a_qr_of_alipay_is_scanned_and_paid_and_its_notification_thanked_in_its_one_word() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    assert!(attempt.code_url.starts_with("https://qr.alipay.com/"));
    world.alipay_pay(&attempt).await;
    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.method(), pb::Method::AlipayQr);
    assert_eq!(payment.amount.unwrap().minor, PRICE);
    assert_eq!(
        payment.channel_transaction,
        world.alipay.orders()[0]["transaction_id"]
    );
    let sent = world.alipay.sent();
    assert_eq!(
        (sent.len(), sent[0].status, sent[0].acknowledged),
        (1, Some(200), true)
    );
    world.books_balance().await;
}

#[tokio::test]
async fn a_payment_whose_notification_is_lost_is_found_by_asking() {
    let world = World::open().await;
    world.alipay.script_next(Script {
        lose_notice: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    world.alipay.scan(&attempt.code_url).unwrap();
    world.later(Duration::from_secs(3)).await;
    let looked = world.attempt(&attempt.attempt_id).await;
    assert_eq!(looked.state(), pb::AttemptState::AwaitingPayment);
    world.alipay_pay(&attempt).await;
    world.later(Duration::from_secs(3)).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(world.alipay.sent().len(), 0);
    world.books_balance().await;
}

#[tokio::test]
async fn a_notification_in_gbk_is_proved_and_read() {
    let world = World::open().await;
    let payment = world
        .alipay_payment(Script {
            notice_in_gbk: true,
            duplicate_notice: 2,
            ..Script::default()
        })
        .await;
    assert_eq!(payment.method(), pb::Method::AlipayQr);
    assert!(world.alipay.sent().iter().all(|sent| sent.acknowledged));
    assert_eq!(world.facts("payment_captured").await, 1);
}

/// Nobody scanned, so Alipay knows no trade that it could close, and whoever has
/// the QR on a screen can still pay: only when the QR is dead is the attempt over.
#[tokio::test]
async fn a_qr_that_was_taken_back_is_watched_until_nobody_can_scan_it() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    world.cancel(&intent).await.unwrap();
    world.later(Duration::from_mins(5)).await;
    let state = async || world.attempt(&attempt.attempt_id).await.state();
    assert_eq!(state().await, pb::AttemptState::Closing);
    world.later(Duration::from_mins(10)).await;
    assert_eq!(state().await, pb::AttemptState::Closing);
    world.later(Duration::from_mins(7)).await;
    assert_eq!(state().await, pb::AttemptState::Cancelled);
}

#[tokio::test]
async fn who_scans_a_qr_that_was_taken_back_gets_the_money_back() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    world.cancel(&intent).await.unwrap();
    world.later(Duration::from_mins(5)).await;
    world.alipay_pay(&attempt).await;
    world.refunds_done().await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Isolated
    );
    assert_eq!(world.alipay_gave_back(), PRICE);
    world.books_balance().await;
}

#[tokio::test]
async fn an_alipay_qr_that_nobody_scans_expires_and_one_that_waits_is_closed() {
    let world = World::open().await;
    let (unseen, seen) = (world.intent().await, world.intent().await);
    let (first, second) = (world.alipay_qr(&unseen).await, world.alipay_qr(&seen).await);
    world.alipay.scan(&second.code_url).unwrap();
    world.later(LIFE).await;
    assert_eq!(
        world.attempt(&second.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
    world.later(Duration::from_mins(2)).await;
    assert_eq!(
        world.attempt(&first.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
}

/// Two ways to pay are never open at once: the one before has to end.
#[tokio::test]
async fn another_method_is_shown_only_after_the_one_before_has_ended() {
    let world = World::open().await;
    let intent = world.intent().await;
    let wechat = world.qr(&intent).await;
    let closing = world.alipay_start(&intent).await.unwrap();
    assert_eq!(closing.attempt_id, wechat.attempt_id);
    assert_eq!(
        reason(&world.alipay_start(&intent).await.unwrap_err()),
        "ATTEMPT_CLOSING"
    );
    world.later(Duration::from_secs(1)).await;
    let alipay = world.alipay_qr(&intent).await;
    assert_ne!(alipay.attempt_id, wechat.attempt_id);
    world.alipay_pay(&alipay).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(
        world.attempt(&wechat.attempt_id).await.state(),
        pb::AttemptState::Cancelled
    );
    world.books_balance().await;
}

#[rstest]
#[case::bad_signature(Forgery::BadSignature)]
#[case::no_signature(Forgery::Unsigned)]
#[case::decoded_twice(Forgery::DecodedTwice)]
#[tokio::test]
async fn a_notification_that_proves_nothing_is_refused_and_leaves_no_trace(#[case] forgery: Forgery) {
    let world = World::open().await;
    world.alipay.script_next(Script {
        forged: vec![forgery; 3],
        lose_notice: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    world.alipay_pay(&attempt).await;
    let sent = world.alipay.sent();
    assert_eq!(sent.iter().filter(|sent| sent.status == Some(401)).count(), 3);
    assert_eq!(
        world
            .count("select count(*) from callbacks where $1 = ''", "")
            .await,
        0
    );
    assert_eq!(world.facts("payment_captured").await, 0);
}

#[rstest]
#[case::amount(Forgery::WrongAmount, "amount")]
#[case::seller(Forgery::WrongSeller, "merchant")]
#[case::application(Forgery::WrongApp, "app")]
#[tokio::test]
async fn a_notification_that_contradicts_us_is_quarantined_and_applied_to_nothing(
    #[case] forgery: Forgery,
    #[case] why: &str,
) {
    let world = World::open().await;
    world.alipay.script_next(Script {
        forged: vec![forgery],
        lose_notice: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.alipay_qr(&intent).await;
    world.alipay_pay(&attempt).await;
    assert_eq!(
        world
            .count("select count(*) from quarantine where why = $1", why)
            .await,
        1
    );
    assert_eq!(world.facts("payment_captured").await, 0);
}

#[rstest]
#[case::time_out(Fails::DoneButTimeOut)]
#[case::done_but_system_error(Fails::DoneButSystemError)]
#[case::system_error(Fails::SystemError)]
#[case::unavailable(Fails::Unavailable)]
#[case::html(Fails::BadGateway)]
#[case::too_often(Fails::RateLimited)]
#[case::bad_signature(Fails::BadSignature)]
#[case::unsigned(Fails::Unsigned)]
#[case::unknown_certificate(Fails::UnknownCertificate)]
#[tokio::test]
async fn whatever_goes_wrong_with_alipay_the_order_is_paid_once(#[case] how: Fails) {
    let world = World::open().await;
    let fault = |call| Fault { call, how, times: 2 };
    world.alipay.script_next(Script {
        lose_notice: true,
        faults: vec![fault(Operation::Precreate), fault(Operation::Query)],
        ..Script::default()
    });
    let intent = world.intent().await;
    let started = world.alipay_start(&intent).await.unwrap();
    for _ in 0..6 {
        world.later(Duration::from_secs(2)).await;
    }
    let attempt = world.attempt(&started.attempt_id).await;
    assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
    world.alipay_pay(&attempt).await;
    for _ in 0..4 {
        world.later(Duration::from_secs(15)).await;
    }
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    assert_eq!(world.alipay.orders().len(), 1);
    world.books_balance().await;
}

#[rstest]
#[case::at_once(RefundEnd::AtOnce)]
#[case::later(RefundEnd::Later)]
#[case::accepted_and_forgotten(RefundEnd::Lost)]
#[tokio::test]
async fn parts_of_an_alipay_payment_go_back_once_each_however_they_end(#[case] refund_ends: RefundEnd) {
    let world = World::open().await;
    let payment = world
        .alipay_payment(Script {
            refund_ends,
            ..Script::default()
        })
        .await;
    let legs = [RefundLegId::fresh(), RefundLegId::fresh()];
    for leg in legs {
        world.refund(&payment, leg, 1_000).await.unwrap();
        world.refunds_done().await;
        for _ in 0..4 {
            world.later(Duration::from_secs(15)).await;
        }
    }
    for leg in legs {
        assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    }
    assert_eq!(world.alipay_gave_back(), 2_000);
    world.books_balance().await;
}

/// A refund without an end is never called done, nor failed.
#[tokio::test]
async fn a_refund_that_alipay_never_ends_stays_under_way() {
    let world = World::open().await;
    let payment = world
        .alipay_payment(Script {
            refund_ends: RefundEnd::Never,
            ..Script::default()
        })
        .await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_000).await.unwrap();
    for _ in 0..4 {
        world.later(Duration::from_hours(1)).await;
    }
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Submitted);
    world.books_balance().await;
}

/// The first try may have moved money: that the gateway turns the second away
/// ends nothing, since Alipay's silence about the first proves nothing.
#[tokio::test]
async fn a_refund_that_the_gateway_turns_away_stays_reserved_and_goes_out_once() {
    let world = World::open().await;
    let fault = |how, times| Fault {
        call: Operation::Refund,
        how,
        times,
    };
    let payment = world
        .alipay_payment(Script {
            faults: vec![fault(Fails::BadGateway, 1), fault(Fails::TurnedAway, 2)],
            ..Script::default()
        })
        .await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, 1_000).await.unwrap();
    for _ in 0..2 {
        world.later(Duration::from_secs(15)).await;
        assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Submitted);
    }
    for _ in 0..6 {
        world.later(Duration::from_secs(15)).await;
    }
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(world.alipay_gave_back(), 1_000);
    world.books_balance().await;
}

#[tokio::test]
async fn a_refund_waits_for_funds_at_alipay_and_goes_out_under_its_number() {
    let world = World::open().await;
    let payment = world
        .alipay_payment(Script {
            refund_not_enough: true,
            ..Script::default()
        })
        .await;
    let leg = RefundLegId::fresh();
    world.refund(&payment, leg, PRICE).await.unwrap();
    world.refunds_done().await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Submitted);
    world
        .alipay
        .script(&payment.channel_number, Script::default())
        .unwrap();
    world.later(Duration::from_mins(2)).await;
    world.refunds_done().await;
    assert_eq!(world.refund_now(leg).await.state(), pb::RefundState::Succeeded);
    assert_eq!(world.alipay_gave_back(), PRICE);
}
