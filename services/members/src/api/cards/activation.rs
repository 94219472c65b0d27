use kernel::CardId;
use platform::{Error, WriteTx};

use super::card_view;
use crate::api::zone_of;
use crate::domain::cards::{Activation, Benefit, Card};
use crate::{App, facts, store};
use proto::studio::members::v1 as pb;

/// The subject under which wrong attempts against one card are counted.
pub(super) fn subject(app: &App, card: CardId) -> Vec<u8> {
    app.vault().blind_index("card", &card.to_string())
}

/// Writes an activation, begins validity if it is time, and tells of both.
pub(super) async fn activate(
    app: &App,
    tx: &mut WriteTx,
    card: Card,
    activation: &Activation,
) -> Result<pb::Card, Error> {
    let before = card.clone();
    let card = card.activate(activation.at, zone_of(app, before.studio))?;
    let card = Card {
        version: before.version + 1,
        ..card
    };
    store::cards::save(tx, &card, Some(activation)).await?;
    let benefits = begun(app, tx, &before, &card).await?;
    tx.publish(facts::card_activated(&card, activation)).await?;
    Ok(card_view(app, &card, &benefits))
}

/// What follows from a card's validity beginning, if it just did: the ends of
/// its benefits, and the fact. Returns the benefits as they are then.
pub(in crate::api) async fn begun(
    app: &App,
    tx: &mut WriteTx,
    before: &Card,
    card: &Card,
) -> Result<Vec<Benefit>, Error> {
    if before.validity != card.validity {
        store::cards::begin_benefits(tx, card, zone_of(app, card.studio)).await?;
        if let Some(fact) = facts::validity_started(card) {
            tx.publish(fact).await?;
        }
    }
    store::cards::benefits_of(tx, card.id).await
}
