use kernel::MessageId;
use platform::{Caller, Claim, Error};
use proto::studio::notifications::v1 as pb;

use crate::domain::message::Channel;
use crate::{App, store};

/// Notes that the caller read a message of their inbox.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::MarkReadRequest,
) -> Result<pb::MarkReadResponse, Error> {
    let id = MessageId::parse("message_id", &request.message_id)?;
    let person = caller.require_person()?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let mut message = store::messages::lock(&mut tx, id)
        .await?
        .filter(|m| m.person == person && m.channel == Channel::InApp)
        .ok_or_else(|| Error::not_found("message"))?;
    if message.read_at.is_none() {
        message.read_at = Some(app.clock.now());
        message.version += 1;
        store::messages::save(&mut tx, &message).await?;
    }
    tx.commit(pb::MarkReadResponse {}).await
}
