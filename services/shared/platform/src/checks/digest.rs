//! What a side holds of a stream, in few words, so that two sides can be compared.

use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;

use crate::{Error, Platform, inconsistent};

impl Platform {
    pub(super) async fn digest_facts(
        &self,
        request: &pb::DigestFactsRequest,
    ) -> Result<pb::DigestFactsResponse, Error> {
        let mut tx = self.begin_system().await?;
        sqlx::query(super::LONGEST).execute(&mut *tx).await?;
        let (lowest, highest) = bounds(&mut tx, &request.source).await?;
        let last = if request.last_seq == 0 {
            highest
        } else {
            request.last_seq
        };
        let range = Range::cut(request.first_seq.max(lowest), last, request.parts);
        let parts = match range {
            Some(range) => digests(&mut tx, &request.source, range).await?,
            None => Vec::new(),
        };
        Ok(pb::DigestFactsResponse {
            lowest_seq: lowest,
            highest_seq: highest,
            parts,
        })
    }
}

/// A range of positions and the width of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: i64,
    last: i64,
    width: i64,
}

impl Range {
    fn cut(first: i64, last: i64, parts: i32) -> Option<Self> {
        let count = last
            .checked_sub(first)?
            .checked_add(1)
            .filter(|count| *count > 0)?;
        let parts = i64::from(parts.max(1)).min(count);
        let width = count / parts + i64::from(count % parts > 0);
        Some(Self { first, last, width })
    }

    /// Where each part begins and ends.
    fn parts(self) -> impl Iterator<Item = (i64, i64)> {
        let next = move |first: &i64| first.checked_add(self.width).filter(|next| *next <= self.last);
        std::iter::successors(Some(self.first), next)
            .map(move |first| (first, first.saturating_add(self.width - 1).min(self.last)))
    }
}

async fn bounds(tx: &mut PgConnection, source: &str) -> Result<(i64, i64), Error> {
    let row = sqlx::query!(
        r#"
        select coalesce(min(seq), 0) as "lowest!", coalesce(max(seq), 0) as "highest!"
        from (
            select first_seq as seq from feed_runs where $1 = ''
            union all
            select feed_last() where $1 = '' and feed_last() > 0
            union all
            select i.seq from inbox i join cursors c using (source)
            where i.source = $1 and i.seq > c.exported_seq and i.divergence_id is null
        ) held
        "#,
        source,
    )
    .fetch_one(tx)
    .await?;
    Ok((row.lowest, row.highest))
}

async fn digests(tx: &mut PgConnection, source: &str, range: Range) -> Result<Vec<pb::FactsDigest>, Error> {
    let rows = sqlx::query!(
        r#"
        select (seq - $2) / $4 as "part!", count(*) as "facts!",
               bit_xor(('x' || md5(seq || ' ' || event_id))::bit(128))::text as "bits!"
        from (
            select f.seq, o.event_id from feed_between($2, $3) f cross join lateral fact(f.outbox_id) o
            where $1 = ''
            union all
            select seq, event_id from inbox
            where source = $1 and seq between $2 and $3 and divergence_id is null
        ) held
        group by 1
        "#,
        source,
        range.first,
        range.last,
        range.width,
    )
    .fetch_all(tx)
    .await?;
    let mut parts = Vec::new();
    for (number, (first_seq, last_seq)) in (0i64..).zip(range.parts()) {
        let row = rows.iter().find(|row| row.part == number);
        let bits = row.map_or("0", |row| row.bits.as_str());
        let digest = u128::from_str_radix(bits, 2).map_err(|_| inconsistent("feed", "a digest"))?;
        parts.push(pb::FactsDigest {
            first_seq,
            last_seq,
            facts: row.map_or(0, |row| row.facts),
            digest: format!("{digest:032x}"),
        });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(first: i64, last: i64, parts: i32) -> Vec<(i64, i64)> {
        Range::cut(first, last, parts).map_or_else(Vec::new, |range| range.parts().collect())
    }

    #[test]
    fn the_parts_of_a_range_cover_it_once() {
        assert_eq!(parts(1, 10, 3), [(1, 4), (5, 8), (9, 10)]);
        assert_eq!(parts(5, 6, 64), [(5, 5), (6, 6)]);
        assert_eq!(parts(5, 6, 0), [(5, 6)]);
        assert_eq!(parts(7, 6, 4), []);
        assert_eq!(
            parts(0, i64::MAX, 4),
            [],
            "a range that cannot be counted has none"
        );
    }
}
