use kernel::{Amount, DueId, JournalId, RefundCaseId, RefundLegId, RequestId};
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;
use uuid::Uuid;

use crate::domain::journal::{self, Cause, Origin};
use crate::domain::{Refusal, Spend};
use crate::store::spends::Returned;
use crate::{App, facts, store};

/// Puts a part of what a due took back into the lots that it came from.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReturnSpendRequest,
) -> Result<pb::ReturnSpendResponse, Error> {
    let ask = Ask::parse(&request)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let spend = store::spends::lock(&mut tx, ask.due)
        .await?
        .ok_or(Refusal::UnknownSpend)?;
    if let Some(earlier) = store::spends::returned(&mut tx, ask.leg).await? {
        ask.same_as(&earlier)?;
        return tx.commit(reply(&earlier)).await;
    }
    let lots: Vec<_> = spend.parts.iter().map(|part| part.lot).collect();
    let before = store::wallets::lock(&mut tx, spend.person, &lots)
        .await?
        .ok_or(Refusal::UnknownWallet)?;

    let at = app.clock.now();
    let (spend, after, backs) = spend.give_back(before.clone(), ask.amount)?;
    let legs = journal::given_back(&backs, spend.seller, spend.studio);
    let (journal, balance) = (JournalId::derived(ask.leg, "return"), after.spendable());
    let Ask {
        due,
        leg,
        amount,
        case,
        ..
    } = ask;
    let back = Returned {
        leg,
        due,
        case,
        journal,
        amount,
        returned: spend.returned,
        balance,
        at,
    };
    let origin = origin(&spend, &back, caller.actor(), ask.request);

    store::spends::give_back(&mut tx, due, amount, &backs).await?;
    store::spends::insert_return(&mut tx, &back).await?;
    store::journal::record(&mut tx, &origin, &legs).await?;
    store::wallets::save_value(&mut tx, &[(&before, &after)], at).await?;
    tx.publish(facts::given_back(&after, &spend, &back)).await?;
    tx.commit(reply(&back)).await
}

struct Ask {
    due: DueId,
    leg: RefundLegId,
    amount: Amount,
    case: Option<RefundCaseId>,
    request: Uuid,
}

impl Ask {
    fn parse(request: &pb::ReturnSpendRequest) -> Result<Self, Error> {
        Ok(Self {
            due: DueId::parse("due_id", &request.due_id)?,
            leg: RefundLegId::parse("leg_id", &request.leg_id)?,
            amount: Amount::parse("amount", request.amount.as_ref())?,
            case: match request.case_id.as_str() {
                "" => None,
                id => Some(RefundCaseId::parse("case_id", id)?),
            },
            request: RequestId::parse("request_id", &request.request_id)?.0,
        })
    }

    fn same_as(&self, earlier: &Returned) -> Result<(), Refusal> {
        let same = earlier.due == self.due && earlier.amount == self.amount;
        if same { Ok(()) } else { Err(Refusal::LegConflict) }
    }
}

fn origin(spend: &Spend, back: &Returned, caller: String, request: Uuid) -> Origin {
    Origin {
        journal: back.journal,
        cause: Cause::SpendReturned,
        cause_id: back.leg.0,
        wallet: spend.wallet,
        person: spend.person,
        studio: spend.studio,
        order: None,
        acting: None,
        caller,
        request,
        at: back.at,
    }
}

fn reply(back: &Returned) -> pb::ReturnSpendResponse {
    pb::ReturnSpendResponse {
        journal_id: back.journal.to_string(),
        amount: Some(back.amount.into()),
        balance: Some(back.balance.into()),
        returned: Some(back.returned.into()),
    }
}
