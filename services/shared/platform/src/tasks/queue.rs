use std::time::Duration;

use kernel::{Clock, TaskId, fresh_uuid};

use super::Task;
use crate::{Error, Platform, telemetry};

/// Takes the first due task whose lane is free: a task runs when all earlier
/// ones of its lane are done, so a parked one holds its lane.
pub(super) async fn take(platform: &Platform) -> Result<Option<Task>, Error> {
    let mut tx = platform.begin_system().await?;
    let row = sqlx::query!(
        r#"
        update tasks set lease_until = $2, lease = $3, attempts = attempts + 1
        where task_id = (
            select t.task_id from tasks t
            where t.state = 'waiting' and t.due_at <= $1 and t.lease_until < $4
              and not exists (
                  select from tasks e
                  where e.lane = t.lane and e.state <> 'done'
                    and (e.created_at, e.task_id) < (t.created_at, t.task_id)
              )
            order by t.due_at
            limit 1
            for update skip locked
        )
        returning task_id as "task_id: TaskId", kind, aggregate, payload, attempts, traceparent, lease as "lease!"
        "#,
        platform.clock.now(),
        Clock::real() + platform.inner.tuning.lease,
        fresh_uuid(),
        Clock::real(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(r) = row else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(Task {
        id: r.task_id,
        aggregate: r.aggregate,
        attempt: r.attempts,
        kind: r.kind,
        payload: r.payload,
        lease: r.lease,
        traceparent: r.traceparent,
    }))
}

/// Puts a failed task back for later, or parks it for a person.
pub(super) async fn put_back(platform: &Platform, task: &Task, error: &Error) -> Result<(), Error> {
    let parked = task.attempt >= platform.inner.tuning.max_attempts && !error.is_outage();
    let doublings = u32::try_from(task.attempt.clamp(0, 9)).unwrap_or_default();
    let delay = Duration::from_millis(100 << doublings).min(Duration::from_mins(1));
    let until = Clock::real() + chrono::Duration::from_std(delay).unwrap_or_default();
    let mut tx = platform.begin_system().await?;
    sqlx::query!(
        r#"
        update tasks set lease_until = $3, lease = null, last_error = $4,
                         state = case when $5 then 'parked' else state end
        where task_id = $1 and lease = $2
        "#,
        task.id.0,
        task.lease,
        until,
        telemetry::chain(error),
        parked,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if parked {
        tracing::error!(
            error = telemetry::chain(error),
            task.kind,
            "a task is parked for a person"
        );
    } else {
        tracing::warn!(
            error = telemetry::chain(error),
            task.kind,
            task.attempt,
            "a task failed and will be tried again"
        );
    }
    Ok(())
}
