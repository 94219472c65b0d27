use kernel::{PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::personal::{IdNumber, Phone};
use platform::vault::Vault;
use platform::{Error, Studios, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use super::values::{id_number_index, phone_index};
use crate::domain::people::{Language, Person, PersonState};

struct Row {
    person_id: Uuid,
    home_studio_id: Option<Uuid>,
    state: String,
    language: String,
    registered_at: Timestamp,
    version: i64,
}

impl Row {
    fn person(self) -> Result<Person, Error> {
        Ok(Person {
            id: self.person_id.into(),
            home: self.home_studio_id.map(StudioId),
            state: match self.state.as_str() {
                "registered" => PersonState::Registered,
                "erased" => PersonState::Erased,
                _ => return Err(inconsistent("people", "state")),
            },
            language: Language::parse("language", &self.language)
                .map_err(|_| inconsistent("people", "language"))?,
            registered_at: self.registered_at,
            version: self.version,
        })
    }
}

/// The person by exact id, within the transaction's scope.
pub async fn get(tx: &mut PgConnection, id: PersonId) -> Result<Option<Person>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select person_id, home_studio_id, state, language, registered_at, version
        from people where person_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::person).transpose()
}

/// The person with exactly this phone number.
pub async fn find_by_phone(
    tx: &mut PgConnection,
    vault: &Vault,
    phone: &Phone,
) -> Result<Option<Person>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select person_id, home_studio_id, state, language, registered_at, version
        from people where phone_index = $1
        "#,
        phone_index(vault, phone),
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::person).transpose()
}

/// Whether the person has exactly this ID number and, when one is given, this phone.
pub async fn holds(
    tx: &mut PgConnection,
    vault: &Vault,
    id: PersonId,
    id_number: &IdNumber,
    phone: Option<&Phone>,
) -> Result<bool, Error> {
    let held = sqlx::query_scalar!(
        r#"
        select (id_number_index = $2 and ($3::bytea is null or phone_index = $3)) as "held!"
        from people where person_id = $1 and id_number_index is not null and phone_index is not null
        "#,
        id as _,
        id_number_index(vault, id_number),
        phone.map(|phone| phone_index(vault, phone)),
    )
    .fetch_optional(tx)
    .await?;
    Ok(held.unwrap_or(false))
}

/// A page of people by home studio, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    within: &Studios,
    home: Option<Uuid>,
    page: &Page<(Timestamp, PersonId)>,
) -> Result<Vec<Person>, Error> {
    let studios = crate::store::studios(within);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select person_id, home_studio_id, state, language, registered_at, version
        from people
        where ($1::uuid[] is null or home_studio_id = any($1))
          and home_studio_id is not null and ($2::uuid is null or home_studio_id = $2)
          and ($3::timestamptz is null or (registered_at, person_id) < ($3, $4))
        order by registered_at desc, person_id desc
        limit $5
        "#,
        studios.as_deref(),
        home,
        page.after().map(|key| key.0),
        page.after().map(|key| key.1.0),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::person).collect()
}

/// Who has exactly this ID number.
pub async fn find_by_id_number(
    tx: &mut PgConnection,
    vault: &Vault,
    id_number: &IdNumber,
) -> Result<Option<PersonId>, Error> {
    let found = sqlx::query_scalar!(
        r#"select person_id as "id: PersonId" from people where id_number_index = $1"#,
        id_number_index(vault, id_number),
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}
