//! The tables `drawers`, `drawer_entries`, `drawer_pieces` and `drawer_days`.

pub mod day;

use chrono::NaiveDate;
use kernel::{DrawerId, PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;

use super::balance;
use crate::domain::Refusal;
use crate::domain::drawer::{Drawer, Entry, Pieces, State};

const TABLE: &str = "drawers";

#[derive(sqlx::FromRow)]
struct Row {
    drawer_id: DrawerId,
    studio_id: StudioId,
    day: NaiveDate,
    held_by: PersonId,
    opening_minor: i64,
    cash_minor: i64,
    counted_minor: Option<i64>,
    reason: String,
    opened_at: Timestamp,
    counted_at: Option<Timestamp>,
    version: i64,
}

impl TryFrom<Row> for Drawer {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = match (row.counted_minor, row.counted_at) {
            (None, None) => State::Open,
            (Some(counted), Some(at)) => State::Counted {
                counted: balance(TABLE, counted)?,
                reason: row.reason,
                at,
            },
            _ => return Err(inconsistent(TABLE, format!("drawer {}", row.drawer_id))),
        };
        Ok(Self {
            id: row.drawer_id,
            studio: row.studio_id,
            day: row.day,
            held_by: row.held_by,
            opening: balance(TABLE, row.opening_minor)?,
            cash: balance(TABLE, row.cash_minor)?,
            state,
            opened_at: row.opened_at,
            version: row.version,
        })
    }
}

/// Adds an open drawer. Of two that one person opens at once one is refused.
pub async fn insert(tx: &mut PgConnection, drawer: &Drawer) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into drawers (drawer_id, studio_id, day, held_by, opening_minor, cash_minor, opened_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        drawer.id as _,
        drawer.studio as _,
        drawer.day,
        drawer.held_by as _,
        drawer.opening.minor(),
        drawer.cash.minor(),
        drawer.opened_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "drawers_held_key", || Refusal::DrawerHeld)?;
    Ok(())
}

/// Reads a drawer and holds its row, so that what goes through it and its count
/// happen one after the other. Lock it before intents and refunds.
pub async fn lock(tx: &mut PgConnection, id: DrawerId) -> Result<Option<Drawer>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select drawer_id as "drawer_id: _", studio_id as "studio_id: _", day, held_by as "held_by: _", opening_minor,
               cash_minor, counted_minor, reason, opened_at, counted_at, version
        from drawers
        where drawer_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Drawer::try_from)
    .transpose()
}

/// Saves what should be in a drawer and how it was counted.
pub async fn save(tx: &mut PgConnection, drawer: &Drawer) -> Result<(), Error> {
    let (counted, reason, at) = match &drawer.state {
        State::Open => (None, "", None),
        State::Counted { counted, reason, at } => (Some(counted.minor()), reason.as_str(), Some(*at)),
    };
    sqlx::query!(
        r#"
        update drawers
        set state = $2, version = $3, cash_minor = $4, counted_minor = $5, reason = $6, counted_at = $7
        where drawer_id = $1
        "#,
        drawer.id as _,
        drawer.state.word(),
        drawer.version,
        drawer.cash.minor(),
        counted,
        reason,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Adds what went through a drawer. A slip is recorded once.
pub async fn enter(tx: &mut PgConnection, entry: &Entry) -> Result<(), Error> {
    let slip = entry.slip.as_ref();
    let inserted = sqlx::query!(
        r#"
        insert into drawer_entries (entry_id, drawer_id, studio_id, kind, amount_minor, attempt_id, refund_id,
                                    tendered_minor, terminal, slip, last_four, reason, entered_by, entered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        entry.id,
        entry.drawer as _,
        entry.studio as _,
        entry.kind.word(),
        entry.amount.minor(),
        entry.attempt as _,
        entry.refund as _,
        entry.tendered.map(kernel::Amount::minor),
        slip.map(|s| s.terminal.as_str()),
        slip.map(|s| s.number.as_str()),
        slip.map(|s| s.last_four.as_str()),
        entry.reason,
        entry.by as _,
        entry.at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "drawer_entries_slip_key", || Refusal::SlipUsed)?;
    Ok(())
}

/// Keeps what was counted, piece by piece.
pub async fn keep_pieces(tx: &mut PgConnection, drawer: &Drawer, pieces: &Pieces) -> Result<(), Error> {
    let (denominations, counts): (Vec<i32>, Vec<i32>) = pieces.iter().unzip();
    sqlx::query!(
        r#"
        insert into drawer_pieces (drawer_id, studio_id, denomination_minor, pieces)
        select $1, $2, denomination, pieces
        from unnest($3::integer[], $4::integer[]) as counted (denomination, pieces)
        "#,
        drawer.id as _,
        drawer.studio as _,
        &denominations,
        &counts,
    )
    .execute(tx)
    .await?;
    Ok(())
}
