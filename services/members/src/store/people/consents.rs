use kernel::{PersonId, Timestamp, fresh_uuid};
use platform::Error;
use sqlx::PgConnection;

use crate::domain::people::{Consent, Document, Person};

/// Keeps a yes or no, for ever.
pub async fn record_consent(
    tx: &mut PgConnection,
    person: &Person,
    consent: &Consent,
    actor: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into consents (consent_id, person_id, home_studio_id, document, version, given, recorded_by, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        fresh_uuid(),
        person.id as _,
        person.home.map(uuid::Uuid::from),
        consent.document.as_str(),
        consent.version,
        consent.given,
        actor,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether the latest word on commercial messages is yes.
pub async fn marketing_allowed(tx: &mut PgConnection, person: PersonId) -> Result<bool, Error> {
    let given = sqlx::query_scalar!(
        r#"
        select given from consents
        where person_id = $1 and document = $2
        order by recorded_at desc, consent_id desc
        limit 1
        "#,
        person as _,
        Document::Marketing.as_str(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(given.unwrap_or(false))
}
