use chrono::NaiveDate;
use kernel::{GrantId, PersonId, Timestamp};
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::Refusal;
use crate::domain::staff::{Grant, Post};

const ADMIN: &str = "operator_admin";

pub(super) struct Row {
    pub(super) grant_id: Uuid,
    pub(super) person_id: Uuid,
    pub(super) role: String,
    pub(super) node_id: Uuid,
    pub(super) granted_by: String,
    pub(super) granted_at: Timestamp,
    pub(super) revoked_by: Option<String>,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) version: i64,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) certified_by: Option<Uuid>,
    pub(super) certified_at: Option<Timestamp>,
    pub(super) used_on: Option<NaiveDate>,
}

impl Row {
    pub(super) fn grant(self) -> Result<Grant, Error> {
        Ok(Grant {
            id: self.grant_id.into(),
            person: self.person_id.into(),
            post: Post::parse("role", &self.role).map_err(|_| inconsistent("grants", "role"))?,
            node: self.node_id.into(),
            granted_by: self.granted_by,
            granted_at: self.granted_at,
            expires_at: self.expires_at,
            certified: self.certified_by.map(PersonId).zip(self.certified_at),
            used_on: self.used_on,
            revoked: self.revoked_by.zip(self.revoked_at),
            version: self.version,
        })
    }
}

/// Adds a grant; the same role at the same node holds once.
pub async fn insert_grant(tx: &mut PgConnection, grant: &Grant) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into grants (grant_id, person_id, role, node_id, granted_by, granted_at, version, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        grant.id as _,
        grant.person as _,
        grant.post.name(),
        grant.node as _,
        grant.granted_by,
        grant.granted_at,
        grant.version,
        grant.expires_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "grants_once", || Refusal::GrantExists).map(|_| ())
}

/// Reads a grant and holds its row until the transaction ends.
pub async fn lock_grant(tx: &mut PgConnection, id: GrantId) -> Result<Option<Grant>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select grant_id, person_id, role, node_id, granted_by, granted_at, revoked_by, revoked_at, version,
               expires_at, certified_by, certified_at, used_on
        from grants where grant_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::grant).transpose()
}

/// Writes the end of a grant.
pub async fn revoke(tx: &mut PgConnection, grant: &Grant, reason: &str) -> Result<(), Error> {
    let (by, at) = grant.revoked.as_ref().map(|(by, at)| (by.as_str(), *at)).unzip();
    sqlx::query!(
        "update grants set revoked_by = $2, revoked_at = $3, reason = $4, version = $5 where grant_id = $1",
        grant.id as _,
        by,
        at,
        reason,
        grant.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The roles that a person holds now.
pub async fn grants_of(tx: &mut PgConnection, person: PersonId, now: Timestamp) -> Result<Vec<Grant>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select grant_id, person_id, role, node_id, granted_by, granted_at, revoked_by, revoked_at, version,
               expires_at, certified_by, certified_at, used_on
        from grants where person_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
        order by granted_at, grant_id
        "#,
        person as _,
        now,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::grant).collect()
}

/// Whether the operator has an administrator.
pub async fn has_admin(tx: &mut PgConnection) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from grants where role = $1 and revoked_at is null) as "found!""#,
        ADMIN,
    )
    .fetch_one(tx)
    .await?;
    Ok(found)
}

/// The people who administer the operator for good, their grants held, so that
/// two revocations at once cannot leave it without one. A delegation ends by
/// itself and is therefore none of them.
pub async fn admins(tx: &mut PgConnection) -> Result<Vec<GrantId>, Error> {
    let grants = sqlx::query_scalar!(
        r#"
        select grant_id as "id: GrantId" from grants
        where role = $1 and revoked_at is null and expires_at is null
        order by grant_id
        for no key update
        "#,
        ADMIN,
    )
    .fetch_all(tx)
    .await?;
    Ok(grants)
}
