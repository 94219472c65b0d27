//! What members measures beside what platform measures for every service.

use std::sync::OnceLock;

use chrono::Duration;
use opentelemetry::metrics::{Counter, Histogram};

struct Meters {
    entitled_ms: Histogram<u64>,
    entitled_late: Counter<u64>,
}

fn meters() -> &'static Meters {
    static METERS: OnceLock<Meters> = OnceLock::new();
    METERS.get_or_init(|| {
        let meter = opentelemetry::global::meter("members");
        Meters {
            entitled_ms: meter
                .u64_histogram("members_paid_to_entitled_ms")
                .with_description("From payment to an open card, in milliseconds")
                .with_boundaries(vec![
                    250.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 30_000.0, 60_000.0, 300_000.0,
                ])
                .build(),
            entitled_late: meter
                .u64_counter("members_entitled_late_total")
                .with_description("Cards that opened later after payment than promised")
                .build(),
        }
    })
}

/// A card opened this long after its payment; `within` is what is promised.
pub fn entitled(after: Duration, within: Duration) {
    let meters = meters();
    meters
        .entitled_ms
        .record(u64::try_from(after.num_milliseconds()).unwrap_or_default(), &[]);
    if after > within {
        meters.entitled_late.add(1, &[]);
        tracing::warn!(
            entitled.after_ms = after.num_milliseconds(),
            "a card opened late after its payment"
        );
    }
}
