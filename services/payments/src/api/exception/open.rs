use kernel::{AttemptId, BadField, PersonId};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::payments::v1 as pb;

use super::{keep, shown};
use crate::domain::Refusal;
use crate::domain::attempt::Attempt;
use crate::domain::exception::{EntryKind, Exception, Kind, Noticed, Origin};
use crate::exceptions::Case;
use crate::{App, exceptions, facts, store};

/// Opens the case of an attempt, or adds to the one that is under way.
#[tracing::instrument(name = "payments.open_exception", skip_all, fields(attempt.id = %request.attempt_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::OpenExceptionRequest,
) -> Result<pb::OpenExceptionResponse, Error> {
    let id = AttemptId::parse("attempt_id", &request.attempt_id)?;
    let by = caller.require_person()?;
    let kind = Kind::asked(request.r#type()).ok_or_else(|| BadField::new("type", "must be given"))?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let attempt = store::attempt::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("attempt"))?;
    let noticed = noticed(app, caller, by, &attempt, kind);
    let case = match exceptions::open(app, &mut tx, &attempt, noticed, request.text.trim()).await? {
        Case::Fresh(case) => {
            tx.publish(facts::exception_opened(&case)).await?;
            tx.task(exceptions::timer(&case)).await?;
            case
        }
        Case::Kept { case, .. } => said_more(app, &mut tx, case, (by, &request.text)).await?,
    };
    tx.commit(pb::OpenExceptionResponse {
        exception: shown(app, caller, &case),
    })
    .await
}

fn noticed(app: &App, caller: &Caller, by: PersonId, attempt: &Attempt, kind: Kind) -> Noticed {
    let at = app.clock.now();
    Noticed {
        kind,
        origin: if caller.reaches_own(attempt.person_id) {
            Origin::Member
        } else {
            Origin::Desk
        },
        by: Some(by),
        at,
        due_at: app.config.exceptions.due_at(kind, at),
    }
}

async fn said_more(
    app: &App,
    tx: &mut WriteTx,
    case: Exception,
    said: (PersonId, &str),
) -> Result<Exception, Error> {
    if case.state.is_answered() {
        let state = case.state.word();
        return Err(Refusal::ExceptionState { state }.into());
    }
    let case = Exception {
        version: case.version + 1,
        ..case
    };
    keep(app, tx, &case, EntryKind::Noticed, said).await?;
    Ok(case)
}
