//! What callers see of a wallet, a transfer and a recharge.

use kernel::{Amount, Balance, CURRENCY, Timestamp, to_proto_time};
use proto::studio::money::v1::Money;
use proto::studio::wallet::v1 as pb;

use super::words;
use crate::domain::recharge::{Rejection, State};
use crate::domain::wallet::{Lot, Origin};
use crate::domain::{Recharge, Wallet};
use crate::store::journal::Line;

pub fn wallet(wallet: &Wallet, pending: Balance) -> pb::Wallet {
    let held = wallet
        .gift
        .held
        .as_amount()
        .and_then(|held| wallet.principal.held.plus(held))
        .unwrap_or(wallet.principal.held);
    pb::Wallet {
        wallet_id: wallet.id.to_string(),
        person_id: wallet.person.to_string(),
        home_studio_id: wallet.home_studio.to_string(),
        state: pb::WalletState::from(&wallet.state).into(),
        spendable: Some(wallet.spendable().into()),
        principal: Some(wallet.principal.balance.into()),
        gift: Some(wallet.gift.balance.into()),
        held: Some(held.into()),
        pending: Some(pending.into()),
        lots: wallet.lots.iter().map(lot).collect(),
        version: wallet.version,
    }
}

fn lot(lot: &Lot) -> pb::Lot {
    let (origin, recharge, payment) = match lot.origin {
        Origin::Recharge { recharge, payment } => {
            (pb::LotOrigin::Recharge, recharge.to_string(), payment.to_string())
        }
        Origin::Gift => (pb::LotOrigin::Gift, String::new(), String::new()),
    };
    pb::Lot {
        lot_id: lot.id.to_string(),
        origin: origin.into(),
        amount: Some(lot.amount.into()),
        remaining: Some(lot.remaining.into()),
        recharge_id: recharge,
        payment_id: payment,
        legal_entity_id: lot.legal_entity.to_string(),
        opened_at: time(Some(lot.opened_at)),
    }
}

pub fn transfer(line: Line) -> pb::Transfer {
    let money = |minor| Money {
        minor,
        currency: CURRENCY.to_owned(),
    };
    pb::Transfer {
        transfer_id: line.transfer.to_string(),
        journal_id: line.journal.to_string(),
        leg: line.leg.into(),
        debit: words::account_kind(&line.debit).into(),
        credit: words::account_kind(&line.credit).into(),
        amount: Some(money(line.amount_minor)),
        balance_after: line.balance_after_minor.map(money),
        lot_id: text(line.lot),
        cause: words::cause(&line.cause).into(),
        cause_id: line.cause_id.to_string(),
        studio_id: line.studio.to_string(),
        reverses_id: text(line.reverses),
        caller: line.caller,
        request_id: line.request.to_string(),
        occurred_at: time(Some(line.occurred_at)),
    }
}

/// Without what was written about it.
pub fn recharge(recharge: &Recharge) -> pb::Recharge {
    let received = recharge.state.received();
    let decision = Decision::of(&recharge.state);
    pb::Recharge {
        recharge_id: recharge.id.to_string(),
        number: recharge.number.clone(),
        person_id: recharge.person.to_string(),
        studio_id: recharge.studio.to_string(),
        legal_entity_id: recharge.legal_entity.to_string(),
        state: pb::RechargeState::from(&recharge.state).into(),
        amount: Some(recharge.amount.into()),
        method: pb::RechargeMethod::from(recharge.method).into(),
        due_id: recharge.due.to_string(),
        intent_id: text(recharge.intent),
        payment_id: text(received.map(|r| r.payment)),
        channel_transaction: received
            .map(|r| r.channel_transaction.clone())
            .unwrap_or_default(),
        received_amount: received.map(|r| r.amount.into()),
        comparison: comparison(recharge.amount, received.map(|r| r.amount)).into(),
        focus_reasons: received
            .iter()
            .flat_map(|r| &r.focus)
            .map(|f| pb::FocusReason::from(*f).into())
            .collect(),
        applied_by: recharge.applied.by.to_string(),
        accepted_by: text(recharge.accepted.map(|m| m.by)),
        audited_by: decision.audited_by,
        consultation: String::new(),
        reject_reason: decision
            .rejection
            .map_or(0, |r| pb::RejectReason::from(r.reason).into()),
        advice: decision
            .rejection
            .map_or(0, |r| pb::Advice::from(r.advice).into()),
        explanation: decision.stuck_why,
        lot_id: decision.lot,
        applied_at: time(Some(recharge.applied.at)),
        accepted_at: time(recharge.accepted.map(|m| m.at)),
        received_at: time(received.map(|r| r.at)),
        audited_at: time(decision.audited_at),
        expire_at: time(Some(recharge.expire_at)),
        version: recharge.version,
    }
}

/// The application held beside what came.
pub fn comparison(applied: Amount, received: Option<Amount>) -> pb::Comparison {
    match received {
        None => pb::Comparison::Unspecified,
        Some(received) if received == applied => pb::Comparison::Equal,
        Some(_) => pb::Comparison::Different,
    }
}

#[derive(Default)]
struct Decision<'a> {
    audited_by: String,
    audited_at: Option<Timestamp>,
    rejection: Option<&'a Rejection>,
    stuck_why: String,
    lot: String,
}

impl<'a> Decision<'a> {
    fn of(state: &'a State) -> Self {
        match state {
            State::Posted { audit, lot, .. } => Self {
                audited_by: audit.by.to_string(),
                audited_at: Some(audit.at),
                lot: lot.to_string(),
                ..Self::default()
            },
            State::Rejected(rejection) => Self {
                rejection: Some(rejection),
                ..Self::default()
            },
            State::Returning(sent) | State::Returned(sent) | State::ReturnStuck { sent, .. } => Self {
                audited_by: sent.audit.by.to_string(),
                audited_at: Some(sent.audit.at),
                rejection: Some(&sent.rejection),
                stuck_why: match state {
                    State::ReturnStuck { why, .. } => why.clone(),
                    _ => String::new(),
                },
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn time(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(to_proto_time)
}
