use kernel::{Amount, Clock, DueId, PersonId, RechargeId, StudioId, to_proto_time};
use platform::{Caller, Claim, Error, NewTask, WriteTx};
use proto::studio::wallet::v1 as pb;

use super::words;
use crate::domain::recharge::{self, Mark, State};
use crate::domain::{Recharge, Refusal, Wallet};
use crate::reactions::expire_recharge;
use crate::{App, facts, store};

/// Starts a recharge, by the member or by staff for one.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApplyRechargeRequest,
) -> Result<pb::ApplyRechargeResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let studio_id = StudioId::parse("studio_id", &request.studio_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let method = words::method(request.method())?;
    let by = caller.require_person()?;

    // Wide, since the member may belong to another studio than the one that takes the application.
    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    caller.require_reach("person", studio_id, Some(person))?;
    let studio = app
        .organisation()
        .studio(studio_id)
        .filter(|s| !s.closed)
        .ok_or(Refusal::StudioUnknown)?;
    let limits = app.limits;
    if amount < limits.min || amount > limits.max {
        return Err(Refusal::AmountOutOfRange {
            min: limits.min,
            max: limits.max,
        }
        .into());
    }

    let at = app.clock.now();
    let id = RechargeId::fresh();
    let wallet = wallet(app, &mut tx, person, studio_id).await?;
    let recharge = Recharge {
        id,
        number: recharge::number(id, Clock::day_in(at, studio.zone)),
        wallet: wallet.id,
        person,
        studio: studio_id,
        legal_entity: studio.legal_entity,
        amount,
        method,
        due: DueId::derived(id, "whole"),
        intent: None,
        applied: Mark { by, at },
        accepted: None,
        expire_at: at + limits.valid,
        state: State::Applied,
        version: 1,
    };
    store::recharges::insert(&mut tx, &recharge).await?;
    tx.publish(facts::applied(&recharge)).await?;
    tx.task(NewTask::at(expire_recharge::KIND, id, recharge.expire_at, &()))
        .await?;
    tx.commit(pb::ApplyRechargeResponse {
        recharge_id: id.to_string(),
        number: recharge.number,
        expire_at: Some(to_proto_time(recharge.expire_at)),
        version: recharge.version,
    })
    .await
}

/// The person's wallet, opened here if members' fact has not opened it yet.
async fn wallet(app: &App, tx: &mut WriteTx, person: PersonId, studio: StudioId) -> Result<Wallet, Error> {
    let wallet = Wallet::new(person, studio);
    if store::wallets::open(tx, &wallet, app.clock.now()).await? {
        tx.publish(facts::opened(&wallet)).await?;
    }
    Ok(wallet)
}
