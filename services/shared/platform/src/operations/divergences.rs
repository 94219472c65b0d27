use kernel::{BadField, Timestamp, to_proto_time};
use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Ground;
use crate::page::Page;
use crate::{Caller, Claim, Error, Service, inconsistent, on_constraint, subscription};

/// Lists divergences, the last first.
pub(super) async fn list<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ListDivergencesRequest,
) -> Result<pb::ListDivergencesResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let mut tx = ground.begin(caller).await?;
    let rows = read(&mut tx, &request, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.found_at, row.divergence_id));
    Ok(pb::ListDivergencesResponse {
        divergences: rows.into_iter().map(show).collect::<Result<_, _>>()?,
        next_page_token,
    })
}

/// Shows a divergence with the facts that were lost.
pub(super) async fn get<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::GetDivergenceRequest,
) -> Result<pb::GetDivergenceResponse, Error> {
    let id = id(&request.divergence_id)?;
    let page = Page::<(i64, Uuid)>::parse(request.page_size, &request.page_token)?;
    let mut tx = ground.begin(caller).await?;
    let divergence = find(&mut tx, id).await?;
    let rows = orphans(&mut tx, id, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.seq, row.event_id));
    let orphans = rows.into_iter().map(|row| pb::Orphan {
        seq: row.seq,
        event_id: row.event_id.to_string(),
        r#type: row.kind,
        aggregate: row.aggregate.map(|a| a.to_string()).unwrap_or_default(),
        applied_at: Some(to_proto_time(row.applied_at)),
    });
    Ok(pb::GetDivergenceResponse {
        divergence: Some(show(divergence)?),
        orphans: orphans.collect(),
        next_page_token,
    })
}

/// One person says why the source may be followed again.
pub(super) async fn propose<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ProposeResumptionRequest,
) -> Result<pb::ProposeResumptionResponse, Error> {
    let person = caller.require_person()?;
    let mut tx = match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let held = hold(&mut tx, id(&request.divergence_id)?, request.version).await?;
    if held.closed_at.is_some() {
        return Err(Error::wrong_state("divergence", &held.state));
    }
    sqlx::query!(
        r#"
        update divergences set state = 'proposed', proposed_by = $2, reason = $3, version = version + 1
        where divergence_id = $1
        "#,
        held.divergence_id,
        person.0,
        request.reason,
    )
    .execute(&mut *tx)
    .await?;
    let divergence = show(find(&mut tx, held.divergence_id).await?)?;
    tx.commit(pb::ProposeResumptionResponse {
        divergence: Some(divergence),
    })
    .await
}

/// Another person confirms it, and the source is followed again.
pub(super) async fn resume<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ResumeFeedRequest,
) -> Result<pb::ResumeFeedResponse, Error> {
    let person = caller.require_person()?;
    let mut tx = match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let held = hold(&mut tx, id(&request.divergence_id)?, request.version).await?;
    if held.state != "proposed" {
        return Err(Error::wrong_state("divergence", &held.state));
    }
    if held.proposed_by == Some(person.0) {
        return Err(Error::same_person());
    }
    subscription::resume(&mut tx, held.divergence_id).await?;
    let confirmed = sqlx::query!(
        r#"
        update divergences
        set state = 'resumed', confirmed_by = $2, closed_at = now(), version = version + 1
        where divergence_id = $1
        "#,
        held.divergence_id,
        person.0,
    )
    .execute(&mut *tx)
    .await;
    on_constraint(confirmed, "divergences_four_eyes", Error::same_person)?;
    let divergence = show(find(&mut tx, held.divergence_id).await?)?;
    tx.commit(pb::ResumeFeedResponse {
        divergence: Some(divergence),
    })
    .await
}

fn id(text: &str) -> Result<Uuid, BadField> {
    text.parse()
        .map_err(|_| BadField::new("divergence_id", "must be a UUID"))
}

struct Row {
    divergence_id: Uuid,
    source: String,
    kind: String,
    state: String,
    why: String,
    cursor_seq: i64,
    common_seq: i64,
    orphans: i64,
    parked: i64,
    proposed_by: Option<Uuid>,
    reason: String,
    confirmed_by: Option<Uuid>,
    found_at: Timestamp,
    closed_at: Option<Timestamp>,
    version: i64,
}

async fn read(
    tx: &mut PgConnection,
    request: &pb::ListDivergencesRequest,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Row>, Error> {
    let after = page.after();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select divergence_id, source, kind, state, why, cursor_seq, common_seq, orphans, parked,
               proposed_by, reason, confirmed_by, found_at, closed_at, version
        from divergences
        where ($1 = '' or source = $1) and (not $2 or closed_at is null)
          and ($3::timestamptz is null or (found_at, divergence_id) < ($3, $4))
        order by found_at desc, divergence_id desc
        limit $5
        "#,
        request.source,
        request.open_only,
        after.map(|a| a.0),
        after.map(|a| a.1),
        page.limit(),
    );
    Ok(rows.fetch_all(tx).await?)
}

async fn find(tx: &mut PgConnection, id: Uuid) -> Result<Row, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select divergence_id, source, kind, state, why, cursor_seq, common_seq, orphans, parked,
               proposed_by, reason, confirmed_by, found_at, closed_at, version
        from divergences where divergence_id = $1
        "#,
        id
    );
    row.fetch_optional(tx)
        .await?
        .ok_or_else(|| Error::not_found("divergence"))
}

/// Holds a divergence and its cursor, as whoever compares them does.
async fn hold(tx: &mut PgConnection, id: Uuid, version: i64) -> Result<Row, Error> {
    sqlx::query!(
        r#"
        select source from cursors
        where source = (select source from divergences where divergence_id = $1)
        for no key update
        "#,
        id
    )
    .fetch_optional(&mut *tx)
    .await?;
    let row = find(tx, id).await?;
    if row.version == version {
        Ok(row)
    } else {
        Err(Error::version_conflict("divergence"))
    }
}

struct Orphan {
    seq: i64,
    event_id: Uuid,
    kind: String,
    aggregate: Option<Uuid>,
    applied_at: Timestamp,
}

async fn orphans(tx: &mut PgConnection, id: Uuid, page: &Page<(i64, Uuid)>) -> Result<Vec<Orphan>, Error> {
    let after = page.after();
    let rows = sqlx::query_as!(
        Orphan,
        r#"
        select seq, event_id, type as kind, aggregate, applied_at from inbox
        where divergence_id = $1 and ($2::bigint is null or (seq, event_id) > ($2, $3))
        order by seq, event_id
        limit $4
        "#,
        id,
        after.map(|a| a.0),
        after.map(|a| a.1),
        page.limit(),
    );
    Ok(rows.fetch_all(tx).await?)
}

fn show(row: Row) -> Result<pb::Divergence, Error> {
    let kind = match row.kind.as_str() {
        "diverged" => pb::DivergenceKind::Diverged,
        "pruned" => pb::DivergenceKind::Pruned,
        _ => return Err(inconsistent("divergences", "kind")),
    };
    let state = match row.state.as_str() {
        "open" => pb::DivergenceState::Open,
        "proposed" => pb::DivergenceState::Proposed,
        "resumed" => pb::DivergenceState::Resumed,
        "healed" => pb::DivergenceState::Healed,
        _ => return Err(inconsistent("divergences", "state")),
    };
    let person = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    Ok(pb::Divergence {
        divergence_id: row.divergence_id.to_string(),
        source: row.source,
        kind: kind.into(),
        state: state.into(),
        why: row.why,
        cursor_seq: row.cursor_seq,
        common_seq: row.common_seq,
        orphans: row.orphans,
        parked: row.parked,
        owner_person_id: person(row.proposed_by),
        proposed_by_person_id: person(row.proposed_by),
        reason: row.reason,
        confirmed_by_person_id: person(row.confirmed_by),
        found_at: Some(to_proto_time(row.found_at)),
        closed_at: row.closed_at.map(to_proto_time),
        version: row.version,
    })
}
