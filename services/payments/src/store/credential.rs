//! The tables `credentials` and `credential_rotations`.

use kernel::{LegalEntityId, PersonId, Timestamp};
use platform::page::Page;
use platform::{Error, on_constraint};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::word;
use crate::domain::Refusal;
use crate::domain::credential::{Checked, Credential, Kind, Rotation, State};

const TABLE: &str = "credentials";
const ROTATIONS: &str = "credential_rotations";
/// Of one credential that are shown.
const MOST: i64 = 50;

#[derive(FromRow)]
struct Row {
    credential_id: Uuid,
    legal_entity_id: LegalEntityId,
    kind: String,
    account: String,
    name: String,
    holder: PersonId,
    rotate_every_days: i32,
    rotated_at: Timestamp,
    handed_over_at: Option<Timestamp>,
    state: String,
    version: i64,
}

impl TryFrom<Row> for Credential {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.credential_id,
            legal_entity: row.legal_entity_id,
            kind: word(TABLE, "kind", Kind::from_word(&row.kind))?,
            account: row.account,
            name: row.name,
            holder: row.holder,
            every_days: row.rotate_every_days,
            rotated_at: row.rotated_at,
            handed_over_at: row.handed_over_at,
            state: word(TABLE, "state", State::from_word(&row.state))?,
            version: row.version,
        })
    }
}

#[derive(FromRow)]
struct RotationRow {
    rotation_id: Uuid,
    credential_id: Uuid,
    rotated_at: Timestamp,
    recorded_by: PersonId,
    recorded_at: Timestamp,
    note: String,
    state: String,
    checked_by: Option<PersonId>,
    checked_at: Option<Timestamp>,
}

impl TryFrom<RotationRow> for Rotation {
    type Error = Error;

    fn try_from(row: RotationRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.rotation_id,
            credential: row.credential_id,
            rotated_at: row.rotated_at,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at,
            note: row.note,
            state: word(ROTATIONS, "state", Checked::from_word(&row.state))?,
            checked_by: row.checked_by,
            checked_at: row.checked_at,
        })
    }
}

pub async fn insert(tx: &mut PgConnection, credential: &Credential) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into credentials (credential_id, legal_entity_id, kind, account, name, holder, rotate_every_days, rotated_at,
                                 rotate_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        "#,
        credential.id,
        credential.legal_entity as _,
        credential.kind.word(),
        credential.account,
        credential.name,
        credential.holder as _,
        credential.every_days,
        credential.rotated_at,
        credential.rotate_by(),
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "credentials_active_key", || Refusal::CredentialExists)?;
    Ok(())
}

pub async fn get(tx: &mut PgConnection, id: Uuid) -> Result<Option<Credential>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select credential_id, legal_entity_id as "legal_entity_id: _", kind, account, name, holder as "holder: _",
               rotate_every_days, rotated_at, handed_over_at, state, version
        from credentials where credential_id = $1
        "#,
        id,
    )
    .fetch_optional(tx)
    .await?
    .map(Credential::try_from)
    .transpose()
}

/// Reads a credential and holds it.
pub async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Credential>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select credential_id, legal_entity_id as "legal_entity_id: _", kind, account, name, holder as "holder: _",
               rotate_every_days, rotated_at, handed_over_at, state, version
        from credentials where credential_id = $1
        for no key update
        "#,
        id,
    )
    .fetch_optional(tx)
    .await?
    .map(Credential::try_from)
    .transpose()
}

pub async fn save(tx: &mut PgConnection, credential: &Credential) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update credentials
        set holder = $2, rotate_every_days = $3, rotated_at = $4, handed_over_at = $5, rotate_by = $6, state = $7, version = $8
        where credential_id = $1
        "#,
        credential.id,
        credential.holder as _,
        credential.every_days,
        credential.rotated_at,
        credential.handed_over_at,
        credential.rotate_by(),
        credential.state.word(),
        credential.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn record(tx: &mut PgConnection, rotation: &Rotation) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into credential_rotations (rotation_id, credential_id, rotated_at, recorded_by, recorded_at, note)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        rotation.id,
        rotation.credential,
        rotation.rotated_at,
        rotation.recorded_by as _,
        rotation.recorded_at,
        rotation.note,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "credential_rotations_recorded_key", || {
        Refusal::RotationRecorded
    })?;
    Ok(())
}

/// The credential that a rotation is of.
pub async fn of_rotation(tx: &mut PgConnection, rotation: Uuid) -> Result<Option<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "select credential_id from credential_rotations where rotation_id = $1",
        rotation,
    )
    .fetch_optional(tx)
    .await?)
}

pub async fn rotation(tx: &mut PgConnection, id: Uuid) -> Result<Option<Rotation>, Error> {
    sqlx::query_as!(
        RotationRow,
        r#"
        select rotation_id, credential_id, rotated_at, recorded_by as "recorded_by: _", recorded_at, note, state,
               checked_by as "checked_by: _", checked_at
        from credential_rotations where rotation_id = $1
        "#,
        id,
    )
    .fetch_optional(tx)
    .await?
    .map(Rotation::try_from)
    .transpose()
}

pub async fn check(tx: &mut PgConnection, rotation: &Rotation) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update credential_rotations set state = $2, checked_by = $3, checked_at = $4, version = version + 1
        where rotation_id = $1
        "#,
        rotation.id,
        rotation.state.word(),
        rotation.checked_by as _,
        rotation.checked_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The latest rotations of a credential, the latest first.
pub async fn rotations(tx: &mut PgConnection, credential: Uuid) -> Result<Vec<Rotation>, Error> {
    sqlx::query_as!(
        RotationRow,
        r#"
        select rotation_id, credential_id, rotated_at, recorded_by as "recorded_by: _", recorded_at, note, state,
               checked_by as "checked_by: _", checked_at
        from credential_rotations where credential_id = $1
        order by recorded_at desc, rotation_id desc
        limit $2
        "#,
        credential,
        MOST,
    )
    .fetch_all(tx)
    .await?
    .into_iter()
    .map(Rotation::try_from)
    .collect()
}

/// The rotations of these credentials that wait for a second person.
pub async fn recorded(tx: &mut PgConnection, credentials: &[Uuid]) -> Result<Vec<Rotation>, Error> {
    sqlx::query_as!(
        RotationRow,
        r#"
        select rotation_id, credential_id, rotated_at, recorded_by as "recorded_by: _", recorded_at, note, state,
               checked_by as "checked_by: _", checked_at
        from credential_rotations where credential_id = any($1) and state = 'recorded'
        "#,
        credentials,
    )
    .fetch_all(tx)
    .await?
    .into_iter()
    .map(Rotation::try_from)
    .collect()
}

/// What a list of credentials is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub legal_entity: Option<LegalEntityId>,
    pub overdue_at: Option<Timestamp>,
    pub with_retired: bool,
}

/// One page of credentials, those to be renewed first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Credential>, Error> {
    let mut query = QueryBuilder::<Postgres>::new("select * from credentials where true");
    if let Some(entity) = filter.legal_entity {
        query.push(" and legal_entity_id = ").push_bind(entity.0);
    }
    if let Some(now) = filter.overdue_at {
        query.push(" and rotate_by < ").push_bind(now);
    }
    if !filter.with_retired {
        query.push(" and state = 'active'");
    }
    if let Some((by, id)) = page.after() {
        query
            .push(" and (rotate_by, credential_id) > (")
            .push_bind(*by)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by rotate_by, credential_id limit ")
        .push_bind(page.limit());
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter().map(Credential::try_from).collect()
}

/// How many should have been renewed by now.
pub async fn overdue(tx: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "overdue!" from credentials where state = 'active' and rotate_by < $1"#,
        now,
    )
    .fetch_one(tx)
    .await?)
}
