use std::time::Duration;

use kernel::fresh_uuid;
use platform::config::{LogFormat, Telemetry as Config};
use platform::telemetry::Telemetry;
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::SetClockRequest;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use proto::studio::payments::v1::PaymentsEvent;
use testkit::otlp::Sink;
use testkit::{At, Identity, Running};
use tonic::Request;

use crate::toy::Toy;

/// A trace of its own for every test, as a caller would begin it.
fn begun() -> (String, String) {
    let trace = fresh_uuid().simple().to_string();
    (trace.clone(), format!("00-{trace}-b7ad6b7169203331-01"))
}

async fn sink() -> (Sink, Telemetry) {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let sink = Sink::start(any, any).await.unwrap();
    let config = Config {
        otlp: format!("http://{}", sink.otlp_address()),
        log: "off".to_owned(),
        format: LogFormat::Json,
        metric_interval_s: 1,
    };
    let telemetry = Telemetry::start("orders", &config).unwrap();
    (sink, telemetry)
}

/// One test, because a process has one set of exporters.
#[tokio::test(flavor = "multi_thread")]
async fn calls_and_facts_continue_the_trace_they_came_with_and_nothing_personal_leaves() {
    let (sink, telemetry) = sink().await;
    let it = Running::<Toy>::start_with("clock.movable = true").await;

    let (call, traceparent) = begun();
    let who = Identity::staff(Role::Operations, At::Everywhere);
    let person = who.person().to_string();
    let mut request = Request::new(SetClockRequest {
        request_id: fresh_uuid().to_string(),
        offset_ms: 0,
    });
    request
        .metadata_mut()
        .insert("traceparent", traceparent.parse().unwrap());
    OperationsServiceClient::new(it.door(who))
        .set_clock(request)
        .await
        .unwrap();
    let spans = sink
        .wait(&call, Duration::from_secs(10), |spans| !spans.is_empty())
        .await
        .unwrap();
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(
        (span.name.as_str(), span.service.as_str(), span.kind),
        ("operations.set_clock", "orders", "server")
    );
    assert_eq!(span.parent_span_id, "b7ad6b7169203331");
    assert_eq!(span.attributes["person.id"], person);
    assert_eq!(span.attributes["rpc.grpc.status_code"], 0);

    let (fact, traceparent) = begun();
    let mut envelope = it.fact(1, fresh_uuid(), 1, &PaymentsEvent::default());
    envelope.traceparent = traceparent;
    it.deliver("payments", &envelope).await.unwrap();
    let trace_of_audit: String = sqlx::query_scalar("select trace_id from audit where rpc like '%SetClock'")
        .fetch_one(it.pool())
        .await
        .unwrap();
    assert_eq!(trace_of_audit, call);
    assert!(
        sink.wait(&fact, Duration::from_secs(10), |spans| spans.len() == 1)
            .await
            .is_some()
    );

    let scraped = telemetry.scrape().unwrap();
    assert!(scraped.contains("studio_calls_total"), "{scraped}");
    assert!(scraped.contains(r#"method="operations.set_clock""#), "{scraped}");
}
