use kernel::{StudioId, Timestamp};
use platform::Error;
use sqlx::PgConnection;

use super::word;
use crate::domain::order::State;

/// How long orders stand in one state.
#[derive(Debug, Clone)]
pub struct StateFigures {
    pub state: State,
    pub left: i64,
    pub median_ms: i64,
    pub p90_ms: i64,
    pub standing: i64,
    pub overdue: i64,
}

/// The process as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Totals {
    pub submitted: i64,
    pub sent_back: i64,
    pub median_cycle_ms: i64,
}

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    pub studio: Option<StudioId>,
    pub from: Timestamp,
    pub before: Timestamp,
    /// What is late is late at this time.
    pub now: Timestamp,
}

/// One entry a state that orders left in the period or stand in now.
pub async fn states(tx: &mut PgConnection, period: Period) -> Result<Vec<StateFigures>, Error> {
    let rows = sqlx::query!(
        r#"
        with stays as (
            select from_state as state, count(*) as left_it,
                   percentile_disc(0.5) within group (order by stood_ms) as median_ms,
                   percentile_disc(0.9) within group (order by stood_ms) as p90_ms
            from order_steps
            where from_state <> to_state and occurred_at >= $1 and occurred_at < $2
              and ($3::uuid is null or studio_id = $3)
            group by from_state
        ), standing as (
            select state, count(*) as standing, count(*) filter (where act_by < $4) as overdue
            from orders
            where $3::uuid is null or studio_id = $3
            group by state
        )
        select coalesce(m.state, s.state) as "state!", coalesce(m.left_it, 0) as "left!",
               coalesce(m.median_ms, 0) as "median_ms!", coalesce(m.p90_ms, 0) as "p90_ms!",
               coalesce(s.standing, 0) as "standing!", coalesce(s.overdue, 0) as "overdue!"
        from stays m full join standing s using (state)
        order by 1
        "#,
        period.from,
        period.before,
        period.studio as _,
        period.now,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(StateFigures {
                state: word("order_steps", "from_state", State::parse, &r.state)?,
                left: r.left,
                median_ms: r.median_ms,
                p90_ms: r.p90_ms,
                standing: r.standing,
                overdue: r.overdue,
            })
        })
        .collect()
}

/// How many were submitted, how many of them came back, and how long all took.
pub async fn totals(tx: &mut PgConnection, period: Period) -> Result<Totals, Error> {
    let row = sqlx::query!(
        r#"
        with submitted as (
            select order_id, submitted_at, state, state_since
            from orders
            where submitted_at >= $1 and submitted_at < $2 and ($3::uuid is null or studio_id = $3)
        )
        select count(*) as "submitted!",
               count(*) filter (where exists (
                   select from order_steps t
                   where t.order_id = s.order_id and t.kind in ('sent_back', 'quote_expired', 'change_requested')
               )) as "sent_back!",
               coalesce(percentile_disc(0.5) within group (
                   order by (extract(epoch from state_since - submitted_at) * 1000)::bigint
               ) filter (where state = 'fulfilled'), 0) as "median_cycle_ms!"
        from submitted s
        "#,
        period.from,
        period.before,
        period.studio as _,
    )
    .fetch_one(tx)
    .await?;
    Ok(Totals {
        submitted: row.submitted,
        sent_back: row.sent_back,
        median_cycle_ms: row.median_cycle_ms,
    })
}
