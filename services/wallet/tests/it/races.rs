use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use testkit::{At, Identity};
use tokio::task::JoinSet;

use crate::world::{World, back, id, minor, post, reason, recharges, spend_at};

#[tokio::test(flavor = "multi_thread")]
async fn two_spends_racing_for_one_balance_let_one_through() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let (mut a, mut b) = (world.orders(), world.orders());
    let (a, b) = tokio::join!(
        a.spend(world.spend(person, 700)),
        b.spend(world.spend(person, 700))
    );
    let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
    assert_eq!(minor(won.unwrap().into_inner().balance), 300);
    assert_eq!(reason(lost), "INSUFFICIENT_FUNDS");
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_raced_against_itself_answers_alike() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let request = world.spend(person, 400);
    let (mut a, mut b) = (world.orders(), world.orders());
    let (a, b) = tokio::join!(a.spend(request.clone()), b.spend(request));
    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(world.count("own_acts").await, 1);
    assert_eq!(world.spendable(person).await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_due_raced_by_two_requests_is_paid_once() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let request = world.spend(person, 400);
    let other = pb::SpendRequest {
        request_id: id(),
        ..request.clone()
    };
    let (mut a, mut b) = (world.orders(), world.orders());
    let (a, b) = tokio::join!(a.spend(request), b.spend(other));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "DUE_ALREADY_PAID");
    assert_eq!(world.spendable(person).await, 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recharge_posted_by_two_auditors_at_once_is_posted_once() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 50_000).await;
    let at: At = world.chain.chaoyang.into();
    let second = Identity::posts(kernel::PersonId::fresh(), &[(Role::FinanceAuditor, at)]);
    let (mut a, mut b) = (world.auditor(), recharges(world.it.door(second)));
    let (a, b) = tokio::join!(a.post_recharge(post(&recharge)), b.post_recharge(post(&recharge)));
    let lost = if a.is_ok() { b } else { a };
    assert_eq!(reason(lost), "VERSION_CONFLICT");
    assert_eq!(world.spendable(person).await, 50_000);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_returns_at_once_never_pass_what_was_spent() {
    let world = World::open().await;
    let person = world.member_with(&[700, 600]).await;
    let spend = world.spend(person, 1_000);
    world.orders().spend(spend.clone()).await.unwrap();
    let mut asks = JoinSet::new();
    for _ in 0..16 {
        let (mut refunds, ask) = (world.refunds(), back(&spend, 90));
        asks.spawn(async move { refunds.return_spend(ask).await });
    }
    let answers = asks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 11);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "RETURN_EXCEEDS_SPEND");
    }
    assert_eq!(world.spendable(person).await, 300 + 990);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spends_and_returns_of_many_members_at_once_leave_the_books_in_agreement() {
    let world = World::open().await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(world.member_with(&[400, 600]).await);
    }
    let mut asks = JoinSet::new();
    for turn in 0..30i64 {
        let person = people[usize::try_from(turn).unwrap() % people.len()];
        let studio = if turn % 2 == 0 {
            world.chain.chaoyang
        } else {
            world.chain.xuhui
        };
        let spend = spend_at(person, 10 + turn, studio);
        let (mut orders, mut refunds) = (world.orders(), world.refunds());
        asks.spawn(async move {
            orders.spend(spend.clone()).await.unwrap();
            if turn % 3 == 0 {
                refunds.return_spend(back(&spend, 5)).await.unwrap();
            }
        });
    }
    asks.join_all().await;
    let spent: i64 = (0..30)
        .map(|turn| 10 + turn - if turn % 3 == 0 { 5 } else { 0 })
        .sum();
    let mut left = 0;
    for person in people {
        left += world.spendable(person).await;
    }
    assert_eq!(left, 3_000 - spent);
    world.books_agree().await;
}
