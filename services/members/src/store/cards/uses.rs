//! Uses of a benefit. Each is one conditional UPDATE of one row, so however
//! many race for the last use, one gets it.

use kernel::{BenefitId, CardId, NodeId, Timestamp};
use platform::Error;
use sqlx::PgConnection;
use uuid::Uuid;

use super::benefit::{Row, get_benefit};
use crate::domain::Refusal;
use crate::domain::cards::Benefit;

/// Takes one use at a place, given as the studio with every node above it.
pub async fn take(
    tx: &mut PgConnection,
    id: BenefitId,
    place: &[NodeId],
    now: Timestamp,
) -> Result<Benefit, Error> {
    let place_ids: Vec<Uuid> = place.iter().map(|node| node.0).collect();
    let row = sqlx::query_as!(
        Row,
        r#"
        update benefits set used = used + 1, version = version + 1
        where benefit_id = $1 and ended_at is null
          and (cardinality(scope_nodes) = 0 or scope_nodes && $2::uuid[])
          and (valid_until is null or valid_until > $3)
          and (uses_total is null or used + held + revoked < uses_total)
        returning benefit_id as "benefit_id: _", card_id as "card_id: _", person_id as "person_id: _",
                  studio_id as "studio_id: _", position, code, name, uses_total, scope_nodes, validity_days, used,
                  held, revoked, valid_until, ended_at, version
        "#,
        id as _,
        &place_ids,
        now,
    )
    .fetch_optional(&mut *tx)
    .await?;
    taken(tx, row, id, place, now).await
}

/// Reserves one use at a place.
pub async fn hold(
    tx: &mut PgConnection,
    id: BenefitId,
    place: &[NodeId],
    now: Timestamp,
) -> Result<Benefit, Error> {
    let place_ids: Vec<Uuid> = place.iter().map(|node| node.0).collect();
    let row = sqlx::query_as!(
        Row,
        r#"
        update benefits set held = held + 1, version = version + 1
        where benefit_id = $1 and ended_at is null
          and (cardinality(scope_nodes) = 0 or scope_nodes && $2::uuid[])
          and (valid_until is null or valid_until > $3)
          and (uses_total is null or used + held + revoked < uses_total)
        returning benefit_id as "benefit_id: _", card_id as "card_id: _", person_id as "person_id: _",
                  studio_id as "studio_id: _", position, code, name, uses_total, scope_nodes, validity_days, used,
                  held, revoked, valid_until, ended_at, version
        "#,
        id as _,
        &place_ids,
        now,
    )
    .fetch_optional(&mut *tx)
    .await?;
    taken(tx, row, id, place, now).await
}

/// The benefit after the use, or the reason why the row did not match.
async fn taken(
    tx: &mut PgConnection,
    row: Option<Row>,
    id: BenefitId,
    place: &[NodeId],
    now: Timestamp,
) -> Result<Benefit, Error> {
    if let Some(row) = row {
        return row.benefit();
    }
    let benefit = get_benefit(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("benefit"))?;
    benefit.usable(place, now)?;
    Err(Refusal::Exhausted.into()) // it was given back between the two statements
}

/// Turns a reserved use into a use. Who reserved in time may come: scope and
/// validity were asked when it was reserved.
pub async fn redeem(tx: &mut PgConnection, id: BenefitId) -> Result<Benefit, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        update benefits set held = held - 1, used = used + 1, version = version + 1
        where benefit_id = $1 and ended_at is null and held > 0
        returning benefit_id as "benefit_id: _", card_id as "card_id: _", person_id as "person_id: _",
                  studio_id as "studio_id: _", position, code, name, uses_total, scope_nodes, validity_days, used,
                  held, revoked, valid_until, ended_at, version
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.ok_or(Refusal::BenefitEnded)?.benefit()
}

/// Gives a reserved use back, unless a refund took the benefit meanwhile.
pub async fn free(tx: &mut PgConnection, id: BenefitId) -> Result<Benefit, Error> {
    sqlx::query!(
        r#"
        update benefits set held = held - 1, version = version + 1
        where benefit_id = $1 and ended_at is null and held > 0
        "#,
        id as _,
    )
    .execute(&mut *tx)
    .await?;
    get_benefit(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("benefit"))
}

/// Takes unused uses back for a refund.
pub async fn take_back(tx: &mut PgConnection, card: CardId, id: BenefitId, uses: i32) -> Result<(), Error> {
    let taken = sqlx::query!(
        r#"
        update benefits set revoked = revoked + $2, version = version + 1
        where benefit_id = $1 and card_id = $3 and ended_at is null and used + held + revoked + $2 <= uses_total
        "#,
        id as _,
        uses,
        card as _,
    )
    .execute(tx)
    .await?;
    if taken.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Refusal::RevocationTooLarge.into())
    }
}
