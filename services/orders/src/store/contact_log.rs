use kernel::{OrderId, PersonId, Timestamp};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::order::Order;

/// A contact with the applicant; its text is sealed.
#[derive(Debug, Clone)]
pub struct ContactLog {
    pub id: Uuid,
    pub outgoing: bool,
    pub reached: bool,
    pub text: Sealed,
    pub agent: PersonId,
    pub occurred_at: Timestamp,
}

fn direction(outgoing: bool) -> &'static str {
    if outgoing { "outgoing" } else { "incoming" }
}

/// Writes a contact down.
pub async fn insert(
    tx: &mut PgConnection,
    order: &Order,
    log: &ContactLog,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into contact_logs (contact_log_id, order_id, studio_id, person_id, direction, reached, text, agent,
                                  occurred_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        log.id,
        order.id as _,
        order.studio as _,
        order.person as _,
        direction(log.outgoing),
        log.reached,
        log.text.bytes,
        log.agent as _,
        log.occurred_at,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The contacts of an order, the latest first; at most 200.
pub async fn of_order(tx: &mut PgConnection, id: OrderId) -> Result<Vec<ContactLog>, Error> {
    let rows = sqlx::query!(
        r#"
        select contact_log_id, direction, reached, text, agent as "agent: PersonId", occurred_at
        from contact_logs
        where order_id = $1
        order by occurred_at desc, contact_log_id desc
        limit 200
        "#,
        id as _,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| ContactLog {
            id: r.contact_log_id,
            outgoing: r.direction == direction(true),
            reached: r.reached,
            text: Sealed::from(r.text),
            agent: r.agent,
            occurred_at: r.occurred_at,
        })
        .collect())
}
