//! The table `isolated_money`.

use kernel::{AttemptId, IntentId, IsolatedMoneyId, PersonId, StudioId, Timestamp};
use platform::Error;
use sqlx::PgConnection;

use super::{amount, word};
use crate::channel::ChannelNumber;
use crate::domain::Method;
use crate::domain::evidence::Cause;
use crate::domain::isolated::{IsolatedMoney, State};

const TABLE: &str = "isolated_money";

struct Row {
    isolated_id: IsolatedMoneyId,
    attempt_id: AttemptId,
    intent_id: IntentId,
    person_id: PersonId,
    studio_id: StudioId,
    method: String,
    merchant: String,
    cause: String,
    amount_minor: i64,
    channel_number: String,
    channel_transaction: String,
    state: String,
    reversed: bool,
    return_try: i32,
    not_before: Option<Timestamp>,
    paid_at: Timestamp,
    isolated_at: Timestamp,
    traceparent: String,
    version: i64,
}

impl TryFrom<Row> for IsolatedMoney {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.isolated_id,
            attempt_id: row.attempt_id,
            intent_id: row.intent_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            method: word(TABLE, "method", Method::from_word(&row.method))?,
            merchant: row.merchant,
            cause: word(TABLE, "cause", Cause::from_word(&row.cause))?,
            amount: amount(TABLE, row.amount_minor)?,
            number: ChannelNumber::from_text(row.channel_number),
            transaction: row.channel_transaction,
            state: word(TABLE, "state", State::from_word(&row.state))?,
            reversed: row.reversed,
            return_try: row.return_try,
            not_before: row.not_before,
            paid_at: row.paid_at,
            isolated_at: row.isolated_at,
            traceparent: row.traceparent,
            version: row.version,
        })
    }
}

pub async fn insert(tx: &mut PgConnection, money: &IsolatedMoney) -> Result<(), Error> {
    let return_number = money.return_number();
    sqlx::query!(
        r#"
        insert into isolated_money (isolated_id, attempt_id, intent_id, person_id, studio_id, method, merchant, cause,
                                    amount_minor, channel_number, channel_transaction, paid_at, isolated_at,
                                    traceparent, return_number)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        "#,
        money.id as _,
        money.attempt_id as _,
        money.intent_id as _,
        money.person_id as _,
        money.studio_id as _,
        money.method.word(),
        money.merchant,
        money.cause.word(),
        money.amount.minor(),
        money.number.as_str(),
        money.transaction,
        money.paid_at,
        money.isolated_at,
        money.traceparent,
        return_number.as_str(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads isolated money and holds its row, so that its return is recorded once.
pub async fn lock(tx: &mut PgConnection, id: IsolatedMoneyId) -> Result<Option<IsolatedMoney>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select isolated_id as "isolated_id: _", attempt_id as "attempt_id: _", intent_id as "intent_id: _",
               person_id as "person_id: _", studio_id as "studio_id: _", method, merchant, cause, amount_minor,
               channel_number, channel_transaction, state, reversed, return_try, not_before, paid_at, isolated_at,
               traceparent, version
        from isolated_money
        where isolated_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(IsolatedMoney::try_from)
    .transpose()
}

/// The isolated money whose try to return carries this number.
pub async fn of_number(
    tx: &mut PgConnection,
    number: &ChannelNumber,
) -> Result<Option<IsolatedMoneyId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select isolated_id as "id: IsolatedMoneyId" from isolated_money where return_number = $1"#,
        number.as_str()
    )
    .fetch_optional(tx)
    .await?)
}

/// Saves state and try; the trigger checks the step and the version.
pub async fn save_state(
    tx: &mut PgConnection,
    money: &IsolatedMoney,
    failure: &str,
    returned_at: Option<Timestamp>,
) -> Result<(), Error> {
    let return_number = money.return_number();
    sqlx::query!(
        r#"
        update isolated_money
        set state = $2, version = $3, return_try = $4, return_number = $5, last_failure = $6, returned_at = $7,
            not_before = $8, reversed = $9
        where isolated_id = $1
        "#,
        money.id as _,
        money.state.word(),
        money.version,
        money.return_try,
        return_number.as_str(),
        failure,
        returned_at,
        money.not_before,
        money.reversed,
    )
    .execute(tx)
    .await?;
    Ok(())
}
