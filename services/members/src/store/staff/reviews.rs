use chrono::NaiveDate;
use kernel::{GrantId, Timestamp, fresh_uuid};
use platform::Error;
use platform::page::Page;
use sqlx::PgConnection;
use uuid::Uuid;

use super::grants::Row;
use crate::domain::staff::{Grant, ReviewRules};

/// Which grants a list shows.
#[derive(Debug)]
pub struct Filter {
    /// Only at these nodes; none for everywhere.
    pub nodes: Option<Vec<Uuid>>,
    pub person: Option<Uuid>,
    pub role: Option<String>,
    pub ended: bool,
    /// Those that nobody certified in time; with `unused`, those that are either.
    pub due: bool,
    pub unused: bool,
}

/// A page of grants, the newest first.
pub async fn list_grants(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, GrantId)>,
    rules: &ReviewRules,
    now: Timestamp,
) -> Result<Vec<Grant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select grant_id, person_id, role, node_id, granted_by, granted_at, revoked_by, revoked_at, version,
               expires_at, certified_by, certified_at, used_on
        from grants
        where ($1::uuid[] is null or node_id = any($1))
          and ($2::uuid is null or person_id = $2)
          and ($3::text is null or role = $3)
          and ($4 or (revoked_at is null and (expires_at is null or expires_at > $5)))
          and (not ($6 or $7)
               or ($6 and coalesce(certified_at, granted_at) <= $8)
               or ($7 and coalesce(used_on, (granted_at at time zone 'UTC')::date) <= $9))
          and ($10::timestamptz is null or (granted_at, grant_id) < ($10, $11))
        order by granted_at desc, grant_id desc
        limit $12
        "#,
        filter.nodes.as_deref(),
        filter.person,
        filter.role,
        filter.ended,
        now,
        filter.due,
        filter.unused,
        rules.due_before(now),
        rules.unused_before(now),
        page.after().map(|key| key.0),
        page.after().map(|key| key.1.0),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::grant).collect()
}

/// How the rights stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub holding: i64,
    pub due: i64,
    pub unused: i64,
    pub delegated: i64,
}

/// Counts the roles that hold at these nodes, or everywhere.
pub async fn figures(
    tx: &mut PgConnection,
    nodes: Option<&[Uuid]>,
    rules: &ReviewRules,
    now: Timestamp,
) -> Result<Figures, Error> {
    let row = sqlx::query!(
        r#"
        select count(*) as "holding!",
               count(*) filter (where coalesce(certified_at, granted_at) <= $3) as "due!",
               count(*) filter (where coalesce(used_on, (granted_at at time zone 'UTC')::date) <= $4) as "unused!",
               count(*) filter (where expires_at is not null) as "delegated!"
        from grants
        where ($1::uuid[] is null or node_id = any($1))
          and revoked_at is null and (expires_at is null or expires_at > $2)
        "#,
        nodes,
        now,
        rules.due_before(now),
        rules.unused_before(now),
    )
    .fetch_one(tx)
    .await?;
    Ok(Figures {
        holding: row.holding,
        due: row.due,
        unused: row.unused,
        delegated: row.delegated,
    })
}

/// Keeps that somebody certified a grant.
pub async fn certify(tx: &mut PgConnection, grant: &Grant) -> Result<(), Error> {
    let Some((by, at)) = grant.certified else {
        return Ok(());
    };
    sqlx::query!(
        "update grants set certified_by = $2, certified_at = $3, version = $4, due_named_at = null where grant_id = $1",
        grant.id as _,
        by as _,
        at,
        grant.version,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        r#"
        insert into certifications (certification_id, grant_id, person_id, certified_by, certified_at)
        values ($1, $2, $3, $4, $5)
        "#,
        fresh_uuid(),
        grant.id as _,
        grant.person as _,
        by as _,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes that a token carries these grants today.
pub async fn used(tx: &mut PgConnection, grants: &[Uuid], today: NaiveDate) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update grants set used_on = $2, unused_named_at = null
        where grant_id = any($1) and (used_on is null or used_on < $2)
        "#,
        grants,
        today,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Grants that are due or unused and were not yet named for that, held until
/// the transaction ends.
pub async fn to_name(
    tx: &mut PgConnection,
    rules: &ReviewRules,
    now: Timestamp,
    most: i64,
) -> Result<Vec<Grant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select grant_id, person_id, role, node_id, granted_by, granted_at, revoked_by, revoked_at, version,
               expires_at, certified_by, certified_at, used_on
        from grants
        where revoked_at is null and (expires_at is null or expires_at > $1)
          and ((due_named_at is null and coalesce(certified_at, granted_at) <= $2)
               or (unused_named_at is null
                   and coalesce(used_on, (granted_at at time zone 'UTC')::date) <= $3))
        order by grant_id
        limit $4
        for no key update
        "#,
        now,
        rules.due_before(now),
        rules.unused_before(now),
        most,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::grant).collect()
}

/// Writes that a grant was named, for each reason that holds.
pub async fn named(
    tx: &mut PgConnection,
    grant: &Grant,
    rules: &ReviewRules,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update grants set version = $2,
            due_named_at = case when coalesce(certified_at, granted_at) <= $4 then $3 else due_named_at end,
            unused_named_at = case when coalesce(used_on, (granted_at at time zone 'UTC')::date) <= $5
                                   then $3 else unused_named_at end
        where grant_id = $1
        "#,
        grant.id as _,
        grant.version,
        now,
        rules.due_before(now),
        rules.unused_before(now),
    )
    .execute(tx)
    .await?;
    Ok(())
}
