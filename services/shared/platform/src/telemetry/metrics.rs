use std::sync::{PoisonError, RwLock};

use opentelemetry::metrics::{Counter, Gauge, Histogram};
use opentelemetry::{KeyValue, global};

/// What platform measures for every service.
pub struct Meters {
    pub calls: Counter<u64>,
    pub call_ms: Histogram<u64>,
    pub refusals: Counter<u64>,
    pub outgoing: Counter<u64>,
    pub retries: Counter<u64>,
    pub outbox_age_ms: Gauge<u64>,
    pub inbox_lag: Gauge<u64>,
    pub parked: Gauge<u64>,
}

static METERS: RwLock<Option<&'static Meters>> = RwLock::new(None);

/// The meters of this process.
pub(crate) fn meters() -> &'static Meters {
    let made = *METERS.read().unwrap_or_else(PoisonError::into_inner);
    made.unwrap_or_else(renew)
}

/// Makes the meters anew: those that were made before measuring was set up
/// lead nowhere.
pub(super) fn renew() -> &'static Meters {
    let made: &'static Meters = Box::leak(Box::new(make()));
    *METERS.write().unwrap_or_else(PoisonError::into_inner) = Some(made);
    made
}

fn make() -> Meters {
    let meter = global::meter("studio");
    Meters {
        calls: meter
            .u64_counter("studio_calls")
            .with_description("calls served, by method and code")
            .build(),
        call_ms: meter
            .u64_histogram("studio_call_ms")
            .with_description("milliseconds a call took, by method")
            .with_boundaries(vec![
                1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 3000.0, 10000.0,
            ])
            .build(),
        refusals: meter
            .u64_counter("studio_refusals")
            .with_description("refusals, by reason")
            .build(),
        outgoing: meter
            .u64_counter("studio_outgoing")
            .with_description("calls made, by peer and code")
            .build(),
        retries: meter
            .u64_counter("studio_retries")
            .with_description("calls made again, by peer")
            .build(),
        outbox_age_ms: meter
            .u64_gauge("studio_outbox_age_ms")
            .with_description("age of the oldest fact without a number")
            .build(),
        inbox_lag: meter
            .u64_gauge("studio_inbox_lag")
            .with_description("facts behind a source")
            .build(),
        parked: meter
            .u64_gauge("studio_parked")
            .with_description("what waits for a person, by kind")
            .build(),
    }
}

/// Measures how many facts of `source` wait to be applied.
pub(crate) fn behind(source: &'static str, facts: i64) {
    let facts = u64::try_from(facts).unwrap_or_default();
    meters()
        .inbox_lag
        .record(facts, &[KeyValue::new("source", source)]);
}

impl Meters {
    pub(crate) fn refused(&self, reason: &str) {
        self.refusals
            .add(1, &[KeyValue::new("reason", reason.to_owned())]);
    }
}
