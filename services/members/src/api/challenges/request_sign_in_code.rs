use kernel::to_proto_time;
use platform::personal::Phone;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::issue;
use crate::domain::challenges::Purpose;
use crate::domain::people::PersonState;
use crate::{App, store};

/// Sends a one-time code to whoever has this phone number, if anybody has.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RequestSignInCodeRequest,
) -> Result<pb::RequestSignInCodeResponse, Error> {
    let phone = Phone::parse("phone", &request.phone)?;
    let subject = store::people::phone_index(app.vault(), &phone);

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let lockout = store::challenges::lock_lockout(&mut tx, Purpose::SignIn, &subject, now).await?;
    lockout.check(now)?;

    let person = store::people::find_by_phone(&mut tx, app.vault(), &phone).await?;
    let person = person
        .filter(|person| person.state == PersonState::Registered)
        .map(|person| person.id);
    let challenge = issue(app, &mut tx, Purpose::SignIn, subject, person, None).await?;
    tx.commit(pb::RequestSignInCodeResponse {
        challenge_id: challenge.id.to_string(),
        expire_at: Some(to_proto_time(challenge.expires_at)),
    })
    .await
}
