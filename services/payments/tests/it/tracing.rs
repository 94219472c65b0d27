use platform::config::{LogFormat, Telemetry as Config};
use platform::telemetry::Telemetry;

use crate::world::World;

/// The callback comes from outside without any trace of ours; it goes on in the
/// attempt's, which the fact then carries to the others.
#[tokio::test]
async fn the_payment_belongs_to_the_trace_in_which_its_attempt_was_started() {
    let config = Config {
        otlp: String::new(),
        log: "off".to_owned(),
        format: LogFormat::Json,
        metric_interval_s: 60,
    };
    let _telemetry = Telemetry::start("payments", &config).unwrap();
    let world = World::open().await;
    world.payment().await;
    let trace = |parent: String| parent.split('-').nth(1).map(str::to_owned);
    let started: String = sqlx::query_scalar("select traceparent from attempts")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let captured: String =
        sqlx::query_scalar("select traceparent from outbox where type = 'payment_captured'")
            .fetch_one(world.it.pool())
            .await
            .unwrap();
    assert!(
        trace(started.clone()).is_some(),
        "an attempt keeps its trace: {started:?}"
    );
    assert_eq!(trace(captured), trace(started));
}
