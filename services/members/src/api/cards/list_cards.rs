use kernel::{CardId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::card_view;
use crate::store::Scope;
use crate::store::cards::Filter;
use crate::{App, store};

/// Lists cards within reach, the newest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListCardsRequest,
) -> Result<pb::ListCardsResponse, Error> {
    let person = (!request.person_id.is_empty())
        .then(|| PersonId::parse("person_id", &request.person_id))
        .transpose()?;
    let studio = (!request.studio_id.is_empty())
        .then(|| StudioId::parse("studio_id", &request.studio_id))
        .transpose()?;
    let filter = Filter {
        scope: Scope::of(caller),
        person: person.map(|person| person.0),
        studio: studio.map(|studio| studio.0),
        state: match request.state() {
            pb::CardState::Unspecified => None,
            pb::CardState::Opened => Some("opened"),
            pb::CardState::Activated => Some("activated"),
            pb::CardState::Ended => Some("ended"),
        },
    };
    let page = Page::<(Timestamp, CardId)>::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let cards = store::cards::list(&mut tx, &filter, &page).await?;
    let (cards, next_page_token) = page.cut(cards, |card| (card.opened_at, card.id));
    let mut shown = Vec::with_capacity(cards.len());
    for card in &cards {
        let benefits = store::cards::benefits_of(&mut tx, card.id).await?;
        shown.push(card_view(app, card, &benefits));
    }
    Ok(pb::ListCardsResponse {
        cards: shown,
        next_page_token,
    })
}
