//! Spends that wait for each other and are committed together.

use std::time::Duration;

use kernel::PersonId;
use proto::studio::wallet::v1 as pb;
use sqlx::{Postgres, Transaction};
use tokio::task::JoinSet;
use tonic::{Code, Request, Status};

use crate::world::{World, code, fen, id, minor, reason};

type Answer = Result<pb::SpendResponse, Status>;

/// Whoever works on spends waits for a wallet that is held, so that all others gather.
struct Held<'a> {
    world: &'a World,
    lock: Transaction<'static, Postgres>,
    stuck: JoinSet<Answer>,
}

impl<'a> Held<'a> {
    async fn all(world: &'a World) -> Self {
        let person = world.member_with(&[10_000]).await;
        let mut lock = world.it.pool().begin().await.unwrap();
        sqlx::query("select wallet_id from wallets where person_id = $1 for no key update")
            .bind(person.0)
            .execute(&mut *lock)
            .await
            .unwrap();
        let mut stuck = JoinSet::new();
        let mut held = Self {
            world,
            lock,
            stuck: JoinSet::new(),
        };
        held.spawn(&mut stuck, world.spend(person, 1));
        held.wait_for(1, 0).await;
        held.stuck = stuck;
        held
    }

    fn spawn(&self, to: &mut JoinSet<Answer>, ask: pb::SpendRequest) {
        let mut orders = self.world.orders();
        to.spawn(async move { orders.spend(ask).await.map(tonic::Response::into_inner) });
    }

    /// Until so many work, that is wait for the wallet, and so many wait for them.
    async fn wait_for(&self, working: i64, waiting: usize) {
        loop {
            let locked: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(self.world.it.pool())
            .await
            .unwrap();
            if locked >= working && self.world.it.app().spending.waiting() >= waiting {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Answers of spends that came one after the other and were done in one go.
    async fn together(self, asks: &[pb::SpendRequest]) -> Vec<Answer> {
        let mut calls = Vec::new();
        for (ask, waiting) in asks.iter().zip(1..) {
            let mut call = JoinSet::new();
            self.spawn(&mut call, ask.clone());
            calls.push(call);
            self.wait_for(1, waiting).await;
        }
        self.lock.rollback().await.unwrap();
        let mut answers = Vec::new();
        for call in calls {
            answers.extend(call.join_all().await);
        }
        assert!(self.stuck.join_all().await.iter().all(Result::is_ok));
        answers
    }
}

impl World {
    /// In how many transactions these dues were paid.
    async fn commits(&self, asks: &[pb::SpendRequest]) -> i64 {
        let dues: Vec<uuid::Uuid> = asks.iter().map(|ask| ask.due_id.parse().unwrap()).collect();
        sqlx::query_scalar(
            "select count(distinct xmin::text) from transfers where cause = 'spend' and cause_id = any($1)",
        )
        .bind(dues)
        .fetch_one(self.it.pool())
        .await
        .unwrap()
    }
}

/// Where all spends wait for the same batch.
async fn one_lane() -> World {
    World::open_with("service.spending_lanes = 1").await
}

#[tokio::test(flavor = "multi_thread")]
async fn spends_that_gather_are_one_commit_and_each_has_its_own_answer() {
    let world = one_lane().await;
    let (rich, poor) = (
        world.member_with(&[500, 500]).await,
        world.member_with(&[100]).await,
    );
    let before = world.spend(rich, 100);
    let first = world.orders().spend(before.clone()).await.unwrap().into_inner();
    let another = pb::SpendRequest {
        amount: world.spend(rich, 1).amount,
        ..before.clone()
    };
    let twin = world.spend(rich, 30);
    let paid_twice = pb::SpendRequest {
        request_id: id(),
        ..twin.clone()
    };
    let asks = [
        world.spend(rich, 700),
        world.spend(poor, 101),
        before.clone(),
        another,
        world.spend(PersonId::fresh(), 1),
        twin.clone(),
        twin,
        paid_twice,
        world.spend(poor, 60),
        world.spend(rich, 171),
    ];
    let answers = Held::all(&world).await.together(&asks).await;

    let balance = |at: usize| minor(answers[at].clone().unwrap().balance);
    assert_eq!((balance(0), balance(5), balance(8)), (200, 170, 40));
    assert_eq!(answers[2].clone().unwrap(), first, "what was answered before");
    assert_eq!(
        answers[5].clone().unwrap(),
        answers[6].clone().unwrap(),
        "its twin"
    );
    let refused = [
        (1, "INSUFFICIENT_FUNDS"),
        (3, "IDEMPOTENCY_KEY_REUSED"),
        (7, "DUE_ALREADY_PAID"),
    ];
    for (at, why) in refused {
        assert_eq!(reason(answers[at].clone()), why, "{at}");
    }
    assert_eq!(code(answers[4].clone()), Code::NotFound);
    assert_eq!(reason(answers[9].clone()), "INSUFFICIENT_FUNDS");
    let done = [asks[0].clone(), asks[5].clone(), asks[8].clone()];
    assert_eq!(world.commits(&done).await, 1);
    assert_eq!(
        (world.spendable(rich).await, world.spendable(poor).await),
        (170, 40)
    );
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_spends_of_one_wallet_that_gather_as_many_go_through_as_it_holds() {
    let world = one_lane().await;
    let person = world.member_with(&[400, 600]).await;
    let version = world.purse(person).await.version;
    let asks: Vec<_> = (0..10).map(|_| world.spend(person, 150)).collect();
    let answers = Held::all(&world).await.together(&asks).await;
    let balances: Vec<_> = answers
        .iter()
        .flatten()
        .map(|reply| minor(reply.balance.clone()))
        .collect();
    assert_eq!(
        balances,
        [850, 700, 550, 400, 250, 100],
        "in the order in which they came"
    );
    assert!(
        answers[6..]
            .iter()
            .all(|answer| reason(answer.clone()) == "INSUFFICIENT_FUNDS")
    );
    assert_eq!(world.commits(&asks).await, 1);
    assert_eq!(world.purse(person).await.version, version + 6);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_told_to_each_of_a_batch_and_asked_no_more() {
    let world = one_lane().await;
    let person = world.member_with(&[1_000]).await;
    let away = "create sequence tries;
                create function away() returns trigger security definer language plpgsql as $$ begin
                    if new.cause <> 'spend' or new.amount_minor < 10 then return new; end if;
                    perform nextval('tries');
                    raise exception 'away' using errcode = 'admin_shutdown'; end $$;
                create trigger away before insert on transfers for each row execute function away()";
    sqlx::raw_sql(away).execute(world.it.pool()).await.unwrap();
    let asks = [10, 20, 30].map(|amount| world.spend(person, amount));
    let answers = Held::all(&world).await.together(&asks).await;
    for answer in answers {
        assert_eq!(code(answer), Code::Unavailable);
    }
    let tries: i64 = sqlx::query_scalar("select last_value from tries")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(tries, 1);
    sqlx::raw_sql("drop trigger away on transfers")
        .execute(world.it.pool())
        .await
        .unwrap();
    for ask in asks {
        world.orders().spend(ask).await.unwrap();
    }
    assert_eq!(world.spendable(person).await, 940);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_spend_that_goes_wrong_fails_none_of_its_neighbours() {
    let world = one_lane().await;
    let person = world.member_with(&[1_000]).await;
    let poison = "create function poison() returns trigger language plpgsql as $$ begin
                      if new.amount_minor = 13 then raise exception 'poison'; end if; return new; end $$;
                  create trigger poison before insert on transfers for each row execute function poison()";
    sqlx::raw_sql(poison).execute(world.it.pool()).await.unwrap();
    let asks = [10, 13, 20].map(|amount| world.spend(person, amount));
    let answers = Held::all(&world).await.together(&asks).await;
    assert_eq!(code(answers[1].clone()), Code::Internal);
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{answers:?}");
    assert_eq!(world.spendable(person).await, 970);
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let world = one_lane().await;
    let person = world.member_with(&[1_000]).await;
    let held = Held::all(&world).await;
    let mut late = Request::new(world.spend(person, 100));
    late.set_timeout(Duration::from_millis(200));
    let answer = world.orders().spend(late).await;
    assert_eq!(code(answer), Code::DeadlineExceeded);
    let answers = held.together(&[world.spend(person, 1)]).await;
    assert_eq!(minor(answers[0].clone().unwrap().balance), 999);
    assert_eq!(world.spendable(person).await, 999);
}

/// The answers to one call, as those of a call each.
async fn in_one_call(world: &World, asks: &[pb::SpendRequest]) -> Vec<pb::SpendOutcome> {
    let request = pb::SpendManyRequest {
        request_id: id(),
        spends: asks.to_vec(),
    };
    let outcomes = world
        .orders()
        .spend_many(request)
        .await
        .unwrap()
        .into_inner()
        .outcomes;
    let ids: Vec<_> = outcomes.iter().map(|outcome| &outcome.request_id).collect();
    assert_eq!(ids, asks.iter().map(|ask| &ask.request_id).collect::<Vec<_>>());
    for outcome in &outcomes {
        assert_ne!(outcome.done.is_some(), outcome.refused.is_some(), "{outcome:?}");
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn many_spends_in_one_call_have_each_its_own_answer_and_are_done_once() {
    let world = World::open().await;
    let (rich, poor) = (
        world.member_with(&[500, 500]).await,
        world.member_with(&[100]).await,
    );
    let twin = world.spend(rich, 30);
    let asks = [
        world.spend(rich, 700),
        world.spend(poor, 101),
        twin.clone(),
        twin.clone(),
        world.spend(PersonId::fresh(), 1),
        pb::SpendRequest {
            amount: fen(0),
            ..world.spend(rich, 1)
        },
    ];
    let answers = in_one_call(&world, &asks).await;
    let done = |at: usize| answers[at].done.clone().unwrap();
    let refused = |at: usize| answers[at].refused.clone().unwrap();
    assert_eq!(minor(done(0).amount), 700);
    let poor_one = refused(1);
    assert_eq!(poor_one.reason, "INSUFFICIENT_FUNDS");
    assert_eq!(poor_one.metadata["spendable_minor"], "100");
    assert_eq!(done(2), done(3));
    let codes = [4, 5].map(|at| Code::from(refused(at).code));
    assert_eq!(codes, [Code::NotFound, Code::InvalidArgument]);

    assert_eq!(in_one_call(&world, &asks).await[..4], answers[..4], "again");
    let alone = world.orders().spend(twin).await.unwrap().into_inner();
    assert_eq!(alone, done(2));
    assert_eq!(
        (world.spendable(rich).await, world.spendable(poor).await),
        (270, 100)
    );
    world.books_agree().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_one_call_takes_go_through_and_neither_none_nor_more() {
    let world = World::open().await;
    let person = world.member_with(&[255]).await;
    let asks: Vec<_> = (0..257).map(|_| world.spend(person, 1)).collect();
    let of = |spends: &[pb::SpendRequest]| pb::SpendManyRequest {
        request_id: id(),
        spends: spends.to_vec(),
    };
    assert_eq!(
        code(world.orders().spend_many(of(&[])).await),
        Code::InvalidArgument
    );
    assert_eq!(
        code(world.orders().spend_many(of(&asks)).await),
        Code::InvalidArgument
    );
    let answers = in_one_call(&world, &asks[..256]).await;
    assert_eq!(answers.iter().filter(|answer| answer.done.is_some()).count(), 255);
    assert_eq!(world.spendable(person).await, 0);
    assert!(world.commits(&asks).await < 50, "they are committed together");
    world.books_agree().await;
}
