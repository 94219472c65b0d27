use kernel::to_proto_time;
use platform::{Caller, Error};
use proto::studio::orders::v1 as pb;

use crate::{App, store};

/// Shows the contacts with the applicant.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListContactLogsRequest,
) -> Result<pb::ListContactLogsResponse, Error> {
    let (mut tx, order) = super::read(app, caller, &request.order_id).await?;
    let mut contact_logs = Vec::new();
    for log in store::contact_log::of_order(&mut tx, order.id).await? {
        let text = app
            .vault()
            .open(&mut tx, order.person, super::CONTACT, &log.text)
            .await?;
        let direction = if log.outgoing {
            pb::ContactDirection::Outgoing
        } else {
            pb::ContactDirection::Incoming
        };
        contact_logs.push(pb::ContactLog {
            contact_log_id: log.id.to_string(),
            order_id: order.id.to_string(),
            direction: direction.into(),
            reached: log.reached,
            text: text.unwrap_or_default(),
            agent: log.agent.to_string(),
            occurred_at: Some(to_proto_time(log.occurred_at)),
        });
    }
    Ok(pb::ListContactLogsResponse { contact_logs })
}
