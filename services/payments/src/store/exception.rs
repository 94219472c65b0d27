//! The tables `exceptions` and `exception_entries`.

pub mod entries;
pub mod known;

use kernel::{AttemptId, ExceptionId, IntentId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::{amount, word};
use crate::domain::exception::{By, Exception, Kind, Origin, Remedy, State};

const TABLE: &str = "exceptions";

#[derive(FromRow)]
struct Row {
    exception_id: ExceptionId,
    attempt_id: AttemptId,
    intent_id: IntentId,
    person_id: PersonId,
    studio_id: StudioId,
    number: String,
    amount_minor: i64,
    r#type: String,
    origin: String,
    advised: String,
    state: String,
    taken_by: Option<PersonId>,
    remedy: Option<String>,
    checker: Option<PersonId>,
    proven: bool,
    opened_by: Option<PersonId>,
    opened_at: Timestamp,
    due_at: Timestamp,
    overdue_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    reopened: i32,
    version: i64,
}

impl Row {
    fn state(&self) -> Result<State, Error> {
        let remedy = self
            .remedy
            .as_deref()
            .map(|kept| remedy("remedy", kept))
            .transpose()?;
        let by = match (self.proven, self.taken_by) {
            (true, _) => Some(By::Proof),
            (false, Some(maker)) => Some(By::Persons {
                maker,
                checker: self.checker,
            }),
            (false, None) => None,
        };
        Ok(match (self.state.as_str(), remedy, self.taken_by, by) {
            ("open", None, None, _) => State::Open,
            ("taken", None, Some(by), _) => State::Taken { by },
            ("proposed", Some(remedy), Some(by), _) => State::Proposed { by, remedy },
            ("decided", Some(remedy), _, Some(by)) => State::Decided { remedy, by },
            ("answered", Some(remedy), _, Some(by)) => State::Answered { remedy, by },
            ("closed", Some(remedy), _, Some(by)) => State::Closed { remedy, by },
            _ => {
                return Err(platform::inconsistent(
                    TABLE,
                    format!("state of {}", self.exception_id),
                ));
            }
        })
    }
}

fn remedy(column: &str, kept: &str) -> Result<Remedy, Error> {
    word(TABLE, "remedy", Remedy::from_word(kept))
        .map_err(|_| platform::inconsistent(TABLE, format!("{column} holds an unknown word")))
}

impl TryFrom<Row> for Exception {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            state: row.state()?,
            id: row.exception_id,
            attempt_id: row.attempt_id,
            intent_id: row.intent_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            number: row.number,
            amount: amount(TABLE, row.amount_minor)?,
            kind: word(TABLE, "type", Kind::from_word(&row.r#type))?,
            origin: word(TABLE, "origin", Origin::from_word(&row.origin))?,
            advised: remedy("advised", &row.advised)?,
            opened_by: row.opened_by,
            opened_at: row.opened_at,
            due_at: row.due_at,
            overdue_at: row.overdue_at,
            answered_at: row.answered_at,
            closed_at: row.closed_at,
            reopened: row.reopened,
            version: row.version,
        })
    }
}

/// False when the attempt has a case already.
pub async fn insert(tx: &mut PgConnection, case: &Exception) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into exceptions (exception_id, attempt_id, intent_id, person_id, studio_id, number, amount_minor, type,
                                origin, owner_role, advised, opened_by, opened_at, due_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (attempt_id) do nothing
        "#,
        case.id as _,
        case.attempt_id as _,
        case.intent_id as _,
        case.person_id as _,
        case.studio_id as _,
        case.number,
        case.amount.minor(),
        case.kind.word(),
        case.origin.word(),
        case.owner().word(),
        case.advised.word(),
        case.opened_by as _,
        case.opened_at,
        case.due_at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

const SELECT: &str = "select p.* from exceptions p where true";

async fn one(tx: &mut PgConnection, id: ExceptionId, lock: &str) -> Result<Option<Exception>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query.push(" and p.exception_id = ").push_bind(id).push(lock);
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(Exception::try_from).transpose()
}

pub async fn get(tx: &mut PgConnection, id: ExceptionId) -> Result<Option<Exception>, Error> {
    one(tx, id, "").await
}

/// Reads a case and holds its row, so that two steps happen one after the other.
pub async fn lock(tx: &mut PgConnection, id: ExceptionId) -> Result<Option<Exception>, Error> {
    one(tx, id, " for no key update").await
}

/// Keeps what a step changed of a locked case; the trigger checks the step.
pub async fn save(tx: &mut PgConnection, case: &Exception) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update exceptions
        set type = $2, advised = $3, state = $4, taken_by = $5, remedy = $6, checker = $7, proven = $8, due_at = $9,
            overdue_at = $10, answered_at = $11, closed_at = $12, reopened = $13, version = $14
        where exception_id = $1
        "#,
        case.id as _,
        case.kind.word(),
        case.advised.word(),
        case.state.word(),
        case.state.taken_by() as _,
        case.state.remedy().map(Remedy::word),
        case.state.checker() as _,
        case.state.is_proven(),
        case.due_at,
        case.overdue_at,
        case.answered_at,
        case.closed_at,
        case.reopened,
        case.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a list of cases is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub kind: Option<Kind>,
    pub state: Option<&'static str>,
    pub studio: Option<StudioId>,
    pub person: Option<PersonId>,
    pub number: Option<String>,
    pub not_answered: bool,
    pub overdue_at: Option<Timestamp>,
    pub taken_by: Option<PersonId>,
}

impl Filter {
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(kind) = self.kind {
            query.push(" and p.type = ").push_bind(kind.word());
        }
        if let Some(state) = self.state {
            query.push(" and p.state = ").push_bind(state);
        }
        if let Some(studio) = self.studio {
            query.push(" and p.studio_id = ").push_bind(studio);
        }
        if let Some(person) = self.person {
            query.push(" and p.person_id = ").push_bind(person);
        }
        if let Some(number) = &self.number {
            query.push(" and p.number = ").push_bind(number.clone());
        }
        if let Some(person) = self.taken_by {
            query.push(" and p.taken_by = ").push_bind(person);
        }
        if self.not_answered || self.overdue_at.is_some() {
            query.push(" and p.state not in ('answered', 'closed')");
        }
        if let Some(now) = self.overdue_at {
            query.push(" and p.due_at <= ").push_bind(now);
        }
    }
}

/// One page of cases, those due first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    own: Option<PersonId>,
    filter: &Filter,
    page: &Page<(Timestamp, ExceptionId)>,
) -> Result<Vec<Exception>, Error> {
    let mut query = QueryBuilder::new(SELECT);
    super::scope(&mut query, scope, own);
    filter.narrow(&mut query);
    if let Some((due, id)) = page.after() {
        query
            .push(" and (p.due_at, p.exception_id) > (")
            .push_bind(*due)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.due_at, p.exception_id limit ")
        .push_bind(page.limit());
    let rows = query.build_query_as::<Row>().fetch_all(tx).await?;
    rows.into_iter().map(Exception::try_from).collect()
}
