//! A studio's day of drawers, and what went through them.

use chrono::NaiveDate;
use kernel::{PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent};
use proto::studio::payments::v1::DrawerTotals;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Row as DrawerRow;
use crate::domain::drawer::{Confirmed, Day, Drawer};

const TABLE: &str = "drawer_days";

struct Row {
    studio_id: StudioId,
    day: NaiveDate,
    day_id: Uuid,
    open_drawers: i32,
    holders: Vec<Uuid>,
    confirmed_by: Option<PersonId>,
    confirmed_at: Option<Timestamp>,
    note: String,
    version: i64,
}

impl TryFrom<Row> for Day {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let confirmed = match (row.confirmed_by, row.confirmed_at) {
            (None, None) => None,
            (Some(by), Some(at)) => Some(Confirmed {
                by,
                at,
                note: row.note,
            }),
            _ => return Err(inconsistent(TABLE, format!("day {}", row.day_id))),
        };
        Ok(Self {
            id: row.day_id,
            studio: row.studio_id,
            day: row.day,
            open_drawers: row.open_drawers,
            holders: row.holders.into_iter().map(PersonId).collect(),
            confirmed,
            version: row.version,
        })
    }
}

/// Makes the day if nobody has.
pub async fn begin(tx: &mut PgConnection, day: &Day) -> Result<(), Error> {
    sqlx::query!(
        "insert into drawer_days (studio_id, day, day_id) values ($1, $2, $3) on conflict (studio_id, day) do nothing",
        day.studio as _,
        day.day,
        day.id,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn get(tx: &mut PgConnection, studio: StudioId, day: NaiveDate) -> Result<Option<Day>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select studio_id as "studio_id: _", day, day_id, open_drawers, holders,
               confirmed_by as "confirmed_by: _", confirmed_at, note, version
        from drawer_days
        where studio_id = $1 and day = $2
        "#,
        studio as _,
        day,
    )
    .fetch_optional(tx)
    .await?
    .map(Day::try_from)
    .transpose()
}

/// Reads a day and holds its row, so that opening a drawer and confirming the day
/// happen one after the other. Lock it after its drawer.
pub async fn lock(tx: &mut PgConnection, studio: StudioId, day: NaiveDate) -> Result<Option<Day>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select studio_id as "studio_id: _", day, day_id, open_drawers, holders,
               confirmed_by as "confirmed_by: _", confirmed_at, note, version
        from drawer_days
        where studio_id = $1 and day = $2
        for no key update
        "#,
        studio as _,
        day,
    )
    .fetch_optional(tx)
    .await?
    .map(Day::try_from)
    .transpose()
}

pub async fn save(tx: &mut PgConnection, day: &Day) -> Result<(), Error> {
    let holders: Vec<Uuid> = day.holders.iter().map(|holder| holder.0).collect();
    let confirmed = day.confirmed.as_ref();
    sqlx::query!(
        r#"
        update drawer_days
        set state = $3, version = $4, open_drawers = $5, holders = $6, confirmed_by = $7, confirmed_at = $8, note = $9
        where studio_id = $1 and day = $2
        "#,
        day.studio as _,
        day.day,
        if confirmed.is_some() { "confirmed" } else { "open" },
        day.version,
        day.open_drawers,
        &holders,
        confirmed.map(|c| c.by) as _,
        confirmed.map(|c| c.at),
        confirmed.map_or("", |c| c.note.as_str()),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A drawer with what went through it.
pub struct Reported {
    pub drawer: Drawer,
    pub totals: DrawerTotals,
}

struct ReportedRow {
    drawer: DrawerRow,
    totals: DrawerTotals,
}

impl<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> for ReportedRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> sqlx::Result<Self> {
        use sqlx::Row as _;
        Ok(Self {
            drawer: <DrawerRow as sqlx::FromRow<_>>::from_row(row)?,
            totals: DrawerTotals {
                cash_taken_minor: row.try_get("cash_taken")?,
                card_taken_minor: row.try_get("card_taken")?,
                paid_in_minor: row.try_get("paid_in")?,
                paid_out_minor: row.try_get("paid_out")?,
                cash_refunded_minor: row.try_get("cash_refunded")?,
                card_refunded_minor: row.try_get("card_refunded")?,
                payments: row.try_get("payments")?,
            },
        })
    }
}

/// The drawers of a day in the order in which they were opened.
pub async fn drawers(
    tx: &mut PgConnection,
    studio: StudioId,
    day: NaiveDate,
) -> Result<Vec<Reported>, Error> {
    let rows: Vec<ReportedRow> = sqlx::query_as(
        r"
        select d.*, e.*
        from drawers d
        cross join lateral (
            select coalesce(sum(amount_minor) filter (where kind = 'cash_taken'), 0)::bigint as cash_taken,
                   coalesce(sum(amount_minor) filter (where kind = 'card_taken'), 0)::bigint as card_taken,
                   coalesce(sum(amount_minor) filter (where kind = 'paid_in'), 0)::bigint as paid_in,
                   coalesce(sum(amount_minor) filter (where kind = 'paid_out'), 0)::bigint as paid_out,
                   coalesce(sum(amount_minor) filter (where kind = 'cash_refunded'), 0)::bigint as cash_refunded,
                   coalesce(sum(amount_minor) filter (where kind = 'card_refunded'), 0)::bigint as card_refunded,
                   count(attempt_id) as payments
            from drawer_entries where drawer_id = d.drawer_id
        ) e
        where d.studio_id = $1 and d.day = $2
        order by d.opened_at, d.drawer_id
        ",
    )
    .bind(studio)
    .bind(day)
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Reported {
                drawer: row.drawer.try_into()?,
                totals: row.totals,
            })
        })
        .collect()
}

/// A line of a day's file.
pub struct Line {
    pub at: Timestamp,
    pub drawer: Uuid,
    pub held_by: Uuid,
    pub kind: String,
    pub amount_minor: i64,
    pub receipt: String,
    pub refund: String,
    pub terminal: String,
    pub slip: String,
    pub reason: String,
}

/// Everything that went through the drawers of a day that are counted, in its order.
pub async fn lines(tx: &mut PgConnection, studio: StudioId, day: NaiveDate) -> Result<Vec<Line>, Error> {
    Ok(sqlx::query_as!(
        Line,
        r#"
        select e.entered_at as at, e.drawer_id as drawer, d.held_by, e.kind, e.amount_minor,
               coalesce(r.receipt_number, '') as "receipt!", coalesce(f.refund_number, '') as "refund!",
               coalesce(e.terminal, '') as "terminal!", coalesce(e.slip, '') as "slip!", e.reason
        from drawers d
        join drawer_entries e using (drawer_id)
        left join payments p using (attempt_id)
        left join receipts r using (payment_id)
        left join refunds f on f.refund_id = e.refund_id
        where d.studio_id = $1 and d.day = $2 and d.state = 'counted'
        order by e.entered_at, e.entry_id
        "#,
        studio as _,
        day,
    )
    .fetch_all(tx)
    .await?)
}
