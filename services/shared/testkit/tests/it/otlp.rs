use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::Value;
use testkit::otlp::Sink;

const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn provider(sink: &Sink, service: &'static str) -> SdkTracerProvider {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(format!("http://{}", sink.otlp_address()))
        .build()
        .unwrap();
    SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(service).build())
        .with_batch_exporter(exporter)
        .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_of_two_services_come_together_in_one_trace() {
    let sink = Sink::start(ANYWHERE, ANYWHERE).await.unwrap();
    let (orders, wallet) = (provider(&sink, "orders"), provider(&sink, "wallet"));
    let root = orders
        .tracer("t")
        .span_builder("orders.start_payment")
        .with_kind(SpanKind::Server);
    let root = Context::new().with_span(root.start_with_context(&orders.tracer("t"), &Context::new()));
    let trace_id = root.span().span_context().trace_id().to_string();
    let child = wallet
        .tracer("t")
        .span_builder("wallet.spend")
        .with_attributes([KeyValue::new("wallet.id", "w1"), KeyValue::new("attempt", 2)])
        .start_with_context(&wallet.tracer("t"), &root);
    let child = root.with_span(child);
    child.span().set_status(Status::error("frozen"));
    child.span().end();
    root.span().end();
    tokio::task::spawn_blocking(move || {
        orders.shutdown().unwrap();
        wallet.shutdown().unwrap();
    })
    .await
    .unwrap();

    let spans = sink
        .wait(&trace_id, Duration::from_secs(10), |spans| spans.len() == 2)
        .await
        .unwrap();
    let (root, child) = (&spans[0], &spans[1]);
    assert_eq!(
        (root.service.as_str(), root.name.as_str(), root.kind),
        ("orders", "orders.start_payment", "server")
    );
    assert_eq!(child.parent_span_id, root.span_id);
    assert_eq!(
        (
            child.attributes["wallet.id"].as_str(),
            child.attributes["attempt"].as_i64()
        ),
        (Some("w1"), Some(2))
    );
    assert!(child.error && !root.error);

    let get = async |path: &str| -> Value {
        reqwest::get(format!("http://{}{path}", sink.http_address()))
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let list = get("/traces?service=wallet").await;
    assert_eq!(list["traces"][0]["trace_id"], trace_id.as_str());
    assert_eq!(
        list["traces"][0]["services"],
        serde_json::json!(["orders", "wallet"])
    );
    assert_eq!(
        get(&format!("/traces/{trace_id}")).await["spans"][1]["name"],
        "wallet.spend"
    );
    assert_eq!(
        get("/traces?service=refunds").await["traces"],
        serde_json::json!([])
    );
}
