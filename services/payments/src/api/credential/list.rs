use kernel::{LegalEntityId, Timestamp};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::domain::credential::Credential;
use crate::store::credential::{self, Filter};
use crate::{App, wire};

/// Answers credentials, those to be renewed first.
#[tracing::instrument(name = "payments.list_credentials", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListCredentialsRequest,
) -> Result<pb::ListCredentialsResponse, Error> {
    let page = Page::<(Timestamp, Uuid)>::parse(request.page_size, &request.page_token)?;
    let now = app.clock.now();
    let filter = Filter {
        legal_entity: given(&request.legal_entity_id, |id| {
            LegalEntityId::parse("legal_entity_id", id)
        })?,
        overdue_at: request.overdue_only.then_some(now),
        with_retired: request.with_retired,
    };
    let mut tx = app.begin(caller).await?;
    let rows = credential::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |kept| (kept.rotate_by(), kept.id));
    let ids: Vec<Uuid> = rows.iter().map(|kept| kept.id).collect();
    let recorded = credential::recorded(&mut tx, &ids).await?;
    let shown = |kept: &Credential| {
        let waits = recorded.iter().find(|rotation| rotation.credential == kept.id);
        wire::credential::credential(kept, waits, now)
    };
    Ok(pb::ListCredentialsResponse {
        credentials: rows.iter().map(shown).collect(),
        next_page_token,
    })
}
