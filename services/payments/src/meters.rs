//! What payments counts beside what platform measures for every service. Each of
//! these waits for a person, so each growth is a reason for an alarm.

use std::sync::OnceLock;

use opentelemetry::metrics::Counter;

struct Meters {
    hanging: Counter<u64>,
}

fn meters() -> &'static Meters {
    static METERS: OnceLock<Meters> = OnceLock::new();
    METERS.get_or_init(|| {
        let meter = opentelemetry::global::meter("payments");
        Meters {
            hanging: meter
                .u64_counter("payments_refunds_abnormal")
                .with_description(
                    "Refunds, and returns of isolated money, found waiting for a person at the channel",
                )
                .build(),
        }
    })
}

/// Money on its way back waits for a person at the channel.
pub fn refund_hangs() {
    meters().hanging.add(1, &[]);
}
