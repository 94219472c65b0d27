//! The services below refunds, as a test furnishes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{DueId, LegalEntityId, PaymentId, StudioId, Timestamp, to_proto_time};
use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as orders;
use proto::studio::payments::v1 as payments;
use proto::studio::wallet::v1 as wallet;
use tonic::Status;

use crate::peers::Peers;
use crate::world::{Sale, money};

/// What the services below hold and were asked.
#[derive(Default)]
pub struct Below {
    pub orders: HashMap<String, orders::Order>,
    pub cards: HashMap<String, members::GetCardResponse>,
    /// By leg.
    pub returned: HashMap<String, wallet::ReturnSpendRequest>,
    /// By leg.
    pub refunds: HashMap<String, payments::RefundRequest>,
    /// By case.
    pub recorded: HashMap<String, orders::RecordRefundRequest>,
    /// By case.
    pub revoked: HashMap<String, members::RevokeBenefitsRequest>,
    pub calls: usize,
}

pub fn due(minor: i64, method: orders::PaymentMethod, paid_at: Timestamp) -> orders::Due {
    let channel = method == orders::PaymentMethod::WechatNative;
    orders::Due {
        due_id: DueId::fresh().to_string(),
        amount: Some(money(minor)),
        state: orders::DueState::Paid.into(),
        method: method.into(),
        payment_id: if channel {
            PaymentId::fresh().to_string()
        } else {
            String::new()
        },
        paid_at: Some(to_proto_time(paid_at)),
        refunded: Some(money(0)),
        ..orders::Due::default()
    }
}

pub fn sold(
    sale: &Sale,
    dues: Vec<orders::Due>,
    studio: StudioId,
    seller: LegalEntityId,
    at: Timestamp,
) -> orders::Order {
    orders::Order {
        order_id: sale.order.clone(),
        state: orders::OrderState::Fulfilled.into(),
        person_id: sale.person.to_string(),
        studio_id: studio.to_string(),
        legal_entity_id: seller.to_string(),
        accepted_at: Some(to_proto_time(at)),
        card_id: sale.card.clone(),
        dues,
        version: 9,
        ..orders::Order::default()
    }
}

pub fn card_of(sale: &Sale) -> members::GetCardResponse {
    let card = members::Card {
        card_id: sale.card.clone(),
        order_id: sale.order.clone(),
        person_id: sale.person.to_string(),
        terms: Some(members::CardTerms {
            validity_days: 365,
            ..members::CardTerms::default()
        }),
        ..members::Card::default()
    };
    let benefit = members::Benefit {
        benefit_id: sale.benefit.clone(),
        card_id: sale.card.clone(),
        terms: Some(members::BenefitTerms {
            uses: 10,
            ..members::BenefitTerms::default()
        }),
        left: 10,
        ..members::Benefit::default()
    };
    members::GetCardResponse {
        card: Some(card),
        benefits: vec![benefit],
    }
}

pub fn play(below: &Arc<Mutex<Below>>) -> Peers {
    let hold = |below: &Arc<Mutex<Below>>| {
        let below = below.clone();
        move || {
            let mut guard = below.lock().unwrap_or_else(PoisonError::into_inner);
            guard.calls += 1;
            drop(guard);
            below.clone()
        }
    };
    let (order, card, spend, refund) = (hold(below), hold(below), hold(below), hold(below));
    let (record, revoke) = (hold(below), hold(below));
    Peers::default()
        .on(move |ask: orders::GetOrderRequest| {
            let found = order().lock().unwrap().orders.get(&ask.order_id).cloned();
            let order = found.ok_or_else(|| Status::not_found("order"))?;
            Ok(orders::GetOrderResponse { order: Some(order) })
        })
        .on(move |ask: members::GetCardRequest| {
            let Some(members::get_card_request::Key::CardId(id)) = ask.key else {
                return Err(Status::invalid_argument("key"));
            };
            card()
                .lock()
                .unwrap()
                .cards
                .get(&id)
                .cloned()
                .ok_or_else(|| Status::not_found("card"))
        })
        .on(move |ask: wallet::ReturnSpendRequest| {
            spend().lock().unwrap().returned.insert(ask.leg_id.clone(), ask);
            Ok(wallet::ReturnSpendResponse::default())
        })
        .on(move |ask: payments::RefundRequest| {
            refund().lock().unwrap().refunds.insert(ask.leg_id.clone(), ask);
            let refund = payments::Refund {
                state: payments::RefundState::Submitted.into(),
                ..payments::Refund::default()
            };
            Ok(payments::RefundResponse { refund: Some(refund) })
        })
        .on(move |ask: orders::RecordRefundRequest| {
            record().lock().unwrap().recorded.insert(ask.case_id.clone(), ask);
            Ok(orders::RecordRefundResponse::default())
        })
        .on(move |ask: members::RevokeBenefitsRequest| {
            revoke().lock().unwrap().revoked.insert(ask.case_id.clone(), ask);
            Ok(members::RevokeBenefitsResponse::default())
        })
}
