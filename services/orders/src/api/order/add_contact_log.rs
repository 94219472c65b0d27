use kernel::{BadField, fresh_uuid, from_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use crate::store::contact_log::ContactLog;
use crate::{App, store};

/// Writes a contact with the applicant down, its text sealed.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AddContactLogRequest,
) -> Result<pb::AddContactLogResponse, Error> {
    let agent = caller.require_person()?;
    let now = app.now();
    let occurred_at = match request.occurred_at.as_ref() {
        None => now.at,
        time => from_proto_time(time)
            .filter(|at| *at <= now.at)
            .ok_or_else(|| BadField::new("occurred_at", "must be a time that is not in the future"))?,
    };

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let id = fresh_uuid();
    let change = order.log_contact(id, now)?;

    let text = app
        .vault()
        .seal(&mut tx, change.order.person, super::CONTACT, request.text.trim())
        .await?;
    let outgoing = request.direction() == pb::ContactDirection::Outgoing;
    let log = ContactLog {
        id,
        outgoing,
        reached: request.reached,
        text,
        agent,
        occurred_at,
    };
    store::contact_log::insert(&mut tx, &change.order, &log, now.at).await?;
    store::order::save(&mut tx, &change, &caller.into()).await?;
    tx.commit(pb::AddContactLogResponse {
        contact_log_id: id.to_string(),
    })
    .await
}
