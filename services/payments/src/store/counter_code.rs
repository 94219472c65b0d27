//! The tables `counter_codes` and `counter_code_checks`.

use kernel::{LegalEntityId, PersonId, StudioId, Timestamp, fresh_uuid};
use platform::page::Page;
use platform::{Error, Studios, on_constraint};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::word;
use crate::domain::Refusal;
use crate::domain::counter_code::{Channel, CounterCode, State};

const TABLE: &str = "counter_codes";

#[derive(FromRow)]
struct Row {
    code_id: Uuid,
    studio_id: StudioId,
    legal_entity_id: LegalEntityId,
    channel: String,
    place: String,
    number: i32,
    digest: Vec<u8>,
    state: String,
    put_up_by: PersonId,
    put_up_at: Timestamp,
    checked_at: Option<Timestamp>,
    check_by: Timestamp,
    suspected_at: Option<Timestamp>,
    version: i64,
}

impl TryFrom<Row> for CounterCode {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.code_id,
            studio: row.studio_id,
            legal_entity: row.legal_entity_id,
            channel: word(TABLE, "channel", Channel::from_word(&row.channel))?,
            place: row.place,
            number: row.number,
            digest: row.digest,
            state: word(TABLE, "state", State::from_word(&row.state))?,
            put_up_by: row.put_up_by,
            put_up_at: row.put_up_at,
            checked_at: row.checked_at,
            check_by: row.check_by,
            suspected_at: row.suspected_at,
            version: row.version,
        })
    }
}

/// Puts a code up; who finds the same one standing elsewhere is refused.
pub async fn insert(tx: &mut PgConnection, code: &CounterCode) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into counter_codes (code_id, studio_id, legal_entity_id, channel, place, number, digest, put_up_by, put_up_at,
                                   check_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        code.id,
        code.studio as _,
        code.legal_entity as _,
        code.channel.word(),
        code.place,
        code.number,
        code.digest,
        code.put_up_by as _,
        code.put_up_at,
        code.check_by,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "counter_codes_digest_key", || Refusal::CodeStands)?;
    Ok(())
}

const SELECT: &str = "select p.* from counter_codes p where true";

/// Reads a code and holds its row.
pub async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<CounterCode>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query
        .push(" and p.code_id = ")
        .push_bind(id)
        .push(" for no key update");
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(CounterCode::try_from).transpose()
}

/// The latest code at a place, whatever became of it, held.
pub async fn latest(
    tx: &mut PgConnection,
    studio: StudioId,
    channel: Channel,
    place: &str,
) -> Result<Option<CounterCode>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query
        .push(" and p.studio_id = ")
        .push_bind(studio.0)
        .push(" and p.channel = ")
        .push_bind(channel.word())
        .push(" and p.place = ")
        .push_bind(place.to_owned())
        .push(" order by p.number desc limit 1 for no key update");
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(CounterCode::try_from).transpose()
}

/// Keeps what a step changed of a locked code; the trigger checks the step.
pub async fn save(tx: &mut PgConnection, code: &CounterCode) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update counter_codes set state = $2, checked_at = $3, check_by = $4, suspected_at = $5, version = $6
        where code_id = $1
        "#,
        code.id,
        code.state.word(),
        code.checked_at,
        code.check_by,
        code.suspected_at,
        code.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps a look at a code.
pub async fn checked(
    tx: &mut PgConnection,
    code: &CounterCode,
    found: &[u8],
    same: bool,
    by: PersonId,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into counter_code_checks (check_id, code_id, studio_id, found, same, checked_by, checked_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        fresh_uuid(),
        code.id,
        code.studio as _,
        found,
        same,
        by as _,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a list of codes is narrowed to; nothing leaves all in that stand.
#[derive(Debug, Default)]
pub struct Filter {
    pub studio: Option<StudioId>,
    pub overdue_at: Option<Timestamp>,
    pub suspected: bool,
    pub with_ended: bool,
}

/// One page of codes, those to be checked first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    filter: &Filter,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<CounterCode>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    super::scope(&mut query, scope, None);
    if let Some(studio) = filter.studio {
        query.push(" and p.studio_id = ").push_bind(studio.0);
    }
    if let Some(now) = filter.overdue_at {
        query.push(" and p.state = 'up' and p.check_by < ").push_bind(now);
    }
    if filter.suspected {
        query.push(" and p.suspected_at is not null");
    }
    if !filter.with_ended {
        query.push(" and p.state = 'up'");
    }
    if let Some((by, id)) = page.after() {
        query
            .push(" and (p.check_by, p.code_id) > (")
            .push_bind(*by)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.check_by, p.code_id limit ")
        .push_bind(page.limit());
    let rows = query.build_query_as::<Row>().fetch_all(tx).await?;
    rows.into_iter().map(CounterCode::try_from).collect()
}

/// How many nobody checked in time.
pub async fn overdue(tx: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "overdue!" from counter_codes where state = 'up' and check_by < $1"#,
        now,
    )
    .fetch_one(tx)
    .await?)
}

/// The legal entities that have or had codes of a channel.
pub async fn entities(tx: &mut PgConnection, channel: &str) -> Result<Vec<LegalEntityId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select distinct legal_entity_id as "entity: LegalEntityId" from counter_codes where channel = $1"#,
        channel,
    )
    .fetch_all(tx)
    .await?)
}
