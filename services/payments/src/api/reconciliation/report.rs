use kernel::{LegalEntityId, StudioId};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::given;
use crate::store::reconciliation::days;
use crate::{App, wire};

/// Answers what a day's bill makes for each studio.
#[tracing::instrument(name = "payments.get_day_report", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetDayReportRequest,
) -> Result<pb::GetDayReportResponse, Error> {
    let book = wire::reconciliation::book("account", request.account.as_ref())?;
    let day = wire::reconciliation::date("day", &request.day)?;
    let studio = given(&request.studio_id, |id| StudioId::parse("studio_id", id))?;
    let entity = given(&request.legal_entity_id, |id| {
        LegalEntityId::parse("legal_entity_id", id)
    })?;
    let mut tx = app.begin(caller).await?;
    let listed = days::get(&mut tx, &book, day)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let totals = days::report(&mut tx, book.id, day, studio.map(|s| s.0), entity.map(|e| e.0)).await?;
    Ok(pb::GetDayReportResponse {
        day: Some(wire::reconciliation::day(&listed)?),
        totals: totals.iter().map(wire::reconciliation::total).collect(),
    })
}
