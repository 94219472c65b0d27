//! An order from its application to its end. That it was paid is told by the
//! payment or the wallet, that its card is open by members.

use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::orders::v1::orders_event::Fact;
use proto::studio::orders::v1::{OrderSentBack, OrdersEvent};

use super::{fen, notice, tell, time};
use crate::App;
use crate::domain::fill::Fill;
use crate::domain::message::Notice;
use crate::domain::template::{ORDER_REASON, QUOTE_RAN_OUT, SEE_ORDER};

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<OrdersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move { tell(app, tx, delivery, told(delivery.fact())?).await })
}

// What staff wrote to the applicant is in no fact and no message: the mail asks
// orders for it when it leaves, the inbox points at the order.

/// A notice about the order of a fact, with the order's number and more.
macro_rules! about_order {
    ($template:literal, $fact:expr $(, $more:ident($($value:expr),*))*) => {
        notice(
            $template,
            &$fact.person_id,
            &$fact.studio_id,
            &$fact.order_id,
            Fill::default().text("order_number", &$fact.order_number)$(.$more($($value),*))*,
        )?
    };
}

fn told(event: &OrdersEvent) -> Result<Option<Notice>, Error> {
    Ok(Some(match &event.fact {
        Some(Fact::OrderSubmitted(f)) => about_order!("application_received", f),
        Some(Fact::InformationRequested(f)) => {
            about_order!("information_needed", f, word(ORDER_REASON, SEE_ORDER))
        }
        Some(Fact::InformationProvided(f)) => about_order!("information_provided", f),
        Some(Fact::QuoteIssued(f)) => about_order!(
            "quote_issued",
            f,
            money("amount", fen("amount", f.amount.as_ref())?),
            time("valid_until", time("valid_until", f.valid_until.as_ref())?)
        ),
        Some(Fact::OrderApproved(f)) => about_order!(
            "order_approved",
            f,
            money("amount", fen("amount", f.amount.as_ref())?),
            time("accept_by", time("accept_by", f.accept_by.as_ref())?)
        ),
        Some(Fact::OrderRejected(f)) => about_order!("order_rejected", f, word(ORDER_REASON, SEE_ORDER)),
        Some(Fact::OrderSentBack(f)) => return sent_back(f),
        Some(Fact::OrderConfirmed(f)) => about_order!(
            "order_confirmed",
            f,
            money("amount", fen("amount", f.amount.as_ref())?),
            time("pay_by", time("pay_by", f.pay_by.as_ref())?)
        ),
        _ => return ended(event),
    }))
}

/// Back with customer service: by the review department with its reason, or
/// because the quote ran out. A change that the applicant asked for is no news
/// to them.
fn sent_back(fact: &OrderSentBack) -> Result<Option<Notice>, Error> {
    if fact.change_requested {
        return Ok(None);
    }
    let reason = if fact.sent_by.is_empty() {
        QUOTE_RAN_OUT
    } else {
        SEE_ORDER
    };
    Ok(Some(about_order!(
        "order_sent_back",
        fact,
        word(ORDER_REASON, reason)
    )))
}

/// How an order ended otherwise than by a card.
fn ended(event: &OrdersEvent) -> Result<Option<Notice>, Error> {
    Ok(Some(match &event.fact {
        Some(Fact::OrderDeclined(f)) => about_order!("order_declined", f),
        Some(Fact::OrderUnfulfillable(f)) => {
            about_order!(
                "order_unfulfillable",
                f,
                money("amount", fen("amount", f.amount.as_ref())?)
            )
        }
        Some(Fact::OrderCancelled(f)) => about_order!("order_cancelled", f),
        Some(Fact::OrderExpired(f)) => about_order!("order_expired", f),
        _ => return Ok(None),
    }))
}
