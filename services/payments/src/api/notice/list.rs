use kernel::StudioId;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::{App, store, wire};

/// Answers the versions of a studio, the latest first.
#[tracing::instrument(name = "payments.list_notices", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListNoticesRequest,
) -> Result<pb::ListNoticesResponse, Error> {
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let page = Page::<i64>::parse(request.page_size, &request.page_token)?;
    caller.require_reach("studio", studio, None)?;
    let mut tx = app.begin(caller).await?;
    let rows = store::notice::list(&mut tx, studio, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |notice| notice.number);
    Ok(pb::ListNoticesResponse {
        notices: rows.iter().map(|notice| wire::notice(notice, true)).collect(),
        next_page_token,
    })
}
