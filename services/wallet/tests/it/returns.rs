use proto::studio::wallet::v1 as pb;
use tonic::Code;

use crate::world::{World, back, code, fen, id, minor, reason, spend_at, wallet};

#[tokio::test]
async fn what_comes_back_goes_into_the_lots_it_came_from() {
    let world = World::open().await;
    let person = world.member_with(&[300, 500]).await;
    let spend = world.spend(person, 400);
    world.orders().spend(spend.clone()).await.unwrap();
    let reply = world
        .refunds()
        .return_spend(back(&spend, 150))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((minor(reply.balance), minor(reply.returned)), (550, 150));
    let lots = world.purse(person).await.lots;
    assert_eq!(
        lots.iter()
            .map(|l| minor(l.remaining.clone()))
            .collect::<Vec<_>>(),
        vec![50, 500]
    );
    let unexplained: i64 =
        sqlx::query_scalar("select count(*) from transfers where cause = 'spend_returned' and wallet_id is not null and reverses_id is null")
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert_eq!(unexplained, 0);
    world.books_agree().await;
}

#[tokio::test]
async fn a_spend_at_another_company_comes_back_over_the_same_accounts() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let spend = spend_at(person, 600, world.chain.xuhui);
    world.orders().spend(spend.clone()).await.unwrap();
    world.refunds().return_spend(back(&spend, 600)).await.unwrap();
    let open: i64 = sqlx::query_scalar(
        "select count(*) from accounts a where a.kind in ('inter_company', 'revenue') and 0 <>
         (select coalesce(sum(case when t.credit_id = a.account_id then t.amount_minor else -t.amount_minor end), 0)
          from transfers t where a.account_id in (t.credit_id, t.debit_id))",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(open, 0);
    assert_eq!(world.spendable(person).await, 1_000);
    world.books_agree().await;
}

#[tokio::test]
async fn returns_stop_at_what_was_spent() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let spend = world.spend(person, 400);
    world.orders().spend(spend.clone()).await.unwrap();
    world.refunds().return_spend(back(&spend, 300)).await.unwrap();
    assert_eq!(
        reason(world.refunds().return_spend(back(&spend, 101)).await),
        "RETURN_EXCEEDS_SPEND"
    );
    world.refunds().return_spend(back(&spend, 100)).await.unwrap();
    assert_eq!(world.spendable(person).await, 1_000);
}

#[tokio::test]
async fn a_leg_comes_back_once_whatever_the_request_id() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let spend = world.spend(person, 400);
    world.orders().spend(spend.clone()).await.unwrap();
    let ask = back(&spend, 100);
    let first = world
        .refunds()
        .return_spend(ask.clone())
        .await
        .unwrap()
        .into_inner();
    let again = pb::ReturnSpendRequest {
        request_id: id(),
        ..ask.clone()
    };
    assert_eq!(
        world.refunds().return_spend(again).await.unwrap().into_inner(),
        first
    );
    let other = pb::ReturnSpendRequest {
        request_id: id(),
        amount: fen(99),
        ..ask
    };
    assert_eq!(reason(world.refunds().return_spend(other).await), "LEG_CONFLICT");
    assert_eq!(world.spendable(person).await, 700);
}

#[tokio::test]
async fn what_was_never_spent_cannot_come_back_and_only_refunds_asks() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let never = world.spend(person, 400);
    assert_eq!(
        reason(world.refunds().return_spend(back(&never, 1)).await),
        "NOT_FOUND"
    );
    world.orders().spend(never.clone()).await.unwrap();
    assert_eq!(
        code(world.orders().return_spend(back(&never, 1)).await),
        Code::PermissionDenied
    );
    let member = world.it.as_member(person);
    assert_eq!(
        code(wallet(member).return_spend(back(&never, 1)).await),
        Code::PermissionDenied
    );
}
