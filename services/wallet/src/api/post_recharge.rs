use kernel::{Amount, JournalId, LotId, PersonId, RechargeId, RequestId, Timestamp};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::wallet::v1 as pb;

use super::accept_recharge::locked;
use super::said;
use crate::domain::journal::{self, Cause, Origin};
use crate::domain::recharge::{Mark, Received};
use crate::domain::wallet::{self, Lot, Purse};
use crate::domain::{Recharge, Refusal, Wallet};
use crate::{App, facts, store};

/// The audit's yes: received money goes to the member's balance.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PostRechargeRequest,
) -> Result<pb::PostRechargeResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;
    let seen = Amount::parse("amount", request.amount.as_ref())?;
    let by = caller.require_person()?;

    // Wide, since the member's wallet may have its home in another studio.
    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    reachable(&mut tx, caller, id).await?;
    let recharge = locked(&mut tx, id, request.version).await?;
    let before = store::wallets::lock(&mut tx, recharge.person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;

    let (at, lot) = (app.clock.now(), LotId::derived(id, "lot"));
    let consultation = said::consultation(app, &mut tx, &recharge, request.consultation.trim()).await?;
    let recharge = recharge.post(Mark { by, at }, seen, consultation, lot)?;
    let received = recharge.state.received().cloned().ok_or(Refusal::OutOfBounds)?;
    let posting = Posting {
        recharge: &recharge,
        received: &received,
        lot,
        by,
        at,
    };
    let (journal, after) = posting.write(&mut tx, &before, &request.request_id).await?;

    store::recharges::save(&mut tx, &recharge).await?;
    tx.publish(facts::posted(&recharge, &received, lot, after.spendable()))
        .await?;
    tx.commit(posting.reply(journal, &after)).await
}

/// Operator scope is for the wallet alone: the recharge must be of a studio
/// that the auditor reaches.
async fn reachable(tx: &mut WriteTx, caller: &Caller, id: RechargeId) -> Result<(), Error> {
    let recharge = store::recharges::find(tx, id)
        .await?
        .ok_or(Refusal::UnknownRecharge)?;
    caller.require_reach("recharge", recharge.studio, None)
}

struct Posting<'a> {
    recharge: &'a Recharge,
    received: &'a Received,
    lot: LotId,
    by: PersonId,
    at: Timestamp,
}

impl Posting<'_> {
    fn reply(&self, journal: JournalId, wallet: &Wallet) -> pb::PostRechargeResponse {
        pb::PostRechargeResponse {
            state: pb::RechargeState::from(&self.recharge.state).into(),
            version: self.recharge.version,
            lot_id: self.lot.to_string(),
            journal_id: journal.to_string(),
            balance: Some(wallet.spendable().into()),
        }
    }

    /// The lot, the transfers and the new balance.
    async fn write(
        &self,
        tx: &mut WriteTx,
        before: &Wallet,
        request_id: &str,
    ) -> Result<(JournalId, Wallet), Error> {
        let recharge = self.recharge;
        let lot = Lot {
            id: self.lot,
            purse: Purse::Principal,
            origin: wallet::Origin::Recharge {
                recharge: recharge.id,
                payment: self.received.payment,
            },
            legal_entity: recharge.legal_entity,
            amount: self.received.amount,
            remaining: self.received.amount.into(),
            opened_at: self.at,
        };
        let (after, credited) = before.clone().credit(lot.clone())?;
        let origin = Origin {
            journal: JournalId::derived(recharge.id, "posted"),
            cause: Cause::RechargePosted,
            cause_id: recharge.id.0,
            wallet: after.id,
            person: recharge.person,
            studio: recharge.studio,
            order: None,
            acting: None,
            caller: format!("person:{}", self.by),
            request: RequestId::parse("request_id", request_id)?.0,
            at: self.at,
        };
        store::wallets::add_lot(tx, &after, &lot).await?;
        store::journal::record(tx, &origin, &journal::posted(&credited)).await?;
        store::wallets::save_value(tx, &[(before, &after)], self.at).await?;
        Ok((origin.journal, after))
    }
}
