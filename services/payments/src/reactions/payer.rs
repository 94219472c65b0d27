use kernel::PaymentId;
use platform::personal::PersonName;
use platform::{BoxFuture, Error, Settled, Task, request};
use proto::studio::members::v1::ResolveNameRequest;
use tonic::Code;

use crate::{App, store};

/// The column of the vault that holds names of payers.
pub const NAME: &str = "payments.payer_name";

/// Puts the payer's name on the record of a payment, as it is when the payment
/// was captured. Of somebody who was erased since there is none.
pub fn name<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = PaymentId(task.aggregate);
        let mut tx = task.begin(app).await?;
        let payment = store::payment::get(&mut tx, id)
            .await?
            .ok_or_else(|| Error::not_found("payment"))?;
        drop(tx);
        let person = payment.claim.person_id;
        let asked = request(ResolveNameRequest {
            person_id: person.to_string(),
        });
        let found = match app.people.clone().resolve_name(asked).await {
            Ok(reply) => PersonName::parse("name", &reply.into_inner().name).ok(),
            Err(status) if status.code() == Code::NotFound => None,
            Err(status) => return Err(status.into()),
        };
        let mut tx = task.begin(app).await?;
        if let Some(name) = found {
            let sealed = app
                .vault()
                .seal_words(&mut tx, person, NAME, name.expose())
                .await?;
            store::payment::name_payer(&mut tx, id, &name.masked(), &sealed).await?;
        }
        tx.done(task).await
    })
}
