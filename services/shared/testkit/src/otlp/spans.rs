//! Spans as they are shown, read from OTLP.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span as Raw};
use serde::Serialize;
use serde_json::{Value, json};

/// One span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Span {
    pub service: String,
    pub name: String,
    pub span_id: String,
    /// Empty at the root.
    pub parent_span_id: String,
    /// `server`, `client`, `internal`, `producer` or `consumer`.
    pub kind: &'static str,
    /// Microseconds since 1970.
    pub start_us: u64,
    /// Microseconds since 1970.
    pub end_us: u64,
    pub error: bool,
    pub status_message: String,
    pub attributes: BTreeMap<String, Value>,
    pub links: Vec<Link>,
}

/// A pointer to a span elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    pub trace_id: String,
    pub span_id: String,
}

/// A trace in one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    pub trace_id: String,
    /// Name of the earliest span.
    pub name: String,
    pub services: BTreeSet<String>,
    pub spans: usize,
    pub start_us: u64,
    pub duration_us: u64,
    pub error: bool,
}

impl Summary {
    pub(super) fn of(trace_id: &str, spans: &[Span]) -> Self {
        let first = spans
            .iter()
            .min_by_key(|s| (s.start_us, !s.parent_span_id.is_empty()));
        let end = spans.iter().map(|s| s.end_us).max().unwrap_or_default();
        let start = first.map(|s| s.start_us).unwrap_or_default();
        Self {
            trace_id: trace_id.to_owned(),
            name: first.map(|s| s.name.clone()).unwrap_or_default(),
            services: spans.iter().map(|s| s.service.clone()).collect(),
            spans: spans.len(),
            start_us: start,
            duration_us: end.saturating_sub(start),
            error: spans.iter().any(|s| s.error),
        }
    }
}

/// Every span with the id of its trace.
pub(super) fn read(resources: Vec<ResourceSpans>) -> Vec<(String, Span)> {
    let mut all = Vec::new();
    for resource in resources {
        let attributes = map(resource.resource.map(|r| r.attributes).unwrap_or_default());
        let service = attributes
            .get("service.name")
            .and_then(Value::as_str)
            .unwrap_or("unknown")
            .to_owned();
        for scope in resource.scope_spans {
            all.extend(
                scope
                    .spans
                    .into_iter()
                    .map(|raw| (hex::encode(&raw.trace_id), span(&service, raw))),
            );
        }
    }
    all
}

fn span(service: &str, raw: Raw) -> Span {
    let kind = match raw.kind() {
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal | SpanKind::Unspecified => "internal",
    };
    let status = raw.status.unwrap_or_default();
    let link = |trace: &[u8], span: &[u8]| Link {
        trace_id: hex::encode(trace),
        span_id: hex::encode(span),
    };
    Span {
        service: service.to_owned(),
        name: raw.name,
        span_id: hex::encode(&raw.span_id),
        parent_span_id: hex::encode(&raw.parent_span_id),
        kind,
        start_us: raw.start_time_unix_nano / 1000,
        end_us: raw.end_time_unix_nano / 1000,
        error: status.code() == StatusCode::Error,
        status_message: status.message,
        attributes: map(raw.attributes),
        links: raw.links.iter().map(|l| link(&l.trace_id, &l.span_id)).collect(),
    }
}

fn map(attributes: Vec<KeyValue>) -> BTreeMap<String, Value> {
    attributes
        .into_iter()
        .map(|pair| (pair.key, value(pair.value)))
        .collect()
}

fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(yes)) => json!(yes),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => json!(number),
        Some(Any::ArrayValue(array)) => array.values.into_iter().map(|v| value(Some(v))).collect(),
        Some(Any::KvlistValue(list)) => json!(map(list.values)),
        Some(Any::BytesValue(bytes)) => json!(hex::encode(bytes)),
        _ => Value::Null,
    }
}
