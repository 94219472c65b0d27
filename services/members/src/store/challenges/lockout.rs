use kernel::Timestamp;
use platform::Error;
use sqlx::PgConnection;

use crate::domain::challenges::{Lockout, Purpose};

/// Reads the counter of a subject and holds it, making it first if need be, so
/// that attempts against one subject happen one after the other.
pub async fn lock(
    tx: &mut PgConnection,
    purpose: Purpose,
    subject: &[u8],
    now: Timestamp,
) -> Result<Lockout, Error> {
    sqlx::query!(
        "insert into lockouts (purpose, subject, since) values ($1, $2, $3) on conflict do nothing",
        purpose.as_str(),
        subject,
        now,
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        "select wrong, since, locked_until from lockouts where purpose = $1 and subject = $2 for no key update",
        purpose.as_str(),
        subject,
    )
    .fetch_one(tx)
    .await?;
    Ok(Lockout {
        wrong: row.wrong,
        since: row.since,
        locked_until: row.locked_until,
    })
}

pub async fn save(
    tx: &mut PgConnection,
    purpose: Purpose,
    subject: &[u8],
    lockout: Lockout,
) -> Result<(), Error> {
    sqlx::query!(
        "update lockouts set wrong = $3, since = $4, locked_until = $5 where purpose = $1 and subject = $2",
        purpose.as_str(),
        subject,
        lockout.wrong,
        lockout.since,
        lockout.locked_until,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets wrong attempts after a right one. The row stays, for whoever waits for it.
pub async fn clear(
    tx: &mut PgConnection,
    purpose: Purpose,
    subject: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    save(tx, purpose, subject, Lockout::none(now)).await
}
