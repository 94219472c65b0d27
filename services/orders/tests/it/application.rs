//! O01–O07: from a draft to an order number.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1 as pb;
use testkit::Identity;
use tonic::Code;

use crate::world::{World, code, id, reason};

#[tokio::test]
async fn a_member_applies_confirms_and_gets_a_number_that_tracks_the_order() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let draft = world.draft(person).await;
    assert_eq!(draft.state(), pb::OrderState::Draft);
    assert!(draft.order_number.is_empty());

    let ask = world.confirm(&draft);
    let order = world
        .member(person)
        .confirm_application(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(order.state(), pb::OrderState::Submitted);
    assert_eq!(order.order_number.len(), 14);
    assert_eq!(world.facts(&order.order_id).await, ["order_submitted"]);

    let typed = order.order_number.to_lowercase().replace('-', "");
    let ask = pb::TrackOrderRequest { order_number: typed };
    let tracked = world
        .orders(Identity::anonymous())
        .track_order(ask)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(tracked.state(), pb::OrderState::Submitted);
    assert_eq!(tracked.product_name, "全城通年卡");
    assert!(
        tracked.act_by.is_none(),
        "customer service has to act, not the member"
    );
}

#[tokio::test]
async fn an_incomplete_application_cannot_be_submitted_and_every_missing_field_is_named() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let mut ask = world.application("YEAR-ALL").await;
    (ask.product_id, ask.needs) = (String::new(), "  ".to_owned());
    let draft = world
        .member(person)
        .apply(ask)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();

    let ask = world.confirm(&draft);
    let status = world.member(person).confirm_application(ask).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = tonic_types::StatusExt::get_error_details(&status);
    let fields: Vec<&str> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(fields, ["product_id", "needs"]);

    let amend = pb::AmendApplicationRequest {
        request_id: id(),
        order_id: draft.order_id.clone(),
        version: draft.version,
        product_id: world.product("YEAR-BJ").await.product_id,
        needs: "减重".to_owned(),
    };
    let amended = world
        .member(person)
        .amend_application(amend)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    let ask = world.confirm(&amended);
    assert!(world.member(person).confirm_application(ask).await.is_ok());
}

#[tokio::test]
async fn bad_fields_are_all_named_before_anything_is_done() {
    let world = World::open().await;
    let ask = pb::ApplyRequest {
        request_id: "7".to_owned(),
        studio_id: "here".to_owned(),
        product_id: "card".to_owned(),
        channel: 9,
        ..Default::default()
    };
    let status = world.member(PersonId::fresh()).apply(ask).await.unwrap_err();
    let details = tonic_types::StatusExt::get_error_details(&status);
    let violations = &details.bad_request().unwrap().field_violations;
    let mut fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["channel", "product_id", "request_id", "studio_id"]);
    assert_eq!(world.count("orders").await, 0);
}

#[tokio::test]
async fn a_second_open_application_for_a_product_is_refused_until_the_first_ends() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let first = world.submitted(person).await;
    let again = world.draft(person).await;
    let ask = world.confirm(&again);
    let answer = world.member(person).confirm_application(ask.clone()).await;
    assert_eq!(reason(answer), "DUPLICATE_APPLICATION");

    let mut other = world.application("YEAR-BJ").await;
    other.request_id = id();
    let other = world
        .member(person)
        .apply(other)
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert!(
        world
            .member(person)
            .confirm_application(world.confirm(&other))
            .await
            .is_ok()
    );

    let cancel = world.cancellation(&first);
    world.member(person).cancel(cancel).await.unwrap();
    assert!(world.member(person).confirm_application(ask).await.is_ok());
}

#[tokio::test]
async fn what_is_not_sold_here_cannot_be_applied_for() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let mut ask = world.application("YEAR-SH").await;
    let draft = world
        .member(person)
        .apply(ask.clone())
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    let answer = world
        .member(person)
        .confirm_application(world.confirm(&draft))
        .await;
    assert_eq!(reason(answer), "NOT_FOR_SALE");

    (ask.request_id, ask.product_id) = (id(), id());
    assert_eq!(reason(world.member(person).apply(ask).await), "NOT_FOUND");
}

#[tokio::test]
async fn staff_apply_for_a_person_whom_members_knows() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let mut ask = world.application("YEAR-ALL").await;
    ask.person_id = person.to_string();
    let desk = || world.staff(Role::FrontDesk);
    assert_eq!(reason(desk().apply(ask.clone()).await), "NOT_FOUND");
    assert_eq!(world.count("orders").await, 0);

    world.peers.seen().people.insert(person.to_string());
    let order = desk()
        .apply(ask.clone())
        .await
        .unwrap()
        .into_inner()
        .order
        .unwrap();
    assert_eq!(order.person_id, person.to_string());
    assert_ne!(order.entered_by, order.person_id);

    ask.request_id = id();
    let elsewhere = world.orders(Identity::staff(Role::FrontDesk, world.chain.xuhui));
    assert_eq!(reason(elsewhere.clone().apply(ask.clone()).await), "NOT_FOUND");
    assert_eq!(
        reason(world.member(PersonId::fresh()).apply(ask).await),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_number_that_nobody_has_is_not_found() {
    let world = World::open().await;
    for number in ["0000-0000-0000", "not a number!"] {
        let ask = pb::TrackOrderRequest {
            order_number: number.to_owned(),
        };
        assert_eq!(
            reason(world.orders(Identity::anonymous()).track_order(ask).await),
            "NOT_FOUND"
        );
    }
}

#[tokio::test]
async fn asking_twice_under_one_id_answers_alike_and_another_request_under_it_is_refused() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let mut ask = world.application("YEAR-ALL").await;
    let first = world
        .member(person)
        .apply(ask.clone())
        .await
        .unwrap()
        .into_inner();
    let again = world
        .member(person)
        .apply(ask.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    assert_eq!(world.count("orders").await, 1);

    ask.needs = "别的".to_owned();
    assert_eq!(
        reason(world.member(person).apply(ask).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
}

#[tokio::test]
async fn what_changed_meanwhile_is_not_confirmed_unseen() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let draft = world.draft(person).await;
    let amend = pb::AmendApplicationRequest {
        request_id: id(),
        order_id: draft.order_id.clone(),
        version: draft.version,
        needs: "再想想".to_owned(),
        ..Default::default()
    };
    world
        .member(person)
        .amend_application(amend.clone())
        .await
        .unwrap();
    let answer = world
        .member(person)
        .confirm_application(world.confirm(&draft))
        .await;
    assert_eq!(reason(answer), "VERSION_CONFLICT");
    let late = pb::AmendApplicationRequest {
        request_id: id(),
        ..amend
    };
    assert_eq!(
        reason(world.member(person).amend_application(late).await),
        "VERSION_CONFLICT"
    );
}

#[tokio::test]
async fn needs_lie_sealed_and_are_shown_to_those_who_may_see_them() {
    let world = World::open().await;
    let person = PersonId::fresh();
    let order = world.submitted(person).await;
    let kept: Vec<u8> = sqlx::query_scalar("select needs from orders")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let plain = "想在晚上练瑜伽";
    assert!(!kept.windows(plain.len()).any(|w| w == plain.as_bytes()));

    let ask = pb::GetNeedsRequest {
        order_id: order.order_id,
    };
    for mut who in [world.member(person), world.agent(), world.reviewer()] {
        assert_eq!(
            who.get_needs(ask.clone()).await.unwrap().into_inner().needs,
            plain
        );
    }
    assert_eq!(
        reason(world.member(PersonId::fresh()).get_needs(ask.clone()).await),
        "NOT_FOUND"
    );
    assert_eq!(
        code(world.staff(Role::FinanceStaff).get_needs(ask).await),
        Code::PermissionDenied
    );
}
