//! Who did what, and who looked: rows that are added and never changed.

use kernel::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Caller, Error, Platform, telemetry};

impl Platform {
    /// Keeps that the caller looks at what others may not, before they see it.
    pub(crate) async fn note_look(&self, caller: &Caller, why: &str) -> Result<(), Error> {
        let mut record = self.open(caller.class(), "", "", false).await?;
        audit(
            &mut record,
            self.clock.now(),
            &caller.actor(),
            caller.method,
            None,
            "looked",
            why,
        )
        .await?;
        Ok(record.commit().await?)
    }
}

/// Writes one row into the audit of the transaction's service.
pub(crate) async fn audit(
    tx: &mut PgConnection,
    at: Timestamp,
    actor: &str,
    method: &str,
    request: Option<(Uuid, &[u8])>,
    decision: &str,
    why: &str,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into audit (at, actor, rpc, request_id, fingerprint, decision, why, trace_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        at,
        actor,
        method,
        request.map(|r| r.0),
        request.map(|r| r.1),
        decision,
        why,
        telemetry::current_trace_id(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
