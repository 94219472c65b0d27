//! What must hold when all is quiet: our books against what the channels know,
//! and against their bills, to the fen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use checker::{ChannelPayment, ChannelRefund, ChannelTruth, House, Terms};
use chrono::{Days, NaiveDate, NaiveTime};
use payments::domain::reconciliation::Book;
use payments::domain::statement::{Party, figures};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::reconciliation_service_client::ReconciliationServiceClient;
use serde_json::Value;
use sqlx::FromRow;
use testkit::At;

use super::order::Order;
use super::{HANDS, advance, quiet};
use crate::world::World;

/// Money by number: what it is tied to, and how much.
type Side = BTreeMap<String, (String, i64)>;

/// Payments and isolated money, with the channel's number.
const CAME: &str = "
    select channel_number, channel_transaction, paid_minor from payments
    union all select channel_number, channel_transaction, amount_minor from isolated_money";
/// Payments alone.
const CAME_TO_STAY: &str = "select channel_number, channel_transaction, paid_minor from payments";
/// What went back, with our number of the payment.
const WENT: &str = "
    select r.refund_number, p.channel_number, r.amount_minor
    from refunds r join payments p using (payment_id) where r.state = 'succeeded'
    union all select return_number, channel_number, amount_minor from isolated_money where state = 'returned'";

const BILLS_AWAITED: &str = "select count(*) from tasks where kind = 'fetch_bill' and state = 'waiting'";
const MONEY_HELD: &str = "select count(*) from isolated_money where state = 'held'";
/// Of all of them together a day has room.
const MOST_STEPS: u32 = 40;

/// Of the merchant who has orders; another shares its number at the channel.
const DIFFERENCES: &str = "
    select d.type, d.key, d.state from differences d join books using (book_id) where account = 'house'";

/// Everything since `first`; panics with what does not hold.
pub async fn judge(world: &World, first: NaiveDate) {
    let last = figures::day(world.it.clock().now());
    fetch_bills(world, last).await;
    let captured = ours(world, CAME_TO_STAY).await;
    let reversed = reversed(world);
    let bought: Vec<_> = reversed
        .keys()
        .filter(|number| captured.contains_key(*number))
        .collect();
    assert!(bought.is_empty(), "taken back and kept as paid: {bought:#?}");
    let (theirs, unseen) = truth(world, reversed).await;
    let came = theirs.payments.iter();
    let came: Side = came
        .map(|p| (p.number.clone(), (p.transaction.clone(), p.amount_minor)))
        .collect();
    let went = theirs.refunds.iter();
    let went: Side = went
        .map(|r| (r.number.clone(), (r.payment.clone(), r.amount_minor)))
        .collect();
    agree("came", &ours(world, CAME).await, &came);
    agree("went back", &ours(world, WENT).await, &went);
    let waiting = waiting(world).await;
    assert!(
        waiting.is_empty(),
        "waits without end or for a person: {waiting:#?}"
    );
    world.books_balance().await;
    assert_eq!(world.it.violations().await, Vec::<String>::new());
    checked(world, &theirs).await;
    let days = first.iter_days().take_while(|day| *day <= last + Days::new(1));
    let lines = came.len() + went.len() + 2 * unseen.values().flatten().count();
    bills_agree(world, &days.collect::<Vec<_>>(), lines, &unseen).await;
}

/// Who paid in time bought something: no doubt ends an attempt that was paid.
pub async fn none_late(world: &World, orders: &[Order]) {
    let captured = ours(world, CAME_TO_STAY).await;
    let in_time = orders.iter().flat_map(Order::in_time);
    let lost: Vec<_> = in_time.filter(|number| !captured.contains_key(*number)).collect();
    assert!(lost.is_empty(), "paid in time and not captured: {lost:#?}");
}

/// Charges whose money came and was taken back by a reversal: by number, through
/// which channel, the channel's number and how much.
type Reversed = BTreeMap<String, (Party, String, i64)>;

/// Of those that we never saw paid, the amounts at each channel.
type Unseen = BTreeMap<&'static str, Vec<i64>>;

fn reversed(world: &World) -> Reversed {
    let cancelled: BTreeSet<String> = world
        .alipay
        .refunds()
        .iter()
        .filter(|refund| refund["out_refund_no"] == refund["out_trade_no"])
        .map(|refund| refund["out_trade_no"].as_str().unwrap().to_owned())
        .collect();
    let number = |order: &Value| order["out_trade_no"].as_str().unwrap().to_owned();
    let money = |party, order: &Value| {
        let transaction = order["transaction_id"].as_str().unwrap().to_owned();
        (
            number(order),
            (party, transaction, order["amount_minor"].as_i64().unwrap()),
        )
    };
    let wechat = world.sim.orders();
    let wechat = wechat
        .iter()
        .filter(|order| order["trade_state"] == "REVOKED" && order["transaction_id"].is_string())
        .map(|order| money(Party::Wechat, order));
    let alipay = world.alipay.orders();
    let alipay = alipay
        .iter()
        .filter(|order| cancelled.contains(&number(order)))
        .map(|order| money(Party::Alipay, order));
    wechat.chain(alipay).collect()
}

/// What both simulators know. Money that a reversal took back stands in our books
/// under a number of ours if we saw it at all; so it is told here.
async fn truth(world: &World, reversed: Reversed) -> (ChannelTruth, Unseen) {
    let mut all = ChannelTruth::of_simulator(&world.sim.orders(), &world.sim.refunds()).unwrap();
    let other = ChannelTruth::of_simulator(&world.alipay.orders(), &world.alipay.refunds()).unwrap();
    all.payments.extend(other.payments);
    all.refunds.extend(other.refunds);
    all.payments
        .retain(|payment| !reversed.contains_key(&payment.number));
    all.refunds
        .retain(|refund| !reversed.contains_key(&refund.payment));

    let isolated: Vec<(String, String)> =
        sqlx::query_as("select channel_number, return_number from isolated_money")
            .fetch_all(world.it.pool())
            .await
            .unwrap();
    let returns: BTreeMap<String, String> = isolated.into_iter().collect();
    let mut unseen = Unseen::new();
    for (number, (party, transaction, amount_minor)) in reversed {
        let Some(return_number) = returns.get(&number) else {
            unseen.entry(party.word()).or_default().push(amount_minor);
            continue;
        };
        all.payments.push(ChannelPayment {
            number: number.clone(),
            transaction,
            amount_minor,
        });
        all.refunds.push(ChannelRefund {
            number: return_number.clone(),
            payment: number,
            amount_minor,
        });
    }
    (all, unseen)
}

async fn ours(world: &World, sql: &'static str) -> Side {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).fetch_all(world.it.pool()).await.unwrap();
    let count = rows.len();
    let side: Side = rows
        .into_iter()
        .map(|(number, tied, minor)| (number, (tied, minor)))
        .collect();
    assert_eq!(side.len(), count, "a number stands twice");
    side
}

fn agree(what: &str, ours: &Side, theirs: &Side) {
    let alone = |one: &Side, other: &Side| -> Vec<String> {
        let differs = one
            .iter()
            .filter(|(number, money)| other.get(*number) != Some(*money));
        differs
            .map(|(number, money)| format!("{number} {money:?}"))
            .collect()
    };
    let (here, there) = (alone(ours, theirs), alone(theirs, ours));
    assert!(
        here.is_empty() && there.is_empty(),
        "{what}: only here {here:#?}, only at the channel {there:#?}"
    );
}

/// Live attempts, refunds on their way, money that is not back or was no case,
/// members without an answer, parked tasks.
async fn waiting(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "select 'attempt ' || channel_number || ' ' || state from attempts
             where state in ('creating', 'awaiting_payment', 'closing')
         union all select 'intent ' || intent_id || ' open' from intents where state = 'open'
         union all select 'refund ' || refund_number || ' ' || state from refunds
             where state in ('reserved', 'submitted', 'abnormal')
         union all select 'isolated ' || channel_number from isolated_money where state <> 'returned'
         union all select 'isolated and no case ' || i.channel_number from isolated_money i
             where not exists (select from exceptions e where e.attempt_id = i.attempt_id and e.proven)
         union all select 'case ' || number || ' ' || state from exceptions where state not in ('answered', 'closed')
         union all select 'task ' || kind || ': ' || last_error from tasks where state = 'parked'",
    )
    .fetch_all(world.it.pool())
    .await
    .unwrap()
}

/// The house's own checker, asked as an operator would.
async fn checked(world: &World, truth: &ChannelTruth) {
    let door = world.it.as_staff(Role::Operations, At::Everywhere);
    let terms = Terms {
        channel: Some(truth),
        looks: 1,
        ..Terms::default()
    };
    let found = checker::check(&House::new().with("payments", door), &terms)
        .await
        .unwrap();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[derive(Debug, Default, PartialEq, Eq, FromRow)]
struct Sum {
    payments: i64,
    paid: i64,
    refunds: i64,
    refunded: i64,
}

/// On every line of the bills we say the same, and the sums are ours. Late money
/// of which no callback came is found by its bill, and no other difference.
async fn bills_agree(world: &World, days: &[NaiveDate], lines: usize, unseen: &Unseen) {
    let found: Vec<(String, String, String)> = sqlx::query_as(DIFFERENCES)
        .fetch_all(world.it.pool())
        .await
        .unwrap();
    let repaired =
        |(kind, _, state): &&(String, String, String)| kind == "paid_unknown_here" && state == "resolved";
    let (by_bill, others): (Vec<_>, Vec<_>) = found.iter().partition(repaired);
    assert!(others.is_empty(), "differences: {others:#?}");
    let mut agreed = by_bill.len();
    for (party, channel) in [
        (Party::Wechat, pb::Party::Wechat),
        (Party::Alipay, pb::Party::Alipay),
    ] {
        let mut told = Sum::default();
        for day in days {
            let report = report(world, channel, *day).await;
            assert_eq!(
                report.day.unwrap().state(),
                pb::DayState::Judged,
                "{party:?} {day}"
            );
            for total in report.totals {
                told.payments += total.payments;
                told.paid += total.paid.unwrap().minor;
                told.refunds += total.refunds;
                told.refunded += total.refunded.unwrap().minor;
                agreed += usize::try_from(total.agreed).unwrap();
            }
        }
        let mut expected = sum(world, &Book::of(party, "house")).await;
        for minor in unseen.get(party.word()).into_iter().flatten() {
            expected.payments += 1;
            expected.paid += minor;
            expected.refunds += 1;
            expected.refunded += minor;
        }
        assert_eq!(told, expected, "{party:?}");
    }
    assert_eq!(agreed, lines, "lines that agree");
}

/// Every day's bills are fetched the next day; the day after the last one tells
/// what went back because of the bills before, and one more judges it.
async fn fetch_bills(world: &World, last: NaiveDate) {
    let half_past_ten = NaiveTime::from_hms_opt(10, 30, 0).unwrap();
    let at = |days| figures::at(last + Days::new(days), half_past_ten);
    sqlx::query(
        "insert into tasks (task_id, kind, aggregate, lane, payload, due_at)
         values (gen_random_uuid(), 'plan_bills', gen_random_uuid(), 'plan_bills', 'null', $1)",
    )
    .bind(at(1))
    .execute(world.it.pool())
    .await
    .unwrap();
    for days in 1..=3 {
        advance(world, (at(days) - world.it.clock().now()).to_std().unwrap());
        until_none(world, BILLS_AWAITED, Duration::from_mins(11)).await;
        until_none(world, MONEY_HELD, Duration::from_mins(1)).await;
    }
}

/// Lets time go on in steps as long as a query counts anything; a slow machine's
/// answers come too late, and are asked for again.
async fn until_none(world: &World, counts: &'static str, step: Duration) {
    for _ in 0..MOST_STEPS {
        world.it.settle_by(HANDS).await;
        quiet(world).await;
        let left: i64 = sqlx::query_scalar(counts)
            .fetch_one(world.it.pool())
            .await
            .unwrap();
        if left == 0 {
            return;
        }
        advance(world, step);
    }
    panic!("no end after {MOST_STEPS} steps: {counts}");
}

async fn report(world: &World, channel: pb::Party, day: NaiveDate) -> pb::GetDayReportResponse {
    let door = world.it.as_staff(Role::FinanceAuditor, world.chain.operator);
    let request = pb::GetDayReportRequest {
        account: Some(pb::Account {
            party: channel.into(),
            name: "house".to_owned(),
        }),
        day: day.to_string(),
        ..Default::default()
    };
    let asked = ReconciliationServiceClient::new(door)
        .get_day_report(request)
        .await;
    asked.unwrap().into_inner()
}

/// What we have of an account.
async fn sum(world: &World, book: &Book) -> Sum {
    sqlx::query_as(
        "with came as (
             select paid_minor as minor from payments where merchant = $1 and split_part(method, '_', 1) = $2
             union all select amount_minor from isolated_money where merchant = $1 and split_part(method, '_', 1) = $2
         ), went as (
             select r.amount_minor as minor from refunds r join payments p using (payment_id)
             where p.merchant = $1 and split_part(p.method, '_', 1) = $2 and r.state = 'succeeded'
             union all select amount_minor from isolated_money
             where merchant = $1 and split_part(method, '_', 1) = $2 and state = 'returned'
         )
         select (select count(*) from came) as payments, (select coalesce(sum(minor), 0)::bigint from came) as paid,
                (select count(*) from went) as refunds, (select coalesce(sum(minor), 0)::bigint from went) as refunded",
    )
    .bind(&book.account)
    .bind(book.party.word())
    .fetch_one(world.it.pool())
    .await
    .unwrap()
}
