//! Visits: rows are added, never changed.

use kernel::{BenefitId, CardId, CheckInId, HoldId, PersonId, StudioId, Timestamp};
use platform::Error;
use platform::page::Page;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::checkins::CheckIn;
use crate::store::Scope;

/// Which visits a list shows.
#[derive(Debug)]
pub struct Filter {
    pub scope: Scope,
    pub person: Option<Uuid>,
    pub card: Option<Uuid>,
    pub studio: Option<Uuid>,
}

struct Row {
    check_in_id: CheckInId,
    studio_id: StudioId,
    person_id: PersonId,
    card_id: CardId,
    benefit_id: BenefitId,
    hold_id: Option<HoldId>,
    staff_person_id: PersonId,
    checked_in_at: Timestamp,
}

pub async fn insert(tx: &mut PgConnection, visit: &CheckIn) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into check_ins (check_in_id, studio_id, person_id, card_id, benefit_id, hold_id, staff_person_id, checked_in_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        visit.id as _,
        visit.studio as _,
        visit.person as _,
        visit.card as _,
        visit.benefit as _,
        visit.hold as _,
        visit.staff as _,
        visit.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of visits, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, CheckInId)>,
) -> Result<Vec<CheckIn>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select check_in_id as "check_in_id: _", studio_id as "studio_id: _", person_id as "person_id: _",
               card_id as "card_id: _", benefit_id as "benefit_id: _", hold_id as "hold_id: _",
               staff_person_id as "staff_person_id: _", checked_in_at
        from check_ins
        where ($1::uuid[] is null or studio_id = any($1) or person_id = $2)
          and ($3::uuid is null or person_id = $3)
          and ($4::uuid is null or card_id = $4)
          and ($5::uuid is null or studio_id = $5)
          and ($6::timestamptz is null or (checked_in_at, check_in_id) < ($6, $7))
        order by checked_in_at desc, check_in_id desc
        limit $8
        "#,
        filter.scope.studios.as_deref(),
        filter.scope.own,
        filter.person,
        filter.card,
        filter.studio,
        page.after().map(|key| key.0),
        page.after().map(|key| key.1.0),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.iter().map(visit).collect())
}

fn visit(row: &Row) -> CheckIn {
    CheckIn {
        id: row.check_in_id,
        studio: row.studio_id,
        person: row.person_id,
        card: row.card_id,
        benefit: row.benefit_id,
        hold: row.hold_id,
        staff: row.staff_person_id,
        at: row.checked_in_at,
    }
}
