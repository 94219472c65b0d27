use kernel::{CardId, PersonId};
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::get_card_request::Key;
use testkit::Door;

use crate::world::{World, cards, id, reason, visit, visits};

fn with_start(mut sale: pb::OpenCardRequest, start: pb::ValidityStart) -> pb::OpenCardRequest {
    if let Some(terms) = sale.terms.as_mut() {
        terms.set_validity_start(start);
    }
    sale
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_opens_its_card_at_once_and_who_and_when_is_kept() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let seen = world.see(card).await;
    let shown = seen.card.unwrap();
    assert_eq!(
        (shown.state(), shown.remaining_days),
        (pb::CardState::Opened, 365)
    );
    assert!(shown.opened_at.is_some() && shown.valid_from.is_none());
    assert_eq!(seen.benefits.len(), 2);
    assert_eq!(world.told("card_opened").await, 1);
    let actor: String = sqlx::query_scalar("select actor from audit where rpc like '%OpenCard'")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(actor, "service:orders");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_has_one_card_however_often_it_is_asked_for() {
    let world = World::open().await;
    let sale = world.sale(world.lin(1).await.id);
    let first = world.open_card(&sale).await;
    let again = pb::OpenCardRequest {
        request_id: id(),
        ..sale.clone()
    };
    assert_eq!(world.open_card(&again).await, first);
    let (mut a, mut b) = (
        cards(world.it.as_service("orders")),
        cards(world.it.as_service("orders")),
    );
    let raced = world.sale(world.lin(2).await.id);
    let other = pb::OpenCardRequest {
        request_id: id(),
        ..raced.clone()
    };
    let (a, b) = tokio::join!(a.open_card(raced), b.open_card(other));
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(
        (world.count("cards").await, world.told("card_opened").await),
        (2, 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_with_other_terms_than_its_card_is_refused() {
    let world = World::open().await;
    let sale = world.sale(world.lin(1).await.id);
    world.open_card(&sale).await;
    let mut orders = cards(world.it.as_service("orders"));
    let mut dearer = pb::OpenCardRequest {
        request_id: id(),
        ..sale
    };
    dearer.terms.as_mut().unwrap().benefits[1].uses = 100;
    assert_eq!(reason(orders.open_card(dearer).await), "ORDER_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_opened_by_orders_alone_for_a_known_person_at_an_open_studio() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let mut orders = cards(world.it.as_service("orders"));
    assert_eq!(
        reason(orders.open_card(world.sale(PersonId::fresh())).await),
        "NOT_FOUND"
    );
    let nowhere = pb::OpenCardRequest {
        studio_id: id(),
        ..world.sale(lin.id)
    };
    assert_eq!(reason(orders.open_card(nowhere).await), "STUDIO_UNKNOWN");
    let mut twice = world.sale(lin.id);
    let benefits = &mut twice.terms.as_mut().unwrap().benefits;
    benefits.push(benefits[0].clone());
    assert_eq!(reason(orders.open_card(twice).await), "INVALID_FIELDS");
    for who in [
        world.it.as_service("wallet"),
        world.admin(),
        world.it.as_member(lin.id),
    ] {
        assert_eq!(
            reason(cards(who).open_card(world.sale(lin.id)).await),
            "ROLE_MISSING"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn validity_begins_at_payment_where_the_product_says_so() {
    let world = World::open().await;
    let sale = with_start(world.sale(world.lin(1).await.id), pb::ValidityStart::AtPayment);
    let card = world.open_card(&sale).await;
    assert_eq!(world.see(card).await.card.unwrap().valid_from, sale.paid_at);
    assert_eq!(world.told("card_validity_started").await, 1);
    assert!(world.benefit(card, "CLASS").await.valid_until.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn validity_begins_at_the_first_visit_where_the_product_says_so_and_only_then() {
    let world = World::open().await;
    let sale = with_start(world.sale(world.lin(1).await.id), pb::ValidityStart::AtFirstVisit);
    let card = world.open_card(&sale).await;
    world.days_pass(3);
    let mut desk = visits(world.desk(world.chain.chaoyang));
    desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
        .await
        .unwrap();
    let begun = world.see(card).await.card.unwrap().valid_from;
    assert!(begun.map(|t| t.seconds) > sale.paid_at.map(|t| t.seconds + 86_400));
    world.days_pass(3);
    desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
        .await
        .unwrap();
    assert_eq!(world.see(card).await.card.unwrap().valid_from, begun);
}

#[tokio::test(flavor = "multi_thread")]
async fn validity_begins_by_itself_at_the_latest_start_and_ends() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    world.days_pass(31);
    world.it.settle().await;
    let shown = world.see(card).await.card.unwrap();
    assert_eq!(
        shown.valid_from.as_ref().map(|t| t.seconds),
        shown.paid_at.as_ref().map(|t| t.seconds + 30 * 86_400)
    );
    assert!(shown.remaining_days == 364 || shown.remaining_days == 363);
    world.days_pass(365);
    let mut desk = visits(world.desk(world.chain.chaoyang));
    let late = desk.check_in(visit(card, "ENTRY", world.chain.chaoyang)).await;
    assert_eq!(reason(late), "BENEFIT_NOT_VALID");
    assert_eq!(world.see(card).await.card.unwrap().remaining_days, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_timer_does_not_give_a_visit_a_longer_validity() {
    let world = World::open().await;
    let sale = with_start(world.sale(world.lin(1).await.id), pb::ValidityStart::AtFirstVisit);
    let card = world.open_card(&sale).await;
    world.days_pass(40);
    let mut desk = visits(world.desk(world.chain.chaoyang));
    desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
        .await
        .unwrap();
    let shown = world.see(card).await.card.unwrap();
    assert_eq!(
        shown.valid_from.map(|t| t.seconds),
        sale.paid_at.map(|t| t.seconds + 30 * 86_400)
    );
    world.it.settle().await;
    assert_eq!(world.told("card_validity_started").await, 1);
}

fn by_card(card: CardId) -> pb::GetCardRequest {
    let key = Some(Key::CardId(card.to_string()));
    pb::GetCardRequest { key }
}

async fn listed(who: Door) -> usize {
    let reply = cards(who).list_cards(pb::ListCardsRequest::default()).await;
    reply.unwrap().into_inner().cards.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exact_card_is_seen_from_a_sibling_studio_and_audited_but_not_listed_there() {
    let world = World::open().await;
    let sale = world.sale(world.lin(1).await.id);
    let card = world.open_card(&sale).await;
    let key = Some(Key::OrderId(sale.order_id.clone()));
    let mut sibling = cards(world.desk(world.chain.haidian));
    assert!(sibling.get_card(by_card(card)).await.is_ok());
    assert!(sibling.get_card(pb::GetCardRequest { key }).await.is_ok());
    let looked = "audit where decision = 'looked' and rpc like '%GetCard'";
    assert_eq!(world.count(looked).await, 2);
    assert_eq!(listed(world.desk(world.chain.haidian)).await, 0);
    assert_eq!(listed(world.desk(world.chain.chaoyang)).await, 1);
    let nothing = sibling.get_card(pb::GetCardRequest { key: None }).await;
    assert_eq!(reason(nothing), "INVALID_FIELDS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_their_own_card_and_no_other_and_a_role_without_need_sees_none() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let card = world.card_of(lin.id).await;
    let own = cards(world.it.as_member(lin.id)).get_card(by_card(card)).await;
    assert!(own.is_ok());
    let other = cards(world.it.as_member(wang.id)).get_card(by_card(card)).await;
    assert_eq!(reason(other), "NOT_FOUND");
    assert_eq!(listed(world.it.as_member(lin.id)).await, 1);
    assert_eq!(listed(world.it.as_member(wang.id)).await, 0);
    let technician = world.it.as_staff(Role::Technician, world.chain.chaoyang);
    assert_eq!(
        reason(cards(technician).get_card(by_card(card)).await),
        "ROLE_MISSING"
    );
}
