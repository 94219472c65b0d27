use kernel::{Amount, PaymentId, PersonId};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::domain::verification::{Act, Seen};
use crate::{App, store, wire};

/// Says that amount and member fit the payment.
#[tracing::instrument(name = "payments.verify_payment", skip_all, fields(payment.id = %request.payment_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::VerifyPaymentRequest,
) -> Result<pb::VerifyPaymentResponse, Error> {
    let id = PaymentId::parse("payment_id", &request.payment_id)?;
    let seen = Seen {
        amount: Amount::parse("amount", request.amount.as_ref())?,
        person: PersonId::parse("person_id", &request.person_id)?,
    };
    let by = caller.require_person()?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let mut row = store::verification::lock(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("verification"))?;
    row.look = row.look.verify(Act { by, at: now }, seen)?;
    store::verification::save(&mut tx, &row.look).await?;
    tx.commit(pb::VerifyPaymentResponse {
        verification: Some(wire::verification::verification(&row, now)),
    })
    .await
}
