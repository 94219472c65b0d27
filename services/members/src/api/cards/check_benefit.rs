use kernel::{BenefitId, StudioId};
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::benefit_view;
use crate::api::{open_place, people::look};
use crate::{App, store};

/// Says whether a benefit could be used at a studio now.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CheckBenefitRequest,
) -> Result<pb::CheckBenefitResponse, Error> {
    let id = BenefitId::parse("benefit_id", &request.benefit_id)?;
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let place = open_place(app, studio);

    let mut tx = look(app, caller, &format!("benefit {id}")).await?;
    let benefit = store::cards::get_benefit(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("benefit"))?;
    caller.require_reach("benefit", studio, Some(benefit.person))?;
    let usable = place.and_then(|(_, place)| Ok(benefit.usable(&place, app.clock.now())?));
    Ok(pb::CheckBenefitResponse {
        usable: usable.is_ok(),
        refusal: usable.err().and_then(|error| error.reason()).unwrap_or_default(),
        benefit: Some(benefit_view(&benefit)),
    })
}
