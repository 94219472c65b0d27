use kernel::{Amount, DueId, JournalId, RefundCaseId, RefundLegId, RequestId};
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::Refusal;
use crate::domain::journal::{self, Cause, Origin};
use crate::store::spends::Returned;
use crate::{App, facts, store};

/// Puts a part of what a due took back into the lots that it came from.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReturnSpendRequest,
) -> Result<pb::ReturnSpendResponse, Error> {
    let due = DueId::parse("due_id", &request.due_id)?;
    let leg = RefundLegId::parse("leg_id", &request.leg_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let case = match request.case_id.as_str() {
        "" => None,
        id => Some(RefundCaseId::parse("case_id", id)?),
    };

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let spend = store::spends::lock(&mut tx, due)
        .await?
        .ok_or(Refusal::UnknownSpend)?;
    if let Some(earlier) = store::spends::returned(&mut tx, leg).await? {
        if earlier.due != due || earlier.amount != amount {
            return Err(Refusal::LegConflict.into());
        }
        return tx.commit(reply(&earlier)).await;
    }
    let lots: Vec<_> = spend.parts.iter().map(|part| part.lot).collect();
    let before = store::wallets::lock(&mut tx, spend.person, &lots)
        .await?
        .ok_or(Refusal::UnknownWallet)?;

    let at = app.clock.now();
    let (spend, after, backs) = spend.give_back(before.clone(), amount)?;
    let legs = journal::given_back(&backs, spend.seller, spend.studio);
    let origin = Origin {
        journal: JournalId::derived(leg, "return"),
        cause: Cause::SpendReturned,
        cause_id: leg.0,
        wallet: after.id,
        person: spend.person,
        studio: spend.studio,
        caller: caller.actor(),
        request: RequestId::parse("request_id", &request.request_id)?.0,
        at,
    };
    let balance = after.spendable();
    let back = Returned {
        leg,
        due,
        case,
        journal: origin.journal,
        amount,
        returned: spend.returned,
        balance,
        at,
    };

    store::spends::give_back(&mut tx, due, amount, &backs).await?;
    store::spends::insert_return(&mut tx, &back).await?;
    store::journal::record(&mut tx, &origin, &legs).await?;
    store::wallets::save_value(&mut tx, &before, &after, at).await?;
    tx.publish(facts::given_back(&after, &spend, &back)).await?;
    tx.commit(reply(&back)).await
}

fn reply(back: &Returned) -> pb::ReturnSpendResponse {
    pb::ReturnSpendResponse {
        journal_id: back.journal.to_string(),
        amount: Some(back.amount.into()),
        balance: Some(back.balance.into()),
        returned: Some(back.returned.into()),
    }
}
