use kernel::{TaskId, Timestamp, to_proto_time};
use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Ground;
use crate::page::Page;
use crate::{Caller, Claim, Error, Service, inconsistent};

/// Lists tasks, the last ones first.
pub(super) async fn list<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ListTasksRequest,
) -> Result<pb::ListTasksResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let mut tx = ground.begin(caller).await?;
    let rows = read(&mut tx, &request, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.created_at, row.task_id));
    let tasks = rows.into_iter().map(show).collect::<Result<_, Error>>()?;
    Ok(pb::ListTasksResponse {
        tasks,
        next_page_token,
    })
}

/// Lets a task be tried at once.
pub(super) async fn retry<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::RetryTaskRequest,
) -> Result<pb::RetryTaskResponse, Error> {
    let task = TaskId::parse("task_id", &request.task_id)?;
    let mut tx = match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    match state(&mut tx, task).await?.as_deref() {
        None => return Err(Error::not_found("task")),
        Some("done") => return Err(Error::wrong_state("task", "done")),
        Some(_) => wake(&mut tx, task, ground.clock.now()).await?,
    }
    let reply = tx.commit(pb::RetryTaskResponse {}).await?;
    ground.inner.task_bell.notify_one();
    Ok(reply)
}

struct Row {
    task_id: Uuid,
    kind: String,
    aggregate: Uuid,
    lane: String,
    state: String,
    due_at: Timestamp,
    attempts: i32,
    last_error: String,
    traceparent: String,
    created_at: Timestamp,
}

async fn read(
    tx: &mut PgConnection,
    request: &pb::ListTasksRequest,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Row>, Error> {
    let states = match request.state() {
        pb::TaskState::Unspecified => vec!["waiting".to_owned(), "parked".to_owned()],
        pb::TaskState::Waiting => vec!["waiting".to_owned()],
        pb::TaskState::Done => vec!["done".to_owned()],
        pb::TaskState::Parked => vec!["parked".to_owned()],
    };
    let aggregate = (!request.aggregate.is_empty())
        .then(|| request.aggregate.parse::<Uuid>())
        .transpose();
    let aggregate = aggregate.map_err(|_| kernel::BadField::new("aggregate", "must be a UUID"))?;
    let after = page.after();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select task_id, kind, aggregate, lane, state, due_at, attempts, last_error, traceparent, created_at
        from tasks
        where state = any($1)
          and ($2 = '' or kind = $2)
          and ($3::uuid is null or aggregate = $3)
          and ($4::timestamptz is null or (created_at, task_id) < ($4, $5))
        order by created_at desc, task_id desc
        limit $6
        "#,
        &states,
        request.kind,
        aggregate,
        after.map(|a| a.0),
        after.map(|a| a.1),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

fn show(row: Row) -> Result<pb::Task, Error> {
    let state = match row.state.as_str() {
        "waiting" => pb::TaskState::Waiting,
        "done" => pb::TaskState::Done,
        "parked" => pb::TaskState::Parked,
        _ => return Err(inconsistent("tasks", "state")),
    };
    Ok(pb::Task {
        task_id: row.task_id.to_string(),
        kind: row.kind,
        aggregate: row.aggregate.to_string(),
        lane: row.lane,
        state: state.into(),
        due_at: Some(to_proto_time(row.due_at)),
        attempts: row.attempts,
        last_error: row.last_error,
        traceparent: row.traceparent,
        created_at: Some(to_proto_time(row.created_at)),
    })
}

/// Reads a task's state and holds its row, so that no worker ends it meanwhile.
async fn state(tx: &mut PgConnection, task: TaskId) -> Result<Option<String>, Error> {
    let state = sqlx::query_scalar!(
        "select state from tasks where task_id = $1 for no key update",
        task.0
    );
    Ok(state.fetch_optional(tx).await?)
}

/// A worker that has the task in hand keeps it: only a lease that ran out or
/// was put off is taken away.
async fn wake(tx: &mut PgConnection, task: TaskId, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update tasks
        set state = 'waiting', attempts = 0, last_error = '', due_at = least(due_at, $2),
            lease_until = case when lease is null then '-infinity' else lease_until end
        where task_id = $1
        "#,
        task.0,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
