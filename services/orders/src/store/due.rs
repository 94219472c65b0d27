use kernel::{Amount, AttemptId, Balance, DueId, IntentId, LegalEntityId, OrderId, PaymentId};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use super::word;
use crate::domain::order::{Due, DueState, Method, Order};

/// The dues of an order, by number. Whoever changes one holds the order's row.
pub async fn of_order(tx: &mut PgConnection, id: OrderId) -> Result<Vec<Due>, Error> {
    let rows = sqlx::query!(
        r#"
        select due_id as "due_id: DueId", number, legal_entity_id as "legal_entity_id: LegalEntityId", amount_minor,
               state, method, pay_by, start_id, intent_id as "intent_id: IntentId",
               attempt_id as "attempt_id: AttemptId", attempt_start, payment_id as "payment_id: PaymentId", paid_at,
               refunded_minor, refusal, surplus, version
        from dues
        where order_id = $1
        order by number
        "#,
        id as _,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            let bad = |column: &str| inconsistent("dues", format!("{column} of {}", r.due_id));
            Ok(Due {
                id: r.due_id,
                order: id,
                number: r.number,
                legal_entity: r.legal_entity_id,
                amount: Amount::from_minor(r.amount_minor).ok_or_else(|| bad("amount_minor"))?,
                state: word("dues", "state", DueState::parse, &r.state)?,
                method: r
                    .method
                    .map(|m| word("dues", "method", Method::parse, &m))
                    .transpose()?,
                pay_by: r.pay_by,
                start: r.start_id,
                intent: r.intent_id,
                attempt: r.attempt_id,
                attempt_start: r.attempt_start,
                payment: r.payment_id,
                paid_at: r.paid_at,
                refunded: Balance::from_minor(r.refunded_minor).ok_or_else(|| bad("refunded_minor"))?,
                refusal: r.refusal,
                surplus: r.surplus,
                version: r.version,
            })
        })
        .collect()
}

/// Writes a further due of an order.
pub async fn insert(tx: &mut PgConnection, order: &Order, due: &Due) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into dues (due_id, order_id, studio_id, person_id, legal_entity_id, number, amount_minor, state, method,
                          pay_by, start_id, payment_id, paid_at, surplus, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        due.id as _,
        due.order as _,
        order.studio as _,
        order.person as _,
        due.legal_entity as _,
        due.number,
        due.amount.minor(),
        due.state.as_str(),
        due.method.map(Method::as_str),
        due.pay_by,
        due.start,
        due.payment as _,
        due.paid_at,
        due.surplus,
        due.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes what changed of a due.
pub async fn save(tx: &mut PgConnection, due: &Due) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update dues
        set state = $2, method = $3, start_id = $4, intent_id = $5, attempt_id = $6, attempt_start = $7,
            payment_id = $8, paid_at = $9, refunded_minor = $10, refusal = $11, surplus = $12, version = $13
        where due_id = $1
        "#,
        due.id as _,
        due.state.as_str(),
        due.method.map(Method::as_str),
        due.start,
        due.intent as _,
        due.attempt as _,
        due.attempt_start as _,
        due.payment as _,
        due.paid_at,
        due.refunded.minor(),
        due.refusal,
        due.surplus,
        due.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}
