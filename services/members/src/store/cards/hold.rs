use kernel::{BenefitId, CardId, HoldId, PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use crate::domain::cards::{Hold, HoldState};

pub async fn insert_hold(
    tx: &mut PgConnection,
    hold: &Hold,
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into holds (hold_id, benefit_id, card_id, person_id, studio_id, state, made_by, made_at, expires_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        hold.id as _,
        hold.benefit as _,
        hold.card as _,
        hold.person as _,
        hold.studio as _,
        hold.state.as_str(),
        actor,
        now,
        hold.expires_at,
        hold.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a hold and holds its row, so that it is settled once.
pub async fn lock_hold(tx: &mut PgConnection, id: HoldId) -> Result<Option<Hold>, Error> {
    let row = sqlx::query!(
        r#"
        select benefit_id as "benefit: BenefitId", card_id as "card: CardId", person_id as "person: PersonId",
               studio_id as "studio: StudioId", state, expires_at, version
        from holds where hold_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(|r| {
        Ok(Hold {
            id,
            benefit: r.benefit,
            card: r.card,
            person: r.person,
            studio: r.studio,
            state: HoldState::parse(&r.state).ok_or_else(|| inconsistent("holds", "state"))?,
            expires_at: r.expires_at,
            version: r.version,
        })
    })
    .transpose()
}

/// Writes the end of a hold.
pub async fn save_hold(tx: &mut PgConnection, hold: &Hold, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update holds set state = $2, settled_at = $3, version = $4 where hold_id = $1",
        hold.id as _,
        hold.state.as_str(),
        now,
        hold.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Releases every standing hold of a card that is taken back.
pub async fn release_all(tx: &mut PgConnection, card: CardId, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update holds set state = 'released', settled_at = $2, version = version + 1 where card_id = $1 and state = 'held'",
        card as _,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
