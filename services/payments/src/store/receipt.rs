//! The tables `receipts` and `receipt_series`.

use kernel::{DueId, LegalEntityId, PaymentId, PersonId, ReceiptId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios};
use sqlx::{PgConnection, QueryBuilder};

use super::{amount, word};
use crate::domain::receipt::Receipt;
use crate::domain::{Method, Purpose};

const TABLE: &str = "receipts";

#[derive(sqlx::FromRow)]
struct Row {
    receipt_id: ReceiptId,
    receipt_number: String,
    payment_id: PaymentId,
    person_id: PersonId,
    studio_id: StudioId,
    legal_entity_id: LegalEntityId,
    purpose: String,
    due_id: DueId,
    description: String,
    amount_minor: i64,
    method: String,
    channel_transaction: String,
    paid_at: Timestamp,
    issued_at: Timestamp,
}

impl TryFrom<Row> for Receipt {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.receipt_id,
            number: row.receipt_number,
            payment_id: row.payment_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            legal_entity_id: row.legal_entity_id,
            purpose: word(TABLE, "purpose", Purpose::from_word(&row.purpose))?,
            due_id: row.due_id,
            description: row.description,
            amount: amount(TABLE, row.amount_minor)?,
            method: word(TABLE, "method", Method::from_word(&row.method))?,
            transaction: row.channel_transaction,
            paid_at: row.paid_at,
            issued_at: row.issued_at,
        })
    }
}

/// The next number of a series. Others of the same series wait until the
/// transaction ends, which is short.
pub async fn next_number(tx: &mut PgConnection, series: &str, year: i32) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"
        insert into receipt_series (series, year, last_number)
        values ($1, $2, 1)
        on conflict (series, year) do update set last_number = receipt_series.last_number + 1
        returning last_number
        "#,
        series,
        year,
    )
    .fetch_one(tx)
    .await?)
}

pub async fn insert(tx: &mut PgConnection, receipt: &Receipt) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into receipts (receipt_id, receipt_number, payment_id, person_id, studio_id, legal_entity_id,
                              purpose, due_id, description, amount_minor, method, channel_transaction,
                              paid_at, issued_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        receipt.id as _,
        receipt.number,
        receipt.payment_id as _,
        receipt.person_id as _,
        receipt.studio_id as _,
        receipt.legal_entity_id as _,
        receipt.purpose.word(),
        receipt.due_id as _,
        receipt.description,
        receipt.amount.minor(),
        receipt.method.word(),
        receipt.transaction,
        receipt.paid_at,
        receipt.issued_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn get(tx: &mut PgConnection, id: ReceiptId) -> Result<Option<Receipt>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select receipt_id as "receipt_id: _", receipt_number, payment_id as "payment_id: _",
               person_id as "person_id: _", studio_id as "studio_id: _", legal_entity_id as "legal_entity_id: _",
               purpose, due_id as "due_id: _", description, amount_minor, method, channel_transaction,
               paid_at, issued_at
        from receipts
        where receipt_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Receipt::try_from)
    .transpose()
}

/// What a list of receipts is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub person: Option<PersonId>,
    pub studio: Option<StudioId>,
    pub number: Option<String>,
}

/// One page of receipts in the order of their issue, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    own: Option<PersonId>,
    filter: &Filter,
    page: &Page<(Timestamp, ReceiptId)>,
) -> Result<Vec<Receipt>, Error> {
    let mut query = QueryBuilder::new("select p.* from receipts p where true");
    super::scope(&mut query, scope, own);
    if let Some(person) = filter.person {
        query.push(" and p.person_id = ").push_bind(person);
    }
    if let Some(studio) = filter.studio {
        query.push(" and p.studio_id = ").push_bind(studio);
    }
    if let Some(number) = &filter.number {
        query.push(" and p.receipt_number = ").push_bind(number.clone());
    }
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.issued_at, p.receipt_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.issued_at desc, p.receipt_id desc limit ")
        .push_bind(page.limit());
    query
        .build_query_as::<Row>()
        .fetch_all(tx)
        .await?
        .into_iter()
        .map(Receipt::try_from)
        .collect()
}
