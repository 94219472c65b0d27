//! The tables `callbacks` and `quarantine`.

use kernel::{AttemptId, CallbackId, PersonId, Timestamp};
use platform::Error;
use platform::vault::Sealed;
use sqlx::PgConnection;

use super::word;
use crate::channel::{ChannelNumber, Paid};
use crate::meters;
use crate::words::{kept_words, words};

kept_words! {
    /// What became of a callback.
    State {
        Applied = "applied",
        WithoutEffect = "without_effect",
        /// Nothing of ours has its number, or not yet.
        Unmatched = "unmatched",
        Quarantined = "quarantined",
    }
}

words! {
    /// From where a contradiction came.
    Source { Callback = "callback", Query = "query", Bill = "bill" }
}

impl Source {
    pub const ALL: [Self; 3] = [Self::Callback, Self::Query, Self::Bill];
}

/// A callback to be kept.
pub struct Arrival<'a> {
    pub id: CallbackId,
    pub channel: &'a str,
    pub merchant: &'a str,
    pub notice_id: &'a str,
    pub kind: &'a str,
    /// SHA-256 of what it says; the envelope around it may differ each time.
    pub digest: &'a [u8],
    pub body_digest: &'a [u8],
    pub sealed_for: PersonId,
    pub body: Sealed,
    pub received_at: Timestamp,
}

/// A callback that came before under the same id.
pub struct Earlier {
    pub id: CallbackId,
    pub state: State,
    pub digest: Vec<u8>,
}

/// Keeps a callback and holds its row. `Some` when its id came before; then
/// nothing is kept but that it came again. A twin waits for the first to end.
pub async fn keep(tx: &mut PgConnection, arrival: &Arrival<'_>) -> Result<Option<Earlier>, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into callbacks (callback_id, channel, merchant, notice_id, kind, digest, body_digest, sealed_for,
                               body, state, received_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'unmatched', $10)
        on conflict (channel, merchant, notice_id) do nothing
        "#,
        arrival.id as _,
        arrival.channel,
        arrival.merchant,
        arrival.notice_id,
        arrival.kind,
        arrival.digest,
        arrival.body_digest,
        arrival.sealed_for as _,
        arrival.body.bytes,
        arrival.received_at,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(None);
    }
    came_again(tx, arrival).await.map(Some)
}

/// Counts the delivery and reads what came first.
async fn came_again(tx: &mut PgConnection, arrival: &Arrival<'_>) -> Result<Earlier, Error> {
    let row = sqlx::query!(
        r#"
        update callbacks set deliveries = deliveries + 1
        where channel = $1 and merchant = $2 and notice_id = $3
        returning callback_id as "callback_id: CallbackId", state, digest
        "#,
        arrival.channel,
        arrival.merchant,
        arrival.notice_id,
    )
    .fetch_one(tx)
    .await?;
    Ok(Earlier {
        id: row.callback_id,
        state: word("callbacks", "state", State::from_word(&row.state))?,
        digest: row.digest,
    })
}

/// What became of a callback so far; holds its row.
pub async fn lock(tx: &mut PgConnection, id: CallbackId) -> Result<Option<State>, Error> {
    sqlx::query_scalar!(
        "select state from callbacks where callback_id = $1 for no key update",
        id as _
    )
    .fetch_optional(tx)
    .await?
    .map(|kept| word("callbacks", "state", State::from_word(&kept)))
    .transpose()
}

pub async fn save_state(tx: &mut PgConnection, id: CallbackId, state: State) -> Result<(), Error> {
    sqlx::query!(
        "update callbacks set state = $2 where callback_id = $1",
        id as _,
        state.word()
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A statement that nobody believes.
pub struct Contradiction<'a> {
    pub channel: &'a str,
    pub merchant: &'a str,
    pub source: Source,
    pub number: &'a ChannelNumber,
    pub attempt: Option<AttemptId>,
    pub why: &'a str,
    pub stated: Option<&'a Paid>,
    pub noted_at: Timestamp,
}

/// Keeps a contradiction for a person; the same one again is kept once.
pub async fn quarantine(tx: &mut PgConnection, found: &Contradiction<'_>) -> Result<(), Error> {
    let stated = found.stated.map_or_else(
        || serde_json::json!({}),
        |paid| {
            serde_json::json!({
                "merchant": paid.identity.merchant,
                "app": paid.identity.app,
                "amount_minor": paid.amount_minor,
                "currency": paid.currency,
                "transaction": paid.transaction,
            })
        },
    );
    let kept = sqlx::query!(
        r#"
        insert into quarantine (quarantine_id, channel, merchant, source, channel_number, attempt_id, why, stated,
                                noted_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint quarantine_once do nothing
        "#,
        kernel::fresh_uuid(),
        found.channel,
        found.merchant,
        found.source.word(),
        found.number.as_str(),
        found.attempt as _,
        found.why,
        stated,
        found.noted_at,
    )
    .execute(tx)
    .await?;
    if kept.rows_affected() == 1 {
        meters::quarantined(found.source.word());
    }
    Ok(())
}
