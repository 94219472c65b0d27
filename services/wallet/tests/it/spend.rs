use std::time::Duration;

use kernel::{PersonId, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use tonic::Code;

use crate::world::{World, code, fen, id, minor, reason, spend_at, wallet};

#[tokio::test]
async fn a_spend_takes_the_oldest_lots_first_and_explains_every_leg() {
    let world = World::open().await;
    let person = world.member_with(&[300, 500]).await;
    let spend = world.spend(person, 400);
    let reply = world.orders().spend(spend.clone()).await.unwrap().into_inner();
    assert_eq!((minor(reply.amount), minor(reply.balance)), (400, 400));

    let ask = pb::ListTransfersRequest {
        person_id: person.to_string(),
        ..pb::ListTransfersRequest::default()
    };
    let mut member = wallet(world.it.as_member(person));
    let lines = member.list_transfers(ask).await.unwrap().into_inner().transfers;
    let legs: Vec<_> = lines
        .iter()
        .filter(|t| t.cause() == pb::TransferCause::Spend)
        .collect();
    assert_eq!(legs.len(), 2);
    for (line, (amount, after)) in legs.iter().rev().zip([(300, 500), (100, 400)]) {
        assert_eq!(
            (minor(line.amount.clone()), minor(line.balance_after.clone())),
            (amount, after)
        );
        assert_eq!(
            (line.debit(), line.credit()),
            (pb::AccountKind::MemberPrincipal, pb::AccountKind::Revenue)
        );
        assert_eq!(
            (&line.cause_id, &line.request_id),
            (&spend.due_id, &spend.request_id)
        );
        assert_eq!(line.caller, "service:orders");
    }
    let purse = world.purse(person).await;
    assert_eq!(
        purse
            .lots
            .iter()
            .map(|l| minor(l.remaining.clone()))
            .collect::<Vec<_>>(),
        vec![400]
    );
    world.books_agree().await;
}

#[tokio::test]
async fn money_held_by_one_company_and_spent_at_another_is_owed_between_them() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    world
        .orders()
        .spend(spend_at(person, 600, world.chain.xuhui))
        .await
        .unwrap();
    let kinds: Vec<(String, String)> = sqlx::query_as(
        "select d.kind, c.kind from transfers t join accounts d on d.account_id = t.debit_id
         join accounts c on c.account_id = t.credit_id where t.cause = 'spend' order by t.leg",
    )
    .fetch_all(world.it.pool())
    .await
    .unwrap();
    let expected = [
        ("member_principal", "inter_company"),
        ("inter_company", "revenue"),
    ];
    assert_eq!(kinds, expected.map(|(d, c)| (d.to_owned(), c.to_owned())));
    world.books_agree().await;
}

#[tokio::test]
async fn a_spend_beyond_the_balance_says_what_there_is_and_moves_nothing() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let before = world.count("transfers").await;
    assert_eq!(
        reason(world.orders().spend(world.spend(person, 501)).await),
        "INSUFFICIENT_FUNDS"
    );
    assert_eq!(world.count("transfers").await, before);
    assert_eq!(world.spendable(person).await, 500);
}

#[tokio::test]
async fn a_repeated_spend_answers_as_before_and_moves_nothing() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let spend = world.spend(person, 200);
    let first = world.orders().spend(spend.clone()).await.unwrap().into_inner();
    let again = world.orders().spend(spend).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(world.spendable(person).await, 300);
}

#[tokio::test]
async fn a_request_id_used_for_another_spend_is_refused() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let spend = world.spend(person, 200);
    world.orders().spend(spend.clone()).await.unwrap();
    let other = pb::SpendRequest {
        amount: fen(201),
        ..spend
    };
    assert_eq!(
        reason(world.orders().spend(other).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
}

#[tokio::test]
async fn a_due_is_paid_once_whatever_the_request_id() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let spend = world.spend(person, 200);
    world.orders().spend(spend.clone()).await.unwrap();
    let again = pb::SpendRequest {
        request_id: id(),
        ..spend
    };
    assert_eq!(reason(world.orders().spend(again).await), "DUE_ALREADY_PAID");
    assert_eq!(world.spendable(person).await, 300);
}

#[tokio::test]
async fn only_orders_spends_and_only_a_service() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let ask = || world.spend(person, 100);
    for who in [
        world.it.as_member(person),
        world.it.as_staff(Role::FinanceSupervisor, world.chain.chaoyang),
    ] {
        assert_eq!(code(wallet(who).spend(ask()).await), Code::PermissionDenied);
    }
    assert_eq!(
        code(wallet(world.it.as_service("refunds")).spend(ask()).await),
        Code::PermissionDenied
    );
    assert_eq!(
        code(wallet(world.it.anonymous()).spend(ask()).await),
        Code::Unauthenticated
    );
    world.orders().spend(ask()).await.unwrap();
}

#[tokio::test]
async fn every_bad_field_of_a_spend_is_named_at_once() {
    let world = World::open().await;
    let bad = pb::SpendRequest {
        request_id: "x".to_owned(),
        due_id: "y".to_owned(),
        ..pb::SpendRequest::default()
    };
    let status = world.orders().spend(bad).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    for field in ["request_id", "person_id", "due_id", "amount", "studio_id"] {
        assert!(
            status.message().contains(field),
            "{field} in {}",
            status.message()
        );
    }
}

#[tokio::test]
async fn nothing_and_less_than_nothing_cannot_be_spent() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    for amount in [0, -1] {
        let answer = world.orders().spend(world.spend(person, amount)).await;
        assert_eq!(reason(answer), "INVALID_FIELDS");
    }
}

#[tokio::test]
async fn a_person_without_a_wallet_and_an_unknown_studio_are_told_apart() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    assert_eq!(
        reason(world.orders().spend(world.spend(PersonId::fresh(), 1)).await),
        "NOT_FOUND"
    );
    let nowhere = spend_at(person, 1, kernel::StudioId::fresh());
    assert_eq!(reason(world.orders().spend(nowhere).await), "STUDIO_UNKNOWN");
}

#[tokio::test]
async fn a_member_sees_an_own_wallet_and_nobody_elses() {
    let world = World::open().await;
    let (person, other) = (world.member_with(&[500]).await, world.member().await);
    let ask = |of: PersonId| pb::GetWalletRequest {
        person_id: of.to_string(),
    };
    let mut member = wallet(world.it.as_member(person));
    assert_eq!(
        minor(
            member
                .get_wallet(ask(person))
                .await
                .unwrap()
                .into_inner()
                .wallet
                .unwrap()
                .spendable
        ),
        500
    );
    assert_eq!(reason(member.get_wallet(ask(other)).await), "NOT_FOUND");
    let statement = pb::ListTransfersRequest {
        person_id: other.to_string(),
        ..pb::ListTransfersRequest::default()
    };
    assert_eq!(reason(member.list_transfers(statement).await), "NOT_FOUND");
}

#[tokio::test]
async fn staff_of_any_studio_look_a_wallet_up_and_that_is_kept() {
    let world = World::open().await;
    let person = world.member_with(&[500]).await;
    let mut desk = wallet(world.it.as_staff(Role::FrontDesk, world.chain.xuhui));
    desk.get_wallet(pb::GetWalletRequest {
        person_id: person.to_string(),
    })
    .await
    .unwrap();
    let looked: i64 =
        sqlx::query_scalar("select count(*) from audit where decision = 'looked' and actor like 'person:%'")
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert_eq!(looked, 1);
}

#[tokio::test]
async fn a_statement_comes_in_pages_without_gap_or_repeat() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    for _ in 0..6 {
        world.orders().spend(world.spend(person, 10)).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let ask = pb::ListTransfersRequest {
            person_id: person.to_string(),
            page_size: 3,
            page_token: token,
        };
        let page = wallet(world.it.as_member(person))
            .list_transfers(ask)
            .await
            .unwrap()
            .into_inner();
        seen.extend(page.transfers.into_iter().map(|t| minor(t.balance_after)));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, vec![940, 950, 960, 970, 980, 990, 1_000]);
}

#[tokio::test]
async fn a_balance_of_a_past_time_follows_from_the_movements_until_then() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let mut marks = vec![(world.it.clock().now(), 1_000)];
    for (amount, left) in [(300, 700), (200, 500)] {
        world.it.advance(Duration::from_hours(1));
        world.orders().spend(world.spend(person, amount)).await.unwrap();
        marks.push((world.it.clock().now(), left));
    }
    world.it.advance(Duration::from_hours(1));
    let ask = |at| pb::GetBalanceRequest {
        person_id: person.to_string(),
        at: Some(to_proto_time(at)),
    };
    let mut own = wallet(world.it.as_member(person));
    for (at, left) in marks {
        let then = own.get_balance(ask(at)).await.unwrap().into_inner();
        assert_eq!((minor(then.principal), minor(then.gift)), (left, 0), "{at}");
    }
    let before = world.it.clock().now() - chrono::TimeDelta::days(1);
    let nothing = own.get_balance(ask(before)).await.unwrap().into_inner();
    assert_eq!((minor(nothing.principal), nothing.transfers), (0, 0));
    let later = world.it.clock().now() + chrono::TimeDelta::hours(1);
    assert_eq!(code(own.get_balance(ask(later)).await), Code::InvalidArgument);
    let mut stranger = wallet(world.it.as_member(PersonId::fresh()));
    assert_eq!(code(stranger.get_balance(ask(before)).await), Code::NotFound);
}
