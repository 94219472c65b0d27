//! Following a source: what came next is applied after what was applied last,
//! and nothing is applied once the two histories disagree.

use std::sync::Arc;
use std::time::Duration;

use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::{Event as Envelope, ExportRequest, PullEventsRequest};

use super::follow::{Lost, Place, Standing, Take, lost, take};
use super::place;
use super::{Subscription, diverged, parked};
use crate::{Error, Service, crash_point, inconsistent, telemetry};

/// Most facts of one reply.
const MOST: i32 = 200;
/// Most facts of one transaction: a commit costs as much as several of them, and
/// the first waits for the last.
const TOGETHER: usize = 20;

impl<S: Service> Subscription<S> {
    /// Pulls and applies what there is. Returns how many facts came. Fails
    /// while the source is quarantined, after comparing it once more.
    pub async fn pull_once(&self, app: &S, wait_ms: i32) -> Result<usize, Error> {
        app.inner.lags.tries(self.source);
        let (place, standing) = place::cursor(app, self.source).await?;
        match standing {
            Standing::Running => self.pull(app, place, wait_ms).await,
            Standing::Exporting => self.take_export(app, place).await,
            Standing::Diverged => diverged::examine(app, self.source, &place).await.map(|()| 1),
        }
    }

    async fn pull(&self, app: &S, place: Place, wait_ms: i32) -> Result<usize, Error> {
        let mut request = crate::request(PullEventsRequest {
            after_seq: place.seq,
            after_event_id: place.event_id.clone(),
            max: MOST,
            wait_ms,
        });
        request.set_timeout(
            Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()) + Duration::from_secs(5),
        );
        let mut feed = FeedServiceClient::new(app.peer(self.source)?);
        let reply = match feed.pull_events(request).await {
            Ok(reply) => reply.into_inner(),
            Err(status) => return self.refused(app, &place, status.into()).await,
        };
        app.inner
            .lags
            .pulled(self.source, reply.head_seq - place.seq, reply.oldest_age_ms);
        if reply.events.is_empty() {
            return Ok(0);
        }
        if let Some((back, why)) = place::contradiction(app, self.source, &place, &reply.events).await? {
            return self.stop(app, &place, &back, &why).await;
        }
        self.apply_in_turn(app, place, Standing::Running, &reply.events)
            .await?;
        Ok(reply.events.len())
    }

    /// What to do when the source does not know where we stand.
    async fn refused(&self, app: &S, place: &Place, error: Error) -> Result<usize, Error> {
        match lost(error.reason().as_deref(), place) {
            Lost::Export => {
                let mut tx = app.begin_system().await?;
                sqlx::query!(
                    r#"
                    insert into cursors (source, state) values ($1, 'exporting')
                    on conflict (source) do update set state = 'exporting'
                    where cursors.state = 'running' and cursors.seq = 0
                    "#,
                    self.source
                )
                .execute(&mut *tx)
                .await?;
                tx.commit().await?;
                Ok(1)
            }
            Lost::Stop => self.stop(app, place, place, &telemetry::chain(&error)).await,
            Lost::Unclear => Err(error),
        }
    }

    /// Stops following the source before anything else of it is applied, and
    /// looks at once whether it may be followed again.
    async fn stop(&self, app: &S, place: &Place, back: &Place, why: &str) -> Result<usize, Error> {
        place::quarantine(app, self.source, place, back, why).await?;
        diverged::examine(app, self.source, back).await.map(|()| 1)
    }

    /// Applies one page of the export, and after the last one goes on from the
    /// position that the source states.
    async fn take_export(&self, app: &S, place: Place) -> Result<usize, Error> {
        let mut feed = FeedServiceClient::new(app.peer(self.source)?);
        let request = ExportRequest {
            after_seq: place.seq,
            max: MOST,
        };
        let reply = match feed.export(crate::request(request)).await {
            Ok(reply) => reply.into_inner(),
            Err(status) => return self.refused(app, &place, status.into()).await,
        };
        let last = self
            .apply_in_turn(app, place, Standing::Exporting, &reply.events)
            .await?;
        if let (Some(last), true) = (last, reply.complete) {
            let mut tx = app.begin_system().await?;
            sqlx::query!(
                r#"
                update cursors set state = 'running', seq = $4, event_id = $5, exported_seq = $4
                where source = $1 and state = 'exporting' and seq = $2 and event_id = $3
                "#,
                self.source,
                last.seq,
                last.event_id,
                reply.next_seq,
                reply.next_event_id,
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
        }
        Ok(reply.events.len() + 1)
    }

    /// Applies facts one after the other, some in one transaction. None when
    /// another process was faster or the source is not followed any more; what is
    /// left is its business then.
    async fn apply_in_turn(
        &self,
        app: &S,
        mut place: Place,
        standing: Standing,
        events: &[Envelope],
    ) -> Result<Option<Place>, Error> {
        let mut last = place.seq;
        for envelope in events {
            if !standing.comes_next(last, envelope.seq) {
                let what = format!("{} went from {last} to {}", self.source, envelope.seq);
                return Err(inconsistent("feed", what));
            }
            last = envelope.seq;
        }
        for together in events.chunks(TOGETHER) {
            match self.apply_together(app, &place, standing, together).await? {
                Some(reached) => place = reached,
                None => return Ok(None),
            }
        }
        Ok(Some(place))
    }

    /// In one transaction; each in its own when that fails, so that only the one
    /// that cannot be applied waits or is parked.
    async fn apply_together(
        &self,
        app: &S,
        from: &Place,
        standing: Standing,
        events: &[Envelope],
    ) -> Result<Option<Place>, Error> {
        if let [_, .., last] = events {
            match self.apply_next(app, from, standing, events).await {
                Ok(applied) => return Ok(applied.then(|| Place::of(last))),
                Err(error) => tracing::debug!(
                    error = telemetry::chain(&error),
                    feed.source = self.source,
                    "facts are applied one by one"
                ),
            }
        }
        let mut place = from.clone();
        for envelope in events {
            if !self.apply_or_park(app, &place, standing, envelope).await? {
                return Ok(None);
            }
            place = Place::of(envelope);
        }
        Ok(Some(place))
    }

    async fn apply_or_park(
        &self,
        app: &S,
        place: &Place,
        standing: Standing,
        envelope: &Envelope,
    ) -> Result<bool, Error> {
        let (mut tries, mut failures) = (0, 0);
        loop {
            let error = match self
                .apply_next(app, place, standing, std::slice::from_ref(envelope))
                .await
            {
                Ok(applied) => return Ok(applied),
                Err(error) => error,
            };
            tries += 1;
            // An outage is no fault of the fact.
            failures += i32::from(!error.is_outage());
            tracing::warn!(
                error = telemetry::chain(&error),
                feed.source = self.source,
                feed.seq = envelope.seq,
                attempt = tries,
                "a fact could not be applied"
            );
            let most = app.inner.tuning.max_attempts;
            let most = if error.is_lasting() {
                most.min(LASTING)
            } else {
                most
            };
            if failures < most {
                tokio::time::sleep(backoff(tries)).await;
                continue;
            }
            let mut tx = app.begin_system().await?;
            let to = Place::of(envelope);
            let moved = place::advance(&mut tx, self.source, standing, place, &to).await?;
            let fresh = moved && place::claim(&mut tx, self.source, envelope).await?;
            match take(moved, fresh, true) {
                Take::Elsewhere => return Ok(false),
                Take::Known | Take::Apply => {}
                Take::Park => parked::park(&mut tx, self.source, envelope, &telemetry::chain(&error)).await?,
            }
            crash_point!("park.before_commit", "{}", self.source);
            return tx.commit().await.map(|()| true);
        }
    }

    /// Follows the source until the process ends.
    pub(crate) async fn run(self: Arc<Self>, app: Arc<S>) {
        let mut failures = 0;
        loop {
            let wait = app.inner.tuning.poll_ms;
            match self.pull_once(&app, wait).await {
                Ok(_) => failures = 0,
                Err(error) => {
                    failures += 1;
                    tracing::warn!(
                        error = telemetry::chain(&error),
                        feed.source = self.source,
                        "pulling facts failed"
                    );
                    tokio::time::sleep(backoff(failures)).await;
                }
            }
        }
    }
}

/// So often something is tried that contradicts what is there: all that follows
/// from its source waits behind it.
const LASTING: i32 = 3;

/// 50 ms, doubling, at most 5 s.
fn backoff(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.clamp(0, 7)).unwrap_or_default();
    Duration::from_millis(50 << doublings).min(Duration::from_secs(5))
}
