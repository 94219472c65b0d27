//! Bills on their way to us, from a channel that makes them of what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use kernel::Timestamp;
use payments::domain::reconciliation::Book;
use payments::domain::statement::{Party, figures};
use rstest::rstest;
use testkit::alipay::{BillFlaw, Script};

use super::found;
use crate::world::{PRICE, World};

/// Until the bills of a day and of the next can be fetched.
const TWO_BILLS: Duration = Duration::from_hours(72);

/// A payment by Alipay, and the day on whose bill it stands.
async fn sold() -> (World, NaiveDate) {
    let world = World::open().await;
    world.alipay_payment(Script::default()).await;
    let paid_at: Timestamp = sqlx::query_scalar("select paid_at from payments")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    (world, figures::day(paid_at))
}

/// Lets the bills be fetched once they are due.
pub async fn fetched(world: &World) {
    sqlx::query(
        "insert into tasks (task_id, kind, aggregate, lane, payload, due_at)
         values (gen_random_uuid(), 'plan_bills', gen_random_uuid(), 'plan_bills', 'null', $1)",
    )
    .bind(world.it.clock().now() + TWO_BILLS)
    .execute(world.it.pool())
    .await
    .unwrap();
    world.later(TWO_BILLS).await;
}

async fn state_of(world: &World, day: NaiveDate) -> Option<String> {
    sqlx::query_scalar("select state from reconciliation_days where book_id = $1 and day = $2")
        .bind(Book::of(Party::Alipay, "house").id)
        .bind(day)
        .fetch_optional(world.it.pool())
        .await
        .unwrap()
}

/// How many of Alipay's files of a day there are in a state, and how many lines
/// they have.
async fn files(world: &World, day: NaiveDate, state: &str) -> (i64, i64) {
    sqlx::query_as(
        "select count(distinct s.statement_id), count(l.line)
         from statements s left join statement_lines l using (statement_id) where s.day = $1 and s.state = $2 and s.book_id = $3",
    )
    .bind(day)
    .bind(state)
    .bind(Book::of(Party::Alipay, "house").id)
    .fetch_one(world.it.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn the_bills_of_a_day_are_fetched_and_agree_with_what_was_paid() {
    let (world, day) = sold().await;
    fetched(&world).await;
    assert_eq!(found(&world).await, BTreeMap::new());
    assert_eq!(state_of(&world, day).await.as_deref(), Some("judged"));
    let (taken, lines) = files(&world, day, "taken").await;
    assert_eq!(taken, 2);
    assert!(lines >= 2, "{lines}");
    world.run_again("fetch_bill").await;
    assert_eq!(files(&world, day, "taken").await, (taken, lines), "taken once");
}

#[tokio::test]
async fn a_payment_that_only_the_fetched_bill_tells_of_is_a_difference() {
    let (world, day) = sold().await;
    let invented = BillFlaw::Invented {
        out_trade_no: "NOBODYS".to_owned(),
        fen: PRICE,
    };
    world.alipay.flaw_bill(day, invented);
    fetched(&world).await;
    let now = found(&world).await;
    let told: Vec<&str> = now.keys().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(told, ["paid_missing_here"]);
}

#[tokio::test]
async fn bills_of_days_on_which_nobody_looked_are_fetched_later() {
    let (world, day) = sold().await;
    world.later(Duration::from_hours(24 * 12)).await;
    fetched(&world).await;
    assert_eq!(state_of(&world, day).await.as_deref(), Some("judged"));
    assert_eq!(found(&world).await, BTreeMap::new());
}

/// The number of the first payment, as the bill names it.
async fn number(world: &World) -> String {
    sqlx::query_scalar("select channel_number from attempts order by created_at limit 1")
        .fetch_one(world.it.pool())
        .await
        .unwrap()
}

#[rstest]
#[case::amount_off(|out_trade_no| BillFlaw::AmountOff { out_trade_no, fen: 1 }, "amount")]
#[case::fee_off(|out_trade_no| BillFlaw::FeeOff { out_trade_no, fen: 1 }, "fee_off_rate")]
#[case::left_out(|out_trade_no| BillFlaw::Missing { out_trade_no }, "missing_at_channel")]
#[case::twice(|out_trade_no| BillFlaw::Doubled { out_trade_no }, "duplicate_line")]
#[tokio::test]
async fn what_the_fetched_bill_says_otherwise_is_a_difference(
    #[case] flaw: fn(String) -> BillFlaw,
    #[case] kind: &str,
) {
    let (world, day) = sold().await;
    world.alipay_payment(Script::default()).await;
    let number = number(&world).await;
    world.alipay.flaw_bill(day, flaw(number.clone()));
    fetched(&world).await;
    let now = found(&world).await;
    assert!(
        now.keys()
            .any(|(found, key)| found == kind && key.starts_with(&number)),
        "{now:?}"
    );
}

/// The bill of a day on which nothing else happened.
#[tokio::test]
async fn the_only_number_of_a_bill_is_compared_like_any_other() {
    let (world, day) = sold().await;
    let out_trade_no = number(&world).await;
    let off = BillFlaw::AmountOff {
        out_trade_no: out_trade_no.clone(),
        fen: 1,
    };
    world.alipay.flaw_bill(day, off);
    fetched(&world).await;
    assert!(
        found(&world)
            .await
            .contains_key(&("amount".to_owned(), out_trade_no))
    );
}

#[rstest]
#[case::not_made_yet(BillFlaw::NotReady, 0)]
#[case::footer_off(BillFlaw::WrongFooter, 2)]
#[tokio::test]
async fn a_bill_that_is_not_there_or_does_not_add_up_counts_for_nothing(
    #[case] flaw: BillFlaw,
    #[case] unreadable: i64,
) {
    let (world, day) = sold().await;
    world.alipay.flaw_bill(day, flaw);
    fetched(&world).await;
    world.later(Duration::from_secs(601)).await;
    assert_eq!(files(&world, day, "taken").await, (0, 0));
    assert_eq!(files(&world, day, "unreadable").await.0, unreadable);
    assert_eq!(state_of(&world, day).await, None);
    let asked = world
        .count(
            "select count(*) from tasks where kind = $1 and state = 'waiting'",
            "fetch_bill",
        )
        .await;
    assert!(asked >= 2, "it is asked for again");
}
