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

/// What the audit says of one who saw what others may not.
pub(crate) const LOOKED: &str = "looked";

impl Platform {
    /// Keeps that the caller looks at what others may not, before they see it.
    pub(crate) async fn note_look(&self, caller: &Caller, why: &str) -> Result<(), Error> {
        self.note(caller, LOOKED, why).await
    }

    /// Keeps that the caller asked for a write and was told what it would do:
    /// a trial, or something with no effect. So every answer of a call that
    /// writes has its entry.
    pub(crate) async fn note_trial(&self, caller: &Caller) -> Result<(), Error> {
        self.note(caller, "tried", "").await
    }

    async fn note(&self, caller: &Caller, decision: &str, why: &str) -> Result<(), Error> {
        let mut record = self.open(caller.class(), "", "", false).await?;
        self.write_note(&mut record, caller, decision, why).await?;
        Ok(record.commit().await?)
    }

    /// Keeps in `record`, which is still to be committed, what the caller does.
    pub(crate) async fn write_note(
        &self,
        record: &mut PgConnection,
        caller: &Caller,
        decision: &str,
        why: &str,
    ) -> Result<(), Error> {
        let actor = caller.actor();
        let entry = Entry::now(&actor, caller.method, decision, why);
        audit(record, self.clock.now(), &[entry]).await
    }
}

/// A row of the audit.
pub(crate) struct Entry<'a> {
    pub actor: &'a str,
    pub method: &'a str,
    /// Its id and fingerprint.
    pub request: Option<(Uuid, &'a [u8])>,
    pub decision: &'a str,
    pub why: &'a str,
    pub trace_id: String,
}

impl<'a> Entry<'a> {
    /// Of what happens now, in the current trace, and was not claimed.
    pub fn now(actor: &'a str, method: &'a str, decision: &'a str, why: &'a str) -> Self {
        Self {
            actor,
            method,
            request: None,
            decision,
            why,
            trace_id: telemetry::current_trace_id(),
        }
    }
}

/// Writes rows into the audit of the transaction's service, in their order.
#[expect(
    clippy::as_conversions,
    reason = "in sqlx's macros `as` names the type of a bind and converts nothing"
)]
pub(crate) async fn audit(tx: &mut PgConnection, at: Timestamp, entries: &[Entry<'_>]) -> Result<(), Error> {
    let texts = |of: fn(&Entry<'_>) -> String| -> Vec<String> { entries.iter().map(of).collect() };
    let requests: Vec<Option<Uuid>> = entries.iter().map(|e| e.request.map(|r| r.0)).collect();
    let fingerprints: Vec<Option<&[u8]>> = entries.iter().map(|e| e.request.map(|r| r.1)).collect();
    sqlx::query!(
        r#"
        insert into audit (at, actor, rpc, request_id, fingerprint, decision, why, trace_id)
        select $1, e.* from unnest($2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::text[], $7::text[], $8::text[]) e
        "#,
        at,
        &texts(|e| e.actor.to_owned()),
        &texts(|e| e.method.to_owned()),
        &requests as &[Option<Uuid>],
        &fingerprints as &[Option<&[u8]>],
        &texts(|e| e.decision.to_owned()),
        &texts(|e| e.why.to_owned()),
        &texts(|e| e.trace_id.clone()),
    )
    .execute(tx)
    .await?;
    Ok(())
}
