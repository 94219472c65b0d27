//! What members measures beside what platform measures for every service.

use std::sync::OnceLock;

use chrono::Duration;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

struct Meters {
    entitled_ms: Histogram<u64>,
    entitled_late: Counter<u64>,
    grants_due: Gauge<i64>,
    grants_unused: Gauge<i64>,
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
            grants_due: meter
                .i64_gauge("members_grants_due")
                .with_description("Roles that nobody certified in time, as of the last daily review")
                .build(),
            grants_unused: meter
                .i64_gauge("members_grants_unused")
                .with_description("Roles that no token carried for long, as of the last daily review")
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

/// How the rights stand: roles to be certified, and roles that nobody uses.
pub fn grants(due: i64, unused: i64) {
    let meters = meters();
    meters.grants_due.record(due, &[]);
    meters.grants_unused.record(unused, &[]);
}

#[cfg(test)]
mod tests {
    use platform::config;
    use platform::telemetry::Telemetry;

    use super::*;

    #[tokio::test]
    async fn the_time_from_paid_to_entitled_is_measured_and_late_cards_are_counted() {
        let settings = config::Telemetry {
            otlp: String::new(),
            log: "off".to_owned(),
            format: config::LogFormat::Text,
            metric_interval_s: 60,
        };
        let telemetry = Telemetry::start("members", &settings).unwrap();
        entitled(Duration::milliseconds(300), Duration::seconds(60));
        entitled(Duration::seconds(61), Duration::seconds(60));
        let shown = telemetry.scrape().unwrap();
        let line = |name: &str| {
            shown
                .lines()
                .find(|line| line.starts_with(name))
                .map(str::to_owned)
        };
        assert!(
            line("members_paid_to_entitled_ms_count").unwrap().ends_with(" 2"),
            "{shown}"
        );
        assert!(
            line("members_entitled_late_total").unwrap().ends_with(" 1"),
            "{shown}"
        );
    }
}
