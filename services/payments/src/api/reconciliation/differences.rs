use kernel::{LegalEntityId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::domain::reconciliation::difference::Type;
use crate::domain::statement::Party;
use crate::store::reconciliation::differences::{self, Filter};
use crate::{App, wire};

/// Answers differences.
#[tracing::instrument(name = "payments.list_differences", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListDifferencesRequest,
) -> Result<pb::ListDifferencesResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        party: Party::asked(request.party()),
        account: given(&request.account, |text| Ok(text.to_owned()))?,
        day: given(&request.day, |text| wire::reconciliation::date("day", text))?,
        kind: Type::asked(request.r#type()),
        studio: given(&request.studio_id, |id| StudioId::parse("studio_id", id))?.map(|s| s.0),
        legal_entity: given(&request.legal_entity_id, |id| {
            LegalEntityId::parse("legal_entity_id", id)
        })?
        .map(|e| e.0),
        not_resolved: request.not_resolved,
        overdue_at: request.overdue.then(|| app.clock.now()),
    };
    let mut tx = app.begin(caller).await?;
    let rows = differences::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.due_at, row.id));
    let shown: Result<Vec<_>, Error> = rows.iter().map(wire::reconciliation::difference).collect();
    Ok(pb::ListDifferencesResponse {
        differences: shown?,
        next_page_token,
    })
}
