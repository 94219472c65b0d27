use std::collections::BTreeMap;

use kernel::{CardId, RefundCaseId, Timestamp};
use platform::Error;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::cards::Card;

/// What a refund case took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    pub case: RefundCaseId,
    pub card: CardId,
    pub whole_card: bool,
    pub uses: BTreeMap<Uuid, i32>,
}

/// What the case took back before, if anything.
pub async fn revocation(tx: &mut PgConnection, case: RefundCaseId) -> Result<Option<Revocation>, Error> {
    let row = sqlx::query!(
        r#"
        select card_id as "card: CardId", whole_card, uses as "uses: sqlx::types::Json<BTreeMap<Uuid, i32>>"
        from revocations where case_id = $1
        "#,
        case as _,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|r| Revocation {
        case,
        card: r.card,
        whole_card: r.whole_card,
        uses: r.uses.0,
    }))
}

pub async fn insert_revocation(
    tx: &mut PgConnection,
    revocation: &Revocation,
    card: &Card,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into revocations (case_id, card_id, person_id, studio_id, whole_card, uses, revoked_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        revocation.case as _,
        revocation.card as _,
        card.person as _,
        card.studio as _,
        revocation.whole_card,
        sqlx::types::Json(&revocation.uses) as _,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
