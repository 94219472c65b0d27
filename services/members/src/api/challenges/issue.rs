use chrono::Duration;
use kernel::{CardId, ChallengeId, PersonId, Timestamp};
use platform::{Error, NewTask, WriteTx};

use crate::domain::Refusal;
use crate::domain::challenges::{Challenge, Lockout, Purpose};
use crate::{App, facts, reactions, store};

/// Makes a challenge and asks for its code to be sent, or a decoy where there
/// is nobody: outside, both look alike.
pub(in crate::api) async fn issue(
    app: &App,
    tx: &mut WriteTx,
    purpose: Purpose,
    subject: Vec<u8>,
    person: Option<PersonId>,
    card: Option<CardId>,
) -> Result<Challenge, Error> {
    let now = app.clock.now();
    throttle(app, tx, purpose, &subject, now).await?;

    let id = ChallengeId::fresh();
    let code = format!("{:06}", rand::random_range(0..1_000_000));
    let challenge = Challenge {
        id,
        purpose,
        person,
        card,
        subject,
        digest: digest(app, id, &code),
        wrong: 0,
        expires_at: now + app.settings.codes.life,
        used_at: None,
        version: 1,
    };
    store::challenges::insert(tx, app.vault(), &challenge, &code, now).await?;
    if let Some(fact) = facts::code_requested(&challenge) {
        tx.publish(fact).await?;
    }
    let forget = reactions::challenges::forget_code::Payload { challenge: id };
    tx.task(NewTask::at("forget_code", id, challenge.expires_at, &forget))
        .await?;
    Ok(challenge)
}

/// Limits how often a code is asked for one phone number, known or not.
async fn throttle(
    app: &App,
    tx: &mut WriteTx,
    purpose: Purpose,
    subject: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    let (rules, hour) = (&app.settings.codes, Duration::hours(1));
    let asked = store::challenges::asked_since(tx, purpose, subject, now - hour).await?;
    let after_pause = asked.first().map(|last| *last + rules.pause);
    let after_hour = asked
        .get(rules.most_per_hour - 1)
        .map(|earliest| *earliest + hour);
    match after_pause.max(after_hour) {
        Some(free) if now < free => Err(Refusal::TooManyCodes {
            retry_after: free - now,
        }
        .into()),
        _ => Ok(()),
    }
}

/// What is kept of a code: a keyed hash, bound to its challenge.
pub(in crate::api) fn digest(app: &App, id: ChallengeId, code: &str) -> Vec<u8> {
    app.vault().blind_index("code", &format!("{id}:{code}"))
}

/// Compares digests in constant time.
pub(in crate::api) fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Counts a wrong attempt against a subject and refuses it so that the count lasts.
pub(in crate::api) async fn counted_wrong(
    app: &App,
    mut tx: WriteTx,
    purpose: Purpose,
    subject: &[u8],
    lockout: Lockout,
    refusal: Refusal,
) -> Error {
    let lockout = lockout.count(app.clock.now(), app.settings.lockout);
    match store::challenges::save_lockout(&mut tx, purpose, subject, lockout).await {
        Ok(()) => tx.commit_refusal(refusal).await,
        Err(fault) => fault,
    }
}
