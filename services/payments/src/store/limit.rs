//! The tables `limits` and `start_counts`.

use kernel::{Amount, LegalEntityId, LimitId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, on_constraint};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::word;
use crate::domain::Refusal;
use crate::domain::limit::{Counted, Key, Limit, Place, Set, Subject, Terms};

const TABLE: &str = "limits";

/// A limit's columns wherever they stand.
#[derive(Debug, FromRow)]
pub struct Row {
    pub limit_id: Option<LimitId>,
    pub level: String,
    pub place: Uuid,
    pub subject: String,
    pub window_s: i32,
    pub most_starts: Option<i32>,
    pub most_minor: Option<i64>,
}

impl TryFrom<Row> for Limit {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.limit_id,
            place: word(TABLE, "level", Place::from_word(&row.level, row.place))?,
            terms: Terms {
                subject: word(TABLE, "subject", Subject::from_word(&row.subject))?,
                window_s: row.window_s,
                most_starts: row.most_starts,
                most: row.most_minor.and_then(Amount::from_minor),
            },
        })
    }
}

/// The limits in force at a studio and at its legal entity, one a subject and a
/// window each.
pub async fn in_force(
    tx: &mut PgConnection,
    studio: StudioId,
    entity: LegalEntityId,
    at: Timestamp,
) -> Result<Vec<Limit>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select distinct on (place, subject, window_s) limit_id as "limit_id?: _", level, place, subject, window_s,
               most_starts, most_minor
        from limits
        where place = any($1) and effective_from <= $2
        order by place, subject, window_s, effective_from desc
        "#,
        &[studio.0, entity.0],
        at,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Limit::try_from).collect()
}

/// From when the last limit for the same is in force.
pub async fn last(tx: &mut PgConnection, limit: &Limit) -> Result<Option<Timestamp>, Error> {
    Ok(sqlx::query_scalar!(
        "select max(effective_from) from limits where place = $1 and subject = $2 and window_s = $3",
        limit.place.id(),
        limit.terms.subject.word(),
        limit.terms.window_s,
    )
    .fetch_one(tx)
    .await?)
}

/// Adds a limit. Of two who set one for the same moment one learns of the other.
pub async fn insert(tx: &mut PgConnection, id: LimitId, set: &Set) -> Result<(), Error> {
    let limit = &set.limit;
    let inserted = sqlx::query!(
        r#"
        insert into limits (limit_id, level, place, subject, window_s, most_starts, most_minor, note,
                            effective_from, set_by, set_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        id as _,
        limit.place.word(),
        limit.place.id(),
        limit.terms.subject.word(),
        limit.terms.window_s,
        limit.terms.most_starts,
        limit.terms.most.map(Amount::minor),
        set.note,
        set.effective_from,
        set.set_by as _,
        set.set_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "limits_key", || Refusal::LimitRaced)?;
    Ok(())
}

/// Counts one more attempt in a window, holds the count until the transaction
/// ends, and answers it with the attempt.
pub async fn count(tx: &mut PgConnection, key: &Key, amount: Amount) -> Result<Counted, Error> {
    Ok(sqlx::query_as!(
        Counted,
        r#"
        insert into start_counts as c (place, subject, counted, window_s, began_at, starts, started_minor)
        values ($1, $2, $3, $4, $5, 1, $6)
        on conflict (place, subject, counted, window_s, began_at) do update
        set starts = c.starts + 1, started_minor = c.started_minor + excluded.started_minor
        returning starts, started_minor as minor
        "#,
        key.place.id(),
        key.subject,
        key.counted,
        key.window_s,
        key.began_at,
        amount.minor(),
    )
    .fetch_one(tx)
    .await?)
}

/// Takes back what [`count`] counted: the attempt was not started.
pub async fn uncount(tx: &mut PgConnection, key: &Key, amount: Amount) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update start_counts set starts = starts - 1, started_minor = started_minor - $6
        where place = $1 and subject = $2 and counted = $3 and window_s = $4 and began_at = $5
        "#,
        key.place.id(),
        key.subject,
        key.counted,
        key.window_s,
        key.began_at,
        amount.minor(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets counts of windows that are over, a batch at a time. False when none
/// is left.
pub async fn forget_counts(tx: &mut PgConnection, now: Timestamp) -> Result<bool, Error> {
    let gone = sqlx::query!(
        r#"
        delete from start_counts where ctid = any(array(
            select ctid from start_counts
            where began_at < $1::timestamptz - make_interval(secs => window_s)
            limit 10000
        ))
        "#,
        now,
    )
    .execute(tx)
    .await?;
    Ok(gone.rows_affected() > 0)
}

/// What a list of limits is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only those of these studios and legal entities.
    pub within: Option<Vec<Uuid>>,
    pub place: Option<Uuid>,
    pub in_force_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct SetRow {
    #[sqlx(flatten)]
    limit: Row,
    note: String,
    effective_from: Timestamp,
    set_by: PersonId,
    set_at: Timestamp,
}

/// One page of limits, the latest set first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, LimitId)>,
) -> Result<Vec<(LimitId, Set)>, Error> {
    let mut query = QueryBuilder::<Postgres>::new("select p.* from limits p where true");
    if let Some(within) = &filter.within {
        query
            .push(" and p.place = any(")
            .push_bind(within.clone())
            .push(")");
    }
    if let Some(place) = filter.place {
        query.push(" and p.place = ").push_bind(place);
    }
    if let Some(at) = filter.in_force_at {
        query
            .push(
                " and p.effective_from = (select max(o.effective_from) from limits o where o.place = p.place",
            )
            .push(" and o.subject = p.subject and o.window_s = p.window_s and o.effective_from <= ")
            .push_bind(at)
            .push(")");
    }
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.set_at, p.limit_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.set_at desc, p.limit_id desc limit ")
        .push_bind(page.limit());
    let rows: Vec<SetRow> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter().map(read).collect()
}

fn read(row: SetRow) -> Result<(LimitId, Set), Error> {
    let limit = Limit::try_from(row.limit)?;
    let id = limit
        .id
        .ok_or_else(|| platform::inconsistent(TABLE, "a limit without id"))?;
    let set = Set {
        limit,
        note: row.note,
        effective_from: row.effective_from,
        set_by: row.set_by,
        set_at: row.set_at,
    };
    Ok((id, set))
}
