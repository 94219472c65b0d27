use kernel::{CardId, OrderId, Timestamp, derived_uuid, to_proto_time};
use platform::{BoxFuture, Error, Settled, Task, inconsistent};
use proto::studio::members::v1 as card;

use crate::domain::catalogue::{Scope, ValidityStart};
use crate::domain::order::{Cause, Due, DueState, Order, Quote, State};
use crate::store::step::Actor;
use crate::{App, facts, store};

pub const KIND: &str = "open_card";

/// Opens the card of a paid order at members, which gives one card for an order
/// however often it is asked.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Some(request) = request(app, task).await? else {
            return task.begin(app).await?.done(task).await;
        };
        match app.cards.clone().open_card(platform::request(request)).await {
            Ok(reply) => fulfilled(app, task, CardId::parse("card_id", &reply.into_inner().card_id)?).await,
            Err(status) => refused(app, task, status.into()).await,
        }
    })
}

async fn request(app: &App, task: &Task) -> Result<Option<card::OpenCardRequest>, Error> {
    let mut tx = task.begin(app).await?;
    let id = OrderId(task.aggregate);
    let Some(order) = store::order::find(&mut tx, id)
        .await?
        .filter(|o| o.state == State::Paid)
    else {
        return Ok(None);
    };
    let quote = store::quote::standing(&mut tx, &order).await?;
    let quote = quote.ok_or_else(|| inconsistent("orders", "quote_id"))?;
    let paid_at = paid_at(&store::due::of_order(&mut tx, id).await?);
    Ok(Some(card::OpenCardRequest {
        request_id: derived_uuid(id.0, "card").to_string(),
        order_id: id.to_string(),
        person_id: order.person.to_string(),
        studio_id: order.studio.to_string(),
        terms: Some(terms(app, &order, &quote)),
        paid_at: paid_at.map(to_proto_time),
    }))
}

/// When the last due was paid that the order could use.
fn paid_at(dues: &[Due]) -> Option<Timestamp> {
    dues.iter()
        .filter(|d| d.state == DueState::Paid && !d.surplus)
        .filter_map(|d| d.paid_at)
        .max()
}

/// What was sold, pinned by the quote.
fn terms(app: &App, order: &Order, quote: &Quote) -> card::CardTerms {
    let terms = &quote.version.terms;
    let start = match terms.validity_start {
        ValidityStart::Payment => card::ValidityStart::AtPayment,
        ValidityStart::Activation => card::ValidityStart::AtActivation,
        ValidityStart::FirstVisit => card::ValidityStart::AtFirstVisit,
    };
    let benefit = |benefit: &crate::domain::catalogue::Benefit| card::BenefitTerms {
        code: benefit.code.clone(),
        name: benefit.name.clone(),
        uses: benefit.uses,
        scope_node_ids: nodes(app, order, benefit.scope),
        validity_days: 0,
    };
    card::CardTerms {
        product_id: terms.product.to_string(),
        product_version: i64::from(quote.version.number),
        product_name: terms.name.clone(),
        price: Some(quote.amount.into()),
        contract_version: quote.terms_version.clone(),
        validity_start: start.into(),
        validity_days: terms.valid_days,
        latest_start_days: terms.start_within_days,
        benefits: terms.benefits.iter().map(benefit).collect(),
    }
}

/// The nodes below which a benefit can be used; none is everywhere.
fn nodes(app: &App, order: &Order, scope: Scope) -> Vec<String> {
    let studio = order.studio.to_string();
    match scope {
        Scope::Operator => Vec::new(),
        Scope::Studio => vec![studio],
        Scope::LegalEntity => vec![order.legal_entity.to_string()],
        Scope::Region => {
            let region = app.organisation().studio(order.studio).and_then(|s| s.region);
            vec![region.map_or(studio, |region| region.to_string())]
        }
    }
}

async fn fulfilled(app: &App, task: &Task, card: CardId) -> Result<Settled, Error> {
    let mut tx = task.begin(app).await?;
    let order = store::order::lock(&mut tx, OrderId(task.aggregate)).await?;
    if let Some(order) = order.filter(|o| o.state == State::Paid) {
        let change = order.fulfil(card, app.now())?;
        store::order::save(&mut tx, &change, &Actor::system()).await?;
        tx.publish(facts::fulfilled(&change.order)).await?;
    }
    tx.done(task).await
}

/// A definite no makes the order unfulfillable, so that its money goes back;
/// everything else is asked again.
async fn refused(app: &App, task: &Task, error: Error) -> Result<Settled, Error> {
    let Some(reason) = error
        .definite_no()
        .filter(|reason| reason != "STUDIO_UNKNOWN" || task.attempt > 5)
    else {
        return task.ask_again(app, error).await;
    };
    let mut tx = task.begin(app).await?;
    let id = OrderId(task.aggregate);
    let order = store::order::lock(&mut tx, id).await?;
    if let Some(order) = order.filter(|o| o.state == State::Paid) {
        let change = order.cannot_fulfil(&reason, app.now())?;
        store::order::save(&mut tx, &change, &Actor::system()).await?;
        let dues = store::due::of_order(&mut tx, id).await?;
        for due in dues.iter().filter(|d| d.state == DueState::Paid && !d.surplus) {
            tx.publish(facts::unfulfillable(&change.order, due, Cause::CardRefused))
                .await?;
        }
    }
    tx.done(task).await
}
