//! The tables `books`, `statements`, `statement_parts` and `statement_lines`.

use chrono::NaiveDate;
use kernel::{PersonId, Timestamp};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;
use crate::domain::reconciliation::Book;
use crate::domain::statement::{Kind, Line, figures};
use crate::words::kept_words;

kept_words! {
    /// How far a file was taken.
    State { Reading = "reading", Taken = "taken", Unreadable = "unreadable", Refused = "refused" }
}

/// A file that came.
pub struct Arrival<'a> {
    pub id: Uuid,
    pub book: &'a Book,
    pub kind: Kind,
    pub day: NaiveDate,
    pub first_day: NaiveDate,
    /// SHA-256 of its bytes.
    pub digest: &'a [u8],
    pub stated_digest: &'a str,
    pub size_bytes: i64,
    pub maker: Option<PersonId>,
    pub fetched_at: Timestamp,
}

/// A file as far as it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    pub id: Uuid,
    pub state: State,
    pub lines_read: i32,
}

/// Makes the account's row unless it stands.
pub async fn keep_book(tx: &mut PgConnection, book: &Book) -> Result<(), Error> {
    sqlx::query!(
        "insert into books (book_id, party, account) values ($1, $2, $3) on conflict do nothing",
        book.id,
        book.party.word(),
        book.account,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a file that came, or finds it when the same bytes came before, and holds
/// its row. True when it is new.
pub async fn arrive(tx: &mut PgConnection, arrival: &Arrival<'_>) -> Result<(Statement, bool), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into statements (statement_id, book_id, kind, day, first_day, digest, stated_digest, size_bytes, maker,
                                fetched_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict on constraint statements_once do nothing
        "#,
        arrival.id,
        arrival.book.id,
        arrival.kind.word(),
        arrival.day,
        arrival.first_day,
        arrival.digest,
        arrival.stated_digest,
        arrival.size_bytes,
        arrival.maker as _,
        arrival.fetched_at,
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        r#"
        select statement_id, state, lines_read from statements
        where book_id = $1 and kind = $2 and day = $3 and digest = $4
        for no key update
        "#,
        arrival.book.id,
        arrival.kind.word(),
        arrival.day,
        arrival.digest,
    )
    .fetch_one(tx)
    .await?;
    let statement = Statement {
        id: row.statement_id,
        state: word("statements", "state", State::from_word(&row.state))?,
        lines_read: row.lines_read,
    };
    Ok((statement, inserted.rows_affected() == 1))
}

/// The last day of which there is a file; without any, the day of the first
/// money that went through the account.
pub async fn reached(tx: &mut PgConnection, book: &Book) -> Result<Option<NaiveDate>, Error> {
    let last = sqlx::query_scalar!("select max(day) from statements where book_id = $1", book.id)
        .fetch_one(&mut *tx)
        .await?;
    if last.is_some() {
        return Ok(last);
    }
    let first = sqlx::query_scalar!(
        r#"
        select min(paid_at) from attempts
        where merchant = $1 and split_part(method, '_', 1) = $2 and state in ('paid', 'isolated')
        "#,
        book.account,
        book.party.word(),
    )
    .fetch_one(tx)
    .await?;
    Ok(first.map(figures::day))
}

/// The file of a kind and day that counts.
pub async fn taken(
    tx: &mut PgConnection,
    book: &Book,
    kind: Kind,
    day: NaiveDate,
) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "select statement_id from statements where book_id = $1 and kind = $2 and day = $3 and state = 'taken'",
        book.id,
        kind.word(),
        day,
    )
    .fetch_optional(tx)
    .await?)
}

/// Ends the taking of a file.
pub async fn end(tx: &mut PgConnection, id: Uuid, state: State, why: &str) -> Result<(), Error> {
    sqlx::query!(
        "update statements set state = $2, why = $3, version = version + 1 where statement_id = $1",
        id,
        state.word(),
        why,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a piece of the file itself.
pub async fn keep_part(tx: &mut PgConnection, id: Uuid, part: i32, bytes: &Sealed) -> Result<(), Error> {
    sqlx::query!(
        "insert into statement_parts (statement_id, part, bytes) values ($1, $2, $3) on conflict do nothing",
        id,
        part,
        bytes.bytes,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A batch of lines by columns, as one statement takes it.
#[derive(Default)]
struct Columns {
    line: Vec<i32>,
    day: Vec<NaiveDate>,
    deed: Vec<&'static str>,
    word: Vec<String>,
    progress: Vec<&'static str>,
    number: Vec<String>,
    transaction: Vec<String>,
    settle_key: Vec<String>,
    merchant: Vec<String>,
    app: Vec<String>,
    amount: Vec<i64>,
    settle: Vec<i64>,
    fee: Vec<i64>,
    rate: Vec<Option<rust_decimal::Decimal>>,
    balance: Vec<Option<i64>>,
    at: Vec<Timestamp>,
}

impl Columns {
    /// A line without a number of ours is found by the channel's.
    fn push(&mut self, line: &Line, day: Option<NaiveDate>) {
        let number = if line.number.is_empty() {
            &line.transaction
        } else {
            &line.number
        };
        self.line.push(i32::try_from(line.line).unwrap_or(i32::MAX));
        self.day.push(day.unwrap_or_else(|| figures::day(line.at)));
        self.deed.push(line.deed.word());
        self.word.push(line.word.clone());
        self.progress.push(line.progress.word());
        self.number.push(number.clone());
        self.transaction.push(line.transaction.clone());
        self.settle_key.push(line.settle_key.clone());
        self.merchant.push(line.merchant.clone());
        self.app.push(line.app.clone());
        self.amount.push(line.amount_minor);
        self.settle.push(line.settle_minor);
        self.fee.push(line.fee_thousandths);
        self.rate.push(line.rate);
        self.balance.push(line.balance_minor);
        self.at.push(line.at);
    }
}

/// Keeps lines of a file. Those of a bill are of the bill's day, those of a bank
/// each of its own; a bank's line that another statement brought is left out.
pub async fn keep_lines(
    tx: &mut PgConnection,
    id: Uuid,
    book: &Book,
    kind: Kind,
    day: NaiveDate,
    lines: &[Line],
) -> Result<u64, Error> {
    let mut columns = Columns::default();
    for line in lines {
        columns.push(line, (kind != Kind::Bank).then_some(day));
    }
    let kept = sqlx::query(
        "insert into statement_lines (statement_id, book_id, kind, line, day, deed, word, progress, number, transaction,
                                      settle_key, merchant, app, amount_minor, settle_minor, fee_thousandths, rate,
                                      balance_minor, at)
         select $1, $2, $3, * from unnest($4::int[], $5::date[], $6::text[], $7::text[], $8::text[], $9::text[],
                                          $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[],
                                          $15::bigint[], $16::bigint[], $17::numeric[], $18::bigint[], $19::timestamptz[])
         on conflict do nothing",
    )
    .bind(id)
    .bind(book.id)
    .bind(kind.word())
    .bind(columns.line)
    .bind(columns.day)
    .bind(columns.deed)
    .bind(columns.word)
    .bind(columns.progress)
    .bind(columns.number)
    .bind(columns.transaction)
    .bind(columns.settle_key)
    .bind(columns.merchant)
    .bind(columns.app)
    .bind(columns.amount)
    .bind(columns.settle)
    .bind(columns.fee)
    .bind(columns.rate)
    .bind(columns.balance)
    .bind(columns.at)
    .execute(tx)
    .await?;
    Ok(kept.rows_affected())
}

/// Notes how many lines of a file are kept, so that a crash begins there.
pub async fn note_progress(tx: &mut PgConnection, id: Uuid, lines_read: i32) -> Result<(), Error> {
    sqlx::query!(
        "update statements set lines_read = $2, version = version + 1 where statement_id = $1",
        id,
        lines_read,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether we know of money by this account on a day: then its bill is not empty.
pub async fn has_money(
    tx: &mut PgConnection,
    book: &Book,
    from: Timestamp,
    before: Timestamp,
) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"
        select exists (
            select from attempts
            where merchant = $1 and split_part(method, '_', 1) = $2 and state in ('paid', 'isolated')
              and paid_at >= $3 and paid_at < $4
        ) as "has!"
        "#,
        book.account,
        book.party.word(),
        from,
        before,
    )
    .fetch_one(tx)
    .await?)
}

/// Whether a bank's line came before under the same serial number with another
/// amount.
pub async fn contradicts(tx: &mut PgConnection, book: &Book, lines: &[Line]) -> Result<bool, Error> {
    let serials: Vec<String> = lines.iter().map(|line| line.transaction.clone()).collect();
    let amounts: Vec<i64> = lines.iter().map(|line| line.amount_minor).collect();
    Ok(sqlx::query_scalar!(
        r#"
        select exists (
            select from unnest($2::text[], $3::bigint[]) as said (transaction, amount_minor)
            join statement_lines l using (transaction)
            where l.book_id = $1 and l.kind = 'bank' and l.amount_minor <> said.amount_minor
        ) as "contradicts!"
        "#,
        book.id,
        &serials,
        &amounts,
    )
    .fetch_one(tx)
    .await?)
}

/// Whether a line of a statement is of a day that is closed.
pub async fn on_closed_day(tx: &mut PgConnection, id: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"
        select exists (
            select from statement_lines l join reconciliation_days d using (book_id, day)
            where l.statement_id = $1 and d.state = 'closed'
        ) as "closed!"
        "#,
        id,
    )
    .fetch_one(tx)
    .await?)
}
