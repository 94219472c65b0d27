//! Orders and cards, read from their owners. No transaction is open meanwhile.

use kernel::{
    Amount, Balance, BenefitId, CardId, DueId, LegalEntityId, OrderId, PaymentId, PersonId, StudioId,
    from_proto_time,
};
use platform::{Error, request};
use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as orders;

use crate::App;
use crate::domain::Order;
use crate::domain::order::{Benefit, Card, PaidDue, Route};

/// The order with what was paid for it and how, and its card.
pub async fn order(app: &App, id: OrderId) -> Result<Order, Error> {
    let ask = orders::GetOrderRequest {
        order_id: id.to_string(),
    };
    let seen = app
        .orders
        .clone()
        .get_order(request(ask))
        .await?
        .into_inner()
        .order;
    let seen = seen.ok_or_else(|| Error::not_found("order"))?;
    let paid = seen
        .dues
        .iter()
        .filter(|due| due.state() == orders::DueState::Paid);
    Ok(Order {
        id,
        version: seen.version,
        person: PersonId::parse("order.person_id", &seen.person_id)?,
        studio: StudioId::parse("order.studio_id", &seen.studio_id)?,
        legal_entity: LegalEntityId::parse("order.legal_entity_id", &seen.legal_entity_id)?,
        contracted_at: from_proto_time(seen.accepted_at.as_ref()),
        dues: paid.map(paid_due).collect::<Result<_, _>>()?,
        card: match seen.card_id.as_str() {
            "" => None,
            id => Some(card(app, CardId::parse("order.card_id", id)?).await?),
        },
    })
}

fn paid_due(due: &orders::Due) -> Result<PaidDue, Error> {
    let route = match due.method() {
        orders::PaymentMethod::Wallet => Route::Wallet,
        orders::PaymentMethod::WechatNative
        | orders::PaymentMethod::WechatCodepay
        | orders::PaymentMethod::WechatJsapi
        | orders::PaymentMethod::AlipayQr
        | orders::PaymentMethod::AlipayBarcode
        | orders::PaymentMethod::Cash
        | orders::PaymentMethod::CardTerminal
        | orders::PaymentMethod::BankTransfer => {
            Route::Channel(PaymentId::parse("due.payment_id", &due.payment_id)?)
        }
        orders::PaymentMethod::Unspecified => {
            return Err(Error::Internal("a paid due has no method".to_owned()));
        }
    };
    let paid_at = from_proto_time(due.paid_at.as_ref());
    Ok(PaidDue {
        id: DueId::parse("due.due_id", &due.due_id)?,
        route,
        amount: Amount::parse("due.amount", due.amount.as_ref())?,
        before: due.refunded.as_ref().map_or(Ok(Balance::ZERO), |refunded| {
            Balance::parse("due.refunded", Some(refunded))
        })?,
        paid_at: paid_at.ok_or_else(|| Error::Internal("a paid due has no time".to_owned()))?,
        surplus: due.surplus,
    })
}

/// A card with what is left of its benefits.
pub async fn card(app: &App, id: CardId) -> Result<Card, Error> {
    let ask = members::GetCardRequest {
        key: Some(members::get_card_request::Key::CardId(id.to_string())),
    };
    let seen = app.cards.clone().get_card(request(ask)).await?.into_inner();
    let card = seen.card.unwrap_or_default();
    Ok(Card {
        id,
        valid_from: from_proto_time(card.valid_from.as_ref()),
        valid_days: card.terms.map(|terms| terms.validity_days).unwrap_or_default(),
        benefits: seen.benefits.iter().map(benefit).collect::<Result<_, _>>()?,
    })
}

fn benefit(benefit: &members::Benefit) -> Result<Benefit, Error> {
    Ok(Benefit {
        id: BenefitId::parse("benefit.benefit_id", &benefit.benefit_id)?,
        uses: benefit.terms.as_ref().map(|terms| terms.uses).unwrap_or_default(),
        used: benefit.used,
        left: benefit.left,
    })
}
