use std::time::Duration;

use kernel::to_proto_time;
use proto::studio::access::v1::Role;
use proto::studio::refunds::v1 as pb;
use tonic::Code;

use crate::world::{World, code, id, money, policies, policy, reason};

fn at(world: &World, days: i64) -> prost_types::Timestamp {
    to_proto_time(world.it.clock().now() + chrono::Duration::days(days))
}

async fn number_in_force(world: &World, days: i64) -> i64 {
    let ask = pb::GetPolicyRequest {
        at: Some(at(world, days)),
        ..pb::GetPolicyRequest::default()
    };
    let policy = policies(world.it.anonymous())
        .get_policy(ask)
        .await
        .unwrap()
        .into_inner()
        .policy;
    policy.unwrap().number
}

#[tokio::test]
async fn a_version_is_in_force_from_its_day_until_the_next() {
    let world = World::open().await;
    let ask = pb::GetPolicyRequest::default();
    assert_eq!(
        reason(policies(world.it.anonymous()).get_policy(ask).await),
        "NOT_FOUND"
    );
    world.publish(policy("1")).await;
    let later = pb::PublishPolicyRequest {
        effective_from: Some(at(&world, 30)),
        ..policy("0.5")
    };
    assert_eq!(world.publish(later).await.number, 2);
    assert_eq!(
        (
            number_in_force(&world, 29).await,
            number_in_force(&world, 31).await
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn a_version_is_never_back_dated() {
    let world = World::open().await;
    let past = pb::PublishPolicyRequest {
        effective_from: Some(at(&world, -1)),
        ..policy("1")
    };
    assert_eq!(
        reason(world.supervisor().publish_policy(past).await),
        "BACK_DATED"
    );
    let far = pb::PublishPolicyRequest {
        effective_from: Some(at(&world, 30)),
        ..policy("1")
    };
    world.publish(far).await;
    let before = pb::PublishPolicyRequest {
        effective_from: Some(at(&world, 20)),
        ..policy("0.5")
    };
    assert_eq!(
        reason(world.supervisor().publish_policy(before).await),
        "BACK_DATED"
    );
}

#[tokio::test]
async fn a_published_version_is_never_changed() {
    let world = World::with_policy().await;
    for edit in ["update policies set window_days = 1", "delete from policies"] {
        assert!(
            sqlx::query(edit).execute(world.it.pool()).await.is_err(),
            "{edit}"
        );
    }
}

#[tokio::test]
async fn a_legal_entity_has_its_own_policy_or_the_operators() {
    let world = World::with_policy().await;
    let own = world.chain.shanghai_company.to_string();
    world
        .publish(pb::PublishPolicyRequest {
            legal_entity_id: own.clone(),
            ..policy("0.5")
        })
        .await;
    let ask = |legal_entity_id: &str| pb::GetPolicyRequest {
        legal_entity_id: legal_entity_id.to_owned(),
        ..pb::GetPolicyRequest::default()
    };
    let mut door = policies(world.it.anonymous());
    let shanghai = door
        .get_policy(ask(&own))
        .await
        .unwrap()
        .into_inner()
        .policy
        .unwrap();
    let beijing = door
        .get_policy(ask(&world.chain.beijing_company.to_string()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            shanghai.rules[0].ratio.as_str(),
            beijing.policy.unwrap().rules[0].ratio.as_str()
        ),
        ("0.5", "1")
    );
    let nobodys = pb::PublishPolicyRequest {
        legal_entity_id: id(),
        ..policy("1")
    };
    assert_eq!(
        reason(world.supervisor().publish_policy(nobodys).await),
        "INVALID_FIELDS"
    );
}

#[tokio::test]
async fn no_policy_undercuts_the_statutory_cooling_off() {
    let world = World::open().await;
    let short = pb::PublishPolicyRequest {
        window_days: 6,
        ..policy("1")
    };
    assert_eq!(
        reason(world.supervisor().publish_policy(short).await),
        "INVALID_FIELDS"
    );
}

#[tokio::test]
async fn a_table_that_makes_no_sense_is_refused() {
    let world = World::open().await;
    let mut twice = policy("1");
    twice.rules.push(twice.rules[0].clone());
    assert_eq!(
        reason(world.supervisor().publish_policy(twice).await),
        "DUPLICATE_RULE"
    );
    for ratio in ["1.1", "-0.1", "0,5", "x"] {
        assert_eq!(
            reason(world.supervisor().publish_policy(policy(ratio)).await),
            "INVALID_FIELDS",
            "{ratio}"
        );
    }
    let mut fee = policy("1");
    fee.rules[0].fee = Some(money(-1));
    assert_eq!(
        reason(world.supervisor().publish_policy(fee).await),
        "INVALID_FIELDS"
    );
}

#[tokio::test]
async fn only_a_finance_supervisor_publishes() {
    let world = World::open().await;
    for role in [Role::RefundApprover, Role::StudioDirector, Role::FinanceStaff] {
        let who = policies(world.it.as_staff(role, world.chain.operator))
            .publish_policy(policy("1"))
            .await;
        assert_eq!(code(who), Code::PermissionDenied);
    }
    assert_eq!(
        code(
            policies(world.it.as_service("orders"))
                .publish_policy(policy("1"))
                .await
        ),
        Code::PermissionDenied
    );
    let (ask, mut door) = (policy("1"), world.supervisor());
    let first = door.publish_policy(ask.clone()).await.unwrap().into_inner();
    assert_eq!(door.publish_policy(ask).await.unwrap().into_inner(), first);
    assert_eq!(world.count("policies").await, 1);
}

#[tokio::test]
async fn an_order_keeps_the_policy_of_the_day_it_was_contracted() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    world.it.advance(Duration::from_hours(1));
    world.publish(policy("0.5")).await;
    let case = world.opened(&sale).await;
    assert_eq!(case.quote.unwrap().amount.unwrap().minor, 10_000);
    let newer = world.sold(10_000);
    assert_eq!(
        world.opened(&newer).await.quote.unwrap().amount.unwrap().minor,
        5_000
    );
}
