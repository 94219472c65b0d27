use kernel::{Amount, Clock, DueId, PersonId, RechargeId, StudioId, to_proto_time};
use platform::organisation::Studio;
use platform::{Caller, Claim, Error, NewTask, WriteTx};
use proto::studio::wallet::v1 as pb;

use super::words;
use crate::config::Limits;
use crate::domain::recharge::{self, Mark, Method, State};
use crate::domain::{Recharge, Refusal, Wallet};
use crate::reactions::expire_recharge;
use crate::{App, facts, store};

/// Starts a recharge, by the member or by staff for one.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApplyRechargeRequest,
) -> Result<pb::ApplyRechargeResponse, Error> {
    let ask = Ask::parse(&request)?;
    let by = caller.require_person()?;

    // Wide, since the member may belong to another studio than the one that takes the application.
    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    caller.require_reach("person", ask.studio, Some(ask.person))?;
    let studio = app
        .organisation()
        .studio(ask.studio)
        .filter(|s| !s.closed)
        .ok_or(Refusal::StudioUnknown)?;
    ask.within(&app.limits)?;

    let wallet = wallet(app, &mut tx, &ask, by).await?;
    let recharge = ask.recharge(
        &wallet,
        &studio,
        Mark {
            by,
            at: app.clock.now(),
        },
        &app.limits,
    );
    store::recharges::insert(&mut tx, &recharge).await?;
    tx.publish(facts::applied(&recharge)).await?;
    tx.task(NewTask::at(
        expire_recharge::KIND,
        recharge.id,
        recharge.expire_at,
        &(),
    ))
    .await?;
    tx.commit(pb::ApplyRechargeResponse {
        recharge_id: recharge.id.to_string(),
        number: recharge.number,
        expire_at: Some(to_proto_time(recharge.expire_at)),
        version: recharge.version,
    })
    .await
}

struct Ask {
    person: PersonId,
    studio: StudioId,
    amount: Amount,
    method: Method,
}

impl Ask {
    fn parse(request: &pb::ApplyRechargeRequest) -> Result<Self, Error> {
        Ok(Self {
            person: PersonId::parse("person_id", &request.person_id)?,
            studio: StudioId::parse("studio_id", &request.studio_id)?,
            amount: Amount::parse("amount", request.amount.as_ref())?,
            method: words::method(request.method())?,
        })
    }

    fn within(&self, limits: &Limits) -> Result<(), Refusal> {
        let inside = (limits.min..=limits.max).contains(&self.amount);
        if inside {
            Ok(())
        } else {
            Err(Refusal::AmountOutOfRange {
                min: limits.min,
                max: limits.max,
            })
        }
    }

    fn recharge(&self, wallet: &Wallet, studio: &Studio, applied: Mark, limits: &Limits) -> Recharge {
        let id = RechargeId::fresh();
        Recharge {
            id,
            number: recharge::number(id, Clock::day_in(applied.at, studio.zone)),
            wallet: wallet.id,
            person: self.person,
            studio: studio.id,
            legal_entity: studio.legal_entity,
            amount: self.amount,
            method: self.method,
            due: DueId::derived(id, "whole"),
            intent: None,
            applied,
            accepted: None,
            declined_by: None,
            expire_at: applied.at + limits.valid,
            state: State::Applied,
            version: 1,
        }
    }
}

/// The person's wallet. For a member it is opened here if members' fact has not
/// opened it yet; staff wait for the fact, which alone knows where the person
/// belongs, and whether there is such a person.
async fn wallet(app: &App, tx: &mut WriteTx, ask: &Ask, by: PersonId) -> Result<Wallet, Error> {
    if by != ask.person {
        let known = store::wallets::find(tx, ask.person).await?;
        return Ok(known.ok_or(Refusal::WalletUnknown)?);
    }
    let wallet = Wallet::new(ask.person, ask.studio);
    if store::wallets::open(tx, &wallet, app.clock.now()).await? {
        tx.publish(facts::opened(&wallet)).await?;
    }
    Ok(wallet)
}
