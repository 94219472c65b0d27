use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::metrics::{Counter, Gauge, Histogram, UpDownCounter};
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
    pub feed_lag_ms: Gauge<u64>,
    pub feed_diverged: Gauge<u64>,
    pub feed_kept_days: Gauge<u64>,
    pub inbox_parked: Gauge<u64>,
    pub parked: Gauge<u64>,
    pub redis_away: Gauge<u64>,
    pub connections: UpDownCounter<i64>,
    in_flight: UpDownCounter<i64>,
    wait_ms: Histogram<u64>,
    shed: Counter<u64>,
    pub audit_unwitnessed_ms: Gauge<u64>,
    pub audit_conflicts: Gauge<u64>,
    pub violations: Gauge<u64>,
    pub imbalance: Gauge<u64>,
    pub checked_age_s: Gauge<u64>,
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
        feed_lag_ms: meter
            .u64_gauge("studio_feed_lag_ms")
            .with_description("how long the oldest fact of a source has waited to be applied")
            .build(),
        feed_diverged: meter
            .u64_gauge("studio_feed_diverged")
            .with_description(
                "sources that are not followed because their history parted from what was applied",
            )
            .build(),
        feed_kept_days: meter
            .u64_gauge("studio_feed_kept_days")
            .with_description("age of the oldest fact that is kept whole")
            .build(),
        inbox_parked: meter
            .u64_gauge("studio_inbox_parked")
            .with_description("facts of a source that wait for a person")
            .build(),
        parked: meter
            .u64_gauge("studio_parked")
            .with_description("what waits for a person, by kind")
            .build(),
        redis_away: meter
            .u64_gauge("studio_redis_away")
            .with_description("1 while callers are measured without Redis")
            .build(),
        connections: meter
            .i64_up_down_counter("studio_connections")
            .with_description("connections to the gRPC door")
            .build(),
        in_flight: meter
            .i64_up_down_counter("studio_in_flight")
            .with_description("places taken, by kind of place and class of call")
            .build(),
        wait_ms: meter
            .u64_histogram("studio_wait_ms")
            .with_description("milliseconds a call waited for a place, by kind of place and class of call")
            .with_boundaries(vec![0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0])
            .build(),
        shed: meter
            .u64_counter("studio_shed")
            .with_description("calls refused because there were too many, by class and limit")
            .build(),
        audit_unwitnessed_ms: meter
            .u64_gauge("studio_audit_unwitnessed_ms")
            .with_description("age of the oldest audit entry that no witness can hold")
            .build(),
        audit_conflicts: meter
            .u64_gauge("studio_audit_conflicts")
            .with_description("heads of others that contradict what was witnessed here")
            .build(),
        violations: meter
            .u64_gauge("studio_invariant_violations")
            .with_description("rows that broke an invariant at the last daily check")
            .build(),
        imbalance: meter
            .u64_gauge("studio_ledger_imbalance_fen")
            .with_description("by how much kept balances differ from their transfers, in fen")
            .build(),
        checked_age_s: meter
            .u64_gauge("studio_checked_age_s")
            .with_description("seconds since the daily checks ran")
            .build(),
    }
}

impl Meters {
    pub(crate) fn refused(&self, reason: &str) {
        self.refusals
            .add(1, &[KeyValue::new("reason", reason.to_owned())]);
    }

    /// A call of `class` took a place `of` a kind.
    pub(crate) fn entered(&self, of: &'static str, class: &'static str, waited: Duration) {
        let labels = [KeyValue::new("of", of), KeyValue::new("class", class)];
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.wait_ms.record(ms, &labels);
        self.in_flight.add(1, &labels);
    }

    pub(crate) fn left(&self, of: &'static str, class: &'static str) {
        let labels = [KeyValue::new("of", of), KeyValue::new("class", class)];
        self.in_flight.add(-1, &labels);
    }

    pub(crate) fn shed(&self, class: &'static str, limit: &'static str) {
        let labels = [KeyValue::new("class", class), KeyValue::new("limit", limit)];
        self.shed.add(1, &labels);
    }
}
