use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use crate::{App, store};

/// Shows what the applicant wrote about what they want.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetNeedsRequest,
) -> Result<pb::GetNeedsResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let needs = match store::order::needs(&mut tx, order.id).await? {
        Some(sealed) => {
            app.vault()
                .open(&mut tx, order.person, super::NEEDS, &sealed)
                .await?
        }
        None => None,
    };
    Ok(pb::GetNeedsResponse {
        needs: needs.unwrap_or_default(),
    })
}
