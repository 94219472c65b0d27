use kernel::to_proto_time;
use proto::studio::feed::v1::{Event, ExportRequest, ExportResponse};

use super::{consumers, most};
use crate::{Caller, Error, Platform};

/// Answers with a page of what is left of pruned facts.
pub(super) async fn page(
    platform: &Platform,
    caller: &Caller,
    request: ExportRequest,
) -> Result<ExportResponse, Error> {
    let most = most(request.max);
    let mut tx = platform.begin_system().await?;
    // Held until the commit: nothing is pruned between what is read and the
    // registration that keeps what follows it.
    let pruned = sqlx::query!("select pruned_seq, pruned_event_id from feed_retention for share")
        .fetch_one(&mut *tx)
        .await?;
    if request.after_seq > pruned.pruned_seq {
        return Err(Error::feed_diverged());
    }
    let mut rows = sqlx::query!(
        r#"
        select seq, event_id, type as kind, aggregate, version, occurred_at, payload
        from compacted_facts where seq > $1 order by seq limit $2
        "#,
        request.after_seq,
        most + 1,
    )
    .fetch_all(&mut *tx)
    .await?;
    let page = usize::try_from(most).unwrap_or_default();
    let complete = rows.len() <= page;
    rows.truncate(page);
    if let (true, Some(service)) = (complete, caller.service()) {
        consumers::write(&mut tx, service, pruned.pruned_seq).await?;
        tx.commit().await?;
        platform.inner.consumers.wrote(service, pruned.pruned_seq);
    }
    let events = rows.into_iter().map(|r| Event {
        seq: r.seq,
        event_id: r.event_id.to_string(),
        r#type: r.kind,
        aggregate: r.aggregate.to_string(),
        version: r.version,
        occurred_at: Some(to_proto_time(r.occurred_at)),
        traceparent: String::new(),
        payload: r.payload,
    });
    Ok(ExportResponse {
        events: events.collect(),
        complete,
        next_seq: pruned.pruned_seq,
        next_event_id: pruned.pruned_event_id,
    })
}
