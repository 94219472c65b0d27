//! Claims: the acts that callers asked for, so that asking twice acts once.

use prost::Message as _;
use proto::Command;
use sqlx::PgConnection;
use tonic::Status;
use uuid::Uuid;

use crate::Error;
use crate::audit::Entry;
use crate::caller::Trail;

/// What a caller asked for, under which id.
pub(super) struct ClaimKey {
    pub claimant: String,
    pub actor: String,
    pub request_id: Uuid,
    pub method: &'static str,
    pub fingerprint: Vec<u8>,
    pub trail: Trail,
}

impl ClaimKey {
    pub fn entry<'a>(&'a self, decision: &'a str, trace_id: String) -> Entry<'a> {
        Entry {
            actor: &self.actor,
            method: self.method,
            request: Some((self.request_id, &self.fingerprint)),
            decision,
            why: "",
            trace_id,
        }
    }
}

/// False when somebody did or does the same; waits for a twin to end. An act that
/// a row of the service's own claims has another method: see [`super::together`].
pub(super) async fn insert_claim(tx: &mut PgConnection, claim: &ClaimKey) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into claims (caller, request_id, rpc, fingerprint)
        select $1, $2, $3, $4
        where not exists (select from own_acts where actor = $5 and request_id = $2)
        on conflict (caller, request_id) do nothing
        "#,
        claim.claimant,
        claim.request_id,
        claim.method,
        claim.fingerprint,
        claim.actor,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn earlier_reply<C: Command>(
    tx: &mut PgConnection,
    claim: &ClaimKey,
) -> Result<C::Reply, Error> {
    let row = sqlx::query!(
        "select rpc, fingerprint, outcome, reply from claims where caller = $1 and request_id = $2",
        claim.claimant,
        claim.request_id,
    )
    .fetch_optional(tx)
    .await?
    .ok_or_else(Error::request_id_reused)?;
    let reply = row.reply.unwrap_or_default();
    reply_to::<C>(claim, (&row.rpc, &row.fingerprint), &row.outcome, &reply)
}

/// What a claim that stands answers to who asks again: the kept reply, if they
/// ask for the same.
pub(super) fn reply_to<C: Command>(
    claim: &ClaimKey,
    (rpc, fingerprint): (&str, &[u8]),
    outcome: &str,
    reply: &[u8],
) -> Result<C::Reply, Error> {
    if rpc != claim.method || fingerprint != claim.fingerprint {
        return Err(Error::request_id_reused());
    }
    match outcome {
        "done" => C::Reply::decode(reply).map_err(|e| crate::inconsistent("claims", e.to_string())),
        "refused" => Err(Error::KeptRefusal(Box::new(decode_status(reply)?))),
        other => Err(crate::inconsistent("claims", format!("outcome {other}"))),
    }
}

/// A status with details carries itself whole in them, as `google.rpc.Status`.
fn decode_status(bytes: &[u8]) -> Result<Status, Error> {
    let kept =
        tonic_types::Status::decode(bytes).map_err(|e| crate::inconsistent("claims", e.to_string()))?;
    Ok(Status::with_details(
        kept.code.into(),
        kept.message,
        bytes.to_vec().into(),
    ))
}
