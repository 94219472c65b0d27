use kernel::Clock;
use platform::Error;

use crate::App;
use crate::breakers::Permit;
use crate::channel::{Counter, PayerCode};
use crate::domain::attempt::Attempt;
use crate::domain::evidence::Evidence;
use crate::evidence::apply_channel_evidence;
use crate::store::callback::Source;

/// A desk that nobody named.
const DESK: &str = "desk";

/// What the audit calls the answer to a charge.
const DOOR: &str = "charge";

/// Sends the code that a payer shows, once: under an attempt that is durable,
/// with no transaction open, from memory alone. Whoever dies here takes the code
/// along; the resolver then asks what became of it, and reverses it.
pub async fn charge(
    app: &App,
    attempt: &Attempt,
    (code, permit): (PayerCode, Permit),
    device: &str,
) -> Result<(), Error> {
    let channel = app.channel_of(attempt)?;
    let counter = Counter {
        studio: attempt.studio_id,
        device: if device.is_empty() { DESK } else { device }.to_owned(),
    };
    let began = Clock::real();
    let outcome = channel.charge(&attempt.order(), &code, &counter).await;
    drop(code);
    permit.heard(&outcome);
    let took_ms = (Clock::real() - began).num_milliseconds();
    tracing::info!(attempt.id = %attempt.id, took_ms, "charged the code that a payer shows");
    let Some(evidence) = Evidence::of_charge(outcome) else {
        tracing::warn!(attempt.id = %attempt.id, "what became of a charge is unknown; it is asked about");
        return Ok(());
    };
    let actor = format!("channel:{} for {}", attempt.method.channel(), attempt.merchant);
    let mut tx = app.begin_beside(DOOR, &actor).await?;
    apply_channel_evidence(app, &mut tx, attempt.id, &evidence, Source::Query).await?;
    tx.commit().await
}
