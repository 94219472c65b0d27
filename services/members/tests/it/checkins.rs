use kernel::CardId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use testkit::At;

use crate::world::{World, reason, visit, visits};

#[tokio::test(flavor = "multi_thread")]
async fn a_check_in_uses_one_benefit_once_and_tells_of_it() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    let request = visit(card, "CLASS", world.chain.chaoyang);
    let first = desk.check_in(request.clone()).await.unwrap().into_inner();
    assert_eq!(desk.check_in(request).await.unwrap().into_inner(), first);
    assert_eq!(first.benefit.map(|b| (b.used, b.left)), Some((1, 1)));
    assert_eq!(
        (
            world.count("check_ins").await,
            world.told("benefit_redeemed").await
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_check_ins_racing_for_the_last_use_let_one_through() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    desk.check_in(visit(card, "CLASS", world.chain.chaoyang))
        .await
        .unwrap();
    let mut other = desk.clone();
    let (a, b) = tokio::join!(
        desk.check_in(visit(card, "CLASS", world.chain.chaoyang)),
        other.check_in(visit(card, "CLASS", world.chain.chaoyang))
    );
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "BENEFIT_EXHAUSTED");
    assert_eq!(world.count("check_ins").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_check_in_raced_against_itself_answers_alike() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    let mut twin = desk.clone();
    let request = visit(card, "CLASS", world.chain.chaoyang);
    let (a, b) = tokio::join!(desk.check_in(request.clone()), twin.check_in(request));
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(world.count("check_ins").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benefit_without_limit_is_counted_and_never_exhausted() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    for _ in 0..5 {
        desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
            .await
            .unwrap();
    }
    let benefit = world.benefit(card, "ENTRY").await;
    assert_eq!((benefit.used, benefit.unlimited), (5, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_trains_at_a_sibling_studio_within_the_benefits_scope_only() {
    let world = World::open().await;
    let mut sale = world.sale(world.lin(1).await.id);
    sale.terms.as_mut().unwrap().benefits[1].scope_node_ids = vec![world.chain.beijing.to_string()];
    let card = world.open_card(&sale).await;
    let mut haidian = visits(world.desk(world.chain.haidian));
    haidian
        .check_in(visit(card, "CLASS", world.chain.haidian))
        .await
        .unwrap();
    let mut xuhui = visits(world.desk(world.chain.xuhui));
    let there = xuhui.check_in(visit(card, "CLASS", world.chain.xuhui)).await;
    assert_eq!(reason(there), "BENEFIT_OUT_OF_SCOPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_benefit_that_lasts_shorter_than_its_card_ends_before_it() {
    let world = World::open().await;
    let mut sale = world.sale(world.lin(1).await.id);
    let terms = sale.terms.as_mut().unwrap();
    terms.set_validity_start(pb::ValidityStart::AtPayment);
    terms.benefits[1].validity_days = 7;
    let card = world.open_card(&sale).await;
    world.days_pass(8);
    let mut desk = visits(world.desk(world.chain.chaoyang));
    assert_eq!(
        reason(desk.check_in(visit(card, "CLASS", world.chain.chaoyang)).await),
        "BENEFIT_NOT_VALID"
    );
    assert!(
        desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_in_is_refused_outside_ones_reach_by_other_roles_and_for_unknown_things() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let here = || visit(card, "ENTRY", world.chain.chaoyang);
    let mut desk = visits(world.desk(world.chain.chaoyang));
    assert_eq!(
        reason(desk.check_in(visit(card, "ENTRY", world.chain.haidian)).await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(
            desk.check_in(visit(CardId::fresh(), "ENTRY", world.chain.chaoyang))
                .await
        ),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(desk.check_in(visit(card, "SAUNA", world.chain.chaoyang)).await),
        "NOT_FOUND"
    );
    assert_eq!(
        reason(desk.check_in(visit(card, "sauna", world.chain.chaoyang)).await),
        "INVALID_FIELDS"
    );
    assert_eq!(
        reason(visits(world.it.as_member(lin.id)).check_in(here()).await),
        "ROLE_MISSING"
    );
    assert_eq!(
        reason(visits(world.it.anonymous()).check_in(here()).await),
        "UNAUTHENTICATED"
    );
    let finance = world.it.as_staff(Role::FinanceStaff, At::Everywhere);
    assert_eq!(reason(visits(finance).check_in(here()).await), "ROLE_MISSING");
    assert_eq!(world.count("check_ins").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_are_listed_where_they_happened_and_to_the_member() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let card = world.card_of(lin.id).await;
    let mut desk = visits(world.desk(world.chain.haidian));
    desk.check_in(visit(card, "ENTRY", world.chain.haidian))
        .await
        .unwrap();
    let list = |who| async {
        let reply = visits(who)
            .list_check_ins(pb::ListCheckInsRequest::default())
            .await;
        reply.unwrap().into_inner().check_ins.len()
    };
    assert_eq!(list(world.desk(world.chain.haidian)).await, 1);
    assert_eq!(list(world.desk(world.chain.chaoyang)).await, 0);
    assert_eq!(list(world.it.as_member(lin.id)).await, 1);
    assert_eq!(list(world.it.as_member(wang.id)).await, 0);
    assert_eq!(list(world.it.as_service("oversight")).await, 1);
    let bad = pb::ListCheckInsRequest {
        page_token: "nonsense".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        reason(visits(world.desk(world.chain.haidian)).list_check_ins(bad).await),
        "INVALID_FIELDS"
    );
}
