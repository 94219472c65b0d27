use kernel::{PersonId, RefundCaseId};
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;
use sqlx::PgConnection;

use crate::domain::{Case, Refusal};
use crate::{App, store};

/// Names the person who answers for a case.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::AssignCaseRequest,
) -> Result<pb::AssignCaseResponse, Error> {
    let id = RefundCaseId::parse("case_id", &request.case_id)?;
    let owner = PersonId::parse("owner_person_id", &request.owner_person_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let case = locked(&mut tx, id, request.version).await?.assign(owner)?;
    store::cases::save(&mut tx, &case).await?;
    tx.commit(pb::AssignCaseResponse {
        version: case.version,
    })
    .await
}

/// The case, held, as the caller looked at it.
pub async fn locked(tx: &mut PgConnection, id: RefundCaseId, version: i64) -> Result<Case, Error> {
    let case = store::cases::lock(tx, id).await?.ok_or(Refusal::UnknownCase)?;
    if case.version != version {
        return Err(Refusal::VersionConflict { what: "case" }.into());
    }
    Ok(case)
}
