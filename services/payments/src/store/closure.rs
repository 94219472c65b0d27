//! The table `cashier_closures`.

use kernel::{ClosureId, LegalEntityId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, on_constraint};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::word;
use crate::domain::Refusal;
use crate::domain::closure::{Closure, Reopened};
use crate::domain::limit::Place;

const TABLE: &str = "cashier_closures";

/// The word for every channel.
const ALL: &str = "all";

#[derive(FromRow)]
struct Row {
    closure_id: ClosureId,
    level: String,
    place: Uuid,
    channel: String,
    reason: String,
    closed_by: Option<PersonId>,
    closed_at: Timestamp,
    reopened_by: Option<PersonId>,
    reopened_at: Option<Timestamp>,
}

impl TryFrom<Row> for Closure {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            place: word(TABLE, "level", Place::from_word(&row.level, row.place))?,
            channel: match row.channel.as_str() {
                ALL => None,
                "wechat" => Some("wechat"),
                "alipay" => Some("alipay"),
                _ => return Err(platform::inconsistent(TABLE, "channel holds an unknown word")),
            },
            reason: row.reason,
            closed_by: row.closed_by,
            closed_at: row.closed_at,
            reopened: row.reopened_at.map(|at| Reopened {
                by: row.reopened_by,
                at,
            }),
        })
    }
}

/// What is closed at these studios and legal entities now.
pub async fn standing(tx: &mut PgConnection, places: &[Uuid]) -> Result<Vec<Closure>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select closure_id as "closure_id: _", level, place, channel, reason, closed_by as "closed_by: _", closed_at,
               reopened_by as "reopened_by: _", reopened_at
        from cashier_closures
        where place = any($1) and state = 'closed'
        "#,
        places,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Closure::try_from).collect()
}

/// What is closed at a studio, by itself or with its legal entity.
pub async fn at(
    tx: &mut PgConnection,
    studio: StudioId,
    entity: LegalEntityId,
) -> Result<Vec<Closure>, Error> {
    standing(tx, &[studio.0, entity.0]).await
}

/// Closes; who finds it closed is refused.
pub async fn insert(tx: &mut PgConnection, id: ClosureId, closure: &Closure) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into cashier_closures (closure_id, level, place, channel, reason, closed_by, closed_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        id as _,
        closure.place.word(),
        closure.place.id(),
        closure.channel.unwrap_or(ALL),
        closure.reason,
        closure.closed_by as _,
        closure.closed_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "cashier_closures_open_key", || Refusal::CashierState {
        state: "closed",
    })?;
    Ok(())
}

/// Opens a place again, for the channel for which it was closed. False when it
/// was not.
pub async fn reopen(
    tx: &mut PgConnection,
    place: Place,
    channel: Option<&str>,
    reopened: Reopened,
) -> Result<bool, Error> {
    let updated = sqlx::query!(
        r#"
        update cashier_closures
        set state = 'reopened', reopened_by = $3, reopened_at = $4, version = version + 1
        where place = $1 and channel = $2 and state = 'closed'
        "#,
        place.id(),
        channel.unwrap_or(ALL),
        reopened.by as _,
        reopened.at,
    )
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// What a list of closures is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    /// Only those of these studios and legal entities.
    pub within: Option<Vec<Uuid>>,
    pub place: Option<Uuid>,
    pub closed_only: bool,
}

/// One page of closures, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, ClosureId)>,
) -> Result<Vec<(ClosureId, Closure)>, Error> {
    let mut query = QueryBuilder::<Postgres>::new("select p.* from cashier_closures p where true");
    if let Some(within) = &filter.within {
        query
            .push(" and p.place = any(")
            .push_bind(within.clone())
            .push(")");
    }
    if let Some(place) = filter.place {
        query.push(" and p.place = ").push_bind(place);
    }
    if filter.closed_only {
        query.push(" and p.state = 'closed'");
    }
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.closed_at, p.closure_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.closed_at desc, p.closure_id desc limit ")
        .push_bind(page.limit());
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter()
        .map(|row| Ok((row.closure_id, row.try_into()?)))
        .collect()
}
