use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use kernel::{AttemptId, Clock, Timestamp};
use platform::{Caller, Error, Platform};
use proto::studio::payments::v1 as pb;

use crate::domain::attempt::Attempt;
use crate::{App, store, wire};

/// What a watcher is told, in order.
pub struct Changes(BoxStream<'static, Result<pb::WatchAttemptResponse, Error>>);

impl Stream for Changes {
    type Item = Result<pb::WatchAttemptResponse, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

/// Streams an attempt as it stands, then after each change, to its end.
#[tracing::instrument(name = "payments.watch_attempt", skip_all, fields(attempt.id = %request.attempt_id))]
pub async fn handle(app: &App, caller: &Caller, request: pb::WatchAttemptRequest) -> Result<Changes, Error> {
    let id = AttemptId::parse("attempt_id", &request.attempt_id)?;
    let watch = Watch {
        platform: app.platform.clone(),
        caller: caller.clone(),
        id,
        pause: app.config.attempts.watch(),
        until: Clock::real() + app.config.attempts.watch_life(),
    };
    // a stranger is refused before anything streams
    let first = watch.look().await?;
    let ended = !first.state.is_live();
    let at_once = shown(&first)?;
    let rest = stream::try_unfold((watch, first.version, ended), |(watch, seen, ended)| async move {
        if ended {
            return Ok(None);
        }
        let Some(attempt) = watch.change_after(seen).await? else {
            return Ok(None);
        };
        let (version, ended) = (attempt.version, !attempt.state.is_live());
        Ok(Some((shown(&attempt)?, (watch, version, ended))))
    });
    Ok(Changes(
        stream::once(async move { Ok(at_once) }).chain(rest).boxed(),
    ))
}

fn shown(attempt: &Attempt) -> Result<pb::WatchAttemptResponse, Error> {
    Ok(pb::WatchAttemptResponse {
        attempt: Some(wire::attempt_shown(attempt)?),
    })
}

struct Watch {
    platform: Platform,
    caller: Caller,
    id: AttemptId,
    pause: Duration,
    until: Timestamp,
}

impl Watch {
    async fn look(&self) -> Result<Attempt, Error> {
        let mut tx = self.platform.begin(&self.caller).await?;
        store::attempt::get(&mut tx, self.id)
            .await?
            .ok_or_else(|| Error::not_found("attempt"))
    }

    /// Waits for a later version; `None` when the time is over.
    async fn change_after(&self, seen: i64) -> Result<Option<Attempt>, Error> {
        while Clock::real() < self.until {
            tokio::time::sleep(self.pause).await;
            let attempt = self.look().await?;
            if attempt.version > seen {
                return Ok(Some(attempt));
            }
        }
        Ok(None)
    }
}
