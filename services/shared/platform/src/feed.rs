//! The door through which others pull this service's facts.

use std::time::Duration;

use kernel::to_proto_time;
use proto::studio::feed::v1::feed_service_server::FeedService;
use proto::studio::feed::v1::{Event, PullEventsRequest, PullEventsResponse};
use tonic::{Request, Response, Status};

use crate::door::answer_platform;
use crate::{Caller, Error, Platform};

const PAGE: i64 = 200;

/// Serves the feed of the service whose platform this is.
pub struct Feed(pub Platform);

#[tonic::async_trait]
impl FeedService for Feed {
    async fn pull_events(
        &self,
        r: Request<PullEventsRequest>,
    ) -> Result<Response<PullEventsResponse>, Status> {
        answer_platform(&self.0, r, pull).await
    }
}

async fn pull(
    platform: &Platform,
    _caller: &Caller,
    request: PullEventsRequest,
) -> Result<PullEventsResponse, Error> {
    let wait = Duration::from_millis(u64::try_from(request.wait_ms).unwrap_or_default());
    let until = tokio::time::Instant::now() + wait;
    let mut bell = platform.inner.feed_bell.subscribe();
    loop {
        bell.mark_unchanged();
        let found = platform.pull(&request).await?;
        if !found.events.is_empty() || tokio::time::Instant::now() >= until {
            return Ok(found);
        }
        // Another process may be the one that sequences, so its bell cannot be relied upon.
        let nap = (until - tokio::time::Instant::now()).min(Duration::from_millis(500));
        let _rung = tokio::time::timeout(nap, bell.changed()).await;
    }
}

impl Platform {
    async fn pull(&self, request: &PullEventsRequest) -> Result<PullEventsResponse, Error> {
        let mut tx = self.begin_system().await?;
        let head = sqlx::query_scalar!(r#"select coalesce(max(seq), 0) as "head!" from feed"#)
            .fetch_one(&mut *tx)
            .await?;
        if request.after_seq > 0 {
            let here = sqlx::query_scalar!(
                "select o.event_id from feed f join outbox o on o.id = f.outbox_id where f.seq = $1",
                request.after_seq
            )
            .fetch_optional(&mut *tx)
            .await?;
            match here {
                Some(event_id) if event_id.to_string() == request.after_event_id => {}
                None if request.after_seq <= head => return Err(Error::feed_pruned()),
                _ => return Err(Error::feed_diverged()),
            }
        }
        let most = if request.max == 0 {
            PAGE
        } else {
            i64::from(request.max)
        };
        let rows = sqlx::query!(
            r#"
            select f.seq, o.event_id, o.type as kind, o.aggregate, o.version, o.occurred_at, o.payload, o.traceparent
            from feed f join outbox o on o.id = f.outbox_id
            where f.seq > $1
            order by f.seq
            limit $2
            "#,
            request.after_seq,
            most,
        )
        .fetch_all(&mut *tx)
        .await?;
        let events = rows
            .into_iter()
            .map(|r| Event {
                seq: r.seq,
                event_id: r.event_id.to_string(),
                r#type: r.kind,
                aggregate: r.aggregate.to_string(),
                version: r.version,
                occurred_at: Some(to_proto_time(r.occurred_at)),
                traceparent: r.traceparent,
                payload: r.payload,
            })
            .collect();
        Ok(PullEventsResponse {
            events,
            head_seq: head,
        })
    }
}
