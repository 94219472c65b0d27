use kernel::{ChallengeId, to_proto_time};
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use crate::domain::Refusal;
use crate::domain::challenges::Purpose;
use crate::{App, store};

/// Hands a code to the service that sends it.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RevealChallengeCodeRequest,
) -> Result<pb::RevealChallengeCodeResponse, Error> {
    let id = ChallengeId::parse("challenge_id", &request.challenge_id)?;

    let mut tx = app.begin_wide(caller, &format!("code of challenge {id}")).await?;
    let challenge = store::challenges::get(&mut tx, id)
        .await?
        .ok_or(Refusal::CodeGone)?;
    if !challenge.readable(app.clock.now()) {
        return Err(Refusal::CodeGone.into());
    }
    let code = store::challenges::reveal(&mut tx, app.vault(), &challenge)
        .await?
        .ok_or(Refusal::CodeGone)?;
    Ok(pb::RevealChallengeCodeResponse {
        code,
        person_id: challenge
            .person
            .map(|person| person.to_string())
            .unwrap_or_default(),
        purpose: match challenge.purpose {
            Purpose::SignIn => pb::ChallengePurpose::SignIn,
            Purpose::Activation => pb::ChallengePurpose::Activation,
        }
        .into(),
        expire_at: Some(to_proto_time(challenge.expires_at)),
    })
}
