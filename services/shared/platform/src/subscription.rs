//! Facts on their way in. Each is applied once: inbox, effect, own facts and
//! cursor are one transaction, which those that wait already share. What cannot be applied parks its aggregate; a
//! source whose history parted from what was applied is not followed further.

mod compare;
mod diverged;
pub mod follow;
mod lag;
mod parked;
mod place;
mod pull;

use std::sync::Arc;

use futures::future::BoxFuture;
use kernel::{Timestamp, from_proto_time};
use prost::Message as _;
use proto::Event as _;
use proto::studio::feed::v1::Event as Envelope;
use proto::studio::members::v1::MembersEvent;
use proto::studio::members::v1::members_event::Fact;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::transaction::SystemTx;
use crate::{Error, Platform, Service, audit, crash_point, inconsistent, organisation, telemetry};

pub(crate) use diverged::resume;
use follow::{Place, Standing, Take, take};
pub(crate) use lag::Lags;

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

    /// Applies one fact in its own transaction, wherever the cursor is; it
    /// moves with it. Harmless when it was applied before. For tests, which
    /// hand in facts that no source has.
    pub async fn deliver(&self, app: &S, envelope: &Envelope) -> Result<(), Error> {
        async {
            let mut tx = app.begin_system().await?;
            if place::claim(&mut tx, self.source, envelope).await? {
                self.take(app, &mut tx, envelope).await?;
            }
            place::move_on(&mut tx, self.source, envelope).await?;
            tx.commit().await
        }
        .instrument(self.span(envelope))
        .await
    }

    /// Applies the facts that come after `from`, all or none of them. False when
    /// the cursor is not there any more: then nothing happens.
    async fn apply_next(
        &self,
        app: &S,
        from: &Place,
        standing: Standing,
        envelopes: &[Envelope],
    ) -> Result<bool, Error> {
        let mut tx = app.begin_system().await?;
        let mut place = from.clone();
        for envelope in envelopes {
            let to = Place::of(envelope);
            if !self.apply_one(app, &mut tx, &place, standing, envelope).await? {
                return Ok(false);
            }
            place = to;
        }
        for envelope in envelopes {
            crash_point!("react.before_commit", "{} {}", self.source, envelope.r#type);
        }
        tx.commit().await?;
        for envelope in envelopes {
            crash_point!("react.after_commit", "{} {}", self.source, envelope.r#type);
        }
        Ok(true)
    }

    async fn apply_one(
        &self,
        app: &S,
        tx: &mut SystemTx,
        from: &Place,
        standing: Standing,
        envelope: &Envelope,
    ) -> Result<bool, Error> {
        async {
            let moved = place::advance(tx, self.source, standing, from, &Place::of(envelope)).await?;
            let behind = moved && parked::is_behind(tx, self.source, envelope).await?;
            let fresh = moved && place::claim(tx, self.source, envelope).await?;
            match take(moved, fresh, behind) {
                Take::Elsewhere => return Ok(false),
                Take::Known => {}
                Take::Park => parked::park(tx, self.source, envelope, parked::BEHIND).await?,
                Take::Apply => self.take(app, tx, envelope).await?,
            }
            Ok(true)
        }
        .instrument(self.span(envelope))
        .await
    }

    /// Continues the trace of what caused the fact.
    fn span(&self, envelope: &Envelope) -> tracing::Span {
        let span = tracing::info_span!("react", otel.name = format!("{} {}", S::NAME, envelope.r#type), event.id = %envelope.event_id, feed.source = self.source);
        telemetry::continue_trace(&span, &envelope.traceparent);
        span
    }

    /// Platform's own facts are for platform alone; of the service's it learns
    /// first what concerns it.
    async fn take(&self, app: &S, tx: &mut SystemTx, envelope: &Envelope) -> Result<(), Error> {
        if audit::learn(app, tx, self.source, envelope).await? {
            return Ok(());
        }
        learn(app, tx, self.source, envelope).await?;
        (self.apply)(app, tx, envelope.clone()).await
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
