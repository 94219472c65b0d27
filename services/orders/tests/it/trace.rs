//! O24, O25, O28: every step has its actor, time and evidence, and is measured.

use std::time::Duration;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use proto::studio::orders::v1::StepKind as K;
use testkit::Identity;

use crate::world::{World, reason};

async fn steps(world: &World, order_id: &str) -> Vec<pb::OrderStep> {
    let ask = pb::ListStepsRequest {
        order_id: order_id.to_owned(),
    };
    world
        .service("refunds")
        .list_steps(ask)
        .await
        .unwrap()
        .into_inner()
        .steps
}

#[tokio::test]
async fn the_whole_way_of_an_order_is_kept_with_actors_times_and_evidence() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.fulfilled(person).await;
    let steps = steps(&world, &order.order_id).await;
    let kinds: Vec<K> = steps.iter().map(pb::OrderStep::kind).collect();
    assert_eq!(
        kinds,
        [
            K::Applied,
            K::Submitted,
            K::FirstReviewPassed,
            K::QuoteIssued,
            K::SubmittedForApproval,
            K::Approved,
            K::Accepted,
            K::PaymentStarted,
            K::Paid,
            K::Fulfilled
        ]
    );
    assert!(
        steps
            .iter()
            .enumerate()
            .all(|(at, s)| usize::try_from(s.number).unwrap() == at + 1)
    );
    assert!(
        steps
            .iter()
            .all(|s| s.occurred_at.is_some() && !s.actor.is_empty())
    );
    let hash = order.quote.unwrap().hash;
    assert_eq!(steps[5].evidence["quote_hash"], hash);
    assert_eq!(steps[5].evidence["policy_version"], "2026-1");
    assert_eq!(steps[6].evidence["quote_hash"], hash);
    assert_eq!(steps[6].evidence["proof"], "box ticked in app 1.0");
    assert_eq!(steps[6].person_id, person.to_string());
    assert_eq!(steps[8].evidence["payment_id"], order.dues[0].payment_id);
    assert_eq!(
        (steps[9].actor.as_str(), steps[9].person_id.as_str()),
        ("service:orders", "")
    );
}

#[tokio::test]
async fn what_happened_cannot_be_changed_afterwards() {
    let world = World::open().await;
    world.submitted(PersonId::fresh()).await;
    for forge in [
        "update order_steps set actor = 'nobody'",
        "delete from order_steps",
        "truncate order_steps",
    ] {
        assert!(
            sqlx::query(forge).execute(world.it.pool()).await.is_err(),
            "{forge}"
        );
    }
    let jump = "update orders set state = 'fulfilled', version = version + 1";
    assert!(sqlx::query(jump).execute(world.it.pool()).await.is_err());
    let same_version = "update orders set reason = 'x'";
    assert!(sqlx::query(same_version).execute(world.it.pool()).await.is_err());
}

#[tokio::test]
async fn how_long_orders_stand_is_measured_and_what_is_late_is_counted() {
    let world = World::open().await;
    let order = world.submitted(PersonId::fresh()).await;
    world.it.advance(Duration::from_hours(3));
    let pass = pb::PassFirstReviewRequest {
        request_id: crate::world::id(),
        order_id: order.order_id.clone(),
        note: String::new(),
    };
    world.agent().pass_first_review(pass).await.unwrap();
    let order = world.hand_over(&order.order_id).await;
    let back = pb::SendBackRequest {
        request_id: crate::world::id(),
        order_id: order.order_id.clone(),
        policy_version: "1".to_owned(),
        reason: "r".to_owned(),
    };
    world.reviewer().send_back(back).await.unwrap();
    world.submitted(PersonId::fresh()).await;
    world.advance_hours(25);

    let director = world.staff(Role::StudioDirector);
    let ask = pb::GetProcessFiguresRequest::default();
    let figures = director
        .clone()
        .get_process_figures(ask.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((figures.submitted, figures.sent_back), (2, 1));
    let of = |state: pb::OrderState| figures.states.iter().find(|f| f.state() == state).unwrap();
    let submitted = of(pb::OrderState::Submitted);
    assert_eq!((submitted.left, submitted.standing, submitted.overdue), (1, 1, 1));
    assert!(
        (10_800_000..10_900_000).contains(&submitted.median_ms),
        "{}",
        submitted.median_ms
    );
    assert_eq!(
        (
            of(pb::OrderState::SentBack).standing,
            of(pb::OrderState::SentBack).overdue
        ),
        (1, 1)
    );

    let mut elsewhere = world.orders(Identity::staff(Role::StudioDirector, world.chain.xuhui));
    assert_eq!(
        elsewhere
            .get_process_figures(ask.clone())
            .await
            .unwrap()
            .into_inner()
            .submitted,
        0
    );
    assert_eq!(
        reason(world.staff(Role::Sales).get_process_figures(ask).await),
        "ROLE_MISSING"
    );
}

#[tokio::test]
async fn the_time_from_application_to_card_is_measured() {
    let world = World::open().await;
    world.fulfilled(PersonId::fresh()).await;
    let ask = pb::GetProcessFiguresRequest::default();
    let figures = world
        .service("oversight")
        .get_process_figures(ask)
        .await
        .unwrap()
        .into_inner();
    assert!(figures.median_cycle_ms > 0);
}

#[tokio::test]
async fn an_order_on_which_nobody_acts_in_time_raises_one_alarm() {
    let world = World::open().await;
    let late = world.submitted(PersonId::fresh()).await;
    let quick = world.passed(PersonId::fresh()).await;
    world.hand_over(&quick.order_id).await;
    world.advance_hours(25);
    world.it.settle().await;
    assert_eq!(
        world.facts(&late.order_id).await,
        ["order_submitted", "order_overdue"]
    );
    assert!(
        !world
            .facts(&quick.order_id)
            .await
            .contains(&"order_overdue".to_owned())
    );
    let pb::orders_event::Fact::OrderOverdue(fact) = world.last_fact(&late.order_id).await else {
        panic!("no alarm");
    };
    assert_eq!(fact.state(), pb::OrderState::Submitted);
    world.advance_hours(24);
    world.it.settle().await;
    assert_eq!(world.facts(&late.order_id).await.len(), 2);
    assert_eq!(
        world.facts(&quick.order_id).await.last().unwrap(),
        "order_overdue"
    );
}
