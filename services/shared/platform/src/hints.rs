//! Wake-up hints between the processes of one service, through Redis. A hint
//! that is lost costs a moment until somebody looks anyway: nothing depends on
//! one, and Redis may be missing or forget everything at any time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use redis::AsyncCommands as _;
use tokio::sync::Notify;

use crate::Platform;
use crate::config::SecretUrl;

const AGAIN: Duration = Duration::from_secs(5);

/// What there is to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Facts that have no number yet.
    Facts,
    /// Facts that have got one.
    Numbers,
    /// Tasks.
    Tasks,
}

impl Hint {
    const ALL: [Self; 3] = [Self::Facts, Self::Numbers, Self::Tasks];

    fn word(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Numbers => "numbers",
            Self::Tasks => "tasks",
        }
    }
}

/// Hints that were not sent yet. Ten of a kind are as good as one.
#[derive(Default)]
pub(crate) struct Hints {
    facts: AtomicBool,
    numbers: AtomicBool,
    tasks: AtomicBool,
    bell: Notify,
}

impl Hints {
    pub(crate) fn tell(&self, hint: Hint) {
        self.flag(hint).store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    fn take(&self, hint: Hint) -> bool {
        self.flag(hint).swap(false, Ordering::Relaxed)
    }

    fn flag(&self, hint: Hint) -> &AtomicBool {
        match hint {
            Hint::Facts => &self.facts,
            Hint::Numbers => &self.numbers,
            Hint::Tasks => &self.tasks,
        }
    }
}

/// Sends and hears hints until the process ends.
pub(crate) async fn run(platform: Platform, redis: SecretUrl) {
    if redis.is_empty() {
        tracing::warn!("no Redis is configured: processes find each other's work a moment later");
        return;
    }
    let mut told = false;
    loop {
        if let Err(error) = exchange(&platform, &redis).await
            && !told
        {
            tracing::warn!(
                error = crate::telemetry::chain(&error),
                "Redis cannot be used: processes find each other's work a moment later"
            );
            told = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn exchange(platform: &Platform, redis: &SecretUrl) -> redis::RedisResult<()> {
    let client = redis::Client::open(redis.expose())?;
    let channel = format!("studio:{}:wake", platform.name());
    let me = kernel::fresh_uuid().to_string();
    let mut ear = client.get_async_pubsub().await?;
    ear.subscribe(&channel).await?;
    let mut mouth = client.get_multiplexed_async_connection().await?;
    let mut heard = ear.on_message();
    let hints = &platform.inner.hints;
    loop {
        tokio::select! {
            message = heard.next() => match message {
                Some(message) => wake(platform, &me, &message.get_payload::<String>()?),
                None => return Ok(()),
            },
            () = hints.bell.notified() => {
                for hint in Hint::ALL.into_iter().filter(|hint| hints.take(*hint)) {
                    mouth.publish::<_, _, ()>(&channel, format!("{me} {}", hint.word())).await?;
                }
            }
        }
    }
}

/// Rings here what another process rang there.
fn wake(platform: &Platform, me: &str, message: &str) {
    match message.split_once(' ') {
        Some((from, _)) if from == me => {}
        Some((_, "facts")) => platform.inner.outbox_bell.notify_one(),
        Some((_, "numbers")) => platform.inner.feed_bell.send_modify(|count| *count += 1),
        Some((_, "tasks")) => platform.inner.task_bell.notify_one(),
        _ => tracing::debug!("a hint that nobody understands"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_hints_of_a_kind_are_sent_as_one() {
        let hints = Hints::default();
        (0..10).for_each(|_| hints.tell(Hint::Facts));
        assert!(hints.take(Hint::Facts));
        assert!(!hints.take(Hint::Facts));
        assert!(!hints.take(Hint::Tasks));
    }
}
