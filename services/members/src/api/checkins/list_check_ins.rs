use kernel::{CardId, CheckInId, PersonId, StudioId, Timestamp, to_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use crate::domain::checkins::CheckIn;
use crate::store::Scope;
use crate::store::checkins::Filter;
use crate::{App, store};

/// Lists visits within reach, the latest first.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListCheckInsRequest,
) -> Result<pb::ListCheckInsResponse, Error> {
    let person = (!request.person_id.is_empty())
        .then(|| PersonId::parse("person_id", &request.person_id))
        .transpose()?;
    let card = (!request.card_id.is_empty())
        .then(|| CardId::parse("card_id", &request.card_id))
        .transpose()?;
    let studio = (!request.studio_id.is_empty())
        .then(|| StudioId::parse("studio_id", &request.studio_id))
        .transpose()?;
    let filter = Filter {
        scope: Scope::of(caller),
        person: person.map(|id| id.0),
        card: card.map(|id| id.0),
        studio: studio.map(|id| id.0),
    };
    let page = Page::<(Timestamp, CheckInId)>::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let visits = store::checkins::list(&mut tx, &filter, &page).await?;
    let (visits, next_page_token) = page.cut(visits, |visit| (visit.at, visit.id));
    Ok(pb::ListCheckInsResponse {
        check_ins: visits.iter().map(view).collect(),
        next_page_token,
    })
}

fn view(visit: &CheckIn) -> pb::CheckIn {
    pb::CheckIn {
        check_in_id: visit.id.to_string(),
        studio_id: visit.studio.to_string(),
        person_id: visit.person.to_string(),
        card_id: visit.card.to_string(),
        benefit_id: visit.benefit.to_string(),
        checked_in_at: Some(to_proto_time(visit.at)),
        staff_person_id: visit.staff.to_string(),
        hold_id: visit.hold.map(|hold| hold.to_string()).unwrap_or_default(),
    }
}
