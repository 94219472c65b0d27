use super::Desk;
use crate::failure::Failure;
use crate::sinks;
use crate::trace::{Span, draw, services};

/// Draws a trace that the local receiver has.
pub async fn run(desk: &Desk, id: &str) -> Result<(), Failure> {
    let missing = || {
        Failure::new(format!("the trace receiver has no trace {id}"))
            .hint("spans arrive a few seconds after the call; the receiver keeps recent traces only")
    };
    let trace = sinks::trace(desk.house.addresses(), id)
        .await?
        .ok_or_else(missing)?;
    let spans: Vec<Span> = serde_json::from_value(trace["spans"].clone())
        .map_err(|e| Failure::new(format!("the trace cannot be read: {e}")))?;
    desk.output.value(&trace, || {
        let services: Vec<String> = services(&spans).into_iter().collect();
        format!(
            "trace {id}: {} spans in {}\n{}",
            spans.len(),
            services.join(", "),
            draw(&spans)
        )
    });
    Ok(())
}
