//! What members measures beside what platform measures for every service.

use std::sync::OnceLock;

use chrono::Duration;
use kernel::Timestamp;
use opentelemetry::metrics::{Counter, Gauge, Histogram};

struct Meters {
    entitled_ms: Histogram<u64>,
    entitled_late: Counter<u64>,
    grants_due: Gauge<i64>,
    grants_unused: Gauge<i64>,
    grants_reviewed_s: Gauge<i64>,
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
            grants_reviewed_s: meter
                .i64_gauge("members_grants_reviewed_s")
                .with_description("When this process last reviewed the roles, in seconds since 1970")
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

/// How the rights stood at `now`: roles to be certified, and roles that nobody
/// uses. One of the processes reviews a day, so of all their figures only the
/// latest counts.
pub fn grants(due: i64, unused: i64, now: Timestamp) {
    let meters = meters();
    meters.grants_due.record(due, &[]);
    meters.grants_unused.record(unused, &[]);
    meters.grants_reviewed_s.record(now.timestamp(), &[]);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

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
        every_figure_of_the_review_is_in_an_alert(&telemetry);
    }

    /// Part of the test above: the meters of a process are made once.
    fn every_figure_of_the_review_is_in_an_alert(telemetry: &Telemetry) {
        grants(3, 2, "2026-11-22T12:00:00Z".parse().unwrap());
        let shown = telemetry.scrape().unwrap();
        let figures: BTreeSet<&str> = shown
            .lines()
            .filter(|line| line.starts_with("members_grants_"))
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        assert_eq!(figures.len(), 3, "{shown}");

        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/observability");
        let alerts = fs::read_to_string(folder.join("alerts.yaml")).unwrap();
        for figure in figures {
            assert!(
                alerts.contains(&format!("{figure}[26h]")),
                "no alert over {figure}"
            );
        }
        let runbooks = fs::read_to_string(folder.join("runbooks.md")).unwrap();
        for alert in alerts.lines().filter_map(|line| line.split_once("alert: Grants")) {
            assert!(
                runbooks.contains(&format!("\n## Grants{}\n", alert.1)),
                "{alert:?}"
            );
        }
    }
}
