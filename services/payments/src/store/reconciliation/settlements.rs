//! The table `settlements`, and what of both sides has none.

use chrono::NaiveDate;
use kernel::Timestamp;
use platform::Error;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::reconciliation::settlement::Leg;

struct Row {
    statement_id: Uuid,
    line: i32,
    book_id: Uuid,
    day: NaiveDate,
    number: String,
    transaction: String,
    settle_key: String,
    amount_minor: i64,
}

impl From<Row> for Leg {
    fn from(row: Row) -> Self {
        let numbers = [row.number, row.transaction, row.settle_key];
        Self {
            statement: row.statement_id,
            line: u32::try_from(row.line).unwrap_or_default(),
            book: row.book_id,
            day: row.day,
            numbers: numbers.into_iter().filter(|number| !number.is_empty()).collect(),
            minor: row.amount_minor.abs(),
        }
    }
}

/// Payouts of these accounts that did not arrive yet, the earliest first.
pub async fn payouts(tx: &mut PgConnection, books: &[Uuid]) -> Result<Vec<Leg>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select l.statement_id, l.line, l.book_id, l.day, l.number, l.transaction, l.settle_key, l.amount_minor
        from statement_lines l join statements s using (statement_id)
        where l.book_id = any($1) and l.deed = 'payout' and l.amount_minor < 0 and s.state = 'taken'
          and not exists (select from settlements x where x.payout_statement = l.statement_id and x.payout_line = l.line)
        order by l.day, l.statement_id, l.line
        limit 10000
        "#,
        books,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(Leg::from).collect())
}

/// Lines of a bank account in which something arrived that is no payout's yet, and
/// that no person and no reference claims for something else.
pub async fn arrivals(tx: &mut PgConnection, book: Uuid) -> Result<Vec<Leg>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select l.statement_id, l.line, l.book_id, l.day, l.number, l.transaction, l.settle_key, l.amount_minor
        from statement_lines l
        where l.book_id = $1 and l.deed = 'transfer' and l.amount_minor > 0
          and not exists (select from settlements x where x.bank_statement = l.statement_id and x.bank_line = l.line)
          and not exists (select from differences d where d.statement_id = l.statement_id and d.line = l.line
                          and d.type = 'bank_unexplained' and d.state = 'resolved')
          and not exists (select from suspense_items i where i.statement_id = l.statement_id and i.line = l.line
                          and (i.state <> 'open' or i.suggested is not null))
        order by l.day, l.statement_id, l.line
        limit 10000
        "#,
        book,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(Leg::from).collect())
}

pub async fn insert(
    tx: &mut PgConnection,
    id: Uuid,
    payout: &Leg,
    arrival: &Leg,
    at: Timestamp,
) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into settlements (settlement_id, payout_statement, payout_line, bank_statement, bank_line, payout_minor,
                                 received_minor, settled_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict do nothing
        "#,
        id,
        payout.statement,
        i32::try_from(payout.line).unwrap_or(i32::MAX),
        arrival.statement,
        i32::try_from(arrival.line).unwrap_or(i32::MAX),
        payout.minor,
        arrival.minor,
        at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A line of a bank account that nothing explains.
pub struct Unexplained {
    pub statement: Uuid,
    pub line: i32,
    pub day: NaiveDate,
    pub number: String,
    pub transaction: String,
    pub amount_minor: i64,
    pub at: Timestamp,
}

/// Lines of a bank account up to a day that are no payout's, and were not told
/// before.
pub async fn unexplained(
    tx: &mut PgConnection,
    book: Uuid,
    until: NaiveDate,
) -> Result<Vec<Unexplained>, Error> {
    Ok(sqlx::query_as!(
        Unexplained,
        r#"
        select l.statement_id as statement, l.line, l.day, l.number, l.transaction, l.amount_minor, l.at
        from statement_lines l
        where l.book_id = $1 and l.deed = 'transfer' and l.day <= $2
          and not exists (select from settlements x where x.bank_statement = l.statement_id and x.bank_line = l.line)
          and not exists (select from differences d where d.statement_id = l.statement_id and d.line = l.line
                          and d.type = 'bank_unexplained')
          and not exists (select from suspense_items i where i.statement_id = l.statement_id and i.line = l.line)
        order by l.day, l.statement_id, l.line
        limit 1000
        "#,
        book,
        until,
    )
    .fetch_all(tx)
    .await?)
}

/// Lines of a bank account in which something arrived under what may be a
/// reference of ours.
pub async fn referenced(tx: &mut PgConnection, book: Uuid) -> Result<Vec<Unexplained>, Error> {
    Ok(sqlx::query_as!(
        Unexplained,
        r#"
        select l.statement_id as statement, l.line, l.day, l.number, l.transaction, l.amount_minor, l.at
        from statement_lines l
        where l.book_id = $1 and l.deed = 'transfer' and l.amount_minor > 0 and l.number ~ '^T[0-9]{12}$'
          and not exists (select from settlements x where x.bank_statement = l.statement_id and x.bank_line = l.line)
          and not exists (select from suspense_items i where i.statement_id = l.statement_id and i.line = l.line)
        order by l.day, l.statement_id, l.line
        limit 1000
        "#,
        book,
    )
    .fetch_all(tx)
    .await?)
}

/// The last day for which an account's statement is here.
pub async fn covered(tx: &mut PgConnection, book: Uuid) -> Result<Option<NaiveDate>, Error> {
    Ok(sqlx::query_scalar!(
        "select max(day) from statements where book_id = $1 and state = 'taken'",
        book
    )
    .fetch_one(tx)
    .await?)
}

/// Days of a bank account that are matched, up to one.
pub async fn days_to_judge(
    tx: &mut PgConnection,
    book: Uuid,
    until: NaiveDate,
) -> Result<Vec<NaiveDate>, Error> {
    Ok(sqlx::query_scalar!(
        "select day from reconciliation_days where book_id = $1 and state = 'matched' and day <= $2 order by day",
        book,
        until,
    )
    .fetch_all(tx)
    .await?)
}
