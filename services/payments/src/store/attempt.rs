//! The table `attempts`.

use kernel::{AttemptId, IntentId, PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use super::{amount, word};
use crate::channel::ChannelNumber;
use crate::domain::Method;
use crate::domain::attempt::{Attempt, State, Why};

const TABLE: &str = "attempts";

struct Row {
    attempt_id: AttemptId,
    intent_id: IntentId,
    person_id: PersonId,
    studio_id: StudioId,
    method: String,
    merchant: String,
    channel_number: String,
    amount_minor: i64,
    description: String,
    state: String,
    code_url: Option<String>,
    closing_why: Option<String>,
    failure: Option<String>,
    paid_at: Option<Timestamp>,
    expire_at: Timestamp,
    channel_expire_at: Timestamp,
    created_at: Timestamp,
    traceparent: String,
    version: i64,
}

impl Row {
    /// The word and the columns that belong to it; every other combination is
    /// a row that no code of ours wrote.
    fn state(&self) -> Result<State, Error> {
        let why = self.closing_why.as_deref().and_then(Why::from_word);
        Ok(
            match (
                self.state.as_str(),
                &self.code_url,
                why,
                &self.failure,
                self.paid_at,
            ) {
                ("creating", None, None, None, None) => State::Creating,
                ("awaiting_payment", Some(code_url), None, None, None) => State::AwaitingPayment {
                    code_url: code_url.clone(),
                },
                ("closing", None, Some(why), None, None) => State::Closing { why },
                ("paid", None, None, None, Some(at)) => State::Paid { at },
                ("failed", None, None, Some(code), None) => State::Failed { code: code.clone() },
                ("expired", None, Some(Why::Expired), None, None) => State::Expired,
                ("cancelled", None, Some(Why::Cancelled), None, None) => State::Cancelled,
                ("isolated", None, None, None, Some(at)) => State::Isolated { at },
                _ => return Err(inconsistent(TABLE, format!("attempt {}", self.attempt_id))),
            },
        )
    }
}

impl TryFrom<Row> for Attempt {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            state: row.state()?,
            id: row.attempt_id,
            intent_id: row.intent_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            method: word(TABLE, "method", Method::from_word(&row.method))?,
            merchant: row.merchant,
            number: ChannelNumber::from_text(row.channel_number),
            amount: amount(TABLE, row.amount_minor)?,
            description: row.description,
            expire_at: row.expire_at,
            channel_expire_at: row.channel_expire_at,
            created_at: row.created_at,
            traceparent: row.traceparent,
            version: row.version,
        })
    }
}

/// The nullable columns of a state.
struct Columns<'a> {
    code_url: Option<&'a str>,
    closing_why: Option<&'static str>,
    failure: Option<&'a str>,
    paid_at: Option<Timestamp>,
}

impl<'a> Columns<'a> {
    fn of(state: &'a State) -> Self {
        let none = Self {
            code_url: None,
            closing_why: None,
            failure: None,
            paid_at: None,
        };
        match state {
            State::Creating => none,
            State::AwaitingPayment { code_url } => Self {
                code_url: Some(code_url),
                ..none
            },
            State::Closing { why } => Self {
                closing_why: Some(why.word()),
                ..none
            },
            State::Expired => Self {
                closing_why: Some(Why::Expired.word()),
                ..none
            },
            State::Cancelled => Self {
                closing_why: Some(Why::Cancelled.word()),
                ..none
            },
            State::Failed { code } => Self {
                failure: Some(code),
                ..none
            },
            State::Paid { at } | State::Isolated { at } => Self {
                paid_at: Some(*at),
                ..none
            },
        }
    }
}

pub async fn insert(tx: &mut PgConnection, attempt: &Attempt) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into attempts (attempt_id, intent_id, person_id, studio_id, method, merchant, channel_number,
                              amount_minor, description, state, expire_at, channel_expire_at, created_at, traceparent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        attempt.id as _,
        attempt.intent_id as _,
        attempt.person_id as _,
        attempt.studio_id as _,
        attempt.method.word(),
        attempt.merchant,
        attempt.number.as_str(),
        attempt.amount.minor(),
        attempt.description,
        attempt.state.word(),
        attempt.expire_at,
        attempt.channel_expire_at,
        attempt.created_at,
        attempt.traceparent,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn get(tx: &mut PgConnection, id: AttemptId) -> Result<Option<Attempt>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select attempt_id as "attempt_id: _", intent_id as "intent_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", method, merchant, channel_number, amount_minor, description, state,
               code_url, closing_why, failure, paid_at, expire_at, channel_expire_at, created_at, traceparent, version
        from attempts
        where attempt_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Attempt::try_from)
    .transpose()
}

/// Reads an attempt and holds its row, so that two statements about it are
/// weighed one after the other. Lock its intent first.
pub async fn lock(tx: &mut PgConnection, id: AttemptId) -> Result<Option<Attempt>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select attempt_id as "attempt_id: _", intent_id as "intent_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", method, merchant, channel_number, amount_minor, description, state,
               code_url, closing_why, failure, paid_at, expire_at, channel_expire_at, created_at, traceparent, version
        from attempts
        where attempt_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Attempt::try_from)
    .transpose()
}

/// The one attempt of an intent that may still be paid. Lock the intent first.
pub async fn live(tx: &mut PgConnection, intent: IntentId) -> Result<Option<Attempt>, Error> {
    let id = sqlx::query_scalar!(
        r#"
        select attempt_id as "id: AttemptId" from attempts
        where intent_id = $1 and state in ('creating', 'awaiting_payment', 'closing')
        "#,
        intent as _,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match id {
        Some(id) => lock(tx, id).await,
        None => Ok(None),
    }
}

pub async fn of_number(
    tx: &mut PgConnection,
    merchant: &str,
    number: &ChannelNumber,
) -> Result<Option<Attempt>, Error> {
    let id = sqlx::query_scalar!(
        r#"select attempt_id as "id: AttemptId" from attempts where channel_number = $1 and merchant = $2"#,
        number.as_str(),
        merchant,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match id {
        Some(id) => get(tx, id).await,
        None => Ok(None),
    }
}

/// Saves the state; the trigger checks the step and the version.
pub async fn save_state(tx: &mut PgConnection, attempt: &Attempt) -> Result<(), Error> {
    let columns = Columns::of(&attempt.state);
    sqlx::query!(
        r#"
        update attempts
        set state = $2, version = $3, code_url = $4, closing_why = $5, failure = $6, paid_at = $7
        where attempt_id = $1
        "#,
        attempt.id as _,
        attempt.state.word(),
        attempt.version,
        columns.code_url,
        columns.closing_why,
        columns.failure,
        columns.paid_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}
