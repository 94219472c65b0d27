use kernel::RefundCaseId;
use platform::{Caller, Error};
use proto::studio::refunds::v1 as pb;

use super::{said, view};
use crate::domain::Refusal;
use crate::{App, store};

/// One case within the caller's reach, with its legs and what was written about it.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetCaseRequest,
) -> Result<pb::GetCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let mut tx = app.begin(caller).await?;
    let case = store::cases::find(&mut tx, id)
        .await?
        .ok_or(Refusal::UnknownCase)?;
    let legs = store::legs::of_case(&mut tx, id).await?;
    let shown = said::open(app, &mut tx, &case, view::case(&case, &legs)).await?;
    Ok(pb::GetCaseResponse {
        refund_case: Some(shown),
    })
}
