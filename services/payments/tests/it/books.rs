//! A day of sales with both sides of its books, made without a channel: what we
//! have, what the bills say, and where the two are made to differ.

use chrono::{Days, NaiveDate};
use kernel::{StudioId, Timestamp};
use payments::domain::reconciliation::Book;
use payments::domain::statement::{Party, figures};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::World;

/// One sale of ours.
#[derive(Clone)]
pub struct Sale {
    pub attempt: Uuid,
    pub amount: i64,
    pub due: i64,
    /// The channel's, as we know it.
    pub transaction: String,
    pub paid_at: Timestamp,
    pub paid: bool,
    /// What went back of it, under its own number.
    pub refund: Option<Back>,
}

#[derive(Clone)]
pub struct Back {
    pub id: Uuid,
    pub amount: i64,
}

impl Sale {
    pub fn number(&self) -> String {
        self.attempt.simple().to_string()
    }
}

impl Back {
    pub fn number(&self) -> String {
        self.id.simple().to_string()
    }
}

/// One line of a bill.
#[derive(Clone)]
pub struct Said {
    pub day: NaiveDate,
    pub funds: bool,
    pub deed: &'static str,
    pub progress: &'static str,
    pub number: String,
    pub transaction: String,
    pub settle_key: String,
    pub merchant: String,
    pub amount: i64,
    pub settle: i64,
    pub fee: i64,
}

/// Both sides.
#[derive(Default)]
pub struct Books {
    pub sales: Vec<Sale>,
    pub said: Vec<Said>,
}

fn id(kind: &str, at: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{kind} {at}").as_bytes())
}

/// Of an amount, rounded as a channel does it.
fn fee(amount: i64) -> i64 {
    (amount * 6 + 5) / 10 / 100 * 1_000
}

/// Settings of the account at a bank to which `house` is paid out.
pub fn bank() -> String {
    format!(
        "[service.banks.icbc]\nlegal_entity_id = '{}'\nsettles = ['house']\n\
         transfers = {{ holder = '晴空瑜伽', bank = '工商银行', number = '6222020200112233' }}\n\
         headings = {{ time = '交易时间', time_form = '%Y-%m-%d %H:%M:%S', serial = '流水号', balance = '余额', \
         memo = '摘要', amount = '金额' }}\n",
        testkit::chain().beijing_company,
    )
}

pub fn book() -> Book {
    Book::of(Party::Wechat, "house")
}

impl Books {
    /// So many sales on a day, every fifth with a refund, on which both sides
    /// agree.
    pub fn agreeing(day: NaiveDate, count: usize) -> Self {
        let mut books = Self::default();
        let noon = figures::start(day) + chrono::Duration::hours(12);
        for at in 0..count {
            let amount = 10_000 + i64::try_from(at).unwrap();
            let refund = (at % 5 == 0).then(|| Back {
                id: id("refund", at),
                amount: amount / 2,
            });
            let sale = Sale {
                attempt: id("attempt", at),
                amount,
                due: amount,
                transaction: format!("T{at}"),
                paid_at: noon,
                paid: true,
                refund,
            };
            books.say(&sale, day, day);
            books.sales.push(sale);
        }
        books
    }

    /// What the bills say of a sale.
    pub fn say(&mut self, sale: &Sale, traded: NaiveDate, moved: NaiveDate) {
        let line = Said {
            day: traded,
            funds: false,
            deed: "payment",
            progress: "done",
            number: sale.number(),
            transaction: sale.transaction.clone(),
            settle_key: sale.transaction.clone(),
            merchant: testkit::wechat::MCHID.to_owned(),
            amount: sale.amount,
            settle: sale.amount,
            fee: fee(sale.amount),
        };
        self.said.push(line.clone());
        self.moved(&line, moved);
        if let Some(refund) = &sale.refund {
            let back = Said {
                deed: "refund",
                number: refund.number(),
                transaction: format!("B{}", sale.transaction),
                settle_key: format!("B{}", sale.transaction),
                amount: refund.amount,
                settle: refund.amount,
                fee: 0,
                ..line
            };
            self.said.push(back.clone());
            self.moved(&back, moved);
        }
    }

    fn moved(&mut self, line: &Said, day: NaiveDate) {
        let sign = if line.deed == "refund" { -1 } else { 1 };
        let moved = Said {
            day,
            funds: true,
            transaction: format!("F{}", line.transaction),
            merchant: String::new(),
            amount: sign * line.settle,
            settle: sign * line.settle,
            fee: 0,
            ..line.clone()
        };
        if line.fee > 0 {
            self.said.push(Said {
                deed: "fee",
                transaction: format!("G{}", line.transaction),
                amount: -line.fee / 1_000,
                settle: -line.fee / 1_000,
                ..moved.clone()
            });
        }
        self.said.push(moved);
    }

    /// The lines about a number or a transaction.
    pub fn lines(&mut self, funds: bool, key: &str) -> Vec<&mut Said> {
        self.said
            .iter_mut()
            .filter(|said| said.funds == funds && said.settle_key == key)
            .collect()
    }

    pub fn drop_lines(&mut self, keep: impl Fn(&Said) -> bool) {
        self.said.retain(|said| keep(said));
    }

    /// Writes both sides and leaves the task that compares them, for each day.
    pub async fn write(&self, world: &World, days: &[NaiveDate]) {
        let pool = world.it.pool();
        self.write_ours(pool, world).await;
        let book = book();
        sqlx::query("insert into books values ($1, 'wechat', 'house') on conflict do nothing")
            .bind(book.id)
            .execute(pool)
            .await
            .unwrap();
        for day in days {
            for (kind, funds) in [("trades", false), ("funds", true)] {
                let lines = self
                    .said
                    .iter()
                    .filter(|said| said.day == *day && said.funds == funds);
                write_bill(pool, &book, kind, *day, &lines.collect::<Vec<_>>()).await;
            }
            leave(world, "match_day", &book, *day).await;
        }
    }

    async fn write_ours(&self, pool: &PgPool, world: &World) {
        let (studio, entity) = (world.chain.chaoyang, world.chain.beijing_company);
        for sales in self.sales.chunks(2_000) {
            write_sales(pool, sales, studio, entity.0).await;
        }
    }
}

/// Leaves the task that compares a day.
pub async fn leave(world: &World, kind: &str, book: &Book, day: NaiveDate) {
    sqlx::query(
        "insert into tasks (task_id, kind, aggregate, lane, payload, due_at)
         values (gen_random_uuid(), $1, $2, 'reconciliation', $3, $4)",
    )
    .bind(kind)
    .bind(book.day_id(day))
    .bind(serde_json::json!({"party": book.party.word(), "account": book.account, "day": day}))
    .bind(world.it.clock().now())
    .execute(world.it.pool())
    .await
    .unwrap();
}

async fn write_sales(pool: &PgPool, sales: &[Sale], studio: StudioId, entity: Uuid) {
    let column = |of: fn(&Sale) -> Uuid| sales.iter().map(of).collect::<Vec<_>>();
    let attempts = column(|s| s.attempt);
    let numbers: Vec<String> = sales.iter().map(Sale::number).collect();
    let amounts: Vec<i64> = sales.iter().map(|s| s.amount).collect();
    let dues: Vec<i64> = sales.iter().map(|s| s.due).collect();
    let paid: Vec<bool> = sales.iter().map(|s| s.paid).collect();
    let at: Vec<Timestamp> = sales.iter().map(|s| s.paid_at).collect();
    let transactions: Vec<String> = sales.iter().map(|s| s.transaction.clone()).collect();
    sqlx::query(
        "with sold as (
             select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bool[], $6::timestamptz[], $7::text[])
                      as s (id, number, amount, due, paid, at, transaction)
         ), i as (
             insert into intents (intent_id, purpose, due_id, person_id, studio_id, legal_entity_id, amount_minor, description,
                                  state, expire_at, created_at)
             select id, 'order', id, id, $8, $9, due, '年卡', case when paid then 'paid' else 'expired' end, at, at from sold
         ), a as (
             insert into attempts (attempt_id, intent_id, person_id, studio_id, method, merchant, channel_number, amount_minor,
                                   description, state, closing_why, paid_at, expire_at, channel_expire_at, created_at)
             select id, id, id, $8, 'wechat_native', 'house', number, amount, '年卡', case when paid then 'paid' else 'expired' end,
                    case when paid then null else 'expired' end, case when paid then at end, at, at, at
             from sold
         )
         insert into payments (payment_id, intent_id, attempt_id, purpose, due_id, person_id, studio_id, legal_entity_id, method,
                               merchant, channel_number, channel_transaction, paid_minor, paid_at, captured_at)
         select id, id, id, 'order', id, id, $8, $9, 'wechat_native', 'house', number, transaction, amount, at, at
         from sold where paid",
    )
    .bind(attempts)
    .bind(numbers)
    .bind(amounts)
    .bind(dues)
    .bind(paid)
    .bind(at)
    .bind(transactions)
    .bind(studio.0)
    .bind(entity)
    .execute(pool)
    .await
    .unwrap();
    write_refunds(pool, sales, studio).await;
}

async fn write_refunds(pool: &PgPool, sales: &[Sale], studio: StudioId) {
    let refunded: Vec<(&Sale, &Back)> = sales
        .iter()
        .filter_map(|s| Some((s, s.refund.as_ref()?)))
        .collect();
    sqlx::query(
        "insert into refunds (refund_id, payment_id, leg_id, person_id, studio_id, amount_minor, reason, refund_number,
                              channel_refund, state, created_at, succeeded_at)
         select r.id, r.payment, r.id, r.payment, $6, r.amount, '退课', r.number, 'B', 'succeeded', r.at, r.at
         from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::timestamptz[]) as r (id, payment, amount, number, at)",
    )
    .bind(refunded.iter().map(|(_, back)| back.id).collect::<Vec<_>>())
    .bind(refunded.iter().map(|(sale, _)| sale.attempt).collect::<Vec<_>>())
    .bind(refunded.iter().map(|(_, back)| back.amount).collect::<Vec<_>>())
    .bind(refunded.iter().map(|(_, back)| back.number()).collect::<Vec<_>>())
    .bind(refunded.iter().map(|(sale, _)| sale.paid_at).collect::<Vec<_>>())
    .bind(studio.0)
    .execute(pool)
    .await
    .unwrap();
}

async fn write_bill(pool: &PgPool, book: &Book, kind: &str, day: NaiveDate, lines: &[&Said]) {
    let statement = Uuid::new_v5(&book.id, format!("{kind} {day}").as_bytes());
    sqlx::query(
        "insert into statements (statement_id, book_id, kind, day, first_day, digest, stated_digest, size_bytes, state,
                                 fetched_at)
         values ($1, $2, $3, $4, $4, ''::bytea, '', 0, 'taken', now())",
    )
    .bind(statement)
    .bind(book.id)
    .bind(kind)
    .bind(day)
    .execute(pool)
    .await
    .unwrap();
    for (chunk, lines) in lines.chunks(5_000).enumerate() {
        let text = |of: fn(&Said) -> &str| lines.iter().map(|said| of(said).to_owned()).collect::<Vec<_>>();
        let minor = |of: fn(&Said) -> i64| lines.iter().map(|said| of(said)).collect::<Vec<_>>();
        sqlx::query(
            "insert into statement_lines (statement_id, book_id, kind, day, at, line, deed, word, progress, number, transaction,
                                          settle_key, merchant, app, amount_minor, settle_minor, fee_thousandths, rate)
             select $1, $2, $3, $4, $5, $6 + l.n, l.deed, l.deed, l.progress, l.number, l.transaction, l.settle_key, l.merchant,
                    $15, l.amount, l.settle, l.fee, 0.006
             from unnest($7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[],
                         $16::bigint[]) with ordinality
                  as l (deed, progress, number, transaction, settle_key, merchant, amount, settle, fee, n)",
        )
        .bind(statement)
        .bind(book.id)
        .bind(kind)
        .bind(day)
        .bind(figures::start(day) + chrono::Duration::hours(12))
        .bind(i32::try_from(chunk * 5_000 + 1).unwrap())
        .bind(text(|s| s.deed))
        .bind(text(|s| s.progress))
        .bind(text(|s| &s.number))
        .bind(text(|s| &s.transaction))
        .bind(text(|s| &s.settle_key))
        .bind(text(|s| &s.merchant))
        .bind(minor(|s| s.amount))
        .bind(minor(|s| s.settle))
        .bind(testkit::wechat::APPID)
        .bind(minor(|s| s.fee))
        .execute(pool)
        .await
        .unwrap();
    }
}

/// The day before yesterday, whose bills and next day's can be here.
pub fn the_day(world: &World) -> NaiveDate {
    figures::day(world.it.clock().now()) - Days::new(2)
}

impl World {
    /// What must hold at any time: money at the channel is a payment, isolated,
    /// or not yet known; and no payment is refunded beyond itself.
    pub async fn books_balance(&self) {
        let over: i64 = sqlx::query_scalar(
            "select count(*) from payments p where refund_reserved_minor + refunded_minor > paid_minor
             or refunded_minor <> (select coalesce(sum(amount_minor), 0) from refunds r
                                   where r.payment_id = p.payment_id and state = 'succeeded')
             or refund_reserved_minor <> (select coalesce(sum(amount_minor), 0) from refunds r
                                          where r.payment_id = p.payment_id and state in ('reserved', 'submitted', 'abnormal'))",
        )
        .fetch_one(self.it.pool())
        .await
        .unwrap();
        assert_eq!(over, 0);
        let twice: i64 = sqlx::query_scalar(
            "select count(*) from attempts a
             where (a.state = 'paid') <> exists (select from payments p where p.attempt_id = a.attempt_id)
             or (a.state = 'isolated') <> exists (select from isolated_money i where i.attempt_id = a.attempt_id)",
        )
        .fetch_one(self.it.pool())
        .await
        .unwrap();
        assert_eq!(twice, 0);
        let captured = self.facts("payment_captured").await;
        assert_eq!(
            captured,
            self.count("select count(*) from payments where $1 = ''", "")
                .await
        );
        assert_eq!(captured, self.facts("receipt_issued").await);
    }
}
