//! Facts that could not be applied wait for a person, and later facts of the
//! same aggregate behind them.

use prost::Message as _;
use proto::studio::feed::v1::Event as Envelope;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Subscription, place};
use crate::{Error, Service, inconsistent};

pub(super) const BEHIND: &str = "behind a parked fact of the same aggregate";

pub(super) async fn is_behind(
    tx: &mut PgConnection,
    source: &str,
    envelope: &Envelope,
) -> Result<bool, Error> {
    let parked = sqlx::query_scalar!(
        r#"select exists (select from parked_events where source = $1 and aggregate = $2) as "parked!""#,
        source,
        place::uuid(&envelope.aggregate, "aggregate")?,
    );
    Ok(parked.fetch_one(tx).await?)
}

/// Parks a fact that was claimed. One that was applied after all, by another
/// process or by a try whose answer was lost, would be applied a second time.
pub(super) async fn park(
    tx: &mut PgConnection,
    source: &str,
    envelope: &Envelope,
    error: &str,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into parked_events (source, seq, event_id, aggregate, type, event, error)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        source,
        envelope.seq,
        place::uuid(&envelope.event_id, "event_id")?,
        place::uuid(&envelope.aggregate, "aggregate")?,
        envelope.r#type,
        envelope.encode_to_vec(),
        error,
    )
    .execute(tx)
    .await?;
    tracing::error!(
        feed.source = source,
        feed.seq = envelope.seq,
        event.r#type = envelope.r#type,
        "a fact is parked for a person"
    );
    Ok(())
}

impl<S: Service> Subscription<S> {
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
            self.take(app, &mut tx, &envelope).await?;
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
}
