//! Facts on their way out: written with what made them true, numbered
//! afterwards by one sequencer.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use kernel::{EventId, Timestamp};
use proto::Event;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::hints::Hint;
use crate::{Error, Platform, audit, crash_point};

/// Most facts that one round numbers.
const ROUND: i64 = 2_000;

/// How often facts that another process left without a number are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// Something that became true of an aggregate.
pub struct Fact<E> {
    /// The thing that changed; its facts keep their order.
    pub aggregate: Uuid,
    /// The thing's version after the change.
    pub version: i64,
    pub event: E,
}

impl<E: Event> Fact<E> {
    pub fn new(aggregate: impl Into<Uuid>, version: i64, event: E) -> Self {
        Self {
            aggregate: aggregate.into(),
            version,
            event,
        }
    }
}

/// Writes facts in their order, each with the trace that it belongs to.
pub(crate) async fn insert<E: Event>(
    tx: &mut PgConnection,
    facts: &[(&Fact<E>, &str)],
    at: Timestamp,
) -> Result<(), Error> {
    let ids: Vec<Uuid> = facts.iter().map(|_| EventId::fresh().0).collect();
    let kinds: Vec<String> = facts
        .iter()
        .map(|(fact, _)| fact.event.kind().to_owned())
        .collect();
    let aggregates: Vec<Uuid> = facts.iter().map(|(fact, _)| fact.aggregate).collect();
    let versions: Vec<i64> = facts.iter().map(|(fact, _)| fact.version).collect();
    let payloads: Vec<Vec<u8>> = facts.iter().map(|(fact, _)| fact.event.encode_to_vec()).collect();
    let traces: Vec<String> = facts.iter().map(|(_, trace)| (*trace).to_owned()).collect();
    sqlx::query!(
        r#"
        insert into outbox (event_id, type, aggregate, version, occurred_at, payload, traceparent)
        select f.event_id, f.type, f.aggregate, f.version, $1, f.payload, f.traceparent
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::bytea[], $7::text[])
            f (event_id, type, aggregate, version, payload, traceparent)
        "#,
        at,
        &ids,
        &kinds,
        &aggregates,
        &versions,
        &payloads,
        &traces,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What the sequencer remembers of ids it saw no row for: those of facts, and
/// those of rows that are chained.
#[derive(Default)]
pub struct Gaps {
    facts: Gap,
    chain: audit::Marks,
}

/// Ids that no row was seen for: until every transaction that ran then has
/// ended, such a row may still appear.
#[derive(Default)]
pub(crate) struct Gap {
    seen: HashMap<i64, i64>,
}

impl Platform {
    /// Numbers the committed facts that have no number yet, in the order of
    /// their ids, and gives committed rows their places in the audit's chain.
    /// Returns how many facts. Does nothing while another process does it. A
    /// process does both side by side, so that chaining holds no fact up.
    pub async fn sequence_once(&self, gaps: &mut Gaps) -> Result<u64, Error> {
        let numbered = self.number_once(&mut gaps.facts).await?;
        if let Err(error) = self.chain_once(&mut gaps.chain).await {
            tracing::error!(
                error = crate::telemetry::chain(&error),
                "chaining the audit failed"
            );
        }
        Ok(numbered)
    }

    async fn number_once(&self, gap: &mut Gap) -> Result<u64, Error> {
        let mut tx = self.begin_by_index().await?;
        let Some(low_water) =
            sqlx::query_scalar!("select low_water from feed_head for no key update skip locked")
                .fetch_optional(&mut *tx)
                .await?
        else {
            return Ok(0);
        };
        // Before the facts are read: whoever ended by now is seen by that read.
        let oldest = oldest_running(&mut tx).await?;
        let ids = sqlx::query_scalar!(
            r#"
            with runs as (
                select first_id, first_id + facts - 1 as last_id from feed_runs
                where first_id >= coalesce(
                    (select first_id from feed_runs where first_id <= $1 order by first_id desc limit 1), 0)
            ), gaps as (
                select greatest(lag(last_id) over (order by first_id), $1) as above, first_id - 1 as upto from runs
                union all
                select greatest(max(last_id), $1), 9223372036854775807 from runs
            )
            select f.id as "id!"
            from gaps g
            cross join lateral (
                select id from facts where id > g.above and id <= g.upto order by id limit $2
            ) f
            where g.above < g.upto
            order by f.id
            limit $2
            "#,
            low_water,
            ROUND,
        )
        .fetch_all(&mut *tx)
        .await?;
        if ids.is_empty() {
            return tx.leave().await.map(|()| 0);
        }
        give_numbers(&mut tx, &ids).await?;
        let passed = pass(&mut tx, gap, low_water, oldest).await?;
        sqlx::query!("update feed_head set low_water = $1 where low_water < $1", passed)
            .execute(&mut *tx)
            .await?;
        crash_point!("sequence.before_commit");
        tx.commit().await?;
        crash_point!("sequence.after_commit");
        self.inner.feed_bell.send_modify(|count| *count += 1);
        self.inner.hints.tell(Hint::Numbers);
        Ok(u64::try_from(ids.len()).unwrap_or_default())
    }

    /// Numbers facts as they are committed, until the process ends.
    pub(crate) async fn run_sequencer(self) {
        let mut gap = Gap::default();
        loop {
            match self.number_once(&mut gap).await {
                Ok(0) => {
                    let bell = self.inner.outbox_bell.notified();
                    let _rung = tokio::time::timeout(LOOK, bell).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = crate::telemetry::chain(&error), "sequencing failed");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }
}

/// Numbers facts behind those that have one: a row for each run of ids.
async fn give_numbers(tx: &mut PgConnection, ids: &[i64]) -> Result<(), Error> {
    let runs: Vec<&[i64]> = ids.chunk_by(|id, next| id + 1 == *next).collect();
    let firsts: Vec<i64> = runs.iter().filter_map(|run| run.first().copied()).collect();
    let lengths: Vec<i32> = runs
        .iter()
        .map(|run| i32::try_from(run.len()).unwrap_or_default())
        .collect();
    sqlx::query!(
        r#"
        insert into feed_runs (first_seq, first_id, facts)
        select feed_last() + 1 + sum(r.facts) over (order by r.first_id) - r.facts, r.first_id, r.facts
        from unnest($1::bigint[], $2::integer[]) r (first_id, facts)
        "#,
        &firsts,
        &lengths,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The oldest transaction that runs.
pub(crate) async fn oldest_running(tx: &mut PgConnection) -> Result<i64, Error> {
    Ok(
        sqlx::query_scalar!(r#"select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "oldest!""#)
            .fetch_one(tx)
            .await?,
    )
}

/// The highest id below which nothing can appear any more. `oldest` is the
/// oldest transaction that ran before the facts of this round were read: one
/// that ended between that read and now left a fact that nobody numbered yet.
async fn pass(tx: &mut PgConnection, gap: &mut Gap, low_water: i64, oldest: i64) -> Result<i64, Error> {
    let row = sqlx::query!(
        r#"
        select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as "next!",
               coalesce((select first_id + facts - 1 from feed_runs order by first_id desc limit 1), 0) as "top!"
        "#
    )
    .fetch_one(&mut *tx)
    .await?;
    let runs = sqlx::query!(
        r#"
        select first_id, facts from feed_runs
        where first_id <= $1::bigint + $2::bigint
          and first_id >= coalesce(
              (select first_id from feed_runs where first_id <= $1 order by first_id desc limit 1), 0)
        "#,
        low_water,
        ROUND
    )
    .fetch_all(tx)
    .await?;
    let present: HashSet<i64> = runs
        .into_iter()
        .flat_map(|run| (run.first_id..).zip(0..run.facts).map(|(id, _)| id))
        .collect();
    Ok(gap.pass(
        low_water,
        row.top.min(low_water + ROUND),
        &present,
        oldest,
        row.next,
    ))
}

impl Gap {
    /// Passes ids that are present, and those that were missing already when
    /// every transaction before `oldest` still ran; `next` is the first that
    /// has not begun.
    pub(crate) fn pass(
        &mut self,
        low_water: i64,
        upto: i64,
        present: &HashSet<i64>,
        oldest: i64,
        next: i64,
    ) -> i64 {
        let (mut passed, mut open) = (low_water, false);
        for id in low_water + 1..=upto {
            let known = present.contains(&id);
            let dead = self.seen.get(&id).is_some_and(|next| oldest >= *next);
            if !known && !dead {
                self.seen.entry(id).or_insert(next);
                open = true;
            }
            if !open {
                passed = id;
            }
        }
        self.seen.retain(|id, _| *id > passed);
        passed
    }
}
