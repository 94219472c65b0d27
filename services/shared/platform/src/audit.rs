//! Who did what, and who looked: rows that are added and never changed, and
//! the chain of hashes by which others would notice if they were.

mod chain;
pub mod collect;
pub mod encoding;
mod heads;
mod read;
mod reseal;
pub mod seal;
mod serve;
pub mod verify;
mod witness;

use kernel::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Caller, Error, Platform, telemetry};

pub(crate) use chain::Marks;
pub use read::evidence;
pub(crate) use serve::Audit;
pub(crate) use witness::learn;

impl Platform {
    /// Keeps that the caller looks at what others may not, before they see it.
    pub(crate) async fn note_look(&self, caller: &Caller, why: &str) -> Result<(), Error> {
        self.note(caller, "looked", why).await
    }

    /// Keeps that the caller asked for a write and was told what it would do:
    /// a trial, or something with no effect. So every answer of a call that
    /// writes has its entry.
    pub(crate) async fn note_trial(&self, caller: &Caller) -> Result<(), Error> {
        self.note(caller, "tried", "").await
    }

    async fn note(&self, caller: &Caller, decision: &str, why: &str) -> Result<(), Error> {
        let mut record = self.open(caller.class(), "", "", false).await?;
        audit(
            &mut record,
            self.clock.now(),
            &caller.actor(),
            caller.method,
            None,
            decision,
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
