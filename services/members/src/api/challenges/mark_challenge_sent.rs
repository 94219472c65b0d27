use kernel::ChallengeId;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use crate::{App, store};

/// Destroys the readable copy of a code that was sent.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::MarkChallengeSentRequest,
) -> Result<pb::MarkChallengeSentResponse, Error> {
    let id = ChallengeId::parse("challenge_id", &request.challenge_id)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    if !store::challenges::forget_code(&mut tx, id).await? {
        return Err(Error::not_found("challenge"));
    }
    tx.commit(pb::MarkChallengeSentResponse {}).await
}
