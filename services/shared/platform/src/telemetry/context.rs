use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

const TRACEPARENT: &str = "traceparent";

/// The current trace as a W3C `traceparent`, to be kept in whatever waits: a
/// fact, a task, a row that waits for the outside. Empty outside of a trace.
pub fn current_traceparent() -> String {
    let mut carrier = One(String::new());
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.0
}

/// The id of the current trace in hex, empty outside of one.
pub fn current_trace_id() -> String {
    let context = Span::current().context();
    let id = context.span().span_context().trace_id();
    if id == TraceId::INVALID {
        String::new()
    } else {
        id.to_string()
    }
}

/// Makes `span` a part of a trace that was kept. Call it before the span is
/// entered. An empty or broken `traceparent` starts a trace of its own.
pub fn continue_trace(span: &Span, traceparent: &str) {
    adopt(
        span,
        &TraceContextPropagator::new().extract(&One(traceparent.to_owned())),
    );
}

/// Links `span` to another trace that it has to do with, and stays where it is.
pub fn link_trace(span: &Span, traceparent: &str) {
    let context = TraceContextPropagator::new().extract(&One(traceparent.to_owned()));
    let other = context.span().span_context().clone();
    if other.is_valid() {
        span.add_link(other);
    }
}

/// Makes `span` a part of the caller's trace.
pub(crate) fn continue_headers(span: &Span, headers: &HeaderMap) {
    adopt(span, &TraceContextPropagator::new().extract(&Headers(headers)));
}

/// Tells a peer of the current trace.
pub(crate) fn inject(headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut HeadersMut(headers));
}

fn adopt(span: &Span, context: &Context) {
    // A span that nobody records has no parent to be set; there is nothing to tell.
    if context.span().span_context().is_valid()
        && let Err(unset) = span.set_parent(context.clone())
    {
        tracing::trace!(%unset, "a span stays without its parent");
    }
}

/// A carrier of nothing but the `traceparent`.
struct One(String);

impl Injector for One {
    fn set(&mut self, key: &str, value: String) {
        if key == TRACEPARENT {
            self.0 = value;
        }
    }
}

impl Extractor for One {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT && !self.0.is_empty()).then_some(self.0.as_str())
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use proptest::prelude::*;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    const KEPT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn recorded(run: impl FnOnce()) {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), run);
    }

    #[test]
    fn a_span_continues_the_trace_that_was_kept() {
        recorded(|| {
            let span = tracing::info_span!("later");
            continue_trace(&span, KEPT);
            let _inside = span.enter();
            assert_eq!(current_trace_id(), "0af7651916cd43dd8448eb211c80319c");
            assert!(current_traceparent().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
            assert_ne!(current_traceparent(), KEPT);
        });
    }

    #[test]
    fn a_broken_traceparent_starts_a_trace_of_its_own() {
        recorded(|| {
            let span = tracing::info_span!("later");
            continue_trace(&span, "nonsense");
            let _inside = span.enter();
            assert_eq!(current_traceparent().len(), KEPT.len());
        });
    }

    #[test]
    fn outside_of_a_trace_there_is_nothing_to_keep() {
        assert_eq!(current_traceparent(), "");
        assert_eq!(current_trace_id(), "");
    }

    #[test]
    fn headers_carry_the_trace_to_a_peer() {
        recorded(|| {
            let span = tracing::info_span!("call");
            let _inside = span.enter();
            let mut headers = HeaderMap::new();
            inject(&mut headers);
            assert_eq!(
                headers.get(TRACEPARENT).unwrap().to_str().unwrap(),
                current_traceparent()
            );
        });
    }

    proptest! {
        #[test]
        fn no_text_for_a_traceparent_breaks_anything(text in "\\PC{0,40}|(00|ff|zz)-[0-9a-fA-F]{0,40}-[0-9a-f]{0,20}-?.{0,4}") {
            recorded(|| {
                let span = tracing::info_span!("later");
                continue_trace(&span, &text);
                link_trace(&span, &text);
                let _inside = span.enter();
                assert_eq!(current_traceparent().len(), KEPT.len());
            });
        }
    }
}
