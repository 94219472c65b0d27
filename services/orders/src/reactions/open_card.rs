use kernel::{CardId, OrderId, Timestamp, derived_uuid, to_proto_time};
use platform::{BoxFuture, Error, NewTask, Settled, Task, inconsistent};
use proto::studio::members::v1 as card;
use serde::{Deserialize, Serialize};

use super::end_with;
use crate::domain::catalogue::{Scope, ValidityStart};
use crate::domain::order::{Due, DueState, News, Order, Quote, State};
use crate::{App, store};

pub const KIND: &str = "open_card";

/// In a lane of its own, and one for the order for ever.
pub fn task(order: OrderId) -> NewTask {
    NewTask::now(KIND, order, &Nothing {})
        .lane(format!("{order} card"))
        .once(format!("open card {order}"))
}

/// A task that needs to know its order only.
#[derive(Serialize, Deserialize)]
struct Nothing {}

/// Opens the card of a paid order at members, which gives one card for an order
/// however often it is asked.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Some(request) = request(app, task).await? else {
            return task.begin(app).await?.done(task).await;
        };
        match app.cards.clone().open_card(platform::request(request)).await {
            Ok(reply) => {
                let card = CardId::parse("card_id", &reply.into_inner().card_id)?;
                end_with(app, task, News::CardOpened(card)).await
            }
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

/// A definite no makes the order unfulfillable, so that its money goes back;
/// everything else is asked again.
async fn refused(app: &App, task: &Task, error: Error) -> Result<Settled, Error> {
    let no = error.definite_no();
    match no.filter(|reason| reason != "STUDIO_UNKNOWN" || task.attempt > 5) {
        Some(why) => end_with(app, task, News::CardRefused { why }).await,
        None => task.ask_again(app, error).await,
    }
}
