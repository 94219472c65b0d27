use kernel::{Timestamp, to_proto_time};
use platform::{Caller, Claim, Error, NewTask, WriteTx};
use proto::studio::members::v1 as pb;

use super::terms::sale;
use crate::api::open_place;
use crate::domain::Refusal;
use crate::domain::cards::{Benefit, Card, Sale};
use crate::domain::people::PersonState;
use crate::{App, facts, meters, reactions, store};

/// Opens the card that an order paid for, once for an order.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::OpenCardRequest,
) -> Result<pb::OpenCardResponse, Error> {
    let sale = sale(&request)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    if let Some(card) = opened_before(&mut tx, &sale).await? {
        return tx.commit(opened(&card)).await;
    }
    let (card, benefits) = decide(app, &mut tx, &sale, now).await?;

    if !store::cards::insert(&mut tx, &card, &benefits).await? {
        let twin = opened_before(&mut tx, &sale)
            .await?
            .ok_or(Refusal::OrderMismatch)?;
        return tx.commit(opened(&twin)).await;
    }
    tx.publish(facts::card_opened(&card)).await?;
    if let Some(fact) = facts::validity_started(&card) {
        tx.publish(fact).await?;
    } else {
        let start = reactions::cards::start_validity::Payload { card: card.id };
        tx.task(NewTask::at(
            "start_validity",
            card.id,
            card.latest_start_at,
            &start,
        ))
        .await?;
    }
    let reply = tx.commit(opened(&card)).await?;
    meters::entitled(now - sale.paid_at, app.settings.entitled_within);
    Ok(reply)
}

async fn decide(
    app: &App,
    tx: &mut WriteTx,
    sale: &Sale,
    now: Timestamp,
) -> Result<(Card, Vec<Benefit>), Error> {
    let (studio, _) = open_place(app, sale.studio)?;
    let person = store::people::get(tx, sale.person)
        .await?
        .ok_or_else(|| Error::not_found("person"))?;
    if person.state == PersonState::Erased {
        return Err(Refusal::PersonErased.into());
    }
    Ok(Card::open(sale, now, studio.zone))
}

/// The order's card, if it has one; refuses when it was sold otherwise.
async fn opened_before(tx: &mut WriteTx, sale: &Sale) -> Result<Option<Card>, Error> {
    let Some(card) = store::cards::find_by_order(tx, sale.order).await? else {
        return Ok(None);
    };
    let benefits = store::cards::benefits_of(tx, card.id).await?;
    if card.is_of(sale, &benefits) {
        Ok(Some(card))
    } else {
        Err(Refusal::OrderMismatch.into())
    }
}

fn opened(card: &Card) -> pb::OpenCardResponse {
    pb::OpenCardResponse {
        card_id: card.id.to_string(),
        opened_at: Some(to_proto_time(card.opened_at)),
    }
}
