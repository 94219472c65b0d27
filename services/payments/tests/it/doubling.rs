//! Dues that are paid twice at once, each told of more than once (L09).

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use proto::studio::payments::v1 as pb;
use testkit::seed::scale;
use testkit::wechat::Script;

use crate::world::World;

const LIFE: Duration = Duration::from_secs(901);
/// Members at once.
const BESIDE: usize = 16;

impl World {
    async fn qrs(&self, intents: &[pb::Intent]) -> Vec<pb::Attempt> {
        let all = stream::iter(intents).map(|intent| self.start(intent));
        let started: Vec<_> = all.buffered(BESIDE).collect().await;
        self.it.settle_by(BESIDE).await;
        started.into_iter().map(Result::unwrap).collect()
    }

    async fn all_of(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.it.pool()).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_dues_paid_twice_at_once_each_is_paid_once_and_each_second_payment_goes_back_once() {
    let world = World::open().await;
    let dues: usize = if scale() > 1 { 1_000 } else { 60 };
    let count = i64::try_from(dues).unwrap();
    for _ in 0..2 * dues {
        world.sim.script_next(Script {
            duplicate_callback: 1,
            ..Script::default()
        });
    }
    let intents: Vec<_> = stream::iter(0..dues)
        .map(|_| world.intent())
        .buffered(BESIDE)
        .collect()
        .await;
    let first = world.qrs(&intents).await;
    world.it.advance(LIFE);
    world.it.settle_by(BESIDE).await;
    let second = world.qrs(&intents).await;
    // nobody is there to hear it while both are paid
    for (one, other) in first.iter().zip(&second) {
        world.sim.pay(&other.channel_number).unwrap();
        world.sim.pay_late(&one.channel_number).unwrap();
    }
    world.it.advance(Duration::from_secs(3));
    tokio::join!(world.it.settle_by(BESIDE), world.callbacks_done());
    world.refunds_done().await;

    for (what, expected) in [
        ("select count(*) from payments", count),
        ("select count(*) from intents where state = 'paid'", count),
        (
            "select count(*) from isolated_money where state = 'returned'",
            count,
        ),
        ("select count(*) from isolated_money", count),
        ("select count(*) from exceptions where state = 'closed'", count),
        ("select count(*) from exceptions where overdue_at is not null", 0),
    ] {
        assert_eq!(world.all_of(what).await, expected, "{what}");
    }
    for fact in [
        "payment_captured",
        "money_isolated",
        "money_returned",
        "exception_answered",
    ] {
        assert_eq!(world.facts(fact).await, count, "{fact}");
    }
    assert_eq!(world.sim.refunds().len(), dues);
    let again = join_all(intents.iter().take(BESIDE).map(|intent| world.start(intent))).await;
    assert!(again.iter().all(Result::is_err), "nobody pays a third time");
    world.books_balance().await;
}
