//! The table `payments`.

use kernel::{
    Amount, AttemptId, DueId, IntentId, LegalEntityId, PaymentId, PersonId, ReceiptId, StudioId, Timestamp,
};
use platform::page::Page;
use platform::vault::Sealed;
use platform::{Error, Studios};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{amount, balance, word};
use crate::channel::ChannelNumber;
use crate::domain::intent::Claim;
use crate::domain::payment::{MOST_REFUNDS, Payment};
use crate::domain::{Method, Purpose};

const TABLE: &str = "payments";

#[derive(sqlx::FromRow)]
struct Row {
    payment_id: PaymentId,
    intent_id: IntentId,
    attempt_id: AttemptId,
    purpose: String,
    due_id: DueId,
    person_id: PersonId,
    studio_id: StudioId,
    legal_entity_id: LegalEntityId,
    method: String,
    merchant: String,
    channel_number: String,
    channel_transaction: String,
    paid_minor: i64,
    refund_reserved_minor: i64,
    refunded_minor: i64,
    refund_count: i32,
    paid_at: Timestamp,
    captured_at: Timestamp,
}

impl TryFrom<Row> for Payment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.payment_id,
            intent_id: row.intent_id,
            attempt_id: row.attempt_id,
            claim: Claim {
                purpose: word(TABLE, "purpose", Purpose::from_word(&row.purpose))?,
                due_id: row.due_id,
                person_id: row.person_id,
                studio_id: row.studio_id,
                legal_entity_id: row.legal_entity_id,
                amount: amount(TABLE, row.paid_minor)?,
                description: String::new(),
                expire_at: row.captured_at,
            },
            method: word(TABLE, "method", Method::from_word(&row.method))?,
            merchant: row.merchant,
            number: ChannelNumber::from_text(row.channel_number),
            transaction: row.channel_transaction,
            refund_reserved: balance(TABLE, row.refund_reserved_minor)?,
            refunded: balance(TABLE, row.refunded_minor)?,
            refund_count: row.refund_count,
            paid_at: row.paid_at,
            captured_at: row.captured_at,
        })
    }
}

pub async fn insert(tx: &mut PgConnection, payment: &Payment) -> Result<(), Error> {
    let claim = &payment.claim;
    sqlx::query!(
        r#"
        insert into payments (payment_id, intent_id, attempt_id, purpose, due_id, person_id, studio_id,
                              legal_entity_id, method, merchant, channel_number, channel_transaction,
                              paid_minor, paid_at, captured_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        payment.id as _,
        payment.intent_id as _,
        payment.attempt_id as _,
        claim.purpose.word(),
        claim.due_id as _,
        claim.person_id as _,
        claim.studio_id as _,
        claim.legal_entity_id as _,
        payment.method.word(),
        payment.merchant,
        payment.number.as_str(),
        payment.transaction,
        claim.amount.minor(),
        payment.paid_at,
        payment.captured_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn get(tx: &mut PgConnection, id: PaymentId) -> Result<Option<Payment>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select payment_id as "payment_id: _", intent_id as "intent_id: _", attempt_id as "attempt_id: _", purpose,
               due_id as "due_id: _", person_id as "person_id: _", studio_id as "studio_id: _",
               legal_entity_id as "legal_entity_id: _", method, merchant, channel_number, channel_transaction,
               paid_minor, refund_reserved_minor, refunded_minor, refund_count, paid_at, captured_at
        from payments
        where payment_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Payment::try_from)
    .transpose()
}

/// Reserves a part for a refund, if that much is left and one more refund is
/// allowed: one statement, so no two can share the same rest.
pub async fn reserve(tx: &mut PgConnection, id: PaymentId, part: Amount) -> Result<bool, Error> {
    let reserved = sqlx::query!(
        r#"
        update payments
        set refund_reserved_minor = refund_reserved_minor + $2, refund_count = refund_count + 1, version = version + 1
        where payment_id = $1
          and refund_reserved_minor + refunded_minor + $2 <= paid_minor
          and refund_count < $3
        "#,
        id as _,
        part.minor(),
        MOST_REFUNDS,
    )
    .execute(tx)
    .await?;
    Ok(reserved.rows_affected() == 1)
}

/// A reserved part went back.
pub async fn settle(tx: &mut PgConnection, id: PaymentId, part: Amount) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update payments
        set refund_reserved_minor = refund_reserved_minor - $2, refunded_minor = refunded_minor + $2,
            version = version + 1
        where payment_id = $1
        "#,
        id as _,
        part.minor(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A reserved part will not go back this way.
pub async fn release(tx: &mut PgConnection, id: PaymentId, part: Amount) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update payments
        set refund_reserved_minor = refund_reserved_minor - $2, version = version + 1
        where payment_id = $1
        "#,
        id as _,
        part.minor(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps who paid, once.
pub async fn name_payer(
    tx: &mut PgConnection,
    id: PaymentId,
    masked: &str,
    name: &Sealed,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update payments set payer_masked = $2, payer_name = $3, version = version + 1
        where payment_id = $1 and payer_masked is null
        "#,
        id as _,
        masked,
        name.bytes,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn masked_payer(tx: &mut PgConnection, id: PaymentId) -> Result<Option<String>, Error> {
    let found = sqlx::query_scalar!("select payer_masked from payments where payment_id = $1", id as _)
        .fetch_optional(tx)
        .await?;
    Ok(found.flatten())
}

/// What a list of payments is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub person: Option<PersonId>,
    pub studio: Option<StudioId>,
    pub due: Option<DueId>,
    pub legal_entity: Option<LegalEntityId>,
    pub transaction: Option<String>,
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Filter {
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(person) = self.person {
            query.push(" and p.person_id = ").push_bind(person);
        }
        if let Some(studio) = self.studio {
            query.push(" and p.studio_id = ").push_bind(studio);
        }
        if let Some(due) = self.due {
            query.push(" and p.due_id = ").push_bind(due);
        }
        if let Some(entity) = self.legal_entity {
            query.push(" and p.legal_entity_id = ").push_bind(entity);
        }
        if let Some(transaction) = &self.transaction {
            query
                .push(" and p.channel_transaction = ")
                .push_bind(transaction.clone());
        }
        if let Some(from) = self.from {
            query.push(" and p.paid_at >= ").push_bind(from);
        }
        if let Some(before) = self.before {
            query.push(" and p.paid_at < ").push_bind(before);
        }
    }
}

/// Who paid, as at the payment.
#[derive(Debug, Clone, Default, sqlx::FromRow)]
pub struct Payer {
    #[sqlx(rename = "payer_masked")]
    pub masked: Option<String>,
    /// Sealed; nothing when it is not known, or the person was erased before.
    #[sqlx(rename = "payer_name")]
    pub name: Option<Vec<u8>>,
}

/// A payment with its payer and its receipt.
pub struct Listed {
    pub payment: Payment,
    pub payer: Payer,
    pub receipt_id: Option<ReceiptId>,
    pub receipt_number: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    payment: Row,
    #[sqlx(flatten)]
    payer: Payer,
    receipt_id: Option<ReceiptId>,
    receipt_number: Option<String>,
}

/// Where a page begins, and which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    LatestFirst,
    EarliestFirst,
}

/// One page of payments in the order of their time.
pub async fn list(
    tx: &mut PgConnection,
    (scope, own): (&Studios, Option<PersonId>),
    filter: &Filter,
    order: Order,
    page: &Page<(Timestamp, PaymentId)>,
) -> Result<Vec<Listed>, Error> {
    let (beyond, direction) = match order {
        Order::LatestFirst => ("<", "desc"),
        Order::EarliestFirst => (">", "asc"),
    };
    let mut query = QueryBuilder::new(
        "select p.*, r.receipt_id, r.receipt_number from payments p left join receipts r using (payment_id) where true",
    );
    super::scope(&mut query, scope, own);
    filter.narrow(&mut query);
    if let Some((at, id)) = page.after() {
        query
            .push(format!(" and (p.paid_at, p.payment_id) {beyond} ("))
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(format!(
            " order by p.paid_at {direction}, p.payment_id {direction} limit "
        ))
        .push_bind(page.limit());
    let rows = query.build_query_as::<ListedRow>().fetch_all(tx).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Listed {
                payment: row.payment.try_into()?,
                payer: row.payer,
                receipt_id: row.receipt_id,
                receipt_number: row.receipt_number,
            })
        })
        .collect()
}
