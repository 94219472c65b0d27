//! Cases: flat rows, read into the state that they stand in.

mod row;

use kernel::{OrderId, PersonId, PolicyId, RefundCaseId, StudioId};
use platform::page::Page;
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::types::Json;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use self::row::Row;
use crate::domain::case::State;
use crate::domain::{Case, Refusal};

/// Adds a case. One that a person asked for is open an order, and one a part.
pub async fn insert(tx: &mut PgConnection, case: &Case) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into cases (case_id, number, order_id, part, person_id, studio_id, state, reason, explanation, policy_id,
                           quote, amount_minor, subject_hash, opened_by, owner_id, opened_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        "#,
        case.id as RefundCaseId,
        case.number,
        case.order as OrderId,
        part(case),
        case.person as PersonId,
        case.studio as StudioId,
        case.state.name(),
        case.reason.name(),
        case.explanation.bytes,
        case.quote.policy as Option<PolicyId>,
        Json(&case.quote) as _,
        case.amount.minor(),
        case.subject_hash(),
        case.opened_by as Option<PersonId>,
        case.owner as Option<PersonId>,
        case.opened_at,
        case.version,
    )
    .execute(tx)
    .await;
    match inserted {
        Err(error) if another_is_open(&error) => Err(Refusal::CaseOpen.into()),
        done => Ok(done.map(drop)?),
    }
}

fn another_is_open(error: &sqlx::Error) -> bool {
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    constraint.is_some_and(|name| ["cases_one_open_an_order", "cases_one_open_a_part"].contains(&name))
}

fn part(case: &Case) -> String {
    case.due.map_or_else(|| "whole".to_owned(), |due| due.to_string())
}

/// Reads a case and holds its row until the transaction ends.
pub async fn lock(tx: &mut PgConnection, id: RefundCaseId) -> Result<Option<Case>, Error> {
    let held = sqlx::query_scalar!(
        "select case_id from cases where case_id = $1 for no key update",
        id as RefundCaseId
    )
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    find(tx, id).await
}

/// Reads a case as it is.
pub async fn find(tx: &mut PgConnection, id: RefundCaseId) -> Result<Option<Case>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select case_id, number, order_id, part, person_id, studio_id, state, reason,
               explanation as "explanation: Sealed", quote as "quote: _", amount_minor, opened_by, owner_id, decided_by,
               decided_at, decision_note as "decision_note: Sealed", reject_reason, stuck_why, opened_at, completed_at, version
        from cases
        where case_id = $1
        "#,
        id as RefundCaseId,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::read).transpose()
}

/// What a list is bound by; nothing binds where nothing is given.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<&'static str>,
    pub studio: Option<StudioId>,
    pub person: Option<PersonId>,
    pub order: Option<OrderId>,
    /// The studios within reach, unless all are; a person's own besides.
    pub reach: Option<Vec<Uuid>>,
    pub own: Option<PersonId>,
}

/// A page of cases, the oldest first. The reach is said here as well as by row
/// level security, so that the index serves.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<RefundCaseId>,
) -> Result<Vec<Case>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select case_id, number, order_id, part, person_id, studio_id, state, reason, explanation, quote, amount_minor, \
         opened_by, owner_id, decided_by, decided_at, decision_note, reject_reason, stuck_why, opened_at, completed_at, \
         version from cases where true",
    );
    if let Some(state) = filter.state {
        query.push(" and state = ").push_bind(state);
    }
    if let Some(studio) = filter.studio {
        query.push(" and studio_id = ").push_bind(studio.0);
    }
    if let Some(person) = filter.person {
        query.push(" and person_id = ").push_bind(person.0);
    }
    if let Some(order) = filter.order {
        query.push(" and order_id = ").push_bind(order.0);
    }
    if let Some(reach) = &filter.reach {
        query
            .push(" and (studio_id = any(")
            .push_bind(reach.clone())
            .push(")");
        if let Some(own) = filter.own {
            query.push(" or person_id = ").push_bind(own.0);
        }
        query.push(")");
    }
    if let Some(after) = page.after() {
        query.push(" and case_id > ").push_bind(after.0);
    }
    query.push(" order by case_id limit ").push_bind(page.limit());
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter().map(Row::read).collect()
}

/// Writes where a case stands, as decided from the version before.
pub async fn save(tx: &mut PgConnection, case: &Case) -> Result<(), Error> {
    let decision = case.state.decision();
    let (mut reject_reason, mut stuck_why, mut completed_at) = (None, None, None);
    match &case.state {
        State::Rejected { reason, .. } => reject_reason = Some(reason.name()),
        State::Stuck { why, .. } => stuck_why = Some(why.as_str()),
        State::Completed { at, .. } => completed_at = Some(*at),
        State::Requested | State::Approved(_) | State::Returning(_) | State::Settling(_) => {}
    }
    let saved = sqlx::query!(
        r#"
        update cases
        set state = $3, owner_id = $4, decided_by = $5, decided_at = $6, decision_note = $7, reject_reason = $8,
            stuck_why = $9, completed_at = $10, version = $2::bigint
        where case_id = $1 and version = $2::bigint - 1
        "#,
        case.id as RefundCaseId,
        case.version,
        case.state.name(),
        case.owner as Option<PersonId>,
        decision.map(|d| d.by) as Option<PersonId>,
        decision.map(|d| d.at),
        decision.map(|d| d.note.bytes.as_slice()),
        reject_reason,
        stuck_why,
        completed_at,
    )
    .execute(tx)
    .await?;
    one_row(saved.rows_affected(), "cases")
}

/// A locked row that is no longer as it was read.
pub fn one_row(rows: u64, table: &'static str) -> Result<(), Error> {
    if rows == 1 {
        Ok(())
    } else {
        Err(inconsistent(table, "a row changed under its lock"))
    }
}
