//! The table `suspense_items`.

use kernel::{AttemptId, IntentId, LegalEntityId, PersonId, Timestamp};
use platform::Error;
use platform::page::Page;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{amount, word};
use crate::domain::statement::Party;
use crate::domain::suspense::{By, End, Ending, Item, Origin, Place, State};

const TABLE: &str = "suspense_items";

#[derive(FromRow)]
struct Row {
    suspense_id: Uuid,
    origin: String,
    remains_of: Option<Uuid>,
    legal_entity_id: LegalEntityId,
    account: String,
    statement_id: Uuid,
    line: i32,
    transaction: String,
    party: String,
    number: String,
    amount_minor: i64,
    received_at: Timestamp,
    found_at: Timestamp,
    due_at: Timestamp,
    suggested: Option<IntentId>,
    state: String,
    ending: Option<String>,
    intent_id: Option<IntentId>,
    attempt_id: Option<AttemptId>,
    note: String,
    maker: Option<PersonId>,
    checker: Option<PersonId>,
    proven: bool,
    ended_at: Option<Timestamp>,
    version: i64,
}

impl Row {
    fn end(&self) -> Result<Option<End>, Error> {
        let ending = self
            .ending
            .as_deref()
            .map(|kept| word(TABLE, "ending", Ending::from_word(kept)));
        Ok(match (ending.transpose()?, self.intent_id) {
            (None, None) => None,
            (Some(Ending::Assign), Some(intent)) => Some(End::Assign(intent)),
            (Some(Ending::SendBack), None) => Some(End::SendBack),
            (Some(Ending::Explain), None) => Some(End::Explain),
            _ => {
                return Err(platform::inconsistent(
                    TABLE,
                    format!("ending of {}", self.suspense_id),
                ));
            }
        })
    }

    fn state(&self) -> Result<State, Error> {
        let by = match (self.proven, self.maker, self.checker) {
            (true, _, _) => Some(By::Proof),
            (false, Some(maker), Some(checker)) => Some(By::Persons { maker, checker }),
            (false, _, _) => None,
        };
        let state = match (self.end()?, self.maker, by, self.ended_at) {
            (None, _, _, None) => State::Open,
            (Some(end), Some(maker), None, None) => State::Proposed { end, maker },
            (Some(end), _, Some(by), Some(at)) => State::Ended { end, by, at },
            _ => {
                return Err(platform::inconsistent(
                    TABLE,
                    format!("state of {}", self.suspense_id),
                ));
            }
        };
        if state.word() == self.state {
            Ok(state)
        } else {
            Err(platform::inconsistent(
                TABLE,
                format!("state of {}", self.suspense_id),
            ))
        }
    }
}

impl TryFrom<Row> for Item {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            state: row.state()?,
            id: row.suspense_id,
            origin: word(TABLE, "origin", Origin::from_word(&row.origin))?,
            remains_of: row.remains_of,
            place: Place {
                party: word(TABLE, "party", Party::from_word(&row.party))?,
                legal_entity: row.legal_entity_id,
                account: row.account,
                statement: row.statement_id,
                line: row.line,
                transaction: row.transaction,
                number: row.number,
                received_at: row.received_at,
            },
            amount: amount(TABLE, row.amount_minor)?,
            found_at: row.found_at,
            due_at: row.due_at,
            suggested: row.suggested,
            attempt: row.attempt_id,
            note: row.note,
            version: row.version,
        })
    }
}

/// False when the line has its item already.
pub async fn insert(tx: &mut PgConnection, item: &Item) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into suspense_items (suspense_id, origin, remains_of, legal_entity_id, account, statement_id, line,
                                    transaction, amount_minor, received_at, found_at, due_at, suggested, party, number)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict do nothing
        "#,
        item.id,
        item.origin.word(),
        item.remains_of,
        item.place.legal_entity as _,
        item.place.account,
        item.place.statement,
        item.place.line,
        item.place.transaction,
        item.amount.minor(),
        item.place.received_at,
        item.found_at,
        item.due_at,
        item.suggested as _,
        item.place.party.word(),
        item.place.number,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

const SELECT: &str = "select p.* from suspense_items p where true";

/// Reads an item and holds its row, so that two steps happen one after the other.
pub async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Item>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query
        .push(" and p.suspense_id = ")
        .push_bind(id)
        .push(" for no key update");
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(Item::try_from).transpose()
}

/// As [`lock`], the item of a bank's line.
pub async fn lock_line(tx: &mut PgConnection, statement: Uuid, line: i32) -> Result<Option<Item>, Error> {
    let id = sqlx::query_scalar!(
        "select suspense_id from suspense_items where statement_id = $1 and line = $2 and origin <> 'remainder'",
        statement,
        line,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match id {
        Some(id) => lock(tx, id).await,
        None => Ok(None),
    }
}

/// Keeps what a step changed of a locked item; the trigger checks the step.
pub async fn save(tx: &mut PgConnection, item: &Item) -> Result<(), Error> {
    let (maker, checker, proven, ended_at) = match item.state {
        State::Open => (None, None, false, None),
        State::Proposed { maker, .. } => (Some(maker), None, false, None),
        State::Ended {
            by: By::Proof, at, ..
        } => (None, None, true, Some(at)),
        State::Ended {
            by: By::Persons { maker, checker },
            at,
            ..
        } => (Some(maker), Some(checker), false, Some(at)),
    };
    let end = item.state.end();
    sqlx::query!(
        r#"
        update suspense_items
        set state = $2, ending = $3, intent_id = $4, attempt_id = $5, note = $6, maker = $7, checker = $8, proven = $9,
            ended_at = $10, version = $11
        where suspense_id = $1
        "#,
        item.id,
        item.state.word(),
        end.map(|end| end.ending().word()),
        end.and_then(End::intent) as _,
        item.attempt as _,
        item.note,
        maker as _,
        checker as _,
        proven,
        ended_at,
        item.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a list of items is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub state: Option<&'static str>,
    pub legal_entity: Option<LegalEntityId>,
    pub not_ended: bool,
    pub overdue_at: Option<Timestamp>,
}

/// One page of items, those due first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Item>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    if let Some(state) = filter.state {
        query.push(" and p.state = ").push_bind(state);
    }
    if let Some(entity) = filter.legal_entity {
        query.push(" and p.legal_entity_id = ").push_bind(entity.0);
    }
    if filter.not_ended || filter.overdue_at.is_some() {
        query.push(" and p.ended_at is null");
    }
    if let Some(now) = filter.overdue_at {
        query.push(" and p.due_at < ").push_bind(now);
    }
    if let Some((due, id)) = page.after() {
        query
            .push(" and (p.due_at, p.suspense_id) > (")
            .push_bind(*due)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.due_at, p.suspense_id limit ")
        .push_bind(page.limit());
    let rows = query.build_query_as::<Row>().fetch_all(tx).await?;
    rows.into_iter().map(Item::try_from).collect()
}

/// How many have no end although their time went by.
pub async fn overdue(tx: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "overdue!" from suspense_items where ended_at is null and due_at < $1"#,
        now,
    )
    .fetch_one(tx)
    .await?)
}
