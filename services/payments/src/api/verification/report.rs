use kernel::{BadField, PaymentId, PersonId};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::payments::v1 as pb;

use crate::api::said;
use crate::domain::attempt::Attempt;
use crate::domain::exception::{EntryKind, Exception, Kind, Noticed, Origin};
use crate::domain::verification::{Act, Anomaly};
use crate::exceptions::Case;
use crate::{App, exceptions, facts, meters, store, wire};

/// Says that a payment does not fit, which is a case from now on.
#[tracing::instrument(name = "payments.report_anomaly", skip_all, fields(payment.id = %request.payment_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ReportAnomalyRequest,
) -> Result<pb::ReportAnomalyResponse, Error> {
    let id = PaymentId::parse("payment_id", &request.payment_id)?;
    let kind = Anomaly::asked(request.anomaly()).ok_or_else(|| BadField::new("anomaly", "must be given"))?;
    let text = said("text", &request.text)?;
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let mut row = store::verification::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("verification"))?;
    row.look = row.look.report(Act { by, at: now }, kind)?;
    store::verification::save(&mut tx, &row.look).await?;
    let attempt = store::attempt::lock(&mut tx, row.look.attempt_id)
        .await?
        .ok_or_else(|| platform::inconsistent("verifications", "a payment without its attempt"))?;
    let case = begin(app, &mut tx, &attempt, (by, &text)).await?;
    let case = talked(app, &mut tx, case, (by, request.contact.trim())).await?;
    tx.publish(facts::payment_anomaly_found(&row.look, &case)).await?;
    tracing::warn!(payment.id = %id, exception.id = %case.id, anomaly = kind.word(), "the desk found that a payment does not fit");
    tx.commit(pb::ReportAnomalyResponse {
        verification: Some(wire::verification::verification(&row, now)),
    })
    .await
}

/// The attempt's case: a new one, the one under way, or an answered one anew.
async fn begin(
    app: &App,
    tx: &mut WriteTx,
    attempt: &Attempt,
    (by, words): (PersonId, &str),
) -> Result<Exception, Error> {
    let at = app.clock.now();
    let noticed = Noticed {
        kind: Kind::Mismatch,
        origin: Origin::Desk,
        by: Some(by),
        at,
        due_at: app.config.exceptions.due_at(Kind::Mismatch, at),
    };
    let (case, begun) = match exceptions::open(app, tx, attempt, noticed, words).await? {
        Case::Fresh(case) => (case, true),
        Case::Kept { case: kept, advised } => {
            let case = kept.noticed(advised, noticed);
            store::exception::save(tx, &case).await?;
            exceptions::write(app, tx, &case, EntryKind::Noticed, (Some(by), words)).await?;
            let anew = case.reopened != kept.reopened;
            if anew {
                meters::exception(case.kind.word());
            }
            (case, anew)
        }
    };
    if begun {
        tx.publish(facts::exception_opened(&case)).await?;
        tx.task(exceptions::timer(&case)).await?;
    }
    Ok(case)
}

/// Writes down that somebody spoke with the member, if they did.
async fn talked(
    app: &App,
    tx: &mut WriteTx,
    case: Exception,
    (by, words): (PersonId, &str),
) -> Result<Exception, Error> {
    if words.is_empty() {
        return Ok(case);
    }
    let case = case.contacted(by)?;
    store::exception::save(tx, &case).await?;
    exceptions::write(app, tx, &case, EntryKind::Contacted, (Some(by), words)).await?;
    Ok(case)
}
