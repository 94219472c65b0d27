//! The chain as others see it: entries with their rows as they stand now, rows
//! without a place, and what was witnessed.

use std::collections::{BTreeMap, HashMap};

use kernel::{Timestamp, to_proto_time};
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_field::Content;
use sqlx::PgConnection;

use super::chain::texts;
use super::encoding::digest_of;
use super::heads::{HeadRow, signed_behind};
use super::verify::Evidence;
use crate::Error;
use crate::page::Page;

/// Most strays of one table that are told.
const STRAYS: i64 = 1_000;

/// Most entries that are read at once.
const BATCH: i64 = 1_000;

/// A service's chain from its database alone, for checkers that have one: as
/// somebody whom no scope binds, without what others witnessed.
pub async fn evidence(tx: &mut PgConnection, service: &str) -> Result<Evidence, Error> {
    let mut all: Vec<pb::AuditEntry> = Vec::new();
    let own = signed_behind(tx, service, 0, i64::MAX).await?;
    loop {
        let after = all.last().map_or(0, |entry| entry.seq);
        let batch = entries(tx, after, BATCH).await?;
        if batch.is_empty() {
            break;
        }
        all.extend(batch);
    }
    Ok(Evidence {
        service: service.to_owned(),
        entries: all,
        strays: strays(tx).await?,
        own,
        witnessed: Vec::new(),
    })
}

struct Link {
    seq: i64,
    source: String,
    row_id: i64,
    layout: i32,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
    chained_at: Timestamp,
    /// None when no such table is chained by such a layout.
    columns: Option<Vec<String>>,
    hidden: Option<Vec<String>>,
}

/// Entries behind a position, at most `limit`, in order.
pub(super) async fn entries(
    tx: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<pb::AuditEntry>, Error> {
    let links = sqlx::query_as!(
        Link,
        r#"
        select c.seq as "seq!", c.source as "source!", c.row_id as "row_id!", c.layout as "layout!",
               c.prev_hash as "prev_hash!", c.hash as "hash!", c.chained_at as "chained_at!",
               l.columns as "columns?", s.hidden as "hidden?"
        from chain_after($1, $2) c
        left join chain_sources s on s.name = c.source
        left join chain_layouts l on l.name = s.name and l.layout = c.layout
        order by c.seq
        "#,
        after,
        limit,
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut rows = rows(tx, &links).await?;
    Ok(links
        .into_iter()
        .map(|link| {
            let row = rows.remove(&(link.source.clone(), link.row_id));
            show(link, row)
        })
        .collect())
}

type Texts = Vec<Option<String>>;

/// The rows of the entries, read table by table.
async fn rows(tx: &mut PgConnection, links: &[Link]) -> Result<HashMap<(String, i64), Texts>, Error> {
    let mut wanted: BTreeMap<(&str, i32), Vec<i64>> = BTreeMap::new();
    for link in links.iter().filter(|link| link.columns.is_some()) {
        wanted
            .entry((&link.source, link.layout))
            .or_default()
            .push(link.row_id);
    }
    let mut found = HashMap::new();
    for ((source, layout), ids) in wanted {
        for row in texts(tx, source, layout, &ids).await? {
            found.insert((source.to_owned(), row.row_id), row.texts);
        }
    }
    Ok(found)
}

fn show(link: Link, row: Option<Texts>) -> pb::AuditEntry {
    let hidden = link.hidden.unwrap_or_default();
    let columns = link.columns.unwrap_or_default();
    let row_missing = row.is_none();
    let fields = columns
        .into_iter()
        .zip(row.unwrap_or_default())
        .map(|(name, text)| pb::AuditField {
            content: text.map(|text| {
                if hidden.contains(&name) {
                    Content::Digest(digest_of(&text).to_vec())
                } else {
                    Content::Text(text)
                }
            }),
            name,
        })
        .collect();
    pb::AuditEntry {
        seq: link.seq,
        source: link.source,
        row_id: link.row_id,
        layout: link.layout,
        prev_hash: link.prev_hash,
        hash: link.hash,
        fields,
        row_missing,
        chained_at: Some(to_proto_time(link.chained_at)),
    }
}

/// Rows that stand below their table's mark and have no place.
pub(super) async fn strays(tx: &mut PgConnection) -> Result<Vec<pb::AuditStray>, Error> {
    let rows = sqlx::query!(
        r#"
        select s.name, u.id as "id!"
        from chain_sources s cross join lateral unchained(s.name, $1, s.low_water, $2) as u(id)
        order by s.name, u.id
        "#,
        i64::MIN,
        STRAYS,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| pb::AuditStray {
            source: row.name,
            row_id: row.id,
        })
        .collect())
}

/// Where a page of what was witnessed goes on: those that contradict come last.
pub(super) type After = (bool, i64, i64);

struct WitnessRow {
    witness_id: i64,
    seq: i64,
    hash: Vec<u8>,
    from_seq: i64,
    links: Vec<u8>,
    signed_at: Timestamp,
    key_id: String,
    signature: Vec<u8>,
    conflict: String,
    seen_at: Timestamp,
}

/// What was witnessed of a service, a page of it.
pub(super) async fn witnessed(
    tx: &mut PgConnection,
    service: &str,
    page: &Page<After>,
) -> Result<(Vec<pb::WitnessedHead>, String), Error> {
    let after = page.after();
    let rows = sqlx::query_as!(
        WitnessRow,
        r#"
        select witness_id, seq, hash, from_seq, links, signed_at, key_id, signature, conflict, seen_at
        from audit_witnesses
        where service = $1 and ($2::boolean is null or (conflict <> '', seq, witness_id) > ($2, $3, $4))
        order by conflict <> '', seq, witness_id
        limit $5
        "#,
        service,
        after.map(|a| a.0),
        after.map(|a| a.1),
        after.map(|a| a.2),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    let (rows, token) = page.cut(rows, |row| (!row.conflict.is_empty(), row.seq, row.witness_id));
    let heads = rows.into_iter().map(|row| row.show(service)).collect();
    Ok((heads, token))
}

impl WitnessRow {
    fn show(self, service: &str) -> pb::WitnessedHead {
        let head = HeadRow {
            seq: self.seq,
            hash: self.hash,
            from_seq: self.from_seq,
            links: self.links,
            signed_at: self.signed_at,
            key_id: self.key_id,
            signature: self.signature,
        };
        pb::WitnessedHead {
            head: Some(head.head(service)),
            seen_at: Some(to_proto_time(self.seen_at)),
            conflict: self.conflict,
        }
    }
}
