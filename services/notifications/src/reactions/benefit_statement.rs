//! The statement of benefits after a card's activation: content, conditions
//! and validity. The card is asked of members, which alone knows its terms.

use kernel::from_proto_time;
use platform::{BoxFuture, Delivery, Error, NewTask, Settled, SystemTx, Task};
use proto::studio::members::v1::get_card_request::Key;
use proto::studio::members::v1::{CardActivated, GetCardRequest, GetCardResponse, MembersEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{id, notice};
use crate::App;
use crate::domain::fill::{Fill, Value};
use crate::queue::{self, Cause};

pub const KIND: &str = "benefit_statement";

#[derive(Serialize, Deserialize)]
struct Statement {
    event_id: Uuid,
    card_id: Uuid,
    person_id: String,
    studio_id: String,
    product: String,
}

/// Leaves the statement to be written: the reaction itself asks nobody.
pub async fn leave(
    tx: &mut SystemTx,
    delivery: &Delivery<MembersEvent>,
    fact: &CardActivated,
) -> Result<(), Error> {
    let card_id = id("card_id", &fact.card_id)?;
    let statement = Statement {
        event_id: delivery.event_id,
        card_id,
        person_id: fact.person_id.clone(),
        studio_id: fact.studio_id.clone(),
        product: fact.product_name.clone(),
    };
    tx.task(NewTask::now(KIND, card_id, &statement)).await
}

pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let statement: Statement = task.payload()?;
        let key = Some(Key::CardId(statement.card_id.to_string()));
        let card = app
            .cards
            .clone()
            .get_card(platform::request(GetCardRequest { key }))
            .await?
            .into_inner();
        let fill = fill(&statement, &card);
        let told = notice(
            "card_activated",
            &statement.person_id,
            &statement.studio_id,
            &statement.card_id.to_string(),
            fill,
        )?;
        let mut tx = task.begin(app).await?;
        let cause = Cause {
            source: "members",
            id: statement.event_id,
            at: app.clock.now(),
        };
        queue::tell(app, &mut tx, cause, &told).await?;
        tx.done(task).await
    })
}

fn fill(statement: &Statement, reply: &GetCardResponse) -> Fill {
    let benefits = reply
        .benefits
        .iter()
        .filter_map(|b| b.terms.as_ref())
        .map(|terms| (terms.name.clone(), (terms.uses > 0).then_some(terms.uses)))
        .collect();
    Fill::default()
        .text("product", &statement.product)
        .with("benefits", Value::Benefits(benefits))
        .with("validity", validity(reply))
}

/// The days of a validity that began, or when it will.
fn validity(reply: &GetCardResponse) -> Value {
    let card = reply.card.as_ref();
    let from = from_proto_time(card.and_then(|c| c.valid_from.as_ref()));
    let until = from_proto_time(card.and_then(|c| c.valid_until.as_ref()));
    match (from, until) {
        (Some(from), Some(until)) => Value::Days { from, until },
        _ => Value::Word("validity_at_first_visit".to_owned()),
    }
}
