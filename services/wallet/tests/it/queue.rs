use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;

use crate::world::{World, reason, recharges};

fn queue() -> pb::ListRechargesRequest {
    pb::ListRechargesRequest {
        state: pb::RechargeState::Received.into(),
        ..pb::ListRechargesRequest::default()
    }
}

#[tokio::test]
async fn received_recharges_queue_for_finance_the_oldest_first_with_focus_drawn_out() {
    let world = World::open().await;
    let person = world.member().await;
    let first = world.received(person, 50_000, 50_000).await;
    let second = world.received(person, 50_000, 40_000).await;
    world.applied(person, 50_000).await;
    let all = world
        .auditor()
        .list_recharges(queue())
        .await
        .unwrap()
        .into_inner()
        .recharges;
    let ids: Vec<_> = all.iter().map(|r| r.recharge_id.clone()).collect();
    assert_eq!(ids, vec![first.recharge_id, second.recharge_id.clone()]);
    let focus = pb::ListRechargesRequest {
        focus_only: true,
        ..queue()
    };
    let drawn = world
        .auditor()
        .list_recharges(focus)
        .await
        .unwrap()
        .into_inner()
        .recharges;
    assert_eq!(
        drawn.iter().map(|r| r.recharge_id.clone()).collect::<Vec<_>>(),
        vec![second.recharge_id]
    );
}

#[tokio::test]
async fn a_queue_shows_only_what_is_within_reach() {
    let world = World::open().await;
    let (person, other) = (world.member().await, world.member().await);
    let recharge = world.received(person, 50_000, 50_000).await;
    let elsewhere = world.it.as_staff(Role::FinanceAuditor, world.chain.xuhui);
    let seen = recharges(elsewhere.clone())
        .list_recharges(queue())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(seen.recharges, vec![]);
    let ask = pb::GetRechargeRequest {
        recharge_id: recharge.recharge_id.clone(),
    };
    assert_eq!(
        reason(recharges(elsewhere).get_recharge(ask.clone()).await),
        "NOT_FOUND"
    );
    let stranger = world.it.as_member(other);
    assert_eq!(
        reason(recharges(stranger.clone()).get_recharge(ask.clone()).await),
        "NOT_FOUND"
    );
    assert_eq!(
        recharges(stranger)
            .list_recharges(queue())
            .await
            .unwrap()
            .into_inner()
            .recharges,
        vec![]
    );
    let own = recharges(world.it.as_member(person))
        .list_recharges(queue())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(own.recharges.len(), 1);
    let company = world
        .it
        .as_staff(Role::FinanceAuditor, world.chain.beijing_company);
    assert_eq!(
        recharges(company)
            .list_recharges(queue())
            .await
            .unwrap()
            .into_inner()
            .recharges
            .len(),
        1
    );
}

#[tokio::test]
async fn a_queue_comes_in_pages() {
    let world = World::open().await;
    let person = world.member().await;
    for _ in 0..5 {
        world.applied(person, 50_000).await;
    }
    let (mut seen, mut token) = (0, String::new());
    loop {
        let ask = pb::ListRechargesRequest {
            page_size: 2,
            page_token: token,
            ..pb::ListRechargesRequest::default()
        };
        let page = world.specialist().list_recharges(ask).await.unwrap().into_inner();
        seen += page.recharges.len();
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, 5);
}
