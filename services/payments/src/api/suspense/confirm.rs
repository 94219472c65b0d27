use chrono::Duration;
use kernel::{Amount, AttemptId, IntentId};
use platform::{Caller, Claim, Error, WriteTx, telemetry};
use proto::studio::payments::v1 as pb;

use super::{held, owed};
use crate::api::intent::cancel::close;
use crate::api::uuid;
use crate::channel::{ChannelNumber, Identity, Paid};
use crate::domain::Refusal;
use crate::domain::attempt::{Attempt, Life};
use crate::domain::intent::Intent;
use crate::domain::statement::Party;
use crate::domain::suspense::{End, Item, Step};
use crate::{App, evidence, facts, store, wire};

/// Another person's word on what money in suspense is.
#[tracing::instrument(name = "payments.confirm_suspense_end", skip_all, fields(suspense.id = %request.suspense_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ConfirmSuspenseEndRequest,
) -> Result<pb::ConfirmSuspenseEndResponse, Error> {
    let id = uuid("suspense_id", &request.suspense_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let at = app.clock.now();
    let item = held(&mut tx, id, request.version).await?;
    if !request.confirm {
        let open = Item {
            note: String::new(),
            ..item.take(Step::Decline { by })?
        };
        store::suspense::save(&mut tx, &open).await?;
        return tx.commit(reply(app, &open, false)).await;
    }
    let mut ended = item.take(Step::Confirm { by, at })?;
    if let Some(End::Assign(intent)) = ended.state.end() {
        match pay(app, &mut tx, &item, intent).await? {
            Some(paid) => ended.attempt = Some(paid.id),
            None => return tx.commit(reply(app, &item, true)).await,
        }
    }
    store::suspense::save(&mut tx, &ended).await?;
    tx.publish(facts::suspense_ended(&ended)).await?;
    tx.commit(reply(app, &ended, false)).await
}

fn reply(app: &App, item: &Item, closing: bool) -> pb::ConfirmSuspenseEndResponse {
    pb::ConfirmSuspenseEndResponse {
        item: Some(wire::suspense::item(item, app.clock.now())),
        closing,
    }
}

/// Pays an intent with an item. `None` while an attempt at a channel is closed
/// first: two payments of one intent would be one too many.
async fn pay(app: &App, tx: &mut WriteTx, item: &Item, id: IntentId) -> Result<Option<Attempt>, Error> {
    let now = app.clock.now();
    let intent = owed(tx, id).await?;
    let left = item.after(&intent)?;
    let expire_at = intent.attempt_until(now, Duration::hours(1))?;
    if let Some(open) = Intent::attempt_under_way(store::attempt::live(tx, id).await?)? {
        close(tx, open).await?;
        return Ok(None);
    }
    let life = Life {
        expire_at,
        channel_expire_at: expire_at,
    };
    let attempt = capture(app, tx, item, &intent, life).await?;
    if let Some(left) = left {
        keep(app, tx, item, left).await?;
    }
    Ok(Some(attempt))
}

/// The attempt that the money is, captured by the one way in which anything is.
async fn capture(
    app: &App,
    tx: &mut WriteTx,
    item: &Item,
    intent: &Intent,
    life: Life,
) -> Result<Attempt, Error> {
    let place = &item.place;
    let merchant = app
        .merchants
        .of_entity(intent.claim.legal_entity_id)
        .ok_or(Refusal::NoMerchant)?;
    let (id, now) = (AttemptId::fresh(), app.clock.now());
    let fresh = Attempt::start(id, intent, place.method(), &merchant.name, life, now);
    let attempt = Attempt {
        number: match place.party {
            Party::Bank => fresh.number.clone(),
            Party::Wechat | Party::Alipay => ChannelNumber::from_text(place.number.clone()),
        },
        traceparent: telemetry::current_traceparent(),
        ..fresh
    };
    store::attempt::insert(tx, &attempt, None).await?;
    let seen = Paid {
        number: attempt.number.clone(),
        identity: Identity {
            merchant: merchant.name.clone(),
            app: place.account.clone(),
        },
        transaction: place.payment_transaction(),
        amount_minor: attempt.amount.minor(),
        currency: kernel::CURRENCY.to_owned(),
        paid_at: place.received_at,
    };
    evidence::apply_taken(app, tx, intent, &attempt, seen).await
}

/// What is left needs an end of its own.
async fn keep(app: &App, tx: &mut WriteTx, item: &Item, left: Amount) -> Result<(), Error> {
    let now = app.clock.now();
    let rest = item.remainder(left, now, app.config.suspense.due_at(now));
    if !store::suspense::insert(tx, &rest).await? {
        return Err(platform::inconsistent(
            "suspense_items",
            "an item that was open had left something",
        ));
    }
    tx.publish(facts::suspense_found(&rest)).await
}
