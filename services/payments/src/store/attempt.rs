//! The table `attempts`.

use kernel::{AttemptId, IntentId, PersonId, StudioId, Timestamp};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use super::{amount, word};
use crate::channel::{AppCall, ChannelNumber};
use crate::domain::Method;
use crate::domain::attempt::{Attempt, Prompt, State, Why};

const TABLE: &str = "attempts";

struct Row {
    attempt_id: AttemptId,
    intent_id: IntentId,
    person_id: PersonId,
    studio_id: StudioId,
    method: String,
    merchant: String,
    route: serde_json::Value,
    channel_number: String,
    amount_minor: i64,
    description: String,
    state: String,
    code_url: Option<String>,
    app_call: Option<serde_json::Value>,
    closing_why: Option<String>,
    reversing: bool,
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
                self.prompt()?,
                why,
                &self.failure,
                self.paid_at,
            ) {
                ("creating", None, None, None, None) => State::Creating,
                ("awaiting_payment", Some(prompt), None, None, None) => State::AwaitingPayment { prompt },
                ("closing", None, Some(why), None, None) if self.reversing => State::Reversing { why },
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

    /// A waiting charge has neither a QR nor a call: the channel asks by itself.
    fn prompt(&self) -> Result<Option<Prompt>, Error> {
        Ok(match (&self.code_url, &self.app_call) {
            (Some(code_url), None) => Some(Prompt::Qr(code_url.clone())),
            (None, Some(call)) => Some(Prompt::InApp(app_call(call)?)),
            (None, None) if self.state == "awaiting_payment" => Some(Prompt::OnPhone),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(inconsistent(TABLE, format!("attempt {}", self.attempt_id))),
        })
    }
}

fn app_call(kept: &serde_json::Value) -> Result<AppCall, Error> {
    serde_json::from_value(kept.clone()).map_err(|e| inconsistent(TABLE, format!("app_call: {e}")))
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
            route: serde_json::from_value(row.route)
                .map_err(|e| inconsistent(TABLE, format!("route: {e}")))?,
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

/// The columns of a state.
struct Columns<'a> {
    word: &'static str,
    code_url: Option<&'a str>,
    app_call: Option<serde_json::Value>,
    /// Once it is true it stays.
    reversing: bool,
    closing_why: Option<&'static str>,
    failure: Option<&'a str>,
    paid_at: Option<Timestamp>,
}

impl<'a> Columns<'a> {
    fn of(state: &'a State) -> Self {
        let none = Self {
            word: state.word(),
            code_url: None,
            app_call: None,
            reversing: false,
            closing_why: None,
            failure: None,
            paid_at: None,
        };
        match state {
            State::Creating => none,
            State::AwaitingPayment { prompt } => match prompt {
                Prompt::Qr(code_url) => Self {
                    code_url: Some(code_url),
                    ..none
                },
                Prompt::InApp(AppCall(call)) => Self {
                    app_call: Some(serde_json::json!(call)),
                    ..none
                },
                Prompt::OnPhone => none,
            },
            State::Closing { why } => Self {
                closing_why: Some(why.word()),
                ..none
            },
            State::Reversing { why } => Self {
                word: "closing",
                reversing: true,
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

/// `payer` is who pays inside the channel's app; it is kept until the channel has
/// answered.
pub async fn insert(tx: &mut PgConnection, attempt: &Attempt, payer: Option<&Sealed>) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into attempts (attempt_id, intent_id, person_id, studio_id, method, merchant, channel_number,
                              amount_minor, description, state, expire_at, channel_expire_at, created_at, traceparent,
                              payer, route)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
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
        payer.map(|sealed| sealed.bytes.as_slice()),
        serde_json::json!(attempt.route),
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
               studio_id as "studio_id: _", method, merchant, route, channel_number, amount_minor,
               description, state, code_url, app_call, closing_why, reversing, failure, paid_at, expire_at, channel_expire_at,
               created_at, traceparent, version
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
               studio_id as "studio_id: _", method, merchant, route, channel_number, amount_minor,
               description, state, code_url, app_call, closing_why, reversing, failure, paid_at, expire_at, channel_expire_at,
               created_at, traceparent, version
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

/// The accounts that refused an attempt of the intent by this method for good.
pub async fn refused_by(
    tx: &mut PgConnection,
    intent: IntentId,
    method: Method,
) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar!(
        "select distinct merchant from attempts where intent_id = $1 and method = $2 and state = 'failed'",
        intent as _,
        method.word(),
    )
    .fetch_all(tx)
    .await?)
}

/// Who pays inside the channel's app, while the channel has not answered.
pub async fn payer(tx: &mut PgConnection, id: AttemptId) -> Result<Option<Sealed>, Error> {
    let kept = sqlx::query_scalar!("select payer from attempts where attempt_id = $1", id as _)
        .fetch_one(tx)
        .await?;
    Ok(kept.map(Sealed::from))
}

/// Saves the state; the trigger checks the step and the version. The payer is
/// forgotten as soon as the channel has answered.
pub async fn save_state(tx: &mut PgConnection, attempt: &Attempt) -> Result<(), Error> {
    let columns = Columns::of(&attempt.state);
    sqlx::query!(
        r#"
        update attempts
        set state = $2, version = $3, code_url = $4, closing_why = $5, failure = $6, paid_at = $7,
            app_call = $8, reversing = reversing or $9, payer = null
        where attempt_id = $1
        "#,
        attempt.id as _,
        columns.word,
        attempt.version,
        columns.code_url,
        columns.closing_why,
        columns.failure,
        columns.paid_at,
        columns.app_call,
        columns.reversing,
    )
    .execute(tx)
    .await?;
    Ok(())
}
