//! O13–O15: the approval by another person, the no, and the way back.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use testkit::{At, Identity};

use crate::review::pass;
use crate::world::{HEADER, PRODUCTS, World, id, reason};

fn reject(order: &pb::Order) -> pb::RejectRequest {
    pb::RejectRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        policy_version: "2026-1".to_owned(),
        reason: "不符合政策".to_owned(),
    }
}

fn send_back(order: &pb::Order) -> pb::SendBackRequest {
    pb::SendBackRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        policy_version: "2026-1".to_owned(),
        reason: "请核对门店".to_owned(),
    }
}

#[tokio::test]
async fn another_person_approves_and_reason_and_policy_are_kept() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    let ask = world.approval(&order);
    let approved = world
        .reviewer()
        .approve(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(approved.state(), pb::OrderState::Approved);
    assert_eq!(approved.approved_quote_hash, order.quote.unwrap().hash);
    assert_eq!(approved.policy_version, "2026-1");
    assert_ne!(approved.approver, approved.first_reviewer);
    assert_eq!(
        world.facts(&approved.order_id).await.last().unwrap(),
        "order_approved"
    );
}

#[tokio::test]
async fn nobody_approves_what_they_applied_for_entered_or_reviewed_first() {
    let world = World::open().await;
    let both = |person| {
        let studio = At::from(world.chain.chaoyang);
        let posts = [
            (Role::CustomerService, studio),
            (Role::Reviewer, studio),
            (Role::Sales, studio),
        ];
        world.orders(Identity::posts(person, &posts))
    };
    let (applicant, agent, seller) = (PersonId::fresh(), PersonId::fresh(), PersonId::fresh());
    world.peers.seen().people.insert(applicant.to_string());
    let mut ask = world.application("YEAR-ALL").await;
    ask.person_id = applicant.to_string();
    let draft = both(seller).apply(ask).await.unwrap().into_inner().order.unwrap();
    let confirm = world.confirm(&draft);
    let order = both(seller)
        .confirm_application(confirm)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();

    assert_eq!(
        reason(both(applicant).pass_first_review(pass(&order)).await),
        "SAME_PERSON"
    );
    both(agent).pass_first_review(pass(&order)).await.unwrap();
    let hand_over = pb::SubmitForApprovalRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
    };
    let handed_over_by = PersonId::fresh();
    let order = both(handed_over_by)
        .submit_for_approval(hand_over)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    for barred in [applicant, agent, seller, handed_over_by] {
        assert_eq!(
            reason(both(barred).approve(world.approval(&order)).await),
            "SAME_PERSON"
        );
        assert_eq!(reason(both(barred).reject(reject(&order)).await), "SAME_PERSON");
        assert_eq!(
            reason(both(barred).send_back(send_back(&order)).await),
            "SAME_PERSON"
        );
    }
    assert!(
        both(PersonId::fresh())
            .approve(world.approval(&order))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_database_itself_refuses_an_approver_who_is_maker() {
    let world = World::open().await;
    world.in_review(PersonId::fresh()).await;
    for maker in ["person_id", "entered_by", "first_reviewer", "submitted_by"] {
        let forge = format!("update orders set approver = {maker}, version = version + 1");
        let error = sqlx::query(sqlx::AssertSqlSafe(forge))
            .execute(world.it.pool())
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("orders_approver_other"),
            "{maker}: {error}"
        );
    }
    let forge = "update orders set first_reviewer = person_id, version = version + 1";
    let error = sqlx::query(forge).execute(world.it.pool()).await.unwrap_err();
    assert!(
        error.to_string().contains("orders_first_reviewer_other"),
        "{error}"
    );
}

#[tokio::test]
async fn a_reviewer_approves_the_quote_that_stands_or_none() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    let mut ask = world.approval(&order);
    ask.quote_hash = "0".repeat(64);
    assert_eq!(reason(world.reviewer().approve(ask).await), "QUOTE_DIFFERS");
    world.advance_hours(337);
    let answer = world.reviewer().approve(world.approval(&order)).await;
    assert_eq!(reason(answer), "QUOTE_EXPIRED");
}

#[tokio::test]
async fn what_is_sent_back_is_handed_over_again_with_its_history() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    let back = world
        .reviewer()
        .send_back(send_back(&order))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (back.state(), back.reason.as_str()),
        (pb::OrderState::SentBack, "")
    );
    assert_eq!(world.see(&order.order_id).await.reason, "请核对门店");
    let again = world.hand_over(&order.order_id).await;
    assert_eq!(again.quote, order.quote, "nothing changed, so the quote stands");
    assert!(again.approver.is_empty());
    let steps = world
        .service("refunds")
        .list_steps(pb::ListStepsRequest {
            order_id: order.order_id,
        })
        .await;
    let kinds: Vec<pb::StepKind> = steps
        .unwrap()
        .into_inner()
        .steps
        .iter()
        .map(pb::OrderStep::kind)
        .collect();
    assert_eq!(
        kinds[4..],
        [
            pb::StepKind::SubmittedForApproval,
            pb::StepKind::SentBack,
            pb::StepKind::SubmittedForApproval
        ]
    );
}

#[tokio::test]
async fn a_new_price_makes_a_new_quote_when_the_order_is_handed_over_again() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    world.reviewer().send_back(send_back(&order)).await.unwrap();
    let dearer = format!("{HEADER}{}", PRODUCTS.replace("3980.00", "4180.00"));
    assert_eq!(world.import(&dearer, false).await.changed, 1);
    let again = world.hand_over(&order.order_id).await;
    let quote = again.quote.unwrap();
    assert_eq!((quote.number, quote.amount.unwrap().minor), (2, 418_000));
    let ask = pb::ListQuotesRequest {
        order_id: order.order_id,
    };
    assert_eq!(
        world
            .agent()
            .list_quotes(ask)
            .await
            .unwrap()
            .into_inner()
            .quotes
            .len(),
        2
    );
}

#[tokio::test]
async fn a_rejected_order_ends_with_its_reason() {
    let world = World::open().await;
    let order = world.in_review(PersonId::fresh()).await;
    let rejected = world
        .reviewer()
        .reject(reject(&order))
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(
        (rejected.state(), rejected.reason.as_str()),
        (pb::OrderState::Rejected, "")
    );
    assert_eq!(world.see(&order.order_id).await.reason, "不符合政策");
    assert!(rejected.act_by.is_none());
    assert_eq!(
        reason(world.reviewer().approve(world.approval(&order)).await),
        "WRONG_STATE"
    );
    assert_eq!(
        world.facts(&order.order_id).await.last().unwrap(),
        "order_rejected"
    );
}
