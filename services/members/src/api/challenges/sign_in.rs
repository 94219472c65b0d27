use chrono::Duration;
use kernel::{ChallengeId, PersonId};
use platform::personal::Phone;
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::{counted_wrong, digest, same};
use crate::api::token;
use crate::domain::Refusal;
use crate::domain::challenges::{Answer, Purpose};
use crate::{App, store};

/// For how long a repeated call gets a token again.
const REPEAT: Duration = Duration::minutes(2);

/// Signs a member in by phone and one-time code.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SignInRequest,
) -> Result<pb::SignInResponse, Error> {
    let phone = Phone::parse("phone", &request.phone)?;
    let id = ChallengeId::parse("challenge_id", &request.challenge_id)?;
    let subject = store::people::phone_index(app.vault(), &phone);

    let mut tx = match app.claim_wide(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return again(app, caller, id, reply).await,
    };
    let now = app.clock.now();
    let lockout = store::challenges::lock_lockout(&mut tx, Purpose::SignIn, &subject, now).await?;
    lockout.check(now)?;
    let answer = store::challenges::lock(&mut tx, id).await?.map(|challenge| {
        let same_code = same(&challenge.digest, &digest(app, id, &request.code));
        let most_wrong = app.settings.codes.most_wrong;
        challenge.answer(Purpose::SignIn, &subject, same_code, most_wrong, now)
    });

    match answer {
        Some(Answer::Right(challenge, person)) => {
            store::challenges::save(&mut tx, &challenge).await?;
            store::challenges::clear(&mut tx, Purpose::SignIn, &subject, now).await?;
            signed_in(app, tx, person).await
        }
        Some(Answer::Spent) => Err(Refusal::CodeExpired.into()),
        Some(Answer::Wrong(challenge)) => {
            store::challenges::save(&mut tx, &challenge).await?;
            Err(counted_wrong(app, tx, Purpose::SignIn, &subject, lockout, Refusal::CodeRejected).await)
        }
        None => Err(counted_wrong(app, tx, Purpose::SignIn, &subject, lockout, Refusal::CodeRejected).await),
    }
}

/// The reply that is kept names the person; a token is never stored.
async fn signed_in(app: &App, tx: WriteTx, person: PersonId) -> Result<pb::SignInResponse, Error> {
    let kept = pb::PlatformToken {
        person_id: person.to_string(),
        ..Default::default()
    };
    tx.commit(pb::SignInResponse { token: Some(kept) }).await?;
    Ok(pb::SignInResponse {
        token: Some(token::of_member(app, person)?),
    })
}

/// A repeated sign-in, whose first answer may have been lost on the way.
async fn again(
    app: &App,
    caller: &Caller,
    id: ChallengeId,
    reply: pb::SignInResponse,
) -> Result<pb::SignInResponse, Error> {
    let mut tx = app.begin(caller).await?;
    let challenge = store::challenges::get(&mut tx, id).await?;
    let used_at = challenge
        .and_then(|challenge| challenge.used_at)
        .ok_or(Refusal::CodeExpired)?;
    if app.clock.now() - used_at > REPEAT {
        return Err(Refusal::CodeExpired.into());
    }
    let person = reply.token.map(|token| token.person_id).unwrap_or_default();
    let person = PersonId::parse("person_id", &person)?;
    Ok(pb::SignInResponse {
        token: Some(token::of_member(app, person)?),
    })
}
