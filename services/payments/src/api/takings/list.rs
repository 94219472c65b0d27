use kernel::{LegalEntityId, StudioId};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use super::period;
use crate::api::given;
use crate::store::takings::{self, Filter, Key};
use crate::{App, wire};

/// Sums up what was taken and sent back.
#[tracing::instrument(name = "payments.list_takings", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListTakingsRequest,
) -> Result<pb::ListTakingsResponse, Error> {
    let page = Page::<Key>::parse(request.page_size, &request.page_token)?;
    let (from, to) = period(&request.from_day, &request.to_day)?;
    let filter = Filter {
        from,
        to,
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?,
        legal_entity: given(&request.legal_entity_id, |id| {
            LegalEntityId::parse("legal_entity_id", id)
        })?,
        method: wire::method(request.method()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = takings::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, takings::Takings::key);
    Ok(pb::ListTakingsResponse {
        takings: rows.iter().map(wire::takings::takings).collect(),
        next_page_token,
    })
}
