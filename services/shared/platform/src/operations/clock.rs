use std::time::Duration;

use kernel::to_proto_time;
use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;

use super::Ground;
use crate::{Caller, Claim, Error, Platform, Service, inconsistent};

/// Where the offset stands, so that all processes of the service follow it.
const KEY: &str = "clock_offset_ms";
const AGAIN: Duration = Duration::from_secs(1);

/// Answers with business time.
pub(super) async fn get<S: Service>(
    ground: &Ground<S>,
    _: &Caller,
    _: pb::GetClockRequest,
) -> Result<pb::GetClockResponse, Error> {
    Ok(pb::GetClockResponse {
        clock: Some(now(ground)),
    })
}

/// Moves business time.
pub(super) async fn set<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::SetClockRequest,
) -> Result<pb::SetClockResponse, Error> {
    if !ground.movable {
        return Err(Error::wrong_state("clock", "fixed"));
    }
    let mut tx = match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    keep(&mut tx, request.offset_ms).await?;
    let offset = chrono::Duration::milliseconds(request.offset_ms);
    let clock = pb::Clock {
        now: Some(to_proto_time(kernel::Clock::real() + offset)),
        offset_ms: request.offset_ms,
        movable: true,
    };
    let reply = tx.commit(pb::SetClockResponse { clock: Some(clock) }).await?;
    ground.clock.set_offset_ms(request.offset_ms);
    Ok(reply)
}

fn now<S: Service>(ground: &Ground<S>) -> pb::Clock {
    pb::Clock {
        now: Some(to_proto_time(ground.clock.now())),
        offset_ms: ground.clock.offset_ms(),
        movable: ground.movable,
    }
}

async fn keep(tx: &mut PgConnection, offset_ms: i64) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into settings (key, value) values ($1, to_jsonb($2::bigint))
        on conflict (key) do update set value = excluded.value
        "#,
        KEY,
        offset_ms,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Follows the clock that another process of the service may have moved.
pub(crate) async fn follow_clock(platform: Platform, movable: bool) {
    if !movable {
        return;
    }
    loop {
        match kept(&platform).await {
            Ok(Some(offset_ms)) => platform.clock.set_offset_ms(offset_ms),
            Ok(None) => {}
            Err(error) => tracing::debug!(
                error = crate::telemetry::chain(&error),
                "the clock cannot be read"
            ),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// None when nobody ever moved it, and then whoever holds the clock decides.
async fn kept(platform: &Platform) -> Result<Option<i64>, Error> {
    let mut tx = platform.begin_system().await?;
    let value = sqlx::query_scalar!("select value from settings where key = $1", KEY)
        .fetch_optional(&mut *tx)
        .await?;
    value
        .map(|value| value.as_i64().ok_or_else(|| inconsistent("settings", KEY)))
        .transpose()
}
