//! Facts on their way in. Each is applied once: inbox, effect, own facts and
//! cursor are one transaction. What cannot be applied parks its aggregate.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kernel::{Timestamp, from_proto_time};
use prost::Message as _;
use proto::Event as _;
use proto::studio::feed::v1::Event as Envelope;
use proto::studio::feed::v1::PullEventsRequest;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::transaction::SystemTx;
use crate::{Error, Platform, Service, inconsistent, organisation, telemetry};

/// One fact as it came, with its payload read.
pub struct Delivery<E> {
    envelope: Envelope,
    fact: E,
    pub event_id: Uuid,
    pub aggregate: Uuid,
    pub occurred_at: Timestamp,
}

impl<E: proto::Event> Delivery<E> {
    pub fn fact(&self) -> &E {
        &self.fact
    }

    /// The aggregate's version after the change.
    pub fn version(&self) -> i64 {
        self.envelope.version
    }

    fn open(envelope: Envelope) -> Result<Self, Error> {
        let bad = |what: &str| inconsistent("feed", format!("{what} at {}", envelope.seq));
        Ok(Self {
            fact: E::decode(envelope.payload.as_slice()).map_err(|_| bad("payload"))?,
            event_id: envelope.event_id.parse().map_err(|_| bad("event_id"))?,
            aggregate: envelope.aggregate.parse().map_err(|_| bad("aggregate"))?,
            occurred_at: from_proto_time(envelope.occurred_at.as_ref()).ok_or_else(|| bad("occurred_at"))?,
            envelope,
        })
    }
}

/// Applies a fact of one kind of event for a service.
pub type React<S, E> =
    for<'a> fn(&'a S, &'a mut SystemTx, &'a Delivery<E>) -> BoxFuture<'a, Result<(), Error>>;

type Apply<S> =
    Arc<dyn for<'a> Fn(&'a S, &'a mut SystemTx, Envelope) -> BoxFuture<'a, Result<(), Error>> + Send + Sync>;

/// What a service listens to: one source, and one function for its facts.
pub struct Subscription<S> {
    pub source: &'static str,
    apply: Apply<S>,
}

impl<S: Service> Subscription<S> {
    /// Applies every fact of `source` with `react`, which decides by the fact
    /// what it concerns, and lets the others pass.
    pub fn to<E: proto::Event>(source: &'static str, react: React<S, E>) -> Self {
        let apply: Apply<S> = Arc::new(move |app, tx, envelope| {
            Box::pin(async move {
                let delivery = Delivery::<E>::open(envelope)?;
                react(app, tx, &delivery).await
            })
        });
        Self { source, apply }
    }

    /// Follows `source` only for what platform itself learns from it: the
    /// organisation, and who was erased.
    pub fn learning(source: &'static str) -> Self {
        let apply: Apply<S> = Arc::new(|_, _, _| Box::pin(async { Ok(()) }));
        Self { source, apply }
    }

    /// Applies one fact in its own transaction; the cursor moves with it.
    /// Harmless when it was applied before.
    pub async fn deliver(&self, app: &S, envelope: &Envelope) -> Result<(), Error> {
        let span = tracing::info_span!("react", otel.name = format!("{} {}", S::NAME, envelope.r#type), event.id = %envelope.event_id, feed.source = self.source);
        telemetry::continue_trace(&span, &envelope.traceparent);
        async {
            let mut tx = app.begin_system().await?;
            if inbox(&mut tx, self.source, envelope).await? {
                learn(app, &mut tx, self.source, envelope).await?;
                (self.apply)(app, &mut tx, envelope.clone()).await?;
            }
            move_cursor(&mut tx, self.source, envelope).await?;
            tx.commit().await
        }
        .instrument(span)
        .await
    }

    /// Pulls and applies what there is. Returns how many facts came.
    pub async fn pull_once(&self, app: &S, wait_ms: i32) -> Result<usize, Error> {
        let cursor = cursor(app, self.source).await?;
        let request = PullEventsRequest {
            after_seq: cursor.seq,
            after_event_id: cursor.event_id,
            max: 200,
            wait_ms,
        };
        let mut feed = FeedServiceClient::new(app.peer(self.source)?);
        let mut request = crate::request(request);
        request.set_timeout(
            Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()) + Duration::from_secs(5),
        );
        let reply = match feed.pull_events(request).await {
            Ok(reply) => reply.into_inner(),
            Err(status) => {
                let error = Error::from(status);
                if error.reason().as_deref() == Some("FEED_DIVERGED") {
                    quarantine(app, self.source, &error).await?;
                }
                return Err(error);
            }
        };
        telemetry::behind(self.source, reply.head_seq - cursor.seq);
        let mut expected = cursor.seq;
        for envelope in &reply.events {
            expected += 1;
            if envelope.seq != expected {
                return Err(inconsistent(
                    "feed",
                    format!(
                        "{} skipped from {} to {}",
                        self.source,
                        expected - 1,
                        envelope.seq
                    ),
                ));
            }
            self.apply_or_park(app, envelope).await?;
        }
        Ok(reply.events.len())
    }

    async fn apply_or_park(&self, app: &S, envelope: &Envelope) -> Result<(), Error> {
        if behind_parked(app, self.source, &envelope.aggregate).await? {
            return park(
                app,
                self.source,
                envelope,
                "behind a parked fact of the same aggregate",
            )
            .await;
        }
        let mut attempt = 0;
        loop {
            let Err(error) = self.deliver(app, envelope).await else {
                return Ok(());
            };
            attempt += 1;
            tracing::warn!(
                error = crate::telemetry::chain(&error),
                feed.source = self.source,
                feed.seq = envelope.seq,
                attempt,
                "a fact could not be applied"
            );
            if attempt >= app.inner.tuning.max_attempts {
                return park(app, self.source, envelope, &telemetry::chain(&error)).await;
            }
            tokio::time::sleep(backoff(attempt)).await;
        }
    }

    /// Applies again what was parked of an aggregate, in order.
    pub async fn release(&self, app: &S, aggregate: Uuid) -> Result<usize, Error> {
        let mut released = 0;
        loop {
            let mut tx = app.begin_system().await?;
            let parked = sqlx::query!(
                "select seq, event from parked_events where source = $1 and aggregate = $2 order by seq limit 1 for update",
                self.source,
                aggregate
            )
            .fetch_optional(&mut *tx)
            .await?;
            let Some(parked) = parked else { return Ok(released) };
            let envelope = Envelope::decode(parked.event.as_slice())
                .map_err(|e| inconsistent("parked_events", e.to_string()))?;
            learn(app, &mut tx, self.source, &envelope).await?;
            (self.apply)(app, &mut tx, envelope).await?;
            sqlx::query!(
                "delete from parked_events where source = $1 and seq = $2",
                self.source,
                parked.seq
            )
            .execute(&mut *tx)
            .await?;
            tx.commit().await?;
            released += 1;
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
                        error = crate::telemetry::chain(&error),
                        feed.source = self.source,
                        "pulling facts failed"
                    );
                    tokio::time::sleep(backoff(failures)).await;
                }
            }
        }
    }
}

/// What every service does with members' facts, whatever else it does: keeps
/// its copy of the organisation, and destroys the keys of who was erased.
async fn learn(
    platform: &Platform,
    tx: &mut SystemTx,
    source: &str,
    envelope: &Envelope,
) -> Result<(), Error> {
    if source != MembersEvent::STREAM {
        return Ok(());
    }
    let bad = |what: &str| inconsistent("feed", format!("{what} at {}", envelope.seq));
    let event = MembersEvent::decode(envelope.payload.as_slice()).map_err(|_| bad("payload"))?;
    match event.fact {
        Some(Fact::OrganisationNodeChanged(changed)) => {
            let node = changed.node.ok_or_else(|| bad("node"))?;
            organisation::apply(tx, &organisation::from_fact(&node)?).await
        }
        Some(Fact::MemberErased(erased)) => {
            let person = erased.person_id.parse().map_err(|_| bad("person_id"))?;
            platform.vault().shred(tx, person).await
        }
        _ => Ok(()),
    }
}

/// 50 ms, doubling, at most 5 s.
fn backoff(attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.clamp(0, 7)).unwrap_or_default();
    Duration::from_millis(50 << doublings).min(Duration::from_secs(5))
}

struct Cursor {
    seq: i64,
    event_id: String,
}

async fn cursor(platform: &Platform, source: &str) -> Result<Cursor, Error> {
    let mut tx = platform.begin_system().await?;
    let row = sqlx::query!(
        "select seq, event_id, state from cursors where source = $1",
        source
    )
    .fetch_optional(&mut *tx)
    .await?;
    match row {
        None => Ok(Cursor {
            seq: 0,
            event_id: String::new(),
        }),
        Some(row) if row.state == "diverged" => Err(Error::Internal(format!(
            "the stream of {source} is quarantined: its history parted from ours"
        ))),
        Some(row) => Ok(Cursor {
            seq: row.seq,
            event_id: row.event_id,
        }),
    }
}

/// False when the fact was applied before.
async fn inbox(tx: &mut SystemTx, source: &str, envelope: &Envelope) -> Result<bool, Error> {
    let event_id: Uuid = envelope
        .event_id
        .parse()
        .map_err(|_| inconsistent("feed", "event_id"))?;
    let inserted = sqlx::query!(
        "insert into inbox (source, event_id, seq) values ($1, $2, $3) on conflict do nothing",
        source,
        event_id,
        envelope.seq,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn move_cursor(tx: &mut SystemTx, source: &str, envelope: &Envelope) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into cursors (source, seq, event_id) values ($1, $2, $3)
        on conflict (source) do update set seq = excluded.seq, event_id = excluded.event_id
        where cursors.seq < excluded.seq
        "#,
        source,
        envelope.seq,
        envelope.event_id,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn quarantine(platform: &Platform, source: &str, error: &Error) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    sqlx::query!(
        "update cursors set state = 'diverged', why = $2 where source = $1",
        source,
        telemetry::chain(error)
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

async fn behind_parked(platform: &Platform, source: &str, aggregate: &str) -> Result<bool, Error> {
    let aggregate: Uuid = aggregate.parse().map_err(|_| inconsistent("feed", "aggregate"))?;
    let mut tx = platform.begin_system().await?;
    let parked = sqlx::query_scalar!(
        r#"select exists (select from parked_events where source = $1 and aggregate = $2) as "parked!""#,
        source,
        aggregate
    )
    .fetch_one(&mut *tx)
    .await?;
    Ok(parked)
}

async fn park(platform: &Platform, source: &str, envelope: &Envelope, error: &str) -> Result<(), Error> {
    let aggregate: Uuid = envelope
        .aggregate
        .parse()
        .map_err(|_| inconsistent("feed", "aggregate"))?;
    let event_id: Uuid = envelope
        .event_id
        .parse()
        .map_err(|_| inconsistent("feed", "event_id"))?;
    let mut tx = platform.begin_system().await?;
    if !inbox(&mut tx, source, envelope).await? {
        // Applied after all, by another process or by a try whose answer was
        // lost. Parked as well, it would be applied a second time.
        move_cursor(&mut tx, source, envelope).await?;
        return tx.commit().await;
    }
    sqlx::query!(
        r#"
        insert into parked_events (source, seq, event_id, aggregate, type, event, error)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
        "#,
        source,
        envelope.seq,
        event_id,
        aggregate,
        envelope.r#type,
        envelope.encode_to_vec(),
        error,
    )
    .execute(&mut *tx)
    .await?;
    move_cursor(&mut tx, source, envelope).await?;
    tx.commit().await?;
    tracing::error!(
        feed.source = source,
        feed.seq = envelope.seq,
        event.r#type = envelope.r#type,
        "a fact is parked for a person"
    );
    Ok(())
}
