//! Recharges from the application to the posting or the refusal with its cause
//! and advice, and what is spent from a wallet.

use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::wallet::v1::wallet_event::Fact;
use proto::studio::wallet::v1::{RechargeMethod, RechargePosted, RechargeRejected, WalletEvent, WalletSpent};

use super::{fen, notice, tell, time, word};
use crate::App;
use crate::domain::fill::Fill;
use crate::domain::message::Notice;

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<WalletEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move { tell(app, tx, delivery, told(delivery)?).await })
}

/// A notice about the recharge of a fact, with its amount and more.
macro_rules! about_recharge {
    ($template:literal, $fact:expr $(, $more:ident($($value:expr),*))*) => {
        notice(
            $template,
            &$fact.person_id,
            &$fact.studio_id,
            &$fact.recharge_id,
            Fill::default().money("amount", fen("amount", $fact.amount.as_ref())?)$(.$more($($value),*))*,
        )?
    };
}

fn told(delivery: &Delivery<WalletEvent>) -> Result<Option<Notice>, Error> {
    Ok(Some(match &delivery.fact().fact {
        Some(Fact::RechargeApplied(f)) => about_recharge!(
            "recharge_applied",
            f,
            word("method", method(f.method())),
            time("pay_by", time("expire_at", f.expire_at.as_ref())?)
        ),
        Some(Fact::RechargeAccepted(f)) => {
            about_recharge!(
                "recharge_accepted",
                f,
                time("pay_by", time("expire_at", f.expire_at.as_ref())?)
            )
        }
        Some(Fact::RechargeReceived(f)) => {
            about_recharge!("recharge_received", f, word("method", method(f.method())))
        }
        Some(Fact::RechargePosted(f)) => posted(f, delivery)?,
        Some(Fact::RechargeRejected(f)) => rejected(f)?,
        Some(Fact::RechargeCancelled(f)) => about_recharge!("recharge_cancelled", f),
        Some(Fact::RechargeExpired(f)) => about_recharge!("recharge_expired", f),
        Some(Fact::RechargeReturned(f)) => about_recharge!("recharge_returned", f),
        Some(Fact::WalletSpent(f)) => spent(f, delivery)?,
        Some(Fact::SpendReturned(f)) => {
            let fill = Fill::default()
                .money("amount", fen("amount", f.amount.as_ref())?)
                .money("balance", fen("balance", f.balance.as_ref())?);
            notice("spend_returned", &f.person_id, &f.studio_id, &f.leg_id, fill)?
        }
        Some(
            Fact::WalletOpened(_)
            | Fact::RechargeReturnStuck(_)
            | Fact::WalletFrozen(_)
            | Fact::WalletUnfrozen(_)
            // Whoever reserves value for a member tells them of it.
            | Fact::HoldPlaced(_)
            | Fact::HoldCaptured(_)
            | Fact::HoldReleased(_)
            | Fact::HoldExpired(_),
        )
        | None => return Ok(None),
    }))
}

fn posted(fact: &RechargePosted, delivery: &Delivery<WalletEvent>) -> Result<Notice, Error> {
    Ok(about_recharge!(
        "recharge_posted",
        fact,
        money("balance", fen("balance", fact.balance.as_ref())?),
        word("method", method(fact.method())),
        time("at", delivery.occurred_at)
    ))
}

fn rejected(fact: &RechargeRejected) -> Result<Notice, Error> {
    let money = if fact.money_returns {
        "money_returns"
    } else {
        "money_none"
    };
    Ok(about_recharge!(
        "recharge_rejected",
        fact,
        word("cause", word(fact.reason().as_str_name(), "REJECT_REASON_")),
        word("advice", word(fact.advice().as_str_name(), "ADVICE_")),
        word("money", money)
    ))
}

fn spent(fact: &WalletSpent, delivery: &Delivery<WalletEvent>) -> Result<Notice, Error> {
    let fill = Fill::default()
        .money("amount", fen("amount", fact.amount.as_ref())?)
        .money("balance", fen("balance", fact.balance.as_ref())?)
        .time("at", delivery.occurred_at);
    Ok(notice(
        "wallet_spent",
        &fact.person_id,
        &fact.studio_id,
        &fact.due_id,
        fill,
    )?)
}

fn method(method: RechargeMethod) -> String {
    word(method.as_str_name(), "RECHARGE_METHOD_")
}
