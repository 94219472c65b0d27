use kernel::MessageId;
use platform::{Caller, Claim, Error};
use proto::studio::notifications::v1 as pb;

use super::{Refusal, out_of_order};
use crate::domain::message::Step;
use crate::queue::SendMail;
use crate::{App, facts, store};

/// Queues a failed message once more, under the same id and Message-ID.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ResendDeliveryRequest,
) -> Result<pb::ResendDeliveryResponse, Error> {
    let id = MessageId::parse("message_id", &request.message_id)?;
    caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let message = store::messages::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("message"))?;
    if message.challenge.is_some() {
        return Err(Refusal::CodeOutOfDate.into());
    }
    let message = message.take(Step::Resend).map_err(out_of_order)?;

    store::messages::save(&mut tx, &message).await?;
    if let Some(fact) = facts::of(&message) {
        tx.publish(fact).await?;
    }
    tx.task(SendMail::task(message.id)).await?;
    tx.commit(pb::ResendDeliveryResponse {
        state: pb::MessageState::from(message.state).into(),
    })
    .await
}
