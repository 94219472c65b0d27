//! The door through which others pull this service's facts, compare what they
//! have with it, and start when its beginning was pruned.

mod consumers;
mod export;
mod positions;

use std::time::Duration;

use kernel::to_proto_time;
use proto::studio::feed::v1::feed_service_server::FeedService;
use proto::studio::feed::v1::{
    CheckPositionsRequest, CheckPositionsResponse, Event, ExportRequest, ExportResponse, PullEventsRequest,
    PullEventsResponse,
};
use sqlx::PgConnection;
use tonic::{Request, Response, Status};

use crate::door::answer_platform;
use crate::{Caller, Error, Platform};

pub(crate) use consumers::Consumers;

const PAGE: i64 = 200;
/// How often a pull that waits looks for facts that another process numbered.
const LOOK: Duration = Duration::from_millis(500);

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

    async fn check_positions(
        &self,
        r: Request<CheckPositionsRequest>,
    ) -> Result<Response<CheckPositionsResponse>, Status> {
        answer_platform(&self.0, r, positions::check).await
    }

    async fn export(&self, r: Request<ExportRequest>) -> Result<Response<ExportResponse>, Status> {
        answer_platform(&self.0, r, export::page).await
    }
}

async fn pull(
    platform: &Platform,
    caller: &Caller,
    request: PullEventsRequest,
) -> Result<PullEventsResponse, Error> {
    let wait = Duration::from_millis(u64::try_from(request.wait_ms).unwrap_or_default());
    let until = tokio::time::Instant::now() + wait;
    let mut bell = platform.inner.feed_bell.subscribe();
    loop {
        bell.mark_unchanged();
        let found = platform.pull(caller.service(), &request).await?;
        if !found.events.is_empty() || tokio::time::Instant::now() >= until {
            return Ok(found);
        }
        // Another process may be the one that sequences, so its bell cannot be relied upon.
        loop {
            let nap = (until - tokio::time::Instant::now()).min(LOOK);
            let rung = tokio::time::timeout(nap, bell.changed()).await.is_ok();
            let is_over = tokio::time::Instant::now() >= until;
            if rung || is_over || platform.feed_head().await? != request.after_seq {
                break;
            }
        }
    }
}

/// The most facts of one answer.
fn most(max: i32) -> i64 {
    if max == 0 { PAGE } else { i64::from(max) }
}

impl Platform {
    async fn feed_head(&self) -> Result<i64, Error> {
        let mut tx = self.begin_by_index().await?;
        let head = sqlx::query_scalar!(r#"select feed_last() as "head!""#);
        Ok(head.fetch_one(&mut *tx).await?)
    }

    async fn pull(
        &self,
        consumer: Option<&str>,
        request: &PullEventsRequest,
    ) -> Result<PullEventsResponse, Error> {
        let mut tx = self.begin_by_index().await?;
        // Before anything is read: what is registered now is kept from now on.
        let registered = match consumer {
            Some(name) => consumers::register(self, &mut tx, name, request.after_seq).await?,
            None => false,
        };
        let head_seq = match_log(&mut tx, request).await?;
        let (events, oldest_age_ms) =
            facts_after(self, &mut tx, request.after_seq, most(request.max)).await?;
        if let (true, Some(name)) = (registered, consumer) {
            tx.commit().await?;
            self.inner.consumers.wrote(name, request.after_seq);
        }
        Ok(PullEventsResponse {
            events,
            head_seq,
            oldest_age_ms,
        })
    }
}

/// Refuses a reader whose history is not ours, or whose position was pruned.
/// Answers with the head.
async fn match_log(tx: &mut PgConnection, request: &PullEventsRequest) -> Result<i64, Error> {
    let feed = sqlx::query!(
        r#"
        select feed_last() as "head!", pruned_seq, pruned_event_id,
               (select o.event_id from feed_between($1, $1) f cross join lateral fact(f.outbox_id) o) as here
        from feed_retention
        "#,
        request.after_seq,
    )
    .fetch_one(tx)
    .await?;
    if request.after_seq < feed.pruned_seq {
        return Err(Error::feed_pruned());
    }
    let here = if request.after_seq == feed.pruned_seq {
        feed.pruned_event_id
    } else {
        feed.here.map(|id| id.to_string()).unwrap_or_default()
    };
    let common = request.after_seq == 0 || (!here.is_empty() && here == request.after_event_id);
    if common {
        Ok(feed.head)
    } else {
        Err(Error::feed_diverged())
    }
}

/// Facts in order, and how long the first of them has waited.
async fn facts_after(
    platform: &Platform,
    tx: &mut PgConnection,
    after_seq: i64,
    most: i64,
) -> Result<(Vec<Event>, i64), Error> {
    let rows = sqlx::query!(
        r#"
        select f.seq as "seq!", o.event_id as "event_id!", o.type as "kind!", o.aggregate as "aggregate!", o.version as "version!",
               o.occurred_at as "occurred_at!", o.traceparent as "traceparent!", o.payload, o.body,
               (extract(epoch from clock_timestamp() - o.recorded_at) * 1000)::bigint as "age_ms!"
        from feed_between($1::bigint + 1, $1 + $2::bigint) f cross join lateral fact(f.outbox_id) o
        order by f.seq
        "#,
        after_seq,
        most,
    )
    .fetch_all(tx)
    .await?;
    let age_ms = rows.first().map_or(0, |row| row.age_ms.max(0));
    let events = rows.into_iter().map(|r| {
        Ok(Event {
            seq: r.seq,
            event_id: r.event_id.to_string(),
            aggregate: r.aggregate.to_string(),
            version: r.version,
            occurred_at: Some(to_proto_time(r.occurred_at)),
            traceparent: r.traceparent,
            payload: platform.payload(&r.kind, r.payload, r.body)?,
            r#type: r.kind,
        })
    });
    Ok((events.collect::<Result<_, Error>>()?, age_ms))
}
