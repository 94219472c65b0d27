use kernel::{Amount, DueId, OrderId, RefundCaseId, Timestamp};
use platform::Error;
use sqlx::PgConnection;

use crate::domain::order::Order;

/// A refund case as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    pub order: OrderId,
    pub due: Option<DueId>,
    pub amount_minor: i64,
}

/// What was recorded of a case.
pub async fn find(tx: &mut PgConnection, case: RefundCaseId) -> Result<Option<Recorded>, Error> {
    let row = sqlx::query!(
        r#"
        select order_id as "order_id: OrderId", due_id as "due_id: DueId", amount_minor
        from refund_records where case_id = $1
        "#,
        case as _,
    );
    let row = row.fetch_optional(tx).await?;
    Ok(row.map(|r| Recorded {
        order: r.order_id,
        due: r.due_id,
        amount_minor: r.amount_minor,
    }))
}

/// Records a case.
pub async fn insert(
    tx: &mut PgConnection,
    order: &Order,
    case: RefundCaseId,
    due: Option<DueId>,
    amount: Amount,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into refund_records (case_id, order_id, studio_id, person_id, due_id, amount_minor, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        case as _,
        order.id as _,
        order.studio as _,
        order.person as _,
        due as _,
        amount.minor(),
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}
