//! What we hold about the money of an attempt.

use chrono::Duration;
use platform::Error;
use sqlx::PgConnection;

use crate::domain::attempt::{Attempt, State};
use crate::domain::exception::advice::{Known, Money};

/// Reads it as of now. A second payment counts as a twin within `window` of the
/// attempt's.
pub async fn of(tx: &mut PgConnection, attempt: &Attempt, window: Duration) -> Result<Known, Error> {
    let row = sqlx::query!(
        r#"
        select exists (
                   select from differences
                   where subject = $1 and type = 'paid_unknown_here' and state <> 'resolved'
               ) as "in_bill!",
               exists (
                   select from isolated_money where intent_id = $2 and attempt_id <> $1
               ) as "twin_goes_back!",
               exists (
                   select from payments p
                   join payments q on q.person_id = p.person_id and q.studio_id = p.studio_id
                                  and q.paid_minor = p.paid_minor and q.payment_id <> p.payment_id
                                  and q.paid_at between p.paid_at - $3::interval and p.paid_at + $3::interval
                   where p.attempt_id = $1
               ) as "twin_booked!"
        "#,
        attempt.id as _,
        attempt.intent_id as _,
        interval(window)?,
    )
    .fetch_one(tx)
    .await?;
    Ok(Known {
        money: money(&attempt.state),
        in_bill: row.in_bill,
        twin_goes_back: row.twin_goes_back,
        twin_booked: row.twin_booked,
    })
}

fn interval(window: Duration) -> Result<sqlx::postgres::types::PgInterval, Error> {
    window
        .try_into()
        .map_err(|_| Error::Internal("a window that the database cannot hold".to_owned()))
}

fn money(state: &State) -> Money {
    match state {
        State::Paid { .. } => Money::Booked,
        State::Isolated { .. } => Money::Isolated,
        State::Failed { .. } | State::Expired | State::Cancelled => Money::None,
        State::Creating | State::AwaitingPayment { .. } | State::Closing { .. } | State::Reversing { .. } => {
            Money::Unknown
        }
    }
}
