//! A day's bills held against our books, beside `sort` and `join` of the same
//! files: how long it takes, and how much memory it holds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use chrono::{Days, NaiveDate};
use faults::house::House;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{Executor as _, PgPool};
use testkit::wechat::{APPID, MCHID};
use uuid::Uuid;

use crate::{Bar, service};

/// Lines of the trade bill; its fund bill has two for each.
const FEW: i64 = 10_000;
const MANY: i64 = 1_000_000;
/// Days of which nobody asks any more.
const FEW_DAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 3, 4).expect("a day");
const MANY_DAY: NaiveDate = NaiveDate::from_ymd_opt(2025, 6, 10).expect("a day");
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_mins(15);

/// Compares a small day and a large one, each in a process that did nothing
/// before.
pub async fn measure(house: &Arc<House>) -> Result<Vec<Bar>> {
    let few = Comparison::of(house, FEW_DAY, FEW).await?;
    let many = Comparison::of(house, MANY_DAY, MANY).await?;
    let ratio = |a: Decimal, b: Decimal| (a / b.max(Decimal::new(1, 3))).round_dp(2);
    let time = Bar {
        name: "reconcile-time",
        value: ratio(many.seconds, many.sorted),
        unit: "times sort and join",
        floor: Decimal::from(3),
        goal: Decimal::new(15, 1),
        detail: json!({ "lines": MANY, "seconds": many.seconds, "sort_and_join_seconds": many.sorted }),
    };
    let memory = Bar {
        name: "reconcile-memory",
        value: ratio(many.peak, few.peak),
        unit: "times as much",
        floor: Decimal::from(3),
        goal: Decimal::new(12, 1),
        detail: json!({ "lines": [FEW, MANY], "peak_mib": [few.peak, many.peak] }),
    };
    Ok(vec![time, memory])
}

struct Comparison {
    seconds: Decimal,
    sorted: Decimal,
    /// Of the process of payments, in MiB.
    peak: Decimal,
}

impl Comparison {
    async fn of(house: &Arc<House>, day: NaiveDate, lines: i64) -> Result<Self> {
        let pool = house.pool("payments")?;
        let book = Uuid::new_v5(&Uuid::NAMESPACE_OID, b"wechat test");
        seed(pool, book, day, lines).await?;
        let sorted = sort_and_join(pool, book, day).await?;
        let mut process = house.service("payments")?.lock().await;
        process.stop().await?;
        process.start()?;
        process.ready().await?;
        let began = Instant::now();
        for day in [day, day + Days::new(1)] {
            leave(pool, book, day).await?;
        }
        judged(pool, book, day).await?;
        let seconds = seconds(began.elapsed());
        let peak = service::peak(process.id().context("it does not run")?)?;
        let differences: i64 =
            sqlx::query_scalar("select count(*) from differences where book_id = $1 and day = $2")
                .bind(book)
                .bind(day)
                .fetch_one(pool)
                .await?;
        ensure!(differences == 0, "{differences} differences where there is none");
        Ok(Self {
            seconds,
            sorted,
            peak,
        })
    }
}

fn seconds(time: Duration) -> Decimal {
    Decimal::new(i64::try_from(time.as_millis()).unwrap_or(i64::MAX), 3)
}

/// Sales of a day on which both sides agree, as they stand once the bills came;
/// and the empty bills of the next day.
const SEED: [&str; 6] = [
    "create temporary table sold as
     select md5('{day} ' || n)::uuid as id, 10000 + n % 100000 as amount, n,
            '{day} 12:00+08'::timestamptz + n * interval '1 millisecond' as at
     from generate_series(1, {lines}) as n",
    "insert into intents (intent_id, purpose, due_id, person_id, studio_id, legal_entity_id, amount_minor, description, state,
                          expire_at, created_at)
     select id, 'order', id, id, '{studio}', '{entity}', amount, '年卡', 'paid', at, at from sold",
    "insert into attempts (attempt_id, intent_id, person_id, studio_id, method, merchant, channel_number, amount_minor,
                           description, state, paid_at, expire_at, channel_expire_at, created_at)
     select id, id, id, '{studio}', 'wechat_native', 'test', replace(id::text, '-', ''), amount, '年卡', 'paid', at, at, at, at
     from sold",
    "insert into payments (payment_id, intent_id, attempt_id, purpose, due_id, person_id, studio_id, legal_entity_id, method,
                           merchant, channel_number, channel_transaction, paid_minor, paid_at, captured_at)
     select id, id, id, 'order', id, id, '{studio}', '{entity}', 'wechat_native', 'test', replace(id::text, '-', ''),
            'T{day}-' || n, amount, at, at
     from sold",
    "insert into statements (statement_id, book_id, kind, day, first_day, digest, stated_digest, size_bytes, state, fetched_at)
     select md5('{book} ' || kind || day)::uuid, '{book}', kind, day, day, '', '', 0, 'taken', now()
     from unnest(array['trades', 'funds']) as kind, unnest(array['{day}'::date, '{day}'::date + 1]) as day",
    "insert into statement_lines (statement_id, book_id, kind, day, at, line, deed, word, progress, number, transaction,
                                  settle_key, merchant, app, amount_minor, settle_minor, fee_thousandths, rate)
     select md5('{book} ' || l.kind || '{day}'::date)::uuid, '{book}', l.kind, '{day}', at, (n * 2 + l.second)::int, l.deed,
            l.deed, 'done', replace(id::text, '-', ''), l.prefix || 'T{day}-' || n, 'T{day}-' || n, l.merchant, '{app}',
            l.amount, l.amount, l.fee, 0.006
     from sold, lateral (select (amount * 6 + 5) / 10 / 100 as whole) as f,
          lateral (values ('trades', 0, 'payment', '', '{merchant}', amount, whole * 1000),
                          ('funds', 0, 'payment', 'F', '', amount, 0),
                          ('funds', 1, 'fee', 'G', '', -whole, 0)) as l (kind, second, deed, prefix, merchant, amount, fee)",
];

async fn seed(pool: &PgPool, book: Uuid, day: NaiveDate, lines: i64) -> Result<()> {
    let chain = testkit::chain();
    let mut conn = pool.acquire().await?;
    sqlx::query("insert into books values ($1, 'wechat', 'test') on conflict do nothing")
        .bind(book)
        .execute(&mut *conn)
        .await?;
    // one history that is written down, and checked by the comparison itself
    conn.execute("set session_replication_role = replica").await?;
    for statement in SEED {
        let statement = statement
            .replace("{day}", &day.to_string())
            .replace("{lines}", &lines.to_string())
            .replace("{book}", &book.to_string())
            .replace("{studio}", &chain.chaoyang.to_string())
            .replace("{entity}", &chain.beijing_company.to_string())
            .replace("{merchant}", MCHID)
            .replace("{app}", APPID);
        conn.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    conn.execute("drop table sold").await?;
    conn.execute("reset session_replication_role").await?;
    conn.execute("analyze").await?;
    Ok(())
}

/// Leaves the task that compares a day, as the last bill that comes does.
async fn leave(pool: &PgPool, book: Uuid, day: NaiveDate) -> Result<()> {
    sqlx::query(
        "insert into tasks (task_id, kind, aggregate, lane, payload, due_at)
         values (gen_random_uuid(), 'match_day', $1, 'reconciliation', $2, now())",
    )
    .bind(kernel::derived_uuid(book, &day.to_string()))
    .bind(json!({ "party": "wechat", "account": "test", "day": day }))
    .execute(pool)
    .await?;
    Ok(())
}

async fn judged(pool: &PgPool, book: Uuid, day: NaiveDate) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let state: Option<String> =
            sqlx::query_scalar("select state from reconciliation_days where book_id = $1 and day = $2")
                .bind(book)
                .bind(day)
                .fetch_optional(pool)
                .await?;
        if state.as_deref() == Some("judged") {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("{day} was not compared in {PATIENCE:?}")
}

/// Writes what is compared to files, and says how long the two programs take to
/// find the same: ours against the trades, the trades against the movements.
async fn sort_and_join(pool: &PgPool, book: Uuid, day: NaiveDate) -> Result<Decimal> {
    let folder = std::env::temp_dir().join(format!("studio-bills-{day}"));
    fs::create_dir_all(&folder)?;
    let ours = "select a.channel_number, p.* from payments p join attempts a using (attempt_id) where p.paid_at::date = ";
    let bill = |kind: &str, key: &str| {
        format!(
            "select {key}, l.* from statement_lines l where book_id = '{book}' and kind = '{kind}' and day = "
        )
    };
    for (name, select) in [
        ("ours", ours.to_owned()),
        ("trades", bill("trades", "number")),
        ("keys", bill("trades", "settle_key")),
        ("funds", bill("funds", "settle_key")),
    ] {
        write(pool, &folder.join(name), &format!("{select} '{day}'")).await?;
    }
    let began = Instant::now();
    let joined = [("ours", "trades"), ("keys", "funds")].map(|(a, b)| joined(&folder, a, b));
    let took = seconds(began.elapsed());
    fs::remove_dir_all(&folder)?;
    for count in joined {
        ensure!(count? > 0, "nothing was joined");
    }
    Ok(took)
}

async fn write(pool: &PgPool, file: &Path, select: &str) -> Result<()> {
    let mut conn = pool.acquire().await?;
    let mut out = conn.copy_out_raw(&format!("copy ({select}) to stdout")).await?;
    let mut text = Vec::new();
    while let Some(part) = futures::TryStreamExt::try_next(&mut out).await? {
        text.extend_from_slice(&part);
    }
    fs::write(file, text)?;
    Ok(())
}

fn joined(folder: &Path, a: &str, b: &str) -> Result<usize> {
    let sorted = |name: &str| -> Result<PathBuf> {
        let out = folder.join(format!("{name}.sorted"));
        let mut sort = Command::new("sort");
        sort.env("LC_ALL", "C").args(["-t", "\t", "-k", "1,1", "-o"]);
        ensure!(
            sort.arg(&out).arg(folder.join(name)).status()?.success(),
            "sort failed"
        );
        Ok(out)
    };
    let (a, b) = (sorted(a)?, sorted(b)?);
    let join = Command::new("join")
        .env("LC_ALL", "C")
        .args(["-t", "\t"])
        .args([a, b])
        .output()?;
    ensure!(join.status.success(), "join failed");
    Ok(join.stdout.len())
}
