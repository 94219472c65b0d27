//! The tables `refused_callbacks` and `refused_windows`.

use kernel::{PersonId, Timestamp};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;

/// At most so many rows go at once.
const BATCH: i64 = 1_000;

/// A callback of which nothing was believed.
pub struct Refused<'a> {
    pub channel: &'a str,
    pub merchant: &'a str,
    pub why: &'static str,
    /// Where the channel's signature held.
    pub notice_id: Option<&'a str>,
    pub body_digest: &'a [u8],
    pub sealed_for: PersonId,
    pub body: Sealed,
    pub received_at: Timestamp,
}

/// Where refused callbacks of one kind are counted together.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    pub channel: &'a str,
    pub merchant: &'a str,
    pub why: &'static str,
    pub began_at: Timestamp,
}

/// Takes room in a window, which holds `most` bytes. False when it is full; of
/// many at once as many come in as there is room for.
pub async fn take_room(
    tx: &mut PgConnection,
    window: Window<'_>,
    bytes: i64,
    most: i64,
) -> Result<bool, Error> {
    let taken = sqlx::query!(
        r#"
        insert into refused_windows as w (channel, merchant, why, began_at, kept_bytes)
        select $1, $2, $3, $4, $5::bigint where $5 <= $6::bigint
        on conflict (channel, merchant, why, began_at) do update set kept_bytes = w.kept_bytes + $5
        where w.kept_bytes + $5 <= $6
        "#,
        window.channel,
        window.merchant,
        window.why,
        window.began_at,
        bytes,
        most,
    )
    .execute(tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Counts what was not kept.
pub async fn count_unkept(tx: &mut PgConnection, window: Window<'_>, count: i64) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into refused_windows as w (channel, merchant, why, began_at, kept_bytes, not_kept)
        values ($1, $2, $3, $4, 0, $5)
        on conflict (channel, merchant, why, began_at) do update set not_kept = w.not_kept + $5
        "#,
        window.channel,
        window.merchant,
        window.why,
        window.began_at,
        count,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a refused callback; the same one again is counted.
pub async fn keep(tx: &mut PgConnection, refused: &Refused<'_>) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into refused_callbacks as r (refused_id, channel, merchant, why, notice_id, body_digest, sealed_for,
                                            body, received_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint refused_callbacks_once do update set deliveries = r.deliveries + 1
        "#,
        kernel::fresh_uuid(),
        refused.channel,
        refused.merchant,
        refused.why,
        refused.notice_id,
        refused.body_digest,
        refused.sealed_for as _,
        refused.body.bytes,
        refused.received_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets what came before a moment, a batch at a time. False when nothing is
/// left.
pub async fn forget(tx: &mut PgConnection, before: Timestamp) -> Result<bool, Error> {
    let gone = sqlx::query!(
        r#"
        delete from refused_callbacks where refused_id in (
            select refused_id from refused_callbacks where received_at < $1 limit $2
        )
        "#,
        before,
        BATCH,
    )
    .execute(&mut *tx)
    .await?;
    let counts = sqlx::query!(
        r#"
        delete from refused_windows where ctid = any(array(
            select ctid from refused_windows where began_at < $1 limit $2
        ))
        "#,
        before,
        BATCH,
    )
    .execute(tx)
    .await?;
    Ok(gone.rows_affected() + counts.rows_affected() > 0)
}
