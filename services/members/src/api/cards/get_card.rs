use kernel::{BadField, CardId, OrderId};
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::get_card_request::Key;

use super::{benefit_view, card_view};
use crate::api::people::look;
use crate::{App, store};

/// Shows a card with its benefits.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetCardRequest,
) -> Result<pb::GetCardResponse, Error> {
    let (card, order) = match request.key {
        Some(Key::CardId(text)) => (Some(CardId::parse("card_id", &text)?), None),
        Some(Key::OrderId(text)) => (None, Some(OrderId::parse("order_id", &text)?)),
        None => return Err(BadField::new("key", "must be a card or an order").into()),
    };

    let mut tx = match (card, order) {
        (Some(card), _) => look(app, caller, &format!("card {card}")).await?,
        (None, order) => look(app, caller, &format!("card of order {order:?}")).await?,
    };
    let card = match (card, order) {
        (Some(card), _) => store::cards::get(&mut tx, card).await?,
        (None, Some(order)) => store::cards::find_by_order(&mut tx, order).await?,
        (None, None) => None,
    };
    let card = card.ok_or_else(|| Error::not_found("card"))?;
    let benefits = store::cards::benefits_of(&mut tx, card.id).await?;
    Ok(pb::GetCardResponse {
        card: Some(card_view(app, &card, &benefits)),
        benefits: benefits.iter().map(benefit_view).collect(),
    })
}
