use chrono::Duration;
use kernel::{Amount, AttemptId, BadField, DrawerId, IntentId, Invalid, Timestamp};
use platform::{Caller, Claim, Error, WriteTx, telemetry};
use proto::studio::payments::v1 as pb;

use super::{pass, work};
use crate::api::intent::cancel::close;
use crate::channel::{Identity, Paid};
use crate::domain::attempt::{Attempt, Life};
use crate::domain::drawer::{Drawer, Entry, Kind, Slip, change};
use crate::domain::intent::Intent;
use crate::domain::{Method, Refusal, closure};
use crate::{App, evidence, store, wire};

/// What a payer gave.
enum Given {
    Cash(Amount),
    Card(Slip),
}

impl Given {
    fn parse(request: &pb::TakeMoneyRequest) -> Result<Self, Error> {
        match (&request.tendered, &request.card) {
            (tendered @ Some(_), None) => Ok(Self::Cash(Amount::parse("tendered", tendered.as_ref())?)),
            (None, Some(card)) => Ok(Self::Card(wire::drawer::slip(card))),
            (Some(_), Some(_)) | (None, None) => {
                let what = "exactly one of tendered and card must be given";
                Err(Invalid(vec![BadField::new("tendered", what), BadField::new("card", what)]).into())
            }
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::Cash(_) => Method::Cash,
            Self::Card(_) => Method::CardTerminal,
        }
    }

    /// The entry that it makes for an attempt.
    fn entry(&self, drawer: &Drawer, attempt: &Attempt, now: Timestamp) -> Entry {
        let of = |kind| Entry {
            attempt: Some(attempt.id),
            ..Entry::of(drawer, kind, attempt.amount, now)
        };
        match self {
            Self::Cash(tendered) => Entry {
                tendered: Some(*tendered),
                ..of(Kind::CashTaken)
            },
            Self::Card(slip) => Entry {
                slip: Some(slip.clone()),
                ..of(Kind::CardTaken)
            },
        }
    }

    /// The number under which a receipt names it.
    fn transaction(&self, attempt: &Attempt) -> String {
        match self {
            Self::Cash(_) => attempt.number.to_string(),
            Self::Card(slip) => format!("{}-{}", slip.terminal, slip.number),
        }
    }
}

/// Takes all that an intent asks for and pays it, in one transaction: there is no
/// channel to wait for. An attempt that is open at one ends first.
#[tracing::instrument(name = "payments.take_money", skip_all, fields(intent.id = %request.intent_id, drawer.id = %request.drawer_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::TakeMoneyRequest,
) -> Result<pb::TakeMoneyResponse, Error> {
    let drawer_id = DrawerId::parse("drawer_id", &request.drawer_id)?;
    let intent_id = IntentId::parse("intent_id", &request.intent_id)?;
    let given = Given::parse(&request)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let drawer = work(&mut tx, drawer_id, by).await?;
    let intent = store::intent::lock(&mut tx, intent_id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))?;
    drawer.of_studio(intent.claim.studio_id)?;
    let closures = store::closure::at(&mut tx, intent.claim.studio_id, intent.claim.legal_entity_id).await?;
    closure::open(&closures, given.method().channel())?;
    let now = app.clock.now();
    let expire_at = intent.attempt_until(now, Duration::hours(1))?;
    if let Some(open) = Intent::attempt_under_way(store::attempt::live(&mut tx, intent_id).await?)? {
        let closing = close(&mut tx, open).await?;
        return tx.commit(reply(&closing, None)).await;
    }
    let back = match &given {
        Given::Cash(tendered) => Some(change(intent.claim.amount, *tendered)?),
        Given::Card(_) => None,
    };
    let life = Life {
        expire_at,
        channel_expire_at: expire_at,
    };
    let paid = record(app, &mut tx, (&drawer, &intent), &given, life).await?;
    tx.commit(reply(&paid, back)).await
}

fn reply(attempt: &Attempt, change: Option<kernel::Balance>) -> pb::TakeMoneyResponse {
    pb::TakeMoneyResponse {
        attempt: Some(wire::attempt(attempt)),
        change: change.map(Into::into),
    }
}

/// The attempt, its entry in the drawer, and what follows from both.
async fn record(
    app: &App,
    tx: &mut WriteTx,
    (drawer, intent): (&Drawer, &Intent),
    given: &Given,
    life: Life,
) -> Result<Attempt, Error> {
    let now = app.clock.now();
    let merchant = app
        .merchants
        .of_entity(intent.claim.legal_entity_id)
        .ok_or(Refusal::NoMerchant)?;
    let attempt = Attempt {
        traceparent: telemetry::current_traceparent(),
        ..Attempt::start(
            AttemptId::fresh(),
            intent,
            given.method(),
            &merchant.name,
            life,
            now,
        )
    };
    store::attempt::insert(tx, &attempt, None).await?;
    pass(tx, drawer, &given.entry(drawer, &attempt, now)).await?;
    let taken = Paid {
        number: attempt.number.clone(),
        identity: Identity {
            merchant: merchant.name.clone(),
            app: drawer.id.to_string(),
        },
        transaction: given.transaction(&attempt),
        amount_minor: attempt.amount.minor(),
        currency: kernel::CURRENCY.to_owned(),
        paid_at: now,
    };
    evidence::apply_taken(app, tx, intent, &attempt, taken).await
}
