use kernel::{BadField, PersonId};
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::consent;
use crate::{App, store};

/// Keeps a person's yes or no to a version of a text.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RecordConsentRequest,
) -> Result<pb::RecordConsentResponse, Error> {
    let id = PersonId::parse("person_id", &request.person_id)?;
    let said = request
        .consent
        .as_ref()
        .ok_or_else(|| BadField::new("consent", "is required"))?;
    let consent = consent(said)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let person = store::people::get(&mut tx, id)
        .await?
        .ok_or_else(|| Error::not_found("person"))?;
    store::people::record_consent(&mut tx, &person, &consent, &caller.actor(), app.clock.now()).await?;
    tx.commit(pb::RecordConsentResponse {}).await
}
