//! A service with nothing in it, to try platform by itself.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use kernel::{PersonId, StudioId, WalletId};
use platform::{
    BoxFuture, Caller, Claim, Delivery, Error, NewTask, Platform, Service, Settled, Studios, Subscription,
    SystemTx, Task, TaskKind, WriteTx,
};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::wallet::v1::{FreezeWalletRequest, FreezeWalletResponse};
use sqlx::PgConnection;
use uuid::Uuid;

pub struct Toy(Platform);

impl Deref for Toy {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.0
    }
}

impl Service for Toy {
    type Config = BTreeMap<String, String>;
    const NAME: &'static str = "orders";
    const CONFIG: &'static str = "[service]\n";

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("tests/toy")
    }

    async fn build(platform: Platform, _config: Self::Config) -> anyhow::Result<Self> {
        Ok(Self(platform))
    }

    fn routes(_app: &Arc<Self>) -> tonic::service::Routes {
        tonic::service::Routes::default()
    }

    fn subscriptions() -> Vec<Subscription<Self>> {
        vec![
            Subscription::to::<PaymentsEvent>("payments", on_payments),
            Subscription::learning("members"),
        ]
    }

    fn tasks() -> Vec<TaskKind<Self>> {
        vec![
            TaskKind::new("note", note),
            TaskKind::new("slow_note", slow_note),
            TaskKind::new("until_noted", until_noted),
            TaskKind::new("long", long),
        ]
    }
}

fn on_payments<'a>(
    _app: &'a Toy,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<PaymentsEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        refuse_poison(tx, delivery.aggregate).await?;
        write_note(tx, delivery.aggregate, &format!("fact {}", delivery.version())).await
    })
}

fn note<'a>(app: &'a Toy, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        refuse_poison(&mut tx, task.aggregate).await?;
        write_note(&mut tx, task.aggregate, &task.payload::<String>()?).await?;
        tx.done(task).await
    })
}

/// Loses its lease to another worker before it is done.
fn slow_note<'a>(app: &'a Toy, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        if task.attempt == 1 {
            sqlx::query("update tasks set lease = null where task_id = $1")
                .bind(task.id.0)
                .execute(&mut *tx)
                .await?;
        }
        write_note(&mut tx, task.aggregate, &task.payload::<String>()?).await?;
        tx.done(task).await
    })
}

/// Stays until there is a note about what its payload names, or for a few seconds.
fn until_noted<'a>(app: &'a Toy, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let about: Uuid = task.payload()?;
        let mut saw = "nothing";
        for _ in 0..60 {
            let mut tx = task.begin(app).await?;
            let there = sqlx::query_scalar("select exists (select from notes where about = $1)");
            if there.bind(about).fetch_one(&mut *tx).await? {
                saw = "it";
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut tx = task.begin(app).await?;
        write_note(&mut tx, task.aggregate, saw).await?;
        tx.done(task).await
    })
}

/// Takes three leases of a second each, and says whose turn it was.
fn long<'a>(app: &'a Toy, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let work = async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(format!("try {}", task.attempt))
        };
        let told = task.hold_while(app, work).await?;
        let mut tx = task.begin(app).await?;
        write_note(&mut tx, task.aggregate, &told).await?;
        tx.done(task).await
    })
}

async fn refuse_poison(conn: &mut PgConnection, aggregate: Uuid) -> Result<(), Error> {
    let poison: Option<Option<bool>> = sqlx::query_scalar("select away from poison where aggregate = $1")
        .bind(aggregate)
        .fetch_optional(conn)
        .await?;
    match poison {
        None => Ok(()),
        Some(None) => Err(platform::inconsistent("notes", "poison")),
        Some(Some(true)) => Err(tonic::Status::unavailable("away").into()),
        Some(Some(false)) => Err(Error::Internal("poison".to_owned())),
    }
}

pub async fn write_note(conn: &mut PgConnection, about: Uuid, text: &str) -> Result<(), Error> {
    sqlx::query("insert into notes (about, text) values ($1, $2)")
        .bind(about)
        .bind(text)
        .execute(conn)
        .await?;
    Ok(())
}

/// Any command will do: platform looks at its request id and its bytes alone.
pub fn command(reason: &str) -> FreezeWalletRequest {
    FreezeWalletRequest {
        request_id: kernel::fresh_uuid().to_string(),
        person_id: WalletId::fresh().to_string(),
        reason: reason.to_owned(),
    }
}

pub fn staff(studios: &[StudioId]) -> Caller {
    Caller::assembled(
        PersonId::fresh(),
        &[Role::FrontDesk],
        Studios::Some(studios.to_vec()),
    )
}

/// Claims, does `work`, leaves a task, and answers with state 1.
pub async fn act(
    toy: &Toy,
    caller: &Caller,
    request: &FreezeWalletRequest,
) -> Result<FreezeWalletResponse, Error> {
    let mut tx = match toy.claim(caller, request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let about = Uuid::parse_str(&request.person_id).unwrap();
    write_note(&mut tx, about, &request.reason).await?;
    tx.task(NewTask::now("note", about, &"by task".to_owned()))
        .await?;
    done(tx).await
}

pub async fn done(tx: WriteTx) -> Result<FreezeWalletResponse, Error> {
    tx.commit(FreezeWalletResponse { state: 1 }).await
}
