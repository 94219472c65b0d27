use kernel::{StudioId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::fill::Fill;

/// An announcement to a department of a studio.
pub struct Announcement {
    pub id: Uuid,
    pub department: String,
    pub studio: StudioId,
    pub template: String,
    pub fill: Fill,
    pub source: String,
    pub cause: Uuid,
    pub about: Uuid,
    pub created_at: Timestamp,
}

/// Writes an announcement, unless its cause has made it before.
pub async fn insert(tx: &mut PgConnection, notice: &Announcement) -> Result<(), Error> {
    let fill = serde_json::to_value(&notice.fill).map_err(|e| inconsistent("notices", e.to_string()))?;
    sqlx::query!(
        r#"
        insert into notices (notice_id, department, studio_id, template, fill, source, cause_id, about_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict on constraint notices_once do nothing
        "#,
        notice.id,
        notice.department,
        notice.studio as _,
        notice.template,
        fill,
        notice.source,
        notice.cause,
        notice.about,
        notice.created_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

struct Row {
    notice_id: Uuid,
    department: String,
    studio_id: StudioId,
    template: String,
    fill: serde_json::Value,
    source: String,
    cause_id: Uuid,
    about_id: Uuid,
    created_at: Timestamp,
}

impl TryFrom<Row> for Announcement {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.notice_id,
            department: row.department,
            studio: row.studio_id,
            template: row.template,
            fill: serde_json::from_value(row.fill)
                .map_err(|e| inconsistent("notices", format!("fill: {e}")))?,
            source: row.source,
            cause: row.cause_id,
            about: row.about_id,
            created_at: row.created_at,
        })
    }
}

/// A page of what was announced to the departments, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    departments: &[String],
    studios: Option<&[Uuid]>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Announcement>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select notice_id, department, studio_id as "studio_id: StudioId", template, fill, source, cause_id, about_id,
               created_at
        from notices
        where department = any($1)
          and ($2::uuid[] is null or studio_id = any($2))
          and ($3::uuid is null or notice_id < $3)
        order by notice_id desc
        limit $4
        "#,
        departments,
        studios,
        after,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Announcement::try_from).collect()
}
