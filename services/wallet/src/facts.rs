//! What others learn: domain in, facts out.

use kernel::{Amount, Balance, LotId, to_proto_time};
use platform::Fact;
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::WalletEvent;
use proto::studio::wallet::v1::wallet_event::Fact as Kind;

use crate::domain::recharge::{Received, Rejection};
use crate::domain::{Hold, Recharge, Spend, Spent, Wallet};
use crate::spending::told::Told;
use crate::store::spends::Returned;

fn of_wallet(wallet: &Wallet, fact: Kind) -> Fact<WalletEvent> {
    Fact::new(wallet.id, wallet.version, WalletEvent { fact: Some(fact) })
}

fn of_recharge(recharge: &Recharge, fact: Kind) -> Fact<WalletEvent> {
    Fact::new(recharge.id, recharge.version, WalletEvent { fact: Some(fact) })
}

pub fn opened(wallet: &Wallet) -> Fact<WalletEvent> {
    of_wallet(
        wallet,
        Kind::WalletOpened(pb::WalletOpened {
            wallet_id: wallet.id.to_string(),
            person_id: wallet.person.to_string(),
            home_studio_id: wallet.home_studio.to_string(),
        }),
    )
}

pub fn frozen(wallet: &Wallet) -> Fact<WalletEvent> {
    let (wallet_id, person_id) = (wallet.id.to_string(), wallet.person.to_string());
    of_wallet(
        wallet,
        Kind::WalletFrozen(pb::WalletFrozen { wallet_id, person_id }),
    )
}

pub fn unfrozen(wallet: &Wallet) -> Fact<WalletEvent> {
    let (wallet_id, person_id) = (wallet.id.to_string(), wallet.person.to_string());
    of_wallet(
        wallet,
        Kind::WalletUnfrozen(pb::WalletUnfrozen { wallet_id, person_id }),
    )
}

pub fn spent(done: &Spent) -> Fact<WalletEvent> {
    Fact::new(done.wallet, done.version, wallet_spent(&Told::of(done)))
}

pub fn wallet_spent(told: &Told) -> WalletEvent {
    let fact = Kind::WalletSpent(pb::WalletSpent {
        wallet_id: told.wallet.to_string(),
        person_id: told.person.to_string(),
        due_id: told.due.to_string(),
        order_id: told.order.map(|id| id.to_string()).unwrap_or_default(),
        studio_id: told.studio.to_string(),
        amount: Some(told.amount.into()),
        balance: Some(told.spendable.into()),
        journal_id: told.journal.to_string(),
    });
    WalletEvent { fact: Some(fact) }
}

pub fn given_back(wallet: &Wallet, spend: &Spend, back: &Returned) -> Fact<WalletEvent> {
    of_wallet(
        wallet,
        Kind::SpendReturned(pb::SpendReturned {
            wallet_id: wallet.id.to_string(),
            person_id: wallet.person.to_string(),
            due_id: back.due.to_string(),
            leg_id: back.leg.to_string(),
            studio_id: spend.studio.to_string(),
            amount: Some(back.amount.into()),
            balance: Some(back.balance.into()),
            journal_id: back.journal.to_string(),
        }),
    )
}

pub fn applied(recharge: &Recharge) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeApplied(pb::RechargeApplied {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(recharge.amount.into()),
            method: pb::RechargeMethod::from(recharge.method).into(),
            expire_at: Some(to_proto_time(recharge.expire_at)),
        }),
    )
}

pub fn accepted(recharge: &Recharge) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeAccepted(pb::RechargeAccepted {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(recharge.amount.into()),
            expire_at: Some(to_proto_time(recharge.expire_at)),
        }),
    )
}

pub fn received(recharge: &Recharge, received: &Received) -> Fact<WalletEvent> {
    let comparison = if received.amount == recharge.amount {
        pb::Comparison::Equal
    } else {
        pb::Comparison::Different
    };
    of_recharge(
        recharge,
        Kind::RechargeReceived(pb::RechargeReceived {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            legal_entity_id: recharge.legal_entity.to_string(),
            payment_id: received.payment.to_string(),
            applied_amount: Some(recharge.amount.into()),
            amount: Some(received.amount.into()),
            comparison: comparison.into(),
            focus_reasons: received
                .focus
                .iter()
                .map(|f| pb::FocusReason::from(*f).into())
                .collect(),
            method: pb::RechargeMethod::from(recharge.method).into(),
        }),
    )
}

pub fn posted(recharge: &Recharge, received: &Received, lot: LotId, balance: Balance) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargePosted(pb::RechargePosted {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            legal_entity_id: recharge.legal_entity.to_string(),
            payment_id: received.payment.to_string(),
            amount: Some(received.amount.into()),
            balance: Some(balance.into()),
            lot_id: lot.to_string(),
            method: pb::RechargeMethod::from(recharge.method).into(),
            applied_at: Some(to_proto_time(recharge.applied.at)),
        }),
    )
}

pub fn rejected(recharge: &Recharge, rejection: &Rejection) -> Fact<WalletEvent> {
    let received = recharge.state.received();
    of_recharge(
        recharge,
        Kind::RechargeRejected(pb::RechargeRejected {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(received.map_or(recharge.amount, |r| r.amount).into()),
            reason: pb::RejectReason::from(rejection.reason).into(),
            advice: pb::Advice::from(rejection.advice).into(),
            money_returns: received.is_some(),
        }),
    )
}

pub fn cancelled(recharge: &Recharge) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeCancelled(pb::RechargeCancelled {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(recharge.amount.into()),
        }),
    )
}

pub fn expired(recharge: &Recharge) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeExpired(pb::RechargeExpired {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(recharge.amount.into()),
        }),
    )
}

pub fn returned(recharge: &Recharge, amount: Amount) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeReturned(pb::RechargeReturned {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(amount.into()),
        }),
    )
}

pub fn return_stuck(recharge: &Recharge, amount: Amount, why: &str) -> Fact<WalletEvent> {
    of_recharge(
        recharge,
        Kind::RechargeReturnStuck(pb::RechargeReturnStuck {
            recharge_id: recharge.id.to_string(),
            person_id: recharge.person.to_string(),
            studio_id: recharge.studio.to_string(),
            amount: Some(amount.into()),
            why: why.to_owned(),
        }),
    )
}

fn of_hold(hold: &Hold, fact: Kind) -> Fact<WalletEvent> {
    Fact::new(hold.id, hold.version, WalletEvent { fact: Some(fact) })
}

pub fn held(hold: &Hold) -> Fact<WalletEvent> {
    of_hold(
        hold,
        Kind::HoldPlaced(pb::HoldPlaced {
            hold_id: hold.id.to_string(),
            person_id: hold.person.to_string(),
            due_id: hold.due.to_string(),
            order_id: hold.order.map(|id| id.to_string()).unwrap_or_default(),
            studio_id: hold.studio.to_string(),
            amount: Some(hold.amount.into()),
            expire_at: Some(to_proto_time(hold.expire_at)),
        }),
    )
}

pub fn captured(hold: &Hold, amount: Amount) -> Fact<WalletEvent> {
    let released = Balance::from(hold.amount).minus(amount).unwrap_or_default();
    of_hold(
        hold,
        Kind::HoldCaptured(pb::HoldCaptured {
            hold_id: hold.id.to_string(),
            person_id: hold.person.to_string(),
            due_id: hold.due.to_string(),
            amount: Some(amount.into()),
            released: Some(released.into()),
        }),
    )
}

pub fn released(hold: &Hold) -> Fact<WalletEvent> {
    of_hold(
        hold,
        Kind::HoldReleased(pb::HoldReleased {
            hold_id: hold.id.to_string(),
            person_id: hold.person.to_string(),
            due_id: hold.due.to_string(),
            amount: Some(hold.amount.into()),
        }),
    )
}

pub fn hold_expired(hold: &Hold) -> Fact<WalletEvent> {
    of_hold(
        hold,
        Kind::HoldExpired(pb::HoldExpired {
            hold_id: hold.id.to_string(),
            person_id: hold.person.to_string(),
            due_id: hold.due.to_string(),
            amount: Some(hold.amount.into()),
        }),
    )
}
