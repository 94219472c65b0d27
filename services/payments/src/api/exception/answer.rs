use kernel::ExceptionId;
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use super::{keep, locked, shown};
use crate::domain::exception::{EntryKind, Step};
use crate::{App, facts};

/// Answers the member in words.
#[tracing::instrument(name = "payments.answer_exception", skip_all, fields(exception.id = %request.exception_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AnswerExceptionRequest,
) -> Result<pb::AnswerExceptionResponse, Error> {
    let id = ExceptionId::parse("exception_id", &request.exception_id)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id).await?;
    let case = case.step(by, Step::Answer, app.clock.now())?;
    keep(app, &mut tx, &case, EntryKind::Answered, (by, &request.text)).await?;
    tx.publish(facts::exception_answered(&case)).await?;
    tx.commit(pb::AnswerExceptionResponse {
        exception: shown(app, caller, &case),
    })
    .await
}
