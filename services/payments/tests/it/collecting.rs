use std::time::Duration;

use kernel::{LegalEntityId, PersonId, to_proto_time};
use proto::studio::payments::v1 as pb;
use rstest::rstest;
use testkit::chain;
use testkit::wechat::{Fails, Fault, Operation, Script};
use tonic::Code;

use crate::world::{PRICE, Told, World, fen, reason, receipts, request_id};

async fn receipt_of(world: &World, payment: &pb::Payment) -> pb::Receipt {
    let request = pb::GetReceiptRequest {
        payment_id: payment.payment_id.clone(),
        ..Default::default()
    };
    let reply = receipts(world.it.as_service("orders")).get_receipt(request).await;
    reply.unwrap().into_inner().receipt.unwrap()
}

#[tokio::test]
async fn a_qr_is_shown_then_paid_and_the_receipt_stands_with_the_payment() {
    let world = World::open().await;
    let intent = world.intent().await;
    assert_eq!(intent.state(), pb::IntentState::Open);
    let attempt = world.qr(&intent).await;
    assert!(attempt.code_url.starts_with("weixin://"));
    assert!(attempt.qr_svg.contains("<svg") && attempt.qr_png.starts_with(b"\x89PNG"));
    world.pay(&attempt).await;
    assert_eq!(world.facts("attempt_opened").await, 1);

    let paid = world.attempt(&attempt.attempt_id).await;
    assert_eq!(paid.state(), pb::AttemptState::Paid);
    assert!(paid.code_url.is_empty() && paid.qr_svg.is_empty());
    let intent = world.intent_now(&intent).await;
    assert_eq!(intent.state(), pb::IntentState::Paid);
    let payment = world.payment_of(&intent).await;
    assert_eq!(
        (&payment.payment_id, &payment.payment_id),
        (&intent.payment_id, &paid.payment_id)
    );
    assert_eq!(payment.amount, Some(fen(PRICE)));
    assert!(payment.channel_transaction.starts_with("4200"));
    let receipt = receipt_of(&world, &payment).await;
    assert_eq!(receipt.receipt_number, payment.receipt_number);
    assert!(receipt.receipt_number.starts_with("LE-BJ-"));
    assert_eq!(receipt.channel_transaction, payment.channel_transaction);
    assert_eq!(receipt.amount, payment.amount);
    world.books_balance().await;
}

#[tokio::test]
async fn receipts_of_a_legal_entity_count_up() {
    let world = World::open().await;
    let (first, second) = (world.payment().await, world.payment().await);
    let count = |number: &str| number.rsplit('-').next().unwrap().parse::<i64>().unwrap();
    assert_eq!(count(&second.receipt_number), count(&first.receipt_number) + 1);
}

#[tokio::test]
async fn the_poll_finds_a_payment_whose_callback_is_lost() {
    let world = World::open().await;
    world.sim.script_next(Script {
        lose_callback: true,
        ..Script::default()
    });
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::AwaitingPayment
    );
    world.later(Duration::from_secs(3)).await;
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::Paid
    );
    world.books_balance().await;
}

#[tokio::test]
async fn asking_again_for_a_due_answers_its_one_intent() {
    let world = World::open().await;
    let asked = world.asked();
    let first = world.create(asked.clone()).await.unwrap();
    assert_eq!(world.create(asked.clone()).await.unwrap(), first);
    let anew = pb::CreateIntentRequest {
        request_id: request_id(),
        ..asked
    };
    assert_eq!(world.create(anew).await.unwrap().intent_id, first.intent_id);
}

#[tokio::test]
async fn asking_for_another_amount_or_person_is_refused_and_names_the_field() {
    let world = World::open().await;
    let asked = world.asked();
    world.create(asked.clone()).await.unwrap();
    let more = pb::CreateIntentRequest {
        request_id: request_id(),
        amount: Some(fen(PRICE + 1)),
        ..asked.clone()
    };
    let refused = world.create(more).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::AlreadyExists, "INTENT_DIFFERS")
    );
    let other = pb::CreateIntentRequest {
        request_id: request_id(),
        person_id: PersonId::fresh().to_string(),
        ..asked.clone()
    };
    assert_eq!(reason(&world.create(other).await.unwrap_err()), "INTENT_DIFFERS");
    let same_key = pb::CreateIntentRequest {
        amount: Some(fen(PRICE + 1)),
        ..asked
    };
    assert_eq!(
        reason(&world.create(same_key).await.unwrap_err()),
        "IDEMPOTENCY_KEY_REUSED"
    );
}

#[rstest]
#[case::nothing(0)]
#[case::less_than_nothing(-1)]
#[tokio::test]
async fn an_amount_that_is_not_above_zero_is_refused(#[case] minor: i64) {
    let world = World::open().await;
    let asked = pb::CreateIntentRequest {
        amount: Some(fen(minor)),
        ..world.asked()
    };
    let refused = world.create(asked).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
}

#[tokio::test]
async fn an_intent_without_time_or_merchant_is_refused() {
    let world = World::open_told(Told {
        wait_ms: 0,
        house_for: vec![chain().beijing_company],
        ..Told::default()
    })
    .await;
    let nobody = world.asked_of(world.chain.chaoyang, LegalEntityId::fresh());
    assert_eq!(reason(&world.create(nobody).await.unwrap_err()), "NO_MERCHANT");
    let soon = to_proto_time(world.it.clock().now() + Duration::from_secs(30));
    let asked = pb::CreateIntentRequest {
        expire_at: Some(soon),
        ..world.asked()
    };
    assert_eq!(
        reason(&world.create(asked).await.unwrap_err()),
        "EXPIRES_TOO_SOON"
    );
}

#[tokio::test]
async fn while_an_attempt_is_open_the_same_one_is_answered() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let again = world.start(&intent).await.unwrap();
    assert_eq!(
        (&again.attempt_id, &again.code_url),
        (&attempt.attempt_id, &attempt.code_url)
    );
    assert_eq!(world.sim.orders().len(), 1);
}

#[tokio::test]
async fn a_paid_intent_starts_no_attempt() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    assert_eq!(reason(&world.start(&intent).await.unwrap_err()), "ALREADY_PAID");
    assert_eq!(reason(&world.cancel(&intent).await.unwrap_err()), "ALREADY_PAID");
}

/// The attempt is durable before the channel is asked, so whatever becomes of
/// the call, one order at the channel is found again by its number.
#[rstest]
#[case::time_out(Fails::DoneButTimeOut)]
#[case::error_although_done(Fails::DoneButSystemError)]
#[case::error(Fails::SystemError)]
#[case::a_page_of_a_proxy(Fails::BadGateway)]
#[case::too_often(Fails::RateLimited)]
#[case::bad_signature(Fails::BadSignature)]
#[case::probe(Fails::SignTest)]
#[tokio::test]
async fn a_doubt_about_the_qr_is_resolved_under_the_same_number(#[case] how: Fails) {
    let world = World::open().await;
    let fault = |call| Fault { call, how, times: 1 };
    world.sim.script_next(Script {
        faults: vec![fault(Operation::Create), fault(Operation::Query)],
        ..Script::default()
    });
    let intent = world.intent().await;
    let started = world.start(&intent).await.unwrap();
    world.it.settle().await;
    let doubtful = world.attempt(&started.attempt_id).await;
    assert_eq!(
        doubtful.state(),
        pb::AttemptState::Creating,
        "a doubt is no failure"
    );
    for _ in 0..3 {
        world.later(Duration::from_secs(2)).await;
    }
    let open = world.attempt(&started.attempt_id).await;
    assert_eq!(open.state(), pb::AttemptState::AwaitingPayment);
    assert_eq!(open.channel_number, started.channel_number);
    assert_eq!(world.sim.orders().len(), 1);
    world.pay(&open).await;
    world.books_balance().await;
    assert_eq!(world.facts("payment_captured").await, 1);
}

#[tokio::test]
async fn what_the_channel_refuses_for_good_fails_and_leaves_the_intent_open() {
    let world = World::open().await;
    let asked = world.asked_of(world.chain.xuhui, world.chain.shanghai_company);
    let intent = world.create(asked).await.unwrap();
    let started = world.start(&intent).await.unwrap();
    world.it.settle().await;
    let failed = world.attempt(&started.attempt_id).await;
    assert_eq!(failed.state(), pb::AttemptState::Failed);
    assert_eq!(failed.failure, "APPID_MCHID_NOT_MATCH");
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Open);
    assert_ne!(world.start(&intent).await.unwrap().attempt_id, started.attempt_id);
}

#[tokio::test]
async fn the_call_waits_for_the_qr_while_the_channel_is_asked() {
    let world = World::open_told(Told {
        wait_ms: 20_000,
        house_for: Vec::new(),
        ..Told::default()
    })
    .await;
    let intent = world.intent().await;
    let started = tokio::select! {
        started = world.start(&intent) => started,
        () = world.it.work() => panic!("it works for ever"),
    };
    let attempt = started.unwrap();
    assert_eq!(attempt.state(), pb::AttemptState::AwaitingPayment);
    assert!(attempt.code_url.starts_with("weixin://"));
}

#[tokio::test]
async fn a_watcher_sees_the_payment_and_the_stream_ends() {
    let world = World::open().await;
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    let request = pb::WatchAttemptRequest {
        attempt_id: attempt.attempt_id.clone(),
    };
    let mut stream = world.orders().watch_attempt(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap().attempt.unwrap();
    assert_eq!(first.state(), pb::AttemptState::AwaitingPayment);
    assert!(first.qr_svg.contains("<svg"));
    world.pay(&attempt).await;
    let second = stream.message().await.unwrap().unwrap().attempt.unwrap();
    assert_eq!(second.state(), pb::AttemptState::Paid);
    assert!(stream.message().await.unwrap().is_none());
}

#[tokio::test]
async fn pages_of_payments_show_each_once() {
    let world = World::open().await;
    for _ in 0..3 {
        world.payment().await;
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListPaymentsRequest {
            page_size: 1,
            page_token: token,
            ..Default::default()
        };
        let page = world.orders().list_payments(request).await.unwrap().into_inner();
        seen.extend(page.payments.into_iter().map(|p| p.payment_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
}
