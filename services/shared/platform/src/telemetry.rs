//! Logs, traces and metrics, set up once a process. Nothing that a message
//! holds leaves by any of them: spans carry ids and nothing else.

mod allow;
mod context;
mod metrics;

use std::error::Error as StdError;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, Telemetry as Config};

pub(crate) use context::{continue_headers, inject};
pub use context::{continue_trace, current_trace_id, current_traceparent, link_trace};
pub use metrics::Meters;
pub(crate) use metrics::meters;

/// Soon enough that whoever just did something finds its trace.
const SEND_EVERY: Duration = Duration::from_millis(500);

/// Holds the exporters of a process; [`Telemetry::flush`] sends what is left.
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    registry: prometheus::Registry,
}

impl Telemetry {
    /// Sets logs, traces and metrics up for the whole process. A second call
    /// in one process keeps the first one's logs and traces.
    pub fn start(service: &'static str, config: &Config) -> anyhow::Result<Self> {
        Self::start_writing(service, config, std::io::stderr)
    }

    /// As [`Telemetry::start`], with logs that go somewhere else than to stderr.
    pub fn start_writing(
        service: &'static str,
        config: &Config,
        writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let resource = Resource::builder()
            .with_service_name(service)
            .with_attribute(KeyValue::new("service.namespace", "studio"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(
                "service.instance.id",
                kernel::fresh_uuid().to_string(),
            ))
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        let traces = traces(config, resource.clone())?;
        let registry = prometheus::Registry::new();
        let metrics = metrics(config, resource, &registry)?;
        global::set_tracer_provider(traces.clone());
        global::set_meter_provider(metrics.clone());
        metrics::renew();
        let spans = tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("studio"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(spans_of_ours());
        let logs = logs(config, writer).with_filter(EnvFilter::try_new(&config.log)?);
        // In tests several services share a process, and its logs belong to the first of them.
        if let Err(taken) = Registry::default().with(spans).with(logs).try_init() {
            tracing::debug!(%taken, "logs were set up before");
        }
        Ok(Self {
            traces,
            metrics,
            registry,
        })
    }

    /// Everything that is measured, in the text format of Prometheus.
    pub fn scrape(&self) -> anyhow::Result<String> {
        Ok(prometheus::TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }

    /// Sends what was not sent yet and ends the exporters.
    pub fn flush(&self) {
        for (what, result) in [
            ("traces", self.traces.shutdown()),
            ("metrics", self.metrics.shutdown()),
        ] {
            if let Err(error) = result {
                tracing::warn!(
                    error = crate::telemetry::chain(&error),
                    what,
                    "the last telemetry may be lost"
                );
            }
        }
    }
}

/// A fixed filter, which costs nothing each time a span is entered.
fn spans_of_ours() -> Targets {
    ["h2", "hyper", "tonic", "tower", "sqlx", "opentelemetry"]
        .into_iter()
        .fold(
            Targets::new().with_default(LevelFilter::INFO),
            |targets, other| targets.with_target(other, LevelFilter::OFF),
        )
}

fn logs<S>(
    config: &Config,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    match config.format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(writer).boxed(),
    }
}

fn traces(config: &Config, resource: Resource) -> anyhow::Result<SdkTracerProvider> {
    let builder = SdkTracerProvider::builder().with_resource(resource);
    if config.otlp.is_empty() {
        return Ok(builder.build());
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp)
        .with_timeout(Duration::from_secs(5))
        .build()?;
    let often = BatchConfigBuilder::default()
        .with_scheduled_delay(SEND_EVERY)
        .build();
    let batches = BatchSpanProcessor::builder(allow::Allowed(exporter)).with_batch_config(often);
    Ok(builder.with_span_processor(batches.build()).build())
}

fn metrics(
    config: &Config,
    resource: Resource,
    registry: &prometheus::Registry,
) -> anyhow::Result<SdkMeterProvider> {
    let scraped = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()?;
    let builder = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(scraped);
    if config.otlp.is_empty() {
        return Ok(builder.build());
    }
    let exporter = opentelemetry_otlp::MetricExporter::builder()
        .with_tonic()
        .with_endpoint(&config.otlp)
        .with_timeout(Duration::from_secs(5))
        .build()?;
    let every = Duration::from_secs(config.metric_interval_s.max(1));
    Ok(builder
        .with_reader(PeriodicReader::builder(exporter).with_interval(every).build())
        .build())
}

/// An error with its causes on one line, for people who operate. Values that a
/// database names in details stay out: they may be personal data.
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
