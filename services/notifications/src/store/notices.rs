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

/// A page of what was announced to the departments, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    departments: &[String],
    studios: Option<&[Uuid]>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Announcement>, Error> {
    let rows = sqlx::query!(
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
    rows.into_iter()
        .map(|r| {
            Ok(Announcement {
                id: r.notice_id,
                department: r.department,
                studio: r.studio_id,
                template: r.template,
                fill: serde_json::from_value(r.fill)
                    .map_err(|e| inconsistent("notices", format!("fill: {e}")))?,
                source: r.source,
                cause: r.cause_id,
                about: r.about_id,
                created_at: r.created_at,
            })
        })
        .collect()
}
