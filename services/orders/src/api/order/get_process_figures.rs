use chrono::DateTime;
use kernel::{BadField, StudioId, Timestamp, from_proto_time};
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::store::figures::{Period, StateFigures};
use crate::{App, store};

/// Measures how long orders stand where, what is late, and what comes back.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetProcessFiguresRequest,
) -> Result<pb::GetProcessFiguresResponse, Error> {
    let now = app.clock.now();
    let period = Period {
        studio: sale::optional(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        from: time("from", request.from.as_ref(), DateTime::UNIX_EPOCH)?,
        before: time("before", request.before.as_ref(), now)?,
        now,
    };
    let mut tx = app.begin(caller).await?;
    let states = store::figures::states(&mut tx, period).await?;
    let totals = store::figures::totals(&mut tx, period).await?;
    Ok(pb::GetProcessFiguresResponse {
        states: states.iter().map(figures).collect(),
        submitted: count(totals.submitted),
        sent_back: count(totals.sent_back),
        median_cycle_ms: totals.median_cycle_ms,
    })
}

fn time(
    field: &str,
    time: Option<&prost_types::Timestamp>,
    absent: Timestamp,
) -> Result<Timestamp, BadField> {
    match time {
        None => Ok(absent),
        time => from_proto_time(time).ok_or_else(|| BadField::new(field, "must be a time")),
    }
}

fn figures(figures: &StateFigures) -> pb::StateFigures {
    pb::StateFigures {
        state: show::state(figures.state).into(),
        left: count(figures.left),
        median_ms: figures.median_ms,
        p90_ms: figures.p90_ms,
        standing: count(figures.standing),
        overdue: count(figures.overdue),
    }
}

fn count(many: i64) -> i32 {
    i32::try_from(many).unwrap_or(i32::MAX)
}
