//! What every subscriber has read and nobody needs whole goes, a batch at a
//! time. Of pruned facts the last of each type of an aggregate stays, for
//! those who subscribe later.

use kernel::Clock;
use sqlx::PgConnection;

use crate::{Error, Platform};

/// Applied facts that are kept whatever their age, so that a source that says
/// little can still be compared after it lost its tail.
const ALWAYS: i64 = 10_000;
/// What became of divergences is kept as long as claims are.
const DIVERGENCES_KEPT: chrono::Duration = chrono::Duration::days(400);

impl Platform {
    /// Prunes one batch of this service's facts: older than the settings say,
    /// read by everybody who is registered, and never the last one.
    pub(crate) async fn prune_feed(&self, batch: i64) -> Result<u64, Error> {
        let mut tx = self.begin_system().await?;
        let pruned = sqlx::query_scalar!("select pruned_seq from feed_retention for update")
            .fetch_one(&mut *tx)
            .await?;
        let kept = chrono::Duration::days(self.inner.tuning.keep_days);
        let Some(upto) = prunable(&mut tx, pruned, batch, Clock::real() - kept).await? else {
            return Ok(0);
        };
        compact(self, &mut tx, pruned, upto).await?;
        sqlx::query!(
            "delete from outbox where id in (select outbox_id from feed_between($1, $2))",
            pruned + 1,
            upto
        )
        .execute(&mut *tx)
        .await?;
        cut(&mut tx, upto).await?;
        tx.commit().await?;
        Ok(u64::try_from(upto - pruned).unwrap_or_default())
    }

    /// Prunes one batch of the facts of others that were applied here long ago.
    pub(crate) async fn prune_inbox(&self, batch: i64) -> Result<u64, Error> {
        let kept = chrono::Duration::days(self.inner.tuning.inbox_days);
        let mut tx = self.begin_system().await?;
        let gone = sqlx::query!(
            r#"
            delete from inbox where (source, event_id) in (
                select i.source, i.event_id from cursors c cross join lateral (
                    select source, event_id, applied_at from inbox
                    where source = c.source and seq > 0 and seq < c.seq - $3 and divergence_id is null
                    order by seq limit $2
                ) i
                where i.applied_at < $1
                  and not exists (select from parked_events p
                                  where p.source = i.source and p.event_id = i.event_id)
            )
            "#,
            Clock::real() - kept,
            batch,
            ALWAYS,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }

    /// Forgets divergences that were over long ago, and the orphans with them.
    pub(crate) async fn prune_divergences(&self) -> Result<u64, Error> {
        let mut tx = self.begin_system().await?;
        let over = sqlx::query_scalar!(
            "delete from divergences where closed_at < $1 returning divergence_id",
            Clock::real() - DIVERGENCES_KEPT,
        );
        let over = over.fetch_all(&mut *tx).await?;
        let orphans = sqlx::query!("delete from inbox where divergence_id = any($1)", &over)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(u64::try_from(over.len()).unwrap_or_default() + orphans.rows_affected())
    }
}

/// The last position of a batch that may go, if one may.
async fn prunable(
    tx: &mut PgConnection,
    pruned: i64,
    batch: i64,
    before: kernel::Timestamp,
) -> Result<Option<i64>, Error> {
    let most = sqlx::query_scalar!(
        r#"
        select least($1::bigint + $2::bigint, feed_last() - 1,
                     (select min(after_seq) from feed_consumers)) as "most!"
        "#,
        pruned,
        batch,
    )
    .fetch_one(&mut *tx)
    .await?;
    let young = sqlx::query_scalar!(
        r#"
        select min(f.seq) from feed_between($1::bigint + 1, $2) f cross join lateral fact(f.outbox_id) o
        where o.recorded_at >= $3
        "#,
        pruned,
        most,
        before,
    )
    .fetch_one(tx)
    .await?;
    let upto = young.map_or(most, |first| first - 1);
    Ok((upto > pruned).then_some(upto))
}

/// Takes the numbers up to `upto` out of the feed.
async fn cut(tx: &mut PgConnection, upto: i64) -> Result<(), Error> {
    sqlx::query!(
        "delete from feed_runs where first_seq <= $1 and first_seq + facts - 1 <= $1",
        upto
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        update feed_runs
        set first_seq = $1::bigint + 1, first_id = first_id + ($1 + 1 - first_seq),
            facts = facts - ($1 + 1 - first_seq)::integer
        where first_seq <= $1
        "#,
        upto,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps of each type of each aggregate the last fact, and remembers which
/// fact stands where the pruning ends.
async fn compact(platform: &Platform, tx: &mut PgConnection, pruned: i64, upto: i64) -> Result<(), Error> {
    let last = sqlx::query!(
        r#"
        select distinct on (o.aggregate, o.type)
               f.seq as "seq!", o.type as "kind!", case when o.own then o.body end as body, o.payload
        from feed_between($1::bigint + 1, $2) f cross join lateral fact(f.outbox_id) o
        order by o.aggregate, o.type, f.seq desc
        "#,
        pruned,
        upto,
    )
    .fetch_all(&mut *tx)
    .await?;
    let (mut seqs, mut payloads) = (Vec::new(), Vec::new());
    for fact in last {
        seqs.push(fact.seq);
        payloads.push(platform.payload(&fact.kind, fact.payload, fact.body)?);
    }
    sqlx::query!(
        r#"
        insert into compacted_facts (aggregate, type, seq, event_id, version, occurred_at, payload)
        select o.aggregate, o.type, f.seq, o.event_id, o.version, o.occurred_at, l.payload
        from unnest($1::bigint[], $2::bytea[]) l (seq, payload)
        cross join lateral feed_between(l.seq, l.seq) f
        cross join lateral fact(f.outbox_id) o
        on conflict (aggregate, type) do update
        set seq = excluded.seq, event_id = excluded.event_id, version = excluded.version,
            occurred_at = excluded.occurred_at, payload = excluded.payload
        "#,
        &seqs,
        &payloads,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        update feed_retention set pruned_seq = $1, pruned_event_id = (
            select o.event_id::text from feed_between($1, $1) f cross join lateral fact(f.outbox_id) o)
        "#,
        upto,
    )
    .execute(tx)
    .await?;
    Ok(())
}
