use kernel::CardId;
use platform::{BoxFuture, Error, Settled, Task};
use serde::{Deserialize, Serialize};

use crate::api::zone_of;
use crate::domain::cards::Card;
use crate::{App, facts, store};

#[derive(Debug, Serialize, Deserialize)]
pub struct Payload {
    pub card: CardId,
}

/// Begins a card's validity at its latest start, unless it began before.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let Payload { card: id } = task.payload()?;
        let mut tx = task.begin(app).await?;
        let before = store::cards::lock(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("card"))?;

        let zone = zone_of(app, before.studio);
        let card = before.clone().catch_up(app.clock.now(), zone);
        if card.validity != before.validity {
            let card = Card {
                version: before.version + 1,
                ..card
            };
            store::cards::save(&mut tx, &card, None).await?;
            store::cards::begin_benefits(&mut tx, &card, zone).await?;
            if let Some(fact) = facts::validity_started(&card) {
                tx.publish(fact).await?;
            }
        }
        tx.done(task).await
    })
}
