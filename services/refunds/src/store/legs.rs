//! The ways back of a case, and the ceilings of the dues.

use std::collections::HashMap;

use kernel::{Amount, Balance, DueId, OrderId, PaymentId, PersonId, RefundCaseId, RefundLegId, StudioId};
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;
use uuid::Uuid;

use super::cases::one_row;
use crate::domain::leg::LegState;
use crate::domain::order::Route;
use crate::domain::{Case, Leg, Refusal};

/// Adds the legs of an approved case.
pub async fn insert(tx: &mut PgConnection, case: &Case, legs: &[Leg]) -> Result<(), Error> {
    for (position, leg) in (0i16..).zip(legs) {
        let (route, payment) = columns(leg.route);
        sqlx::query!(
            r#"
            insert into legs (leg_id, case_id, person_id, studio_id, position, due_id, route, payment_id, amount_minor, sent_as)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            "#,
            leg.id as RefundLegId,
            leg.case as RefundCaseId,
            case.person as PersonId,
            case.studio as StudioId,
            position,
            leg.due as DueId,
            route,
            payment as Option<PaymentId>,
            leg.amount.minor(),
            leg.sent_as(),
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

fn columns(route: Route) -> (&'static str, Option<PaymentId>) {
    match route {
        Route::Wallet => ("wallet", None),
        Route::Channel(payment) => ("channel", Some(payment)),
    }
}

/// The legs of a case in their order. Hold the case first: it guards them.
pub async fn of_case(tx: &mut PgConnection, case: RefundCaseId) -> Result<Vec<Leg>, Error> {
    let rows = sqlx::query!(
        r#"
        select leg_id as "leg_id: RefundLegId", due_id as "due_id: DueId", route, payment_id as "payment_id: PaymentId",
               amount_minor, state, attempt, why, version
        from legs
        where case_id = $1
        order by position
        "#,
        case as RefundCaseId,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            let bad = |column: &'static str| inconsistent("legs", column);
            let route = match (r.route.as_str(), r.payment_id) {
                ("wallet", None) => Route::Wallet,
                ("channel", Some(payment)) => Route::Channel(payment),
                _ => return Err(bad("route")),
            };
            let state = match (r.state.as_str(), r.why) {
                ("planned", None) => LegState::Planned,
                ("sent", None) => LegState::Sent,
                ("returned", None) => LegState::Returned,
                ("bounced", Some(why)) => LegState::Bounced { why },
                _ => return Err(bad("state")),
            };
            let amount = Amount::from_minor(r.amount_minor).ok_or_else(|| bad("amount_minor"))?;
            let (id, due, attempt, version) = (r.leg_id, r.due_id, r.attempt, r.version);
            Ok(Leg {
                id,
                case,
                due,
                route,
                amount,
                state,
                attempt,
                version,
            })
        })
        .collect()
}

/// The case and leg of a try, by what the other side knows it by.
pub async fn by_try(
    tx: &mut PgConnection,
    sent_as: Uuid,
) -> Result<Option<(RefundCaseId, RefundLegId)>, Error> {
    let row = sqlx::query!(
        r#"select case_id as "case_id: RefundCaseId", leg_id as "leg_id: RefundLegId" from legs where sent_as = $1"#,
        sent_as
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|r| (r.case_id, r.leg_id)))
}

/// Writes where a leg stands, as decided from the version before.
pub async fn save(tx: &mut PgConnection, leg: &Leg) -> Result<(), Error> {
    let why = match &leg.state {
        LegState::Bounced { why } => Some(why.as_str()),
        LegState::Planned | LegState::Sent | LegState::Returned => None,
    };
    let saved = sqlx::query!(
        r#"
        update legs
        set state = $3, attempt = $4, sent_as = $5, why = $6, version = $2::bigint
        where leg_id = $1 and version = $2::bigint - 1
        "#,
        leg.id as RefundLegId,
        leg.version,
        leg.state.name(),
        leg.attempt,
        leg.sent_as(),
        why,
    )
    .execute(tx)
    .await?;
    one_row(saved.rows_affected(), "legs")
}

/// What of each due of an order is promised or went back.
pub async fn taken(tx: &mut PgConnection, order: OrderId) -> Result<HashMap<DueId, Balance>, Error> {
    let rows = sqlx::query!(
        r#"
        select due_id as "due_id: DueId", reserved_minor + returned_minor as "taken!"
        from due_refunds
        where order_id = $1
        "#,
        order as OrderId,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            let taken =
                Balance::from_minor(r.taken).ok_or_else(|| inconsistent("due_refunds", "reserved_minor"))?;
            Ok((r.due_id, taken))
        })
        .collect()
}

/// Promises the amounts of a case. The condition on the one row of a due holds
/// the ceiling, however many approve at once.
pub async fn reserve(tx: &mut PgConnection, case: &Case) -> Result<(), Error> {
    for way in &case.quote.ways {
        let reserved = sqlx::query!(
            r#"
            insert into due_refunds (due_id, order_id, person_id, studio_id, paid_minor, reserved_minor)
            values ($1, $2, $3, $4, $5, $6)
            on conflict (due_id) do update
            set reserved_minor = due_refunds.reserved_minor + excluded.reserved_minor
            where due_refunds.reserved_minor + due_refunds.returned_minor + excluded.reserved_minor <= due_refunds.paid_minor
            "#,
            way.due as DueId,
            case.order as OrderId,
            case.person as PersonId,
            case.studio as StudioId,
            way.paid_minor,
            way.minor,
        )
        .execute(&mut *tx)
        .await;
        let above = || Refusal::AboveRefundable { refundable: None };
        if on_constraint(reserved, "due_refunds_within_what_was_paid", above)?.rows_affected() == 0 {
            return Err(above().into());
        }
    }
    Ok(())
}

/// What was promised went back.
pub async fn count_returned(tx: &mut PgConnection, leg: &Leg) -> Result<(), Error> {
    let counted = sqlx::query!(
        r#"
        update due_refunds
        set reserved_minor = reserved_minor - $2, returned_minor = returned_minor + $2
        where due_id = $1 and reserved_minor >= $2
        "#,
        leg.due as DueId,
        leg.amount.minor(),
    )
    .execute(tx)
    .await?;
    one_row(counted.rows_affected(), "due_refunds")
}
