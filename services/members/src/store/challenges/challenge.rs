use kernel::{CardId, ChallengeId, PersonId, Timestamp};
use platform::vault::{Sealed, Vault};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use crate::domain::challenges::{Challenge, Purpose};

const CODE: &str = "challenges.code";

/// Adds a challenge. The code is sealed only where there is somebody to send it to.
pub async fn insert(
    tx: &mut PgConnection,
    vault: &Vault,
    challenge: &Challenge,
    code: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = match challenge.person {
        Some(person) => Some(vault.seal(tx, person, CODE, code).await?),
        None => None,
    };
    sqlx::query!(
        r#"
        insert into challenges (challenge_id, purpose, person_id, card_id, subject_index, code_digest, code_sealed,
                                requested_at, expires_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        challenge.id as _,
        challenge.purpose.as_str(),
        challenge.person as _,
        challenge.card as _,
        challenge.subject,
        challenge.digest,
        sealed as _,
        now,
        challenge.expires_at,
        challenge.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

struct Row {
    challenge_id: ChallengeId,
    purpose: String,
    person_id: Option<PersonId>,
    card_id: Option<CardId>,
    subject_index: Vec<u8>,
    code_digest: Vec<u8>,
    wrong: i16,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
    version: i64,
}

impl Row {
    fn challenge(self) -> Result<Challenge, Error> {
        Ok(Challenge {
            id: self.challenge_id,
            purpose: Purpose::parse(&self.purpose).ok_or_else(|| inconsistent("challenges", "purpose"))?,
            person: self.person_id,
            card: self.card_id,
            subject: self.subject_index,
            digest: self.code_digest,
            wrong: self.wrong,
            expires_at: self.expires_at,
            used_at: self.used_at,
            version: self.version,
        })
    }
}

/// The challenge by exact id.
pub async fn get(tx: &mut PgConnection, id: ChallengeId) -> Result<Option<Challenge>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select challenge_id as "challenge_id: _", purpose, person_id as "person_id: _", card_id as "card_id: _",
               subject_index, code_digest, wrong, expires_at, used_at, version
        from challenges where challenge_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::challenge).transpose()
}

/// Reads a challenge and holds its row, so that two answers count one after the other.
pub async fn lock(tx: &mut PgConnection, id: ChallengeId) -> Result<Option<Challenge>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select challenge_id as "challenge_id: _", purpose, person_id as "person_id: _", card_id as "card_id: _",
               subject_index, code_digest, wrong, expires_at, used_at, version
        from challenges where challenge_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::challenge).transpose()
}

/// Writes what an answer did; a used code loses its readable copy.
pub async fn save(tx: &mut PgConnection, challenge: &Challenge) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update challenges
        set wrong = $2, used_at = $3, version = $4, code_sealed = case when $3::timestamptz is null then code_sealed end
        where challenge_id = $1
        "#,
        challenge.id as _,
        challenge.wrong,
        challenge.used_at,
        challenge.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The readable code; none once it was sent, used or forgotten.
pub async fn reveal(
    tx: &mut PgConnection,
    vault: &Vault,
    challenge: &Challenge,
) -> Result<Option<String>, Error> {
    let sealed = sqlx::query_scalar!(
        r#"select code_sealed as "sealed: Sealed" from challenges where challenge_id = $1"#,
        challenge.id as _,
    )
    .fetch_one(&mut *tx)
    .await?;
    match (sealed, challenge.person) {
        (Some(sealed), Some(person)) => vault.open(tx, person, CODE, &sealed).await,
        _ => Ok(None),
    }
}

/// Destroys the readable copy. False when there is no such challenge.
pub async fn forget_code(tx: &mut PgConnection, id: ChallengeId) -> Result<bool, Error> {
    let forgotten = sqlx::query!(
        "update challenges set code_sealed = null, version = version + 1 where challenge_id = $1",
        id as _,
    )
    .execute(tx)
    .await?;
    Ok(forgotten.rows_affected() == 1)
}

/// Removes a challenge that can no longer be answered.
pub async fn remove(tx: &mut PgConnection, id: ChallengeId) -> Result<(), Error> {
    sqlx::query!("delete from challenges where challenge_id = $1", id as _)
        .execute(tx)
        .await?;
    Ok(())
}

/// When codes were asked for this subject since `since`, the latest first.
pub async fn asked_since(
    tx: &mut PgConnection,
    purpose: Purpose,
    subject: &[u8],
    since: Timestamp,
) -> Result<Vec<Timestamp>, Error> {
    let asked = sqlx::query_scalar!(
        r#"
        select requested_at from challenges
        where purpose = $1 and subject_index = $2 and requested_at > $3
        order by requested_at desc
        limit 100
        "#,
        purpose.as_str(),
        subject,
        since,
    )
    .fetch_all(tx)
    .await?;
    Ok(asked)
}
