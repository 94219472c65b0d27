use kernel::{AttemptId, BadField, Clock, IntentId};
use platform::{Caller, Claim, Error, NewTask, WriteTx, telemetry};
use proto::studio::payments::v1 as pb;

use super::payer::{self, Payer};
use super::{gate, limits};
use crate::api::intent::cancel::close;
use crate::breakers::Permit;
use crate::domain::attempt::{Attempt, Life, State};
use crate::domain::intent::Intent;
use crate::domain::route::{Over, Route, Wanted};
use crate::domain::schedule::next_look;
use crate::domain::{Method, Refusal, Way};
use crate::merchants::Merchant;
use crate::reactions::attempt::charge::charge;
use crate::reactions::attempt::open::PAYER;
use crate::reactions::kinds;
use crate::{App, store, wire};

/// Opens a QR for an intent, or a payment in the app. The attempt and the task
/// that asks the channel are durable first; then the call waits a moment for what
/// the task finds. A shown code is charged by the call itself that recorded the
/// attempt, and by no other.
#[tracing::instrument(name = "payments.start_attempt", skip_all, fields(intent.id = %request.intent_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::StartAttemptRequest,
) -> Result<pb::StartAttemptResponse, Error> {
    let id = IntentId::parse("intent_id", &request.intent_id)?;
    let asked = Asked {
        method: wire::method(request.method()).ok_or_else(|| BadField::new("method", "is required"))?,
        device: &request.device,
        client: &request.client,
    };
    let payer = payer::of(asked.method, &request)?;
    let reply = match app.claim(caller, &request).await? {
        Claim::Fresh(mut tx) => {
            let (attempt, permit) = match start(app, &mut tx, id, asked, &payer).await? {
                Started::Open(attempt) => (attempt, None),
                Started::New(attempt, permit) => (attempt, permit),
                Started::Blocked(refusal) => return Err(tx.commit_refusal(refusal).await),
            };
            let reply = pb::StartAttemptResponse {
                attempt: Some(wire::attempt(&attempt)),
            };
            let reply = tx.commit(reply).await?;
            if let (Payer::Shows(code), Some(permit)) = (payer, permit) {
                charge(app, &attempt, (code, permit), &request.device).await?;
            }
            reply
        }
        Claim::Repeat(reply) => reply,
    };
    wait_for_channel(app, caller, reply).await
}

/// What somebody asks for who stands before an intent.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: Method,
    device: &'a str,
    client: &'a str,
}

/// What became of asking for an attempt.
enum Started {
    /// One was open, or is being closed.
    Open(Attempt),
    /// With the right to charge, when it is to be charged.
    New(Attempt, Option<Permit>),
    /// A limit is reached; that is recorded and has to last.
    Blocked(Refusal),
}

/// The attempt that is open, or a new one. An open one by another method has to
/// end first: it is closed, and answered as it ends.
async fn start(
    app: &App,
    tx: &mut WriteTx,
    id: IntentId,
    asked: Asked<'_>,
    payer: &Payer,
) -> Result<Started, Error> {
    let method = asked.method;
    let intent = store::intent::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    let life = method.life(app.config.attempts.life());
    let expire_at = intent.attempt_until(app.clock.now(), life)?;
    let open = Intent::attempt_under_way(store::attempt::live(tx, id).await?)?;
    if let Some(same) = open.as_ref().filter(|open| open.method == method) {
        return Ok(Started::Open(same.clone()));
    }
    let (merchant, route) = collecting(app, tx, &intent, asked).await?;
    let permit = gate::pass(app, tx, &intent, merchant, method).await?;
    if let Some(another) = open {
        return Ok(Started::Open(close(tx, another).await?));
    }
    // the channel knows real time only, and must be told the same on every retry
    let channel_expire_at = expire_at - chrono::Duration::milliseconds(app.clock.offset_ms());
    let life = Life {
        expire_at,
        channel_expire_at,
    };
    let attempt = Attempt {
        route,
        traceparent: telemetry::current_traceparent(),
        ..Attempt::start(
            AttemptId::fresh(),
            &intent,
            method,
            &merchant.name,
            life,
            app.clock.now(),
        )
    };
    if let Some(refusal) = limits::blocked(app, tx, &intent, method, asked.device).await? {
        return Ok(Started::Blocked(refusal));
    }
    record(app, tx, &attempt, payer).await?;
    Ok(Started::New(attempt, permit))
}

/// Who collects for the intent, by this method, and why.
async fn collecting<'a>(
    app: &'a App,
    tx: &mut WriteTx,
    intent: &Intent,
    asked: Asked<'_>,
) -> Result<(&'a Merchant, Route), Error> {
    let method = asked.method;
    // what a payer's own code or bank refuses another account would be refused too
    let refused = match method.way() {
        Way::Scan | Way::InApp => store::attempt::refused_by(tx, intent.id, method).await?,
        Way::Charge | Way::Drawer | Way::Transfer => Vec::new(),
    };
    let held_up = |merchant: &str| {
        if app.breakers.wait(merchant, method).is_some() {
            return Some(Over::Down);
        }
        refused
            .iter()
            .any(|name| name == merchant)
            .then_some(Over::Refused)
    };
    let wanted = Wanted {
        claim: &intent.claim,
        method,
        client: asked.client,
    };
    Ok(app.merchants.route(&wanted, held_up).ok_or(Refusal::NoMerchant)?)
}

/// Makes an attempt durable, with what goes on by itself from there.
async fn record(app: &App, tx: &mut WriteTx, attempt: &Attempt, payer: &Payer) -> Result<(), Error> {
    let sealed = match payer {
        Payer::PaysInApp(openid) => Some(app.vault().seal(tx, attempt.person_id, PAYER, openid).await?),
        Payer::Scans | Payer::Shows(_) => None,
    };
    store::attempt::insert(tx, attempt, sealed.as_ref()).await?;
    if attempt.method.way() != Way::Charge {
        tx.task(NewTask::now(kinds::OPEN_ATTEMPT, attempt.id, &()))
            .await?;
    }
    let (age, left) = (chrono::Duration::zero(), attempt.expire_at - attempt.created_at);
    let first_look = attempt.created_at + next_look(attempt.method, age, left);
    tx.task(NewTask::at(kinds::RESOLVE_ATTEMPT, attempt.id, first_look, &()))
        .await
}

/// Looks for a moment whether the channel has answered. The reply that is kept
/// for a repeat stays the first one; what is answered is never older.
async fn wait_for_channel(
    app: &App,
    caller: &Caller,
    reply: pb::StartAttemptResponse,
) -> Result<pb::StartAttemptResponse, Error> {
    let Some(started) = &reply.attempt else {
        return Ok(reply);
    };
    let id = AttemptId::parse("attempt_id", &started.attempt_id)?;
    let until = Clock::real() + app.config.attempts.wait();
    loop {
        let mut tx = app.begin(caller).await?;
        let attempt = store::attempt::get(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("attempt"))?;
        drop(tx);
        if attempt.state != State::Creating || Clock::real() >= until {
            return Ok(pb::StartAttemptResponse {
                attempt: Some(wire::attempt(&attempt)),
            });
        }
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
    }
}
