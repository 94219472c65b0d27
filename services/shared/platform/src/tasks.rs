//! Work that waits for its time or for the outside: remote steps, timers,
//! polls. A task's remote call happens with no transaction open; its result is
//! written in the same transaction that ends the task.

mod queue;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kernel::{Clock, TaskId, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::transaction::SystemTx;
use crate::{Error, Platform, Service, checks, crash_point, inconsistent, telemetry};

/// Failures in a row, each waited for longer, after which a step that moves
/// money stops counting, and the pause from then on.
const PATIENCE: i32 = 8;
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// Work to be left behind by a transaction.
pub struct NewTask {
    kind: &'static str,
    aggregate: Uuid,
    lane: String,
    once: Option<String>,
    due: Option<Timestamp>,
    payload: Result<serde_json::Value, serde_json::Error>,
}

impl NewTask {
    /// As soon as the transaction commits.
    pub fn now(kind: &'static str, aggregate: impl Into<Uuid>, payload: &impl Serialize) -> Self {
        let aggregate = aggregate.into();
        Self {
            kind,
            aggregate,
            lane: aggregate.to_string(),
            once: None,
            due: None,
            payload: serde_json::to_value(payload),
        }
    }

    /// When business time reaches `due`. Timers have a lane each, so that one
    /// far ahead holds nothing up.
    pub fn at(
        kind: &'static str,
        aggregate: impl Into<Uuid>,
        due: Timestamp,
        payload: &impl Serialize,
    ) -> Self {
        let task = Self::now(kind, aggregate, payload);
        Self {
            lane: format!("{} {kind}", task.lane),
            due: Some(due),
            ..task
        }
    }

    /// Tasks of one lane run one at a time, in the order they were left; by
    /// default the lane is the aggregate.
    #[must_use]
    pub fn lane(self, lane: impl Into<String>) -> Self {
        Self {
            lane: lane.into(),
            ..self
        }
    }

    /// Leaves nothing when a task with the same key was ever left.
    #[must_use]
    pub fn once(self, key: impl Into<String>) -> Self {
        Self {
            once: Some(key.into()),
            ..self
        }
    }
}

pub(crate) async fn insert(tx: &mut PgConnection, task: NewTask, now: Timestamp) -> Result<(), Error> {
    let payload = task
        .payload
        .map_err(|e| Error::Internal(format!("payload of task {}: {e}", task.kind)))?;
    sqlx::query!(
        r#"
        insert into tasks (task_id, kind, aggregate, lane, once, payload, due_at, traceparent)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (once) do nothing
        "#,
        TaskId::fresh().0,
        task.kind,
        task.aggregate,
        task.lane,
        task.once,
        payload,
        task.due.unwrap_or(now),
        telemetry::current_traceparent(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A task in the hands of a worker.
pub struct Task {
    pub id: TaskId,
    pub aggregate: Uuid,
    /// From 1.
    pub attempt: i32,
    kind: String,
    payload: serde_json::Value,
    lease: Uuid,
    traceparent: String,
}

/// Proof that a task was ended or put off in a committed transaction.
#[must_use]
pub struct Settled(());

impl Task {
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(self.payload.clone())
            .map_err(|e| inconsistent("tasks", format!("payload of {}: {e}", self.kind)))
    }

    /// Opens the transaction that will hold the task's result.
    pub async fn begin(&self, platform: &Platform) -> Result<SystemTx, Error> {
        crash_point!("task.before_result", "{}", self.kind);
        platform.begin_system().await
    }

    /// Holds the task for a whole lease from now on: for work in many steps.
    /// Fails if another worker took the task over meanwhile.
    pub async fn hold(&self, platform: &Platform) -> Result<(), Error> {
        let mut tx = platform.begin_system().await?;
        sqlx::query!(
            "update tasks set lease_until = $3 where task_id = $1 and lease = $2 and state = 'waiting'",
            self.id.0,
            self.lease,
            Clock::real() + platform.inner.tuning.lease,
        )
        .execute(&mut *tx)
        .await?;
        tx.keep(self).await
    }

    /// Does what may take longer than a lease, and holds the task meanwhile. Fails,
    /// and gives the work up, once another worker took the task over.
    pub async fn hold_while<T>(
        &self,
        platform: &Platform,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let pause = platform.inner.tuning.lease.to_std().unwrap_or_default() / 3;
        let mut work = pin!(work);
        loop {
            match tokio::time::timeout(pause, &mut work).await {
                Ok(done) => return done,
                Err(_) => self.hold(platform).await?,
            }
        }
    }

    /// Asks again later without end: a step that moves money never gives up,
    /// and is never parked, while its outcome is unknown.
    pub async fn ask_again(&self, platform: &Platform, error: Error) -> Result<Settled, Error> {
        if self.attempt < PATIENCE {
            return Err(error);
        }
        tracing::warn!(
            error = telemetry::chain(&error),
            self.kind,
            "the outcome is still unknown; asking again"
        );
        self.begin(platform).await?.again(self, ASK_AGAIN).await
    }
}

impl SystemTx {
    /// Ends the task together with what was written, and commits. Fails, and
    /// writes nothing, if another worker took the task over meanwhile.
    pub async fn done(mut self, task: &Task) -> Result<Settled, Error> {
        let ended = sqlx::query!(
            r#"
            update tasks set state = 'done', done_at = clock_timestamp(), lease = null
            where task_id = $1 and lease = $2 and state = 'waiting'
            "#,
            task.id.0,
            task.lease,
        )
        .execute(&mut *self)
        .await?;
        self.settle(task, ended.rows_affected()).await
    }

    /// Commits what was written and runs the task again after `delay` of
    /// business time, counting attempts from the start: for polls.
    pub async fn again(mut self, task: &Task, delay: Duration) -> Result<Settled, Error> {
        let due = self.now() + chrono::Duration::from_std(delay).unwrap_or(chrono::Duration::days(1));
        let put_off = sqlx::query!(
            r#"
            update tasks set due_at = $3, lease_until = '-infinity', lease = null, attempts = 0, last_error = ''
            where task_id = $1 and lease = $2 and state = 'waiting'
            "#,
            task.id.0,
            task.lease,
            due,
        )
        .execute(&mut *self)
        .await?;
        self.settle(task, put_off.rows_affected()).await
    }

    /// Commits what was written and keeps the task in hand, for what has to
    /// stand before a remote step is tried. Fails, and writes nothing, if
    /// another worker took the task over meanwhile.
    pub async fn keep(mut self, task: &Task) -> Result<(), Error> {
        let held = sqlx::query!(
            "select task_id from tasks where task_id = $1 and lease = $2 and state = 'waiting' for update",
            task.id.0,
            task.lease,
        )
        .fetch_optional(&mut *self)
        .await?;
        if held.is_none() {
            return Err(Error::Internal(format!(
                "task {} was taken over by another worker",
                task.id
            )));
        }
        self.commit().await
    }

    async fn settle(self, task: &Task, rows: u64) -> Result<Settled, Error> {
        if rows != 1 {
            return Err(Error::Internal(format!(
                "task {} was taken over by another worker",
                task.id
            )));
        }
        crash_point!("task.before_commit", "{}", task.kind);
        self.commit().await?;
        crash_point!("task.after_commit", "{}", task.kind);
        Ok(Settled(()))
    }
}

type Run<S> = for<'a> fn(&'a S, &'a Task) -> BoxFuture<'a, Result<Settled, Error>>;

/// A kind of task and what runs it.
pub struct TaskKind<S> {
    pub kind: &'static str,
    run: Run<S>,
}

impl<S> TaskKind<S> {
    pub fn new(kind: &'static str, run: Run<S>) -> Self {
        Self { kind, run }
    }
}

/// How often somebody looks for what became due, or was left by another process.
const LOOK: Duration = Duration::from_millis(200);
/// How long a worker sleeps while another looks out.
const SLEEP: Duration = Duration::from_secs(10);

/// The kinds of one service and the loop that works on them.
pub struct Worker<S> {
    app: Arc<S>,
    kinds: Vec<TaskKind<S>>,
    /// Held by the one idle worker who looks out for all.
    watch: Mutex<()>,
}

impl<S: Service> Worker<S> {
    pub fn new(app: Arc<S>) -> Self {
        let mut kinds = S::tasks();
        kinds.push(TaskKind::new(checks::KIND, checks::run_daily));
        Self {
            app,
            kinds,
            watch: Mutex::default(),
        }
    }

    /// Runs one task that is due, if there is any. False when there was none.
    pub async fn run_one(&self) -> Result<bool, Error> {
        let Some(task) = queue::take(&self.app).await? else {
            return Ok(false);
        };
        // There may be more, and whoever looked out is busy now.
        self.app.inner.task_bell.notify_one();
        crash_point!("task.taken", "{}", task.kind);
        let span = tracing::info_span!("task", otel.name = format!("{} task {}", S::NAME, task.kind), task.id = %task.id, task.attempt = task.attempt);
        telemetry::continue_trace(&span, &task.traceparent);
        async {
            let Some(kind) = self.kinds.iter().find(|k| k.kind == task.kind) else {
                return queue::put_back(
                    &self.app,
                    &task,
                    &Error::Internal(format!("nothing runs tasks of kind {}", task.kind)),
                )
                .await;
            };
            match (kind.run)(&self.app, &task).await {
                Ok(Settled(())) => Ok(()),
                Err(error) => queue::put_back(&self.app, &task, &error).await,
            }
        }
        .instrument(span)
        .await?;
        Ok(true)
    }

    /// Works until `stop`, which lets the task in hand end first: one that is
    /// cut off would hold its lane until its lease ran out.
    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.run_one().await {
                Ok(true) => {}
                Ok(false) => {
                    let watching = self.watch.try_lock();
                    let sleep = if watching.is_ok() { LOOK } else { SLEEP };
                    let bell = self.app.inner.task_bell.notified();
                    tokio::select! {
                        () = stop.cancelled() => return,
                        _rung = tokio::time::timeout(sleep, bell) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(error = crate::telemetry::chain(&error), "working on tasks failed");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }
}
