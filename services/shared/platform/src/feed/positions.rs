use proto::studio::feed::v1::{CheckPositionsRequest, CheckPositionsResponse, PositionState};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Caller, Error, Platform, inconsistent};

/// Says of each fact whether it is still here, and at that place.
pub(super) async fn check(
    platform: &Platform,
    _: &Caller,
    request: CheckPositionsRequest,
) -> Result<CheckPositionsResponse, Error> {
    let ids = request.positions.iter().map(|p| p.event_id.parse::<Uuid>());
    let ids = ids.collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|_| kernel::BadField::new("positions", "must be named by UUIDs"))?;
    let seqs: Vec<i64> = request.positions.iter().map(|p| p.seq).collect();
    let mut tx = platform.begin_system().await?;
    let feed = sqlx::query!(r#"select feed_last() as "head!", pruned_seq from feed_retention"#)
        .fetch_one(&mut *tx)
        .await?;
    Ok(CheckPositionsResponse {
        states: states(&mut tx, &seqs, &ids).await?,
        head_seq: feed.head,
        pruned_seq: feed.pruned_seq,
    })
}

/// A pruned position says something only where a fact was kept of it, or where
/// the pruning ended.
async fn states(tx: &mut PgConnection, seqs: &[i64], ids: &[Uuid]) -> Result<Vec<i32>, Error> {
    let words = sqlx::query_scalar!(
        r#"
        select case
            when f.seq = p.seq or c.seq = p.seq then 'same'
            when p.seq = r.pruned_seq and p.event_id::text = r.pruned_event_id then 'same'
            when o.id is not null or c.seq is not null then 'moved'
            when p.seq < r.pruned_seq
                and not exists (select from compacted_facts other where other.seq = p.seq) then 'pruned'
            else 'gone'
        end as "state!"
        from unnest($1::bigint[], $2::uuid[]) with ordinality as p(seq, event_id, place)
        cross join feed_retention r
        left join facts o on o.event_id = p.event_id
        left join lateral feed_place(o.id) f on true
        left join compacted_facts c on c.event_id = p.event_id
        order by p.place
        "#,
        seqs,
        ids,
    )
    .fetch_all(tx)
    .await?;
    let state = |word: String| match word.as_str() {
        "same" => Ok(PositionState::Same.into()),
        "moved" => Ok(PositionState::Moved.into()),
        "pruned" => Ok(PositionState::Pruned.into()),
        "gone" => Ok(PositionState::Gone.into()),
        _ => Err(inconsistent("feed", word)),
    };
    words.into_iter().map(state).collect()
}
