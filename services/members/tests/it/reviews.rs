//! The review of rights: who looked at whose role, what nobody uses, and what
//! ends by itself.

use std::time::Duration;

use kernel::to_proto_time;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::issue_id_token_request::Subject;
use proto::studio::members::v1::staff_service_client::StaffServiceClient;
use testkit::{At, Door, Identity};

use crate::staff::{import, staff_file};
use crate::tokens::{DEV, account, sign_in};
use crate::world::{World, id, reason};

const DAY: Duration = Duration::from_hours(24);

fn admin(world: &World) -> StaffServiceClient<Door> {
    StaffServiceClient::new(world.admin())
}

async fn report(world: &World) -> pb::ReviewGrantsResponse {
    let request = pb::ReviewGrantsRequest::default();
    admin(world).review_grants(request).await.unwrap().into_inner()
}

fn certify(grant: &pb::Grant) -> pb::CertifyGrantRequest {
    pb::CertifyGrantRequest {
        request_id: id(),
        grant_id: grant.grant_id.clone(),
        version: grant.version,
    }
}

fn wu() -> Subject {
    account("wu@example.com")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_nobody_uses_is_reported_and_named_once() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.settle().await;
    assert_eq!(
        (report(&world).await.holding, report(&world).await.unused),
        (3, 0)
    );

    world.it.advance(DAY * 59);
    sign_in(&world, wu()).await.unwrap();
    world.it.advance(DAY * 2);
    world.it.settle().await;
    let reported = report(&world).await;
    assert_eq!((reported.unused, reported.due), (1, 0), "{reported:?}");
    assert_eq!(reported.grants[0].role(), Role::OperatorAdmin);
    assert_eq!(world.told("grant_review_due").await, 1);
    world.it.advance(DAY * 2);
    world.it.settle().await;
    assert_eq!(world.told("grant_review_due").await, 1, "named twice");
}

/// A day of work: Wu signs in, and the tasks of the day run.
async fn a_day_passes(world: &World) {
    world.it.advance(DAY);
    sign_in(world, wu()).await.unwrap();
    world.it.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_daily_use_that_is_due_is_named_once_until_it_is_certified() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.advance(DAY * 89);
    a_day_passes(&world).await;
    // Wu's two roles are due, and so is the administrator's, which is unused too.
    assert_eq!(world.told("grant_review_due").await, 3);
    let due = report_of(&world, Role::FrontDesk).await.remove(0);
    for _ in 0..3 {
        a_day_passes(&world).await;
    }
    assert_eq!(world.told("grant_review_due").await, 3, "named again");

    // Nothing moved the version under the certifier's hands.
    admin(&world).certify_grant(certify(&due)).await.unwrap();
    world.it.advance(DAY * 89);
    a_day_passes(&world).await;
    assert_eq!(world.told("grant_review_due").await, 4, "due again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_named_as_unused_is_named_again_when_it_is_due_and_when_it_is_unused_again() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    let named = async |after: u32| {
        world.it.advance(DAY * after);
        world.it.settle().await;
        world.told("grant_review_due").await
    };
    assert_eq!(named(60).await, 3, "unused");
    assert_eq!(named(29).await, 3);
    assert_eq!(named(1).await, 6, "due");
    assert_eq!(named(1).await, 6);
    sign_in(&world, wu()).await.unwrap();
    assert_eq!(named(59).await, 6);
    assert_eq!(named(1).await, 8, "Wu's two are unused again");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_given_before_there_were_reviews_are_reviewed() {
    let world = World::open().await;
    assert_eq!(world.count("grants").await, 0);
    let reviews = "tasks where kind = 'review_grants' and state = 'waiting'";
    assert_eq!(world.count(reviews).await, 1, "left without any call");
    import(&world, staff_file()).await;
    world.days_pass(91);
    world.it.settle().await;
    assert_eq!(world.told("grant_review_due").await, 3);
    assert_eq!(world.count(reviews).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_person_certifies_a_role_within_the_quarter() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.advance(DAY * 91);
    world.it.settle().await;
    let due = report(&world).await;
    assert_eq!(due.due, 3);
    let grant = &due.grants[0];

    let own = Identity::posts(
        grant.person_id.parse().unwrap(),
        &[(Role::OperatorAdmin, At::Everywhere)],
    );
    let mut own = StaffServiceClient::new(world.it.door(own));
    assert_eq!(reason(own.certify_grant(certify(grant)).await), "SAME_PERSON");
    let mut stale = certify(grant);
    stale.version -= 1;
    assert_eq!(
        reason(admin(&world).certify_grant(stale).await),
        "VERSION_CONFLICT"
    );

    let reply = admin(&world).certify_grant(certify(grant)).await.unwrap();
    let certified = reply.into_inner().grant.unwrap();
    assert_eq!(certified.version, grant.version + 1);
    assert_eq!(report(&world).await.due, 2);
    assert_eq!(world.count("certifications").await, 1);
    let listed = pb::ListGrantsRequest {
        only_due: true,
        ..Default::default()
    };
    let listed = admin(&world).list_grants(listed).await.unwrap().into_inner();
    assert_eq!(listed.grants.len(), 2);
}

async fn refused(who: Door, grant: &pb::Grant) -> String {
    reason(StaffServiceClient::new(who).certify_grant(certify(grant)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_certifies_and_an_own_role_not_even_by_a_second_account() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.advance(DAY * 91);
    let due = report(&world).await.grants;
    let grant = &due[0];
    let holder = grant.person_id.parse().unwrap();
    for account in ["first", "second"] {
        let post = [(Role::OperatorAdmin, At::Everywhere)];
        let own = world.it.door(Identity::account(account, holder, &post));
        assert_eq!(refused(own, grant).await, "SAME_PERSON", "{account}");
    }
    let studio = world.chain.chaoyang;
    for (who, why) in [
        (world.it.anonymous(), "UNAUTHENTICATED"),
        (world.it.as_member(holder), "ROLE_MISSING"),
        (world.it.as_staff(Role::StudioDirector, studio), "ROLE_MISSING"),
        (
            world.it.as_staff(Role::FinanceSupervisor, At::Everywhere),
            "ROLE_MISSING",
        ),
        // The role for it, though at one studio only.
        (world.it.as_staff(Role::OperatorAdmin, studio), "ROLE_MISSING"),
        (world.it.as_service("oversight"), "PERSON_REQUIRED"),
    ] {
        assert_eq!(refused(who, grant).await, why);
    }
    let unknown = pb::Grant {
        grant_id: id(),
        ..grant.clone()
    };
    assert_eq!(refused(world.admin(), &unknown).await, "NOT_FOUND");
    assert_eq!(world.count("certifications").await, 0);
    assert_eq!(report(&world).await.due, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certification_asked_for_twice_is_one_and_a_role_that_ended_gets_none() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.advance(DAY * 91);
    let due = report(&world).await.grants;
    let request = certify(&due[0]);
    let first = admin(&world).certify_grant(request.clone()).await.unwrap();
    let again = admin(&world).certify_grant(request).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(world.count("certifications").await, 1);

    let desk = due.iter().find(|grant| grant.role() == Role::FrontDesk).unwrap();
    let revoke = pb::RevokeGrantRequest {
        request_id: id(),
        grant_id: desk.grant_id.clone(),
        reason: "moved".to_owned(),
    };
    let ended = admin(&world).revoke_grant(revoke).await.unwrap().into_inner();
    let ended = ended.grant.unwrap();
    assert_eq!(refused(world.admin(), &ended).await, "GRANT_REVOKED");
    assert_eq!(report(&world).await.holding, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_director_reviews_the_roles_of_their_studio_alone() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    world.it.advance(DAY * 91);
    let reported = async |who: Door| {
        let reply = StaffServiceClient::new(who)
            .review_grants(pb::ReviewGrantsRequest::default())
            .await;
        reply.map(tonic::Response::into_inner)
    };
    let director = |studio| world.it.as_staff(Role::StudioDirector, studio);
    let here = reported(director(world.chain.chaoyang)).await.unwrap();
    assert_eq!((here.holding, here.due, here.unused), (2, 2, 2));
    let elsewhere = reported(director(world.chain.haidian)).await.unwrap();
    assert_eq!((elsewhere.holding, elsewhere.grants.len()), (0, 0));
    assert_eq!(
        reason(reported(world.desk(world.chain.chaoyang)).await),
        "ROLE_MISSING"
    );
    let oversight = reported(world.it.as_service("oversight")).await.unwrap();
    assert_eq!(oversight.holding, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_for_a_while_is_not_the_last_one() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    let staff = report_of(&world, Role::OperatorAdmin).await;
    let wu_id = sign_in(&world, wu()).await.unwrap().person_id;
    let delegated = pb::GrantRoleRequest {
        request_id: id(),
        person_id: wu_id,
        role: Role::OperatorAdmin.into(),
        node_id: world.chain.operator.to_string(),
        expire_at: Some(to_proto_time(world.it.clock().now() + chrono::Duration::days(1))),
    };
    admin(&world).grant_role(delegated).await.unwrap();
    let revoke = pb::RevokeGrantRequest {
        request_id: id(),
        grant_id: staff[0].grant_id.clone(),
        reason: "moved".to_owned(),
    };
    assert_eq!(reason(admin(&world).revoke_grant(revoke).await), "LAST_ADMIN");
    assert_eq!(report(&world).await.delegated, 1);
}

async fn report_of(world: &World, role: Role) -> Vec<pb::Grant> {
    let request = pb::ListGrantsRequest {
        role: role.into(),
        ..Default::default()
    };
    let reply = admin(world).list_grants(request).await.unwrap();
    reply.into_inner().grants
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegation_ends_by_itself_and_no_token_outlives_it() {
    let world = World::open_with(DEV).await;
    import(&world, staff_file()).await;
    let wu_id = sign_in(&world, wu()).await.unwrap().person_id;
    let request = |after: i64| pb::GrantRoleRequest {
        request_id: id(),
        person_id: wu_id.clone(),
        role: Role::Reviewer.into(),
        node_id: world.chain.chaoyang.to_string(),
        expire_at: Some(to_proto_time(
            world.it.clock().now() + chrono::Duration::minutes(after),
        )),
    };
    assert_eq!(
        reason(admin(&world).grant_role(request(-1)).await),
        "INVALID_FIELDS"
    );
    admin(&world).grant_role(request(5)).await.unwrap();

    let token = sign_in(&world, wu()).await.unwrap();
    assert!(token.roles.contains(&Role::Reviewer.into()));
    let left = token.expire_at.unwrap().seconds - kernel::Clock::real().timestamp();
    assert!(left <= 300, "the token lives {left} s, the delegation 300");

    world.it.advance(Duration::from_mins(6));
    let token = sign_in(&world, wu()).await.unwrap();
    assert!(!token.roles.contains(&Role::Reviewer.into()));
    world.it.settle().await;
    assert_eq!(world.told("staff_grant_revoked").await, 1);
}
