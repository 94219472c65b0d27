use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use kernel::{BadField, Invalid};
use proto::Call;
use tonic::{Request, Response, Status};

use crate::access::Rules;
use crate::telemetry::meters;
use crate::transaction::domain;
use crate::{Caller, Error, Platform};

/// What carries a call out: an async function of the app, the caller and the request.
pub trait Handler<'a, A: 'a, C: Call, R>: Fn(&'a A, &'a Caller, C) -> Self::Answer + Send + Sync {
    type Answer: Future<Output = Result<R, Error>> + Send + 'a;
}

impl<'a, A: 'a, C: Call, R, F, Fut> Handler<'a, A, C, R> for F
where
    F: Fn(&'a A, &'a Caller, C) -> Fut + Send + Sync,
    Fut: Future<Output = Result<R, Error>> + Send + 'a,
{
    type Answer = Fut;
}

/// The answers of a call that streams them.
pub type Answers<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// Answers a call with its handler: checks the field rules of the contract
/// first, and turns what fails into a status. Refusals are logged at info,
/// faults once at error.
pub async fn answer<A, C, H>(
    app: &Arc<A>,
    request: Request<C>,
    handler: H,
) -> Result<Response<C::Reply>, Status>
where
    A: Deref<Target = Platform> + Send + Sync,
    C: Call,
    H: for<'a> Handler<'a, A, C, C::Reply>,
{
    answer_on(app.as_ref(), app, request, handler).await
}

/// As [`answer`], for a call whose answer is a stream.
pub async fn answer_stream<A, C, H, S>(
    app: &Arc<A>,
    request: Request<C>,
    handler: H,
) -> Result<Response<Answers<C::Reply>>, Status>
where
    A: Deref<Target = Platform> + Send + Sync,
    C: Call,
    S: Stream<Item = Result<C::Reply, Error>> + Send + 'static,
    H: for<'a> Handler<'a, A, C, S>,
{
    let name = app.name();
    let answers = answer_on(app.as_ref(), app, request, handler).await?.into_inner();
    let answers = answers.map(move |answer| answer.map_err(|error| failed(name, C::METHOD, &error)));
    Ok(Response::new(Box::pin(answers)))
}

/// As [`answer`], for what platform itself serves.
pub(crate) async fn answer_platform<C, H>(
    platform: &Platform,
    request: Request<C>,
    handler: H,
) -> Result<Response<C::Reply>, Status>
where
    C: Call,
    H: for<'a> Handler<'a, Platform, C, C::Reply>,
{
    answer_on(platform, platform, request, handler).await
}

impl Platform {
    /// How a part of a call that failed by itself is answered: counted and
    /// logged as a call of `C` would be.
    pub fn failed<C: Call>(&self, error: &Error) -> Status {
        failed(self.name(), C::METHOD, error)
    }
}

async fn answer_on<A, C, R, H>(
    app: &A,
    platform: &Platform,
    request: Request<C>,
    handler: H,
) -> Result<Response<R>, Status>
where
    A: Sync,
    C: Call,
    H: for<'a> Handler<'a, A, C, R>,
{
    let (_, mut extensions, message) = request.into_parts();
    let done = match (extensions.remove::<Caller>(), checked(message)) {
        (None, _) => Err(Error::unauthenticated("the call came past the door")),
        (_, Err(error)) => Err(error),
        (Some(caller), Ok(message)) => match noted::<C>(platform, &caller).await {
            Ok(()) => match handler(app, &caller, message).await {
                Ok(reply) => accounted::<C>(platform, &caller).await.map(|()| reply),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        },
    };
    done.map(Response::new)
        .map_err(|error| failed(platform.name(), C::METHOD, &error))
}

/// Keeps who looks at personal data before they see it. What writes leaves its
/// own row in the audit.
async fn noted<C: Call>(platform: &Platform, caller: &Caller) -> Result<(), Error> {
    let rules = Rules::of_house().map_err(|error| Error::Internal(error.to_string()))?;
    match rules.get(C::METHOD) {
        Some(call) if call.rule.personal_data && !call.rule.writes => {
            platform.note_look(caller, "personal data").await
        }
        _ => Ok(()),
    }
}

/// No call that writes is answered without an entry in the audit: what it
/// committed left one, and what committed nothing leaves one now.
async fn accounted<C: Call>(platform: &Platform, caller: &Caller) -> Result<(), Error> {
    let rules = Rules::of_house().map_err(|error| Error::Internal(error.to_string()))?;
    match rules.get(C::METHOD) {
        Some(call) if call.rule.writes && !caller.trail.is_left() => platform.note_trial(caller).await,
        _ => Ok(()),
    }
}

/// The message, if no field breaks a rule of the contract.
fn checked<C: Call>(message: C) -> Result<C, Error> {
    let bad = message.check();
    if bad.is_empty() {
        return Ok(message);
    }
    let bad = bad
        .into_iter()
        .map(|b| BadField::new(b.field, b.description))
        .collect();
    Err(Invalid(bad).into())
}

/// The status of an error, which is counted and logged here and nowhere else.
pub(super) fn failed(service: &str, method: &str, error: &Error) -> Status {
    let domain = domain(service);
    let reason = error.reason().unwrap_or_else(|| "INTERNAL".to_owned());
    meters().refused(&reason);
    let span = tracing::Span::current();
    span.record("reason", reason.as_str());
    if error.is_overload() {
        // As many lines as calls would make it worse; metrics count them.
        tracing::debug!(rpc.method = method, reason, "refused: {error}");
    } else if error.is_refusal() {
        tracing::info!(rpc.method = method, reason, "refused: {error}");
    } else {
        span.record("otel.status_code", "ERROR");
        tracing::error!(
            rpc.method = method,
            error = crate::telemetry::chain(error),
            "a call failed"
        );
    }
    error.to_status(&domain)
}
