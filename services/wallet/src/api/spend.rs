use kernel::{
    Amount, Balance, DueId, JournalId, OrderId, PersonId, RequestId, StudioId, Timestamp, to_proto_time,
};
use platform::organisation::Studio;
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;
use uuid::Uuid;

use crate::domain::journal::{self, Cause, Leg, Origin};
use crate::domain::spend::SpentPart;
use crate::domain::wallet::Use;
use crate::domain::{Refusal, Spend, Wallet};
use crate::{App, facts, store};

/// Takes an amount out of a wallet to pay for one due.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SpendRequest,
) -> Result<pb::SpendResponse, Error> {
    let ask = Ask::parse(&request)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let studio = app
        .organisation()
        .studio(ask.studio)
        .ok_or(Refusal::StudioUnknown)?;
    let before = store::wallets::lock(&mut tx, ask.person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    if store::spends::exists(&mut tx, ask.due).await? {
        return Err(Refusal::DueAlreadyPaid.into());
    }

    let at = app.clock.now();
    let (after, uses) = before.clone().spend(ask.amount)?;
    let legs = journal::spent(&uses, studio.legal_entity, studio.id);
    let spend = ask.spend(&after, &studio, parts(&uses, &legs), at);
    let origin = ask.origin(&spend, caller.actor());

    store::spends::insert(&mut tx, &spend, origin.journal).await?;
    store::journal::record(&mut tx, &origin, &legs).await?;
    store::spends::insert_parts(&mut tx, &spend).await?;
    store::wallets::save_value(&mut tx, &before, &after, at).await?;
    tx.publish(facts::spent(&after, &spend, origin.journal)).await?;
    let (amount, balance) = (Some(spend.amount.into()), Some(after.spendable().into()));
    let (journal_id, spent_at) = (origin.journal.to_string(), Some(to_proto_time(at)));
    tx.commit(pb::SpendResponse {
        journal_id,
        amount,
        balance,
        spent_at,
    })
    .await
}

struct Ask {
    person: PersonId,
    due: DueId,
    amount: Amount,
    studio: StudioId,
    order: Option<OrderId>,
    acting: PersonId,
    request: Uuid,
}

impl Ask {
    fn parse(request: &pb::SpendRequest) -> Result<Self, Error> {
        let person = PersonId::parse("person_id", &request.person_id)?;
        Ok(Self {
            person,
            due: DueId::parse("due_id", &request.due_id)?,
            amount: Amount::parse("amount", request.amount.as_ref())?,
            studio: StudioId::parse("studio_id", &request.studio_id)?,
            order: match request.order_id.as_str() {
                "" => None,
                id => Some(OrderId::parse("order_id", id)?),
            },
            acting: match request.acting_person_id.as_str() {
                "" => person,
                id => PersonId::parse("acting_person_id", id)?,
            },
            request: RequestId::parse("request_id", &request.request_id)?.0,
        })
    }

    fn spend(&self, wallet: &Wallet, studio: &Studio, parts: Vec<SpentPart>, at: Timestamp) -> Spend {
        Spend {
            due: self.due,
            wallet: wallet.id,
            person: self.person,
            studio: studio.id,
            seller: studio.legal_entity,
            order: self.order,
            acting: self.acting,
            amount: self.amount,
            returned: Balance::ZERO,
            at,
            parts,
        }
    }

    fn origin(&self, spend: &Spend, caller: String) -> Origin {
        Origin {
            journal: JournalId::derived(spend.due, "spend"),
            cause: Cause::Spend,
            cause_id: spend.due.0,
            wallet: spend.wallet,
            person: spend.person,
            studio: spend.studio,
            caller,
            request: self.request,
            at: spend.at,
        }
    }
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
