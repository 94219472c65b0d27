use std::sync::OnceLock;

use kernel::{Timestamp, to_proto_time};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use proto::studio::feed::v1::Event as Envelope;
use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Ground, consumers};
use crate::page::Page;
use crate::{Caller, Claim, Error, Service, inconsistent};

/// Lists the facts that wait for a person.
pub(super) async fn list<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ListParkedRequest,
) -> Result<pb::ListParkedResponse, Error> {
    let page = Page::<(String, i64)>::parse(request.page_size, &request.page_token)?;
    let mut tx = ground.begin(caller).await?;
    let rows = read(&mut tx, &request.source, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.source.clone(), row.seq));
    Ok(pb::ListParkedResponse {
        events: rows.into_iter().map(show).collect(),
        next_page_token,
    })
}

/// Shows one of them with what it says.
pub(super) async fn get<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::GetParkedRequest,
) -> Result<pb::GetParkedResponse, Error> {
    let event_id = request.event_id.parse::<Uuid>();
    let event_id = event_id.map_err(|_| kernel::BadField::new("event_id", "must be a UUID"))?;
    let mut tx = ground.begin(caller).await?;
    let row = sqlx::query!(
        r#"
        select seq, aggregate, type as kind, event, error, parked_at,
               (select count(*) from parked_events behind
                where behind.source = p.source and behind.aggregate = p.aggregate and behind.seq > p.seq) as "behind!"
        from parked_events p
        where source = $1 and event_id = $2
        "#,
        request.source,
        event_id,
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| Error::not_found("parked fact"))?;
    let envelope =
        Envelope::decode(row.event.as_slice()).map_err(|e| inconsistent("parked_events", e.to_string()))?;
    let event = show(Row {
        source: request.source.clone(),
        seq: row.seq,
        event_id,
        aggregate: row.aggregate,
        kind: row.kind,
        error: row.error,
        parked_at: row.parked_at,
    });
    Ok(pb::GetParkedResponse {
        event: Some(event),
        fact_json: said(&request.source, &envelope.payload).unwrap_or_default(),
        version: envelope.version,
        occurred_at: envelope.occurred_at,
        traceparent: envelope.traceparent,
        behind: row.behind,
    })
}

/// A fact as the JSON of its contract: ids and values, for facts hold nothing
/// personal. None if it cannot be read.
fn said(source: &str, payload: &[u8]) -> Option<String> {
    static POOL: OnceLock<Option<DescriptorPool>> = OnceLock::new();
    let pool = POOL.get_or_init(|| DescriptorPool::decode(proto::CONTRACTS).ok());
    let package = format!("studio.{source}.v1");
    let facts = pool.as_ref()?.all_messages().find(|message| {
        message.package_name() == package
            && message.name().ends_with("Event")
            && message.oneofs().any(|o| o.name() == "fact")
    })?;
    let fact = DynamicMessage::decode(facts, payload).ok()?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    let said = fact.serialize_with_options(serde_json::value::Serializer, &options);
    Some(said.ok()?.to_string())
}

/// Applies the parked facts of one aggregate again.
pub(super) async fn release<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ReleaseParkedRequest,
) -> Result<pb::ReleaseParkedResponse, Error> {
    let aggregate = request.aggregate.parse::<Uuid>();
    let aggregate = aggregate.map_err(|_| kernel::BadField::new("aggregate", "must be a UUID"))?;
    let subscriptions = S::subscriptions();
    let source = subscriptions
        .iter()
        .find(|s| s.source == request.source)
        .ok_or_else(|| Error::not_found("source"))?;
    if let Claim::Repeat(reply) = ground.claim(caller, &request).await? {
        return Ok(reply);
    }
    // Each fact is applied in a transaction of its own and leaves its place with it, so
    // the claim may follow: a twin that comes in between finds nothing left to apply.
    let released = source.release(&ground.app, aggregate).await?;
    let released = i64::try_from(released).unwrap_or(i64::MAX);
    match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx.commit(pb::ReleaseParkedResponse { released }).await,
        Claim::Repeat(reply) => Ok(reply),
    }
}

/// Tells how far facts have come.
pub(super) async fn status<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    _: pb::GetFeedStatusRequest,
) -> Result<pb::GetFeedStatusResponse, Error> {
    let mut tx = ground.begin(caller).await?;
    let own = own(&mut tx).await?;
    Ok(pb::GetFeedStatusResponse {
        head_seq: own.head_seq,
        unnumbered: own.unnumbered,
        oldest_unnumbered_at: own.oldest.map(to_proto_time),
        cursors: cursors(&mut tx).await?,
        parked_tasks: own.parked_tasks,
        pruned_seq: own.pruned_seq,
        consumers: consumers::all(&mut tx).await?,
    })
}

struct Row {
    source: String,
    seq: i64,
    event_id: Uuid,
    aggregate: Uuid,
    kind: String,
    error: String,
    parked_at: Timestamp,
}

async fn read(tx: &mut PgConnection, source: &str, page: &Page<(String, i64)>) -> Result<Vec<Row>, Error> {
    let after = page.after();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select source, seq, event_id, aggregate, type as kind, error, parked_at
        from parked_events
        where ($1 = '' or source = $1) and ($2::text is null or (source, seq) > ($2, $3))
        order by source, seq
        limit $4
        "#,
        source,
        after.map(|a| a.0.as_str()),
        after.map(|a| a.1),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

fn show(row: Row) -> pb::ParkedEvent {
    pb::ParkedEvent {
        source: row.source,
        seq: row.seq,
        event_id: row.event_id.to_string(),
        aggregate: row.aggregate.to_string(),
        r#type: row.kind,
        error: row.error,
        parked_at: Some(to_proto_time(row.parked_at)),
    }
}

struct Own {
    head_seq: i64,
    unnumbered: i64,
    oldest: Option<Timestamp>,
    parked_tasks: i64,
    pruned_seq: i64,
}

async fn own(tx: &mut PgConnection) -> Result<Own, Error> {
    let own = sqlx::query_as!(
        Own,
        r#"
        select feed_last() as "head_seq!",
               count(*) as "unnumbered!",
               min(o.recorded_at) as oldest,
               (select count(*) from tasks where state = 'parked') as "parked_tasks!",
               (select pruned_seq from feed_retention) as "pruned_seq!"
        from facts o left join lateral feed_place(o.id) p on true
        where o.id > (select low_water from feed_head) and p.seq is null
        "#
    );
    Ok(own.fetch_one(tx).await?)
}

async fn cursors(tx: &mut PgConnection) -> Result<Vec<pb::Cursor>, Error> {
    let rows = sqlx::query!(
        r#"
        select source, seq, event_id, state, why,
               (select count(*) from parked_events p where p.source = c.source) as "parked!",
               (select divergence_id from divergences d
                where d.source = c.source and closed_at is null) as divergence_id
        from cursors c
        order by source
        "#
    );
    let show = |state: &str| match state {
        "running" => Ok(pb::CursorState::Running),
        "diverged" => Ok(pb::CursorState::Diverged),
        "exporting" => Ok(pb::CursorState::Exporting),
        _ => Err(inconsistent("cursors", "state")),
    };
    rows.fetch_all(tx)
        .await?
        .into_iter()
        .map(|row| {
            Ok(pb::Cursor {
                state: show(&row.state)?.into(),
                source: row.source,
                seq: row.seq,
                event_id: row.event_id,
                why: row.why,
                parked: row.parked,
                divergence_id: row.divergence_id.map(|id| id.to_string()).unwrap_or_default(),
            })
        })
        .collect()
}
