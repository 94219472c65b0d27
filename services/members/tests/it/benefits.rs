use std::time::Duration;

use kernel::CardId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;

use crate::world::{Lin, World, cards, id, reason, visit, visits};

async fn hold(world: &World, card: CardId, code: &str) -> pb::HoldBenefitRequest {
    pb::HoldBenefitRequest {
        request_id: id(),
        benefit_id: world.benefit(card, code).await.benefit_id,
        studio_id: world.chain.chaoyang.to_string(),
        expire_at: world.in_an_hour(),
    }
}

fn redeem(hold: &str) -> pb::RedeemBenefitRequest {
    pb::RedeemBenefitRequest {
        request_id: id(),
        hold_id: hold.to_owned(),
    }
}

fn release(hold: &str) -> pb::ReleaseBenefitRequest {
    pb::ReleaseBenefitRequest {
        request_id: id(),
        hold_id: hold.to_owned(),
    }
}

fn revoke(card: CardId, whole_card: bool, uses: &[(&str, i32)]) -> pb::RevokeBenefitsRequest {
    let line = |(benefit, uses): &(&str, i32)| pb::UsesToRevoke {
        benefit_id: (*benefit).to_owned(),
        uses: *uses,
    };
    pb::RevokeBenefitsRequest {
        request_id: id(),
        card_id: card.to_string(),
        case_id: id(),
        whole_card,
        uses: uses.iter().map(line).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_use_is_not_left_until_it_is_released() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let mut member = cards(world.it.as_member(lin.id));
    let first = member
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.benefit.map(|b| (b.held, b.left)), Some((1, 1)));
    member
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await
        .unwrap();
    assert_eq!(
        reason(member.hold_benefit(hold(&world, card, "CLASS").await).await),
        "BENEFIT_EXHAUSTED"
    );
    member.release_benefit(release(&first.hold_id)).await.unwrap();
    assert_eq!(world.benefit(card, "CLASS").await.left, 1);
    assert_eq!(
        reason(member.release_benefit(release(&first.hold_id)).await),
        "HOLD_SETTLED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_redeemed_once_as_a_visit_at_its_studio() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let held = cards(world.it.as_member(lin.id))
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await
        .unwrap();
    let held = held.into_inner().hold_id;
    let sibling = cards(world.desk(world.chain.haidian))
        .redeem_benefit(redeem(&held))
        .await;
    assert_eq!(reason(sibling), "NOT_FOUND");
    let (mut a, mut b) = (
        cards(world.desk(world.chain.chaoyang)),
        cards(world.desk(world.chain.chaoyang)),
    );
    let (a, b) = tokio::join!(a.redeem_benefit(redeem(&held)), b.redeem_benefit(redeem(&held)));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "HOLD_SETTLED");
    let benefit = world.benefit(card, "CLASS").await;
    assert_eq!((benefit.used, benefit.held), (1, 0));
    assert_eq!(
        (
            world.count("check_ins").await,
            world.told("benefit_redeemed").await
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_runs_out_frees_its_use() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let held = cards(world.it.as_member(lin.id))
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await
        .unwrap();
    let held = held.into_inner().hold_id;
    world.it.advance(Duration::from_mins(61));
    let late = cards(world.desk(world.chain.chaoyang))
        .redeem_benefit(redeem(&held))
        .await;
    assert_eq!(reason(late), "HOLD_SETTLED");
    world.it.settle().await;
    assert_eq!(world.benefit(card, "CLASS").await.left, 2);
    assert_eq!(world.count("holds where state = 'expired'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_refused_to_others_for_the_past_and_nowhere() {
    let world = World::open().await;
    let (lin, wang) = (world.lin(1).await, world.lin(2).await);
    let card = world.card_of(lin.id).await;
    let other = cards(world.it.as_member(wang.id))
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await;
    assert_eq!(reason(other), "NOT_FOUND");
    let sibling = cards(world.desk(world.chain.haidian))
        .hold_benefit(hold(&world, card, "CLASS").await)
        .await;
    assert_eq!(reason(sibling), "NOT_FOUND");
    let mut member = cards(world.it.as_member(lin.id));
    for seconds in [1, 4_000_000_000] {
        let request = pb::HoldBenefitRequest {
            expire_at: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            ..hold(&world, card, "CLASS").await
        };
        assert_eq!(reason(member.hold_benefit(request).await), "INVALID_FIELDS");
    }
    let nowhere = pb::HoldBenefitRequest {
        studio_id: id(),
        ..hold(&world, card, "CLASS").await
    };
    assert_eq!(reason(member.hold_benefit(nowhere).await), "STUDIO_UNKNOWN");
    let redeemed = member.redeem_benefit(redeem(&id())).await;
    assert_eq!(reason(redeemed), "ROLE_MISSING");
    assert_eq!(world.count("holds").await, 0);
    assert_eq!(world.benefit(card, "CLASS").await.held, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_why_a_benefit_cannot_be_used_and_takes_nothing() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let mut sale = world.sale(lin.id);
    sale.terms.as_mut().unwrap().benefits[1].scope_node_ids = vec![world.chain.beijing.to_string()];
    let card = world.open_card(&sale).await;
    let benefit_id = world.benefit(card, "CLASS").await.benefit_id;
    let ask = |studio: kernel::StudioId| pb::CheckBenefitRequest {
        benefit_id: benefit_id.clone(),
        studio_id: studio.to_string(),
    };
    let mut member = cards(world.it.as_member(lin.id));
    let here = member
        .check_benefit(ask(world.chain.haidian))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((here.usable, here.refusal.as_str()), (true, ""));
    let there = member
        .check_benefit(ask(world.chain.xuhui))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (there.usable, there.refusal.as_str()),
        (false, "BENEFIT_OUT_OF_SCOPE")
    );
    assert_eq!(world.benefit(card, "CLASS").await.left, 2);
}

/// A world with a card of which a class and, five minutes later, an entry were used.
async fn used() -> (World, Lin, CardId) {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    for code in ["CLASS", "ENTRY"] {
        desk.check_in(visit(card, code, world.chain.chaoyang))
            .await
            .unwrap();
        world.it.advance(Duration::from_mins(5));
    }
    (world, lin, card)
}

fn ask_benefits(card: CardId, page_token: &str) -> pb::GetBenefitsRequest {
    pb::GetBenefitsRequest {
        card_id: card.to_string(),
        page_size: 1,
        page_token: page_token.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn benefits_show_activation_state_remaining_validity_and_what_is_left() {
    let (world, lin, card) = used().await;
    let mut member = cards(world.it.as_member(lin.id));
    let reply = member
        .get_benefits(ask_benefits(card, ""))
        .await
        .unwrap()
        .into_inner();
    let shown = reply.card.unwrap();
    assert_eq!(
        (shown.state(), shown.remaining_days),
        (pb::CardState::Opened, 365)
    );
    let left = reply.benefits.iter().map(|b| (b.used, b.left, b.unlimited));
    assert_eq!(left.collect::<Vec<_>>(), [(1, 0, true), (1, 1, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_uses_comes_in_pages_to_the_holder_and_the_hotline_and_to_no_other_member() {
    let (world, lin, card) = used().await;
    let wang = world.lin(2).await;
    let mut member = cards(world.it.as_member(lin.id));
    let first = member
        .get_benefits(ask_benefits(card, ""))
        .await
        .unwrap()
        .into_inner();
    let next = ask_benefits(card, &first.next_page_token);
    let second = member.get_benefits(next).await.unwrap().into_inner();
    let at = |reply: &pb::GetBenefitsResponse| reply.uses[0].used_at.map(|t| t.seconds);
    assert!(at(&first) > at(&second));
    assert_eq!((first.uses.len(), second.uses.len()), (1, 1));
    let hotline = world.it.as_staff(Role::CustomerService, world.chain.shanghai);
    assert!(cards(hotline).get_benefits(ask_benefits(card, "")).await.is_ok());
    let other = cards(world.it.as_member(wang.id))
        .get_benefits(ask_benefits(card, ""))
        .await;
    assert_eq!(reason(other), "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_unused_uses_back_once_for_a_case() {
    let world = World::open().await;
    let card = world.card_of(world.lin(1).await.id).await;
    let class = world.benefit(card, "CLASS").await.benefit_id;
    let mut refunds = cards(world.it.as_service("refunds"));
    let request = revoke(card, false, &[(&class, 1)]);
    refunds.revoke_benefits(request.clone()).await.unwrap();
    let again = pb::RevokeBenefitsRequest {
        request_id: id(),
        ..request
    };
    refunds.revoke_benefits(again).await.unwrap();
    let benefit = world.benefit(card, "CLASS").await;
    assert_eq!((benefit.revoked, benefit.left), (1, 1));
    assert_eq!(world.told("benefits_revoked").await, 1);
    assert_eq!(
        reason(refunds.revoke_benefits(revoke(card, false, &[(&class, 2)])).await),
        "REVOCATION_TOO_LARGE"
    );
    let entry = world.benefit(card, "ENTRY").await.benefit_id;
    assert_eq!(
        reason(refunds.revoke_benefits(revoke(card, false, &[(&entry, 1)])).await),
        "REVOCATION_TOO_LARGE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_taken_back_whole_ends_its_holds_and_every_use() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let request = hold(&world, card, "CLASS").await;
    let held = cards(world.it.as_member(lin.id))
        .hold_benefit(request)
        .await
        .unwrap()
        .into_inner();
    let mut refunds = cards(world.it.as_service("refunds"));
    let shown = refunds
        .revoke_benefits(revoke(card, true, &[]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        shown.card.map(|c| (c.state(), c.remaining_days)),
        Some((pb::CardState::Ended, 0))
    );
    assert!(shown.benefits.iter().all(|b| b.ended && b.left == 0));
    let visit = visit(card, "ENTRY", world.chain.chaoyang);
    assert_eq!(
        reason(visits(world.desk(world.chain.chaoyang)).check_in(visit).await),
        "CARD_ENDED"
    );
    let redeemed = cards(world.desk(world.chain.chaoyang))
        .redeem_benefit(redeem(&held.hold_id))
        .await;
    assert_eq!(reason(redeemed), "HOLD_SETTLED");
    assert_eq!(
        reason(refunds.revoke_benefits(revoke(card, true, &[])).await),
        "CARD_ENDED"
    );
    world.it.advance(Duration::from_mins(61));
    world.it.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_refunds_takes_benefits_back() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    for who in [
        world.it.as_service("orders"),
        world.admin(),
        world.it.as_member(lin.id),
    ] {
        assert_eq!(
            reason(cards(who).revoke_benefits(revoke(card, true, &[])).await),
            "ROLE_MISSING"
        );
    }
    let mut refunds = cards(world.it.as_service("refunds"));
    assert_eq!(
        reason(refunds.revoke_benefits(revoke(CardId::fresh(), true, &[])).await),
        "NOT_FOUND"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_use_raced_by_a_visit_a_hold_and_a_refund_goes_to_one_of_them() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let card = world.card_of(lin.id).await;
    let class = world.benefit(card, "CLASS").await.benefit_id;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    desk.check_in(visit(card, "CLASS", world.chain.chaoyang))
        .await
        .unwrap();
    let request = hold(&world, card, "CLASS").await;
    let mut member = cards(world.it.as_member(lin.id));
    let mut refunds = cards(world.it.as_service("refunds"));
    let (a, b, c) = tokio::join!(
        desk.check_in(visit(card, "CLASS", world.chain.chaoyang)),
        member.hold_benefit(request),
        refunds.revoke_benefits(revoke(card, false, &[(&class, 1)]))
    );
    let won = [a.is_ok(), b.is_ok(), c.is_ok()];
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let benefit = world.benefit(card, "CLASS").await;
    assert_eq!(benefit.used + benefit.held + benefit.revoked, 2);
}
