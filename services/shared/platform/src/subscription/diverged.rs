//! What happens when a source came apart from what was applied of it: the last
//! common position is looked for, and what was applied after it and is true no
//! more. Nothing lost: the source is followed again by itself. Otherwise two
//! persons decide.

use std::collections::HashSet;

use kernel::fresh_uuid;
use sqlx::PgConnection;
use uuid::Uuid;

use super::compare::{Compare, Found};
use super::follow::{Examined, Place, Standing, examined};
use crate::{Error, Platform};

/// One transaction may touch a day's facts.
const PATIENCE: &str = "set local statement_timeout = '5min'";

fn quarantined(source: &str) -> Error {
    Error::Internal(format!(
        "the stream of {source} is quarantined: its history parted from ours"
    ))
}

/// Compares a quarantined source with what was applied. Succeeds when it is
/// followed again.
pub(super) async fn examine(platform: &Platform, source: &str, place: &Place) -> Result<(), Error> {
    let open = open_divergence(platform, source).await?;
    let compare = Compare::new(platform, source, open.as_ref().map(|o| o.id))?;
    let found = compare.with(place).await?;
    let mut tx = platform.begin_system().await?;
    sqlx::query(PATIENCE).execute(&mut *tx).await?;
    if !still_stands(&mut tx, source, place).await? {
        return Err(quarantined(source)); // another process or a person was faster: look again
    }
    match (examined(found.kind, found.orphans.len(), open.is_some()), open) {
        (Examined::Heal, open) => {
            heal(&mut tx, source, place, open.as_ref(), &found).await?;
            tx.commit().await?;
            tracing::warn!(
                feed.source = source,
                feed.seq = found.common.seq,
                "nothing that was applied is lost: the stream is followed again"
            );
            return Ok(());
        }
        (Examined::Revise, Some(open)) => revise(&mut tx, source, &open, &found).await?,
        (Examined::Revise | Examined::Report, _) => report(&mut tx, source, place, &found).await?,
    }
    tx.commit().await?;
    Err(quarantined(source))
}

/// A divergence that is not over.
struct Open {
    id: Uuid,
    kind: String,
    common_seq: i64,
    parked: i64,
}

async fn open_divergence(platform: &Platform, source: &str) -> Result<Option<Open>, Error> {
    let mut tx = platform.begin_system().await?;
    let open = sqlx::query_as!(
        Open,
        r#"
        select divergence_id as id, kind, common_seq, parked
        from divergences where source = $1 and closed_at is null
        "#,
        source
    );
    Ok(open.fetch_optional(&mut *tx).await?)
}

/// Holds the cursor, if it is where it was when the comparison began.
async fn still_stands(tx: &mut PgConnection, source: &str, place: &Place) -> Result<bool, Error> {
    let stands = sqlx::query_scalar!(
        r#"
        select true as "stands!" from cursors
        where source = $1 and seq = $2 and event_id = $3 and state = 'diverged'
        for no key update
        "#,
        source,
        place.seq,
        place.event_id,
    );
    Ok(stands.fetch_optional(tx).await?.is_some())
}

async fn parked_after(tx: &mut PgConnection, source: &str, common: &Place) -> Result<i64, Error> {
    let parked = sqlx::query_scalar!(
        r#"select count(*) as "parked!" from parked_events where source = $1 and seq > $2"#,
        source,
        common.seq,
    );
    Ok(parked.fetch_one(tx).await?)
}

async fn heal(
    tx: &mut PgConnection,
    source: &str,
    place: &Place,
    open: Option<&Open>,
    found: &Found,
) -> Result<(), Error> {
    let parked = parked_after(tx, source, &found.common).await?;
    if let Some(open) = open {
        unmark(tx, open.id).await?;
        sqlx::query!(
            r#"
            update divergences
            set state = 'healed', closed_at = now(), version = version + 1,
                common_seq = $2, common_event_id = $3, orphans = 0, parked = $4
            where divergence_id = $1
            "#,
            open.id,
            found.common.seq,
            found.common.event_id,
            parked,
        )
        .execute(&mut *tx)
        .await?;
    } else {
        sqlx::query!(
            r#"
            insert into divergences (divergence_id, source, kind, state, why, cursor_seq, common_seq,
                                     common_event_id, orphans, parked, closed_at)
            select $1, $2, 'diverged', 'healed', why, $3, $4, $5, 0, $6, now() from cursors where source = $2
            "#,
            fresh_uuid(),
            source,
            place.seq,
            found.common.seq,
            found.common.event_id,
            parked,
        )
        .execute(&mut *tx)
        .await?;
    }
    go_on(tx, source, &found.common, Standing::Running).await
}

async fn report(tx: &mut PgConnection, source: &str, place: &Place, found: &Found) -> Result<(), Error> {
    let id = fresh_uuid();
    let parked = parked_after(tx, source, &found.common).await?;
    let orphans = i64::try_from(found.orphans.len()).unwrap_or(i64::MAX);
    sqlx::query!(
        r#"
        insert into divergences (divergence_id, source, kind, state, why, cursor_seq, common_seq,
                                 common_event_id, orphans, parked)
        select $1, $2, $3, 'open', why, $4, $5, $6, $7, $8 from cursors where source = $2
        "#,
        id,
        source,
        found.kind,
        place.seq,
        found.common.seq,
        found.common.event_id,
        orphans,
        parked,
    )
    .execute(&mut *tx)
    .await?;
    mark(tx, source, id, &found.orphans).await?;
    tracing::error!(
        feed.source = source,
        feed.seq = found.common.seq,
        orphans,
        "facts that were applied are lost at their source: persons have to decide"
    );
    Ok(())
}

/// Keeps what was found anew. A proposal that stood on something else falls.
async fn revise(tx: &mut PgConnection, source: &str, open: &Open, found: &Found) -> Result<(), Error> {
    let marked = sqlx::query_scalar!("select event_id from inbox where divergence_id = $1", open.id);
    let marked: HashSet<Uuid> = marked.fetch_all(&mut *tx).await?.into_iter().collect();
    let orphans: HashSet<Uuid> = found.orphans.iter().copied().collect();
    let parked = parked_after(tx, source, &found.common).await?;
    let same = (open.kind.as_str(), open.common_seq, open.parked) == (found.kind, found.common.seq, parked);
    if same && marked == orphans {
        return Ok(());
    }
    unmark(tx, open.id).await?;
    mark(tx, source, open.id, &found.orphans).await?;
    sqlx::query!(
        r#"
        update divergences
        set state = 'open', version = version + 1, kind = $2, common_seq = $3, common_event_id = $4,
            orphans = $5, parked = $6
        where divergence_id = $1
        "#,
        open.id,
        found.kind,
        found.common.seq,
        found.common.event_id,
        i64::try_from(orphans.len()).unwrap_or(i64::MAX),
        parked,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn mark(tx: &mut PgConnection, source: &str, id: Uuid, orphans: &[Uuid]) -> Result<(), Error> {
    sqlx::query!(
        "update inbox set divergence_id = $1 where source = $2 and event_id = any($3)",
        id,
        source,
        orphans,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn unmark(tx: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    sqlx::query!(
        "update inbox set divergence_id = null where divergence_id = $1",
        id
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Lets two persons' decision take effect.
pub(crate) async fn resume(tx: &mut PgConnection, divergence_id: Uuid) -> Result<(), Error> {
    sqlx::query(PATIENCE).execute(&mut *tx).await?;
    let found = sqlx::query!(
        "select source, kind, common_seq, common_event_id from divergences where divergence_id = $1",
        divergence_id
    )
    .fetch_one(&mut *tx)
    .await?;
    let common = Place {
        seq: found.common_seq,
        event_id: found.common_event_id,
    };
    let standing = match found.kind.as_str() {
        "pruned" => Standing::Exporting,
        _ => Standing::Running,
    };
    go_on(tx, &found.source, &common, standing).await
}

/// Follows the source again after the common position. What was parked after
/// it was never applied, and comes again if it is true. What was applied and
/// is still true stays applied, and learns its new number when it comes.
async fn go_on(tx: &mut PgConnection, source: &str, common: &Place, standing: Standing) -> Result<(), Error> {
    let dropped = sqlx::query_scalar!(
        "delete from parked_events where source = $1 and seq > $2 returning event_id",
        source,
        common.seq,
    );
    let dropped = dropped.fetch_all(&mut *tx).await?;
    sqlx::query!(
        "delete from inbox where source = $1 and event_id = any($2)",
        source,
        &dropped,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update inbox set seq = 0 where source = $1 and seq > $2 and divergence_id is null",
        source,
        common.seq,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        update cursors
        set seq = $2, event_id = $3, state = $4, why = '', exported_seq = least(exported_seq, $2)
        where source = $1
        "#,
        source,
        common.seq,
        common.event_id,
        standing.word(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
