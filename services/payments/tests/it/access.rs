use kernel::{PersonId, RefundLegId};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use testkit::Door;
use tonic::{Code, Status};

use crate::world::{World, fen, intents, reason, receipts, request_id};

async fn payments(door: Door) -> Result<usize, Status> {
    let listed = intents(door)
        .list_payments(pb::ListPaymentsRequest::default())
        .await?;
    Ok(listed.into_inner().payments.len())
}

async fn receipt(door: Door, payment: &pb::Payment) -> Result<pb::Receipt, Status> {
    let request = pb::GetReceiptRequest {
        receipt_id: payment.receipt_id.clone(),
        ..Default::default()
    };
    Ok(receipts(door)
        .get_receipt(request)
        .await?
        .into_inner()
        .receipt
        .unwrap())
}

#[tokio::test]
async fn staff_see_the_payments_of_their_studios_and_no_others() {
    let world = World::open().await;
    let payment = world.payment().await;
    let here = world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    let company = world.it.as_staff(Role::FinanceStaff, world.chain.beijing_company);
    let elsewhere = world.it.as_staff(Role::FrontDesk, world.chain.xuhui);
    assert_eq!(payments(here.clone()).await.unwrap(), 1);
    assert_eq!(payments(company).await.unwrap(), 1);
    assert_eq!(payments(elsewhere.clone()).await.unwrap(), 0);
    assert!(receipt(here, &payment).await.is_ok());
    assert_eq!(
        reason(&receipt(elsewhere, &payment).await.unwrap_err()),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn members_see_and_pay_what_is_theirs_and_nothing_else() {
    let world = World::open().await;
    let intent = world.intent().await;
    let owner: PersonId = intent.person_id.parse().unwrap();
    let stranger = PersonId::fresh();
    let refused = world
        .start_as(world.it.as_member(stranger), &intent)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    let attempt = world.start_as(world.it.as_member(owner), &intent).await.unwrap();
    world.it.settle().await;
    let get = pb::GetAttemptRequest {
        attempt_id: attempt.attempt_id.clone(),
    };
    assert!(
        intents(world.it.as_member(owner))
            .get_attempt(get.clone())
            .await
            .is_ok()
    );
    let refused = intents(world.it.as_member(stranger))
        .get_attempt(get)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    let watch = pb::WatchAttemptRequest {
        attempt_id: attempt.attempt_id.clone(),
    };
    let refused = intents(world.it.as_member(stranger))
        .watch_attempt(watch)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    world.pay(&attempt).await;
    assert_eq!(payments(world.it.as_member(owner)).await.unwrap(), 1);
    assert_eq!(payments(world.it.as_member(stranger)).await.unwrap(), 0);
}

#[tokio::test]
async fn only_orders_and_wallet_make_intents() {
    let world = World::open().await;
    let asked = world.asked();
    for door in [
        world.it.as_service("refunds"),
        world.it.as_staff(Role::FrontDesk, world.chain.chaoyang),
        world.it.as_member(PersonId::fresh()),
    ] {
        let refused = intents(door).create_intent(asked.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    }
    let refused = intents(world.it.anonymous())
        .create_intent(asked.clone())
        .await
        .unwrap_err();
    assert!(matches!(
        refused.code(),
        Code::Unauthenticated | Code::PermissionDenied
    ));
    assert!(
        intents(world.it.as_service("wallet"))
            .create_intent(asked)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn nobody_but_refunds_and_wallet_sends_money_back() {
    let world = World::open().await;
    let payment = world.payment().await;
    let request = pb::RefundRequest {
        request_id: request_id(),
        payment_id: payment.payment_id.clone(),
        leg_id: RefundLegId::fresh().to_string(),
        amount: Some(fen(1)),
        reason: "退课".to_owned(),
    };
    for door in [
        world.it.as_service("orders"),
        world.it.as_staff(Role::RefundApprover, world.chain.operator),
        world.it.as_staff(Role::FinanceSupervisor, world.chain.operator),
    ] {
        let mut client = proto::studio::payments::v1::refund_service_client::RefundServiceClient::new(door);
        assert_eq!(
            client.refund(request.clone()).await.unwrap_err().code(),
            Code::PermissionDenied
        );
    }
    assert!(world.refunds().refund(request).await.is_ok());
}

#[tokio::test]
async fn a_bad_field_is_named() {
    let world = World::open().await;
    let asked = pb::CreateIntentRequest {
        due_id: "7".to_owned(),
        description: String::new(),
        ..world.asked()
    };
    let refused = world.create(asked).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::InvalidArgument, "INVALID_FIELDS")
    );
    let neither = receipts(world.it.as_service("orders"))
        .get_receipt(pb::GetReceiptRequest::default())
        .await;
    assert_eq!(reason(&neither.unwrap_err()), "INVALID_FIELDS");
}
