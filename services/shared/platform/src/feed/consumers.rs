//! Who pulls this service's facts. What they have not read yet is not pruned.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use crate::{Error, Platform};

/// A position that moved on is written down this often: until then more is
/// kept than need be, which harms nobody.
const EVERY: Duration = Duration::from_secs(30);

/// What this process wrote down last of each consumer.
#[derive(Default)]
pub(crate) struct Consumers(Mutex<HashMap<String, (i64, Instant)>>);

impl Consumers {
    /// A new one at once, one that went back at once, others now and then.
    fn is_due(&self, service: &str, after_seq: i64) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(service)
            .is_none_or(|(seq, at)| after_seq < *seq || at.elapsed() >= EVERY)
    }

    pub(super) fn wrote(&self, service: &str, after_seq: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(service.to_owned(), (after_seq, Instant::now()));
    }
}

/// Writes down, when that is due, that a service has read up to a position,
/// and keeps pruning out until the transaction ends.
pub(super) async fn register(
    platform: &Platform,
    tx: &mut PgConnection,
    service: &str,
    after_seq: i64,
) -> Result<bool, Error> {
    if !platform.inner.consumers.is_due(service, after_seq) {
        return Ok(false);
    }
    sqlx::query!("select one from feed_retention for share")
        .fetch_one(&mut *tx)
        .await?;
    write(tx, service, after_seq).await?;
    Ok(true)
}

pub(super) async fn write(tx: &mut PgConnection, service: &str, after_seq: i64) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into feed_consumers (service, after_seq) values ($1, $2)
        on conflict (service) do update set after_seq = excluded.after_seq, pulled_at = now()
        "#,
        service,
        after_seq,
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_written_down_when_it_is_new_or_goes_back_and_not_at_every_pull() {
        let consumers = Consumers::default();
        assert!(consumers.is_due("orders", 5));
        consumers.wrote("orders", 5);
        assert!(!consumers.is_due("orders", 5));
        assert!(!consumers.is_due("orders", 90));
        assert!(consumers.is_due("orders", 4));
        assert!(consumers.is_due("wallet", 5));
    }
}
