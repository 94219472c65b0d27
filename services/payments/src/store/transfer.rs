//! The tables `transfers` and `transfer_proofs`.

use kernel::{IntentId, LegalEntityId, PersonId, StudioId, Timestamp};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

use super::word;
use crate::domain::intent::Intent;
use crate::domain::transfer::{ProofKind, Reference};

/// The reference of an intent: made, or as it was made before. Lock the intent
/// first.
pub async fn reference(tx: &mut PgConnection, intent: &Intent, now: Timestamp) -> Result<Reference, Error> {
    sqlx::query!(
        r#"
        insert into transfers (intent_id, person_id, studio_id, requested_at) values ($1, $2, $3, $4)
        on conflict (intent_id) do nothing
        "#,
        intent.id as _,
        intent.claim.person_id as _,
        intent.claim.studio_id as _,
        now,
    )
    .execute(&mut *tx)
    .await?;
    let kept = of_intent(tx, intent.id).await?;
    kept.ok_or_else(|| platform::inconsistent("transfers", "an intent's transfer vanished"))
}

pub async fn of_intent(tx: &mut PgConnection, intent: IntentId) -> Result<Option<Reference>, Error> {
    sqlx::query_scalar!("select number from transfers where intent_id = $1", intent as _)
        .fetch_optional(tx)
        .await?
        .map(|number| word("transfers", "number", Reference::of(number)))
        .transpose()
}

/// The intent that a reference is of, and whose legal entity it is.
pub async fn intent_of(
    tx: &mut PgConnection,
    reference: Reference,
) -> Result<Option<(IntentId, LegalEntityId)>, Error> {
    let row = sqlx::query!(
        r#"
        select i.intent_id as "intent: IntentId", i.legal_entity_id as "legal_entity: LegalEntityId"
        from transfers t join intents i using (intent_id)
        where t.number = $1
        "#,
        reference.number(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| (row.intent, row.legal_entity)))
}

/// A slip that a payer showed.
pub struct Proof {
    pub id: Uuid,
    pub intent: IntentId,
    pub person: PersonId,
    pub studio: StudioId,
    pub kind: ProofKind,
    pub digest: Vec<u8>,
    pub bytes: Sealed,
    pub attached_by: PersonId,
    pub attached_at: Timestamp,
}

/// Keeps a slip; the same one again stays as it is.
pub async fn attach(tx: &mut PgConnection, proof: &Proof) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into transfer_proofs (proof_id, intent_id, person_id, studio_id, type, digest, bytes, attached_by, attached_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (proof_id) do nothing
        "#,
        proof.id,
        proof.intent as _,
        proof.person as _,
        proof.studio as _,
        proof.kind.word(),
        proof.digest,
        proof.bytes.bytes,
        proof.attached_by as _,
        proof.attached_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many slips an intent has beside this one. Lock the intent first.
pub async fn others(tx: &mut PgConnection, intent: IntentId, proof: Uuid) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "others!" from transfer_proofs where intent_id = $1 and proof_id <> $2"#,
        intent as _,
        proof,
    )
    .fetch_one(tx)
    .await?)
}

/// The slips of an intent, the first first.
pub async fn proofs(tx: &mut PgConnection, intent: IntentId) -> Result<Vec<Proof>, Error> {
    let rows = sqlx::query!(
        r#"
        select proof_id, person_id as "person: PersonId", studio_id as "studio: StudioId", type as kind, digest, bytes,
               attached_by as "attached_by: PersonId", attached_at
        from transfer_proofs where intent_id = $1
        order by attached_at, proof_id
        "#,
        intent as _,
    )
    .fetch_all(tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        Ok(Proof {
            id: row.proof_id,
            intent,
            person: row.person,
            studio: row.studio,
            kind: word("transfer_proofs", "type", ProofKind::from_word(&row.kind))?,
            digest: row.digest,
            bytes: Sealed::from(row.bytes),
            attached_by: row.attached_by,
            attached_at: row.attached_at,
        })
    });
    read.collect()
}
