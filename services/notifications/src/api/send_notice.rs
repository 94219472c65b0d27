use kernel::{BadField, PersonId, RequestId, StudioId, Timestamp};
use platform::{Caller, Claim, Error};
use proto::studio::notifications::v1 as pb;
use uuid::Uuid;

use super::Refusal;
use crate::App;
use crate::domain::fill::{Fill, Value};
use crate::domain::message::Notice;
use crate::queue::{self, Cause};

/// Queues a notice that another service asks for.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SendNoticeRequest,
) -> Result<pb::SendNoticeResponse, Error> {
    let notice = notice(app, &request)?;
    let cause_id = RequestId::parse("request_id", &request.request_id)?.0;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let source = caller.service().unwrap_or_default();
    let cause = Cause {
        source,
        id: cause_id,
        at: app.clock.now(),
    };
    let ids = queue::tell(app, &mut tx, cause, &notice).await?;
    tx.commit(pb::SendNoticeResponse {
        message_ids: ids.iter().map(ToString::to_string).collect(),
    })
    .await
}

fn notice(app: &App, request: &pb::SendNoticeRequest) -> Result<Notice, Error> {
    let unknown = || Refusal::UnknownTemplate(request.template.clone());
    let template = app
        .templates
        .get(&request.template)
        .ok()
        .filter(|t| t.for_services)
        .ok_or_else(unknown)?;
    let mut fill = Fill::default();
    for value in &request.values {
        fill = fill.with(&value.name, read(&value.text));
    }
    if let Some(missing) = template.missing(&fill) {
        return Err(Refusal::ValuesMissing(missing.to_owned()).into());
    }
    let about: Uuid = request
        .about_id
        .parse()
        .map_err(|_| BadField::new("about_id", "must be a UUID"))?;
    Ok(Notice {
        template: template.name,
        person: PersonId::parse("person_id", &request.person_id)?,
        studio: Some(StudioId::parse("studio_id", &request.studio_id)?),
        about,
        fill,
        challenge: None,
    })
}

/// A time as RFC 3339 is told in the reader's language and zone, anything else as it is.
fn read(text: &str) -> Value {
    text.parse::<Timestamp>()
        .map_or_else(|_| Value::Text(text.to_owned()), Value::Time)
}
