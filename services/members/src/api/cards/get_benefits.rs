use kernel::{CardId, CheckInId, Timestamp, to_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::{benefit_view, card_view};
use crate::api::people::look;
use crate::domain::checkins::CheckIn;
use crate::store::Scope;
use crate::store::checkins::Filter;
use crate::{App, store};

/// Shows a card's activation, remaining validity, what is left, and the uses.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetBenefitsRequest,
) -> Result<pb::GetBenefitsResponse, Error> {
    let id = CardId::parse("card_id", &request.card_id)?;
    let page = Page::<(Timestamp, CheckInId)>::parse(request.page_size, &request.page_token)?;

    let mut tx = look(app, caller, &format!("benefits of card {id}")).await?;
    let card = store::cards::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("card"))?;
    let benefits = store::cards::benefits_of(&mut tx, id).await?;
    let filter = Filter {
        scope: Scope::all(),
        person: None,
        card: Some(id.0),
        studio: None,
    };
    let uses = store::checkins::list(&mut tx, &filter, &page).await?;
    let (uses, next_page_token) = page.cut(uses, |visit| (visit.at, visit.id));
    Ok(pb::GetBenefitsResponse {
        card: Some(card_view(app, &card, &benefits)),
        benefits: benefits.iter().map(benefit_view).collect(),
        uses: uses.iter().map(use_view).collect(),
        next_page_token,
    })
}

fn use_view(visit: &CheckIn) -> pb::BenefitUse {
    pb::BenefitUse {
        check_in_id: visit.id.to_string(),
        benefit_id: visit.benefit.to_string(),
        studio_id: visit.studio.to_string(),
        used_at: Some(to_proto_time(visit.at)),
        staff_person_id: visit.staff.to_string(),
    }
}
