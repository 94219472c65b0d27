//! What becomes of bodies of which nothing is believed: kept as they came, so that
//! somebody can find out why, as far as an enemy cannot fill the disk with them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Duration;
use http::{HeaderMap, header};
use kernel::{PersonId, Timestamp};
use platform::Error;
use uuid::Uuid;

use super::keep::seal;
use super::receive::{DOOR, Origin};
use crate::channel::NoticeRefusal;
use crate::store::refused::{self, Refused, Window};
use crate::{App, meters};

/// What a row takes beside its body, so that many small ones fill a window too.
const ROW_BYTES: i64 = 1_024;

/// For so long what is not kept is only counted here.
const TELL_EVERY: Duration = Duration::seconds(1);

/// Windows of which this process knows that they are full: then a refusal costs
/// the database nothing.
#[derive(Debug, Default)]
pub struct Full(Mutex<HashMap<(String, String, &'static str), Closed>>);

#[derive(Debug)]
struct Closed {
    began_at: Timestamp,
    untold: i64,
    told_at: Timestamp,
}

/// What this process knows of a window.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    /// There may be room.
    Nothing,
    Full,
    /// It is full, and so many that were not kept are still to be told.
    FullAndUntold(i64),
}

impl Full {
    /// Asks before something is kept; what will not be kept is counted.
    fn ask(&self, window: Window<'_>, now: Timestamp) -> Known {
        let mut full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(window);
        let Some(closed) = full.get_mut(&key) else {
            return Known::Nothing;
        };
        if closed.began_at != window.began_at {
            full.remove(&key);
            return Known::Nothing;
        }
        closed.untold += 1;
        if now - closed.told_at < TELL_EVERY {
            return Known::Full;
        }
        closed.told_at = now;
        Known::FullAndUntold(std::mem::take(&mut closed.untold))
    }

    fn close(&self, window: Window<'_>, now: Timestamp) {
        let closed = Closed {
            began_at: window.began_at,
            untold: 0,
            told_at: now,
        };
        let mut full = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        full.insert(key(window), closed);
    }
}

fn key(window: Window<'_>) -> (String, String, &'static str) {
    (window.channel.to_owned(), window.merchant.to_owned(), window.why)
}

/// Keeps a refused callback while its window has room.
pub async fn keep_refused(
    app: &App,
    origin: Origin<'_>,
    why: NoticeRefusal,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), Error> {
    let (now, settings) = (app.clock.now(), &app.config.callbacks.refused);
    let window = Window {
        channel: origin.channel,
        merchant: &origin.merchant.name,
        why: why.label(),
        began_at: settings.window_of(now),
    };
    let untold = match app.full.ask(window, now) {
        Known::Nothing => None,
        Known::Full => {
            meters::refused_unkept();
            return Ok(());
        }
        Known::FullAndUntold(count) => Some(count),
    };
    let message = message(headers, body);
    let bytes = i64::try_from(message.len()).unwrap_or(i64::MAX - ROW_BYTES) + ROW_BYTES;
    let mut tx = app.begin_beside(DOOR, &origin.actor()).await?;
    let room = untold.is_none() && refused::take_room(&mut tx, window, bytes, settings.most_bytes).await?;
    if room {
        let (nobody, said) = (PersonId(Uuid::nil()), digest(&SHA256, body));
        let refused = Refused {
            channel: origin.channel,
            merchant: &origin.merchant.name,
            why: why.label(),
            notice_id: None,
            body_digest: said.as_ref(),
            sealed_for: nobody,
            body: seal(app, &mut tx, nobody, "refused_callbacks.body", &message).await?,
            received_at: now,
        };
        refused::keep(&mut tx, &refused).await?;
    } else {
        refused::count_unkept(&mut tx, window, untold.unwrap_or(1)).await?;
    }
    tx.commit().await?;
    if !room {
        meters::refused_unkept();
    }
    if !room && untold.is_none() {
        tracing::error!(
            merchant = origin.merchant.name,
            why = why.label(),
            "refused callbacks are too many to be kept"
        );
        app.full.close(window, now);
    }
    Ok(())
}

/// What a body was judged by, and itself, as they came.
pub fn message(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(body.len() + 512);
    for (name, value) in headers {
        if name.as_str().starts_with("wechatpay-") || name == header::CONTENT_TYPE {
            message.extend_from_slice(name.as_str().as_bytes());
            message.extend_from_slice(b": ");
            message.extend_from_slice(value.as_bytes());
            message.extend_from_slice(b"\r\n");
        }
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(body);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_is_told_at_most_each_second_and_ends_with_its_time() {
        let (full, now) = (Full::default(), Timestamp::UNIX_EPOCH);
        let window = Window {
            channel: "wechat",
            merchant: "house",
            why: "stale",
            began_at: now,
        };
        assert_eq!(full.ask(window, now), Known::Nothing);
        full.close(window, now);
        assert_eq!(full.ask(window, now), Known::Full);
        assert_eq!(full.ask(window, now), Known::Full);
        assert_eq!(full.ask(window, now + TELL_EVERY), Known::FullAndUntold(3));
        assert_eq!(full.ask(window, now + TELL_EVERY), Known::Full);
        let other = Window {
            why: "sealed",
            ..window
        };
        assert_eq!(full.ask(other, now), Known::Nothing);
        let next = Window {
            began_at: now + TELL_EVERY,
            ..window
        };
        assert_eq!(full.ask(next, now + TELL_EVERY), Known::Nothing);
    }
}
