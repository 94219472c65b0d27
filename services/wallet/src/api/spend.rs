use kernel::{Amount, Balance, DueId, JournalId, OrderId, PersonId, RequestId, StudioId, to_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::journal::{self, Cause, Leg, Origin};
use crate::domain::spend::SpentPart;
use crate::domain::wallet::Use;
use crate::domain::{Refusal, Spend};
use crate::{App, facts, store};

/// Takes an amount out of a wallet to pay for one due.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SpendRequest,
) -> Result<pb::SpendResponse, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    let due = DueId::parse("due_id", &request.due_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let studio_id = StudioId::parse("studio_id", &request.studio_id)?;
    let (order, acting) = who_for_what(&request, person)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let studio = app
        .organisation()
        .studio(studio_id)
        .ok_or(Refusal::StudioUnknown)?;
    let before = store::wallets::lock(&mut tx, person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    if store::spends::exists(&mut tx, due).await? {
        return Err(Refusal::DueAlreadyPaid.into());
    }

    let at = app.clock.now();
    let (after, uses) = before.clone().spend(amount)?;
    let legs = journal::spent(&uses, studio.legal_entity, studio.id);
    let spend = Spend {
        due,
        wallet: after.id,
        person,
        studio: studio.id,
        seller: studio.legal_entity,
        order,
        acting,
        amount,
        returned: Balance::ZERO,
        at,
        parts: parts(&uses, &legs),
    };
    let origin = Origin {
        journal: JournalId::derived(due, "spend"),
        cause: Cause::Spend,
        cause_id: due.0,
        wallet: after.id,
        person,
        studio: studio.id,
        caller: caller.actor(),
        request: RequestId::parse("request_id", &request.request_id)?.0,
        at,
    };

    store::spends::insert(&mut tx, &spend, origin.journal).await?;
    store::journal::record(&mut tx, &origin, &legs).await?;
    store::spends::insert_parts(&mut tx, &spend).await?;
    store::wallets::save_value(&mut tx, &before, &after, at).await?;
    tx.publish(facts::spent(&after, &spend, origin.journal)).await?;
    tx.commit(pb::SpendResponse {
        journal_id: origin.journal.to_string(),
        amount: Some(amount.into()),
        balance: Some(after.spendable().into()),
        spent_at: Some(to_proto_time(at)),
    })
    .await
}

fn who_for_what(request: &pb::SpendRequest, owner: PersonId) -> Result<(Option<OrderId>, PersonId), Error> {
    let order = match request.order_id.as_str() {
        "" => None,
        id => Some(OrderId::parse("order_id", id)?),
    };
    let acting = match request.acting_person_id.as_str() {
        "" => owner,
        id => PersonId::parse("acting_person_id", id)?,
    };
    Ok((order, acting))
}

/// Each use with the one leg in which its lot paid.
fn parts(uses: &[Use], legs: &[Leg]) -> Vec<SpentPart> {
    let paying = legs.iter().filter(|leg| leg.member.is_some());
    (0i16..)
        .zip(uses.iter().zip(paying))
        .map(|(use_no, (used, leg))| SpentPart {
            use_no,
            lot: used.lot,
            transfer: leg.id,
            amount: used.amount,
            returned: Balance::ZERO,
        })
        .collect()
}
