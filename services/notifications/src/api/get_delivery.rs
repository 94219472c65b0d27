use kernel::MessageId;
use platform::{Caller, Error};
use proto::studio::notifications::v1 as pb;

use super::shown;
use crate::{App, store};

pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetDeliveryRequest,
) -> Result<pb::GetDeliveryResponse, Error> {
    let id = MessageId::parse("message_id", &request.message_id)?;

    let mut tx = app.begin(caller).await?;
    let message = store::messages::find(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("message"))?;
    Ok(pb::GetDeliveryResponse {
        delivery: Some(shown::delivery(&message)),
    })
}
