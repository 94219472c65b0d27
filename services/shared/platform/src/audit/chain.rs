//! Gives committed rows of append-only tables their place in the service's
//! chain of hashes.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sqlx::PgConnection;

use super::encoding::{Column, Place, START, digest_of, entry_hash};
use super::reseal;
use crate::outbox::{Gap, oldest_running};
use crate::{Error, Platform, inconsistent, telemetry};

/// Most rows of one table that one round chains.
const ROUND: i64 = 1_000;
/// How long a row that was written here may stand without its place: until
/// then nobody would notice a change.
const PAUSE: Duration = Duration::from_millis(250);
/// And one that a process wrote which ended before it was chained.
const LOOK: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(1);

/// What is remembered, for each table, of keys that no row was seen for.
pub(crate) type Marks = HashMap<String, Gap>;

struct Source {
    name: String,
    layout: i32,
    low_water: i64,
    columns: Vec<String>,
}

/// A row as it stands, column by column.
pub(super) struct Row {
    pub row_id: i64,
    pub texts: Vec<Option<String>>,
}

/// Entries of one table that one round adds, in runs.
#[derive(Default)]
struct Added {
    seqs: Vec<i64>,
    rows: Vec<i64>,
    entries: Vec<i32>,
    prevs: Vec<Vec<u8>>,
    hashes: Vec<Vec<u8>>,
}

impl Platform {
    /// Chains the committed rows that have no place yet, table by table in the
    /// order of their keys. Returns how many. Does nothing while another
    /// process does it.
    pub(crate) async fn chain_once(&self, marks: &mut Marks) -> Result<u64, Error> {
        let mut tx = self.begin_by_index().await?;
        let held = sqlx::query_scalar!("select one from chain_head for no key update skip locked");
        if held.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(0);
        }
        // Before the rows are read: whoever ended by now is seen by that read.
        let oldest = oldest_running(&mut tx).await?;
        let (mut seq, mut hash) = head(&mut tx).await?;
        let mut chained = 0;
        for source in sources(&mut tx).await? {
            let rows = waiting(&mut tx, &source).await?;
            if rows.is_empty() {
                continue;
            }
            let mut added = Added::default();
            for row in rows {
                seq = seq.max(lost_until(&source, &row)) + 1;
                hash = added.put(self.name(), &source, seq, &hash, &row);
                chained += 1;
            }
            added.insert(&mut tx, &source).await?;
            let gap = marks.entry(source.name.clone()).or_default();
            pass(&mut tx, &source, gap, oldest).await?;
        }
        if chained == 0 {
            return tx.leave().await.map(|()| 0);
        }
        tx.commit().await?;
        Ok(chained)
    }

    /// Chains rows as they are committed, until the process ends.
    pub(crate) async fn run_chain(self) {
        let mut marks = Marks::default();
        loop {
            match self.chain_once(&mut marks).await {
                Ok(0) => {
                    let bell = self.inner.chain_bell.notified();
                    let _rung = tokio::time::timeout(LOOK, bell).await;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = telemetry::chain(&error), "chaining the audit failed");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

/// What a reseal declares lost; the chain goes on above it.
fn lost_until(source: &Source, row: &Row) -> i64 {
    if source.name != reseal::SOURCE {
        return 0;
    }
    let at = source.columns.iter().position(|column| column == "lost_until");
    let text = at.and_then(|at| row.texts.get(at)).and_then(Option::as_deref);
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The last entry's place and hash.
pub(super) async fn head(tx: &mut PgConnection) -> Result<(i64, Vec<u8>), Error> {
    let head = sqlx::query!(
        r#"
        select first_seq + entries - 1 as "seq!", substr(hashes, 32 * entries - 31, 32) as "hash!"
        from audit_links order by first_seq desc limit 1
        "#
    )
    .fetch_optional(tx)
    .await?;
    Ok(head.map_or_else(|| (0, START.to_vec()), |head| (head.seq, head.hash)))
}

async fn sources(tx: &mut PgConnection) -> Result<Vec<Source>, Error> {
    let sources = sqlx::query_as!(
        Source,
        r#"
        select s.name, s.layout, s.low_water, l.columns
        from chain_sources s join chain_layouts l on l.name = s.name and l.layout = s.layout
        order by s.name
        "#
    );
    Ok(sources.fetch_all(tx).await?)
}

async fn waiting(tx: &mut PgConnection, source: &Source) -> Result<Vec<Row>, Error> {
    let ids: Vec<i64> = sqlx::query_scalar!(
        r#"select unchained($1, $2, $3, $4) as "id!""#,
        source.name,
        source.low_water,
        i64::MAX,
        ROUND,
    )
    .fetch_all(&mut *tx)
    .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = texts(tx, &source.name, source.layout, &ids).await?;
    rows.sort_unstable_by_key(|row| row.row_id);
    if rows.iter().any(|row| row.texts.len() != source.columns.len()) {
        return Err(inconsistent("chain_layouts", source.name.clone()));
    }
    Ok(rows)
}

pub(super) async fn texts(
    tx: &mut PgConnection,
    source: &str,
    layout: i32,
    ids: &[i64],
) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query!(
        r#"select row_id as "row_id!", texts as "texts!: Vec<Option<String>>" from chain_texts($1, $2, $3)"#,
        source,
        layout,
        ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Row {
            row_id: row.row_id,
            texts: row.texts,
        })
        .collect())
}

impl Added {
    /// Adds the entry of a row behind `prev`, and answers with its hash.
    fn put(&mut self, service: &str, source: &Source, seq: i64, prev: &[u8], row: &Row) -> Vec<u8> {
        let place = Place {
            service,
            seq,
            source: &source.name,
            row_id: row.row_id,
            layout: source.layout,
        };
        let columns: Vec<Column<'_>> = source
            .columns
            .iter()
            .zip(&row.texts)
            .map(|(name, text)| (name.as_str(), text.as_deref().map(digest_of)))
            .collect();
        let hash = entry_hash(place, prev, &columns).to_vec();
        match (self.next(), self.entries.last_mut(), self.hashes.last_mut()) {
            (Some(next), Some(entries), Some(hashes)) if next == (seq, row.row_id) => {
                *entries += 1;
                hashes.extend_from_slice(&hash);
            }
            _ => {
                self.seqs.push(seq);
                self.rows.push(row.row_id);
                self.entries.push(1);
                self.prevs.push(prev.to_vec());
                self.hashes.push(hash.clone());
            }
        }
        hash
    }

    /// Which entry the last run would take up: its place and its row.
    fn next(&self) -> Option<(i64, i64)> {
        let entries = i64::from(*self.entries.last()?);
        Some((self.seqs.last()? + entries, self.rows.last()? + entries))
    }

    async fn insert(&self, tx: &mut PgConnection, source: &Source) -> Result<(), Error> {
        sqlx::query!(
            r#"
            insert into audit_links (first_seq, source, first_row, entries, layout, prev_hash, hashes)
            select r.first_seq, $1, r.first_row, r.entries, $2, r.prev_hash, r.hashes
            from unnest($3::bigint[], $4::bigint[], $5::integer[], $6::bytea[], $7::bytea[])
                r (first_seq, first_row, entries, prev_hash, hashes)
            "#,
            source.name,
            source.layout,
            &self.seqs,
            &self.rows,
            &self.entries,
            &self.prevs,
            &self.hashes,
        )
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Moves the mark of a table over keys that have their place or never will.
async fn pass(tx: &mut PgConnection, source: &Source, gap: &mut Gap, oldest: i64) -> Result<(), Error> {
    let row = sqlx::query!(
        r#"
        select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as "next!",
               coalesce((select first_row + entries - 1 from audit_links
                         where source = $1 order by first_row desc limit 1), 0) as "top!"
        "#,
        source.name,
    )
    .fetch_one(&mut *tx)
    .await?;
    let runs = sqlx::query!(
        r#"
        select first_row, entries from audit_links
        where source = $1 and first_row <= $2::bigint + $3::bigint
          and first_row >= coalesce((select first_row from audit_links where source = $1 and first_row <= $2
                                     order by first_row desc limit 1), 0)
        "#,
        source.name,
        source.low_water,
        ROUND,
    )
    .fetch_all(&mut *tx)
    .await?;
    let present: HashSet<i64> = runs
        .into_iter()
        .flat_map(|run| (run.first_row..).zip(0..run.entries).map(|(id, _)| id))
        .collect();
    let upto = row.top.min(source.low_water + ROUND);
    let passed = gap.pass(source.low_water, upto, &present, oldest, row.next);
    sqlx::query!(
        "update chain_sources set low_water = $2 where name = $1 and low_water < $2",
        source.name,
        passed,
    )
    .execute(tx)
    .await?;
    Ok(())
}
