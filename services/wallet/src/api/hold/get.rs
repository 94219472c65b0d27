use kernel::HoldId;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use super::shown;
use crate::domain::Refusal;
use crate::{App, store};

/// One hold within the caller's reach.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetHoldRequest,
) -> Result<pb::GetHoldResponse, Error> {
    let id = HoldId::parse("hold_id", &request.hold_id)?;
    let mut tx = app.begin(caller).await?;
    let hold = store::holds::find(&mut tx, id)
        .await?
        .ok_or(Refusal::UnknownHold)?;
    Ok(pb::GetHoldResponse {
        hold: Some(shown(&hold)),
    })
}
