//! How much is served at once, and to whom: places by class of call, so that
//! money goes on while reports wait, and a measure for every caller. Whatever
//! is too much is refused at once and told when to come back; nothing queues
//! without a bound.

mod bucket;
mod callers;
mod class;
mod rooms;
mod shared;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::Clock;

use crate::Error;
use crate::telemetry::meters;

pub(crate) use bucket::Measure;
pub(crate) use callers::{Callers, Payer};
pub use class::Class;
pub(crate) use rooms::{Place, Rooms};

/// How often a log says that calls are refused; metrics count each.
const TELL: u64 = 10_000;

/// Why a call is not served now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// As many calls of its class wait as may.
    Queue,
    /// No place became free in time.
    Calls,
    /// No connection to the database became free in time.
    Connections,
    /// As many answers are streams as may be.
    Streams,
    /// The caller asks for more than their measure.
    Caller,
}

impl Shed {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Calls => "calls",
            Self::Connections => "connections",
            Self::Streams => "streams",
            Self::Caller => "caller",
        }
    }

    /// The refusal, counted here and nowhere else.
    pub(crate) fn refuse(self, class: Class, retry_after: Duration) -> Error {
        meters().shed(class.word(), self.word());
        tell(class, self);
        Error::overloaded(retry_after, self.word())
    }
}

/// Says now and then that calls are refused.
fn tell(class: Class, why: Shed) {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(Clock::real().timestamp_millis()).unwrap_or_default();
    let told = TOLD.load(Ordering::Relaxed);
    let due = now.saturating_sub(told) >= TELL;
    if due
        && TOLD
            .compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    {
        tracing::warn!(
            class = class.word(),
            limit = why.word(),
            "calls are refused because there are too many"
        );
    }
}
