use kernel::PersonId;
use platform::personal::Email;
use platform::vault::{Sealed, Vault};
use platform::{Error, on_constraint};
use sqlx::PgConnection;

use super::values::{EMAIL, ID_NUMBER, NAME, PHONE, id_number_index, phone_index};
use crate::domain::Refusal;
use crate::domain::people::{Person, Registration};

struct Row {
    name: Sealed,
    phone: Sealed,
    phone_index: Vec<u8>,
    id_number: Sealed,
    id_number_index: Vec<u8>,
    email: Option<Sealed>,
}

async fn seal(tx: &mut PgConnection, vault: &Vault, id: PersonId, said: &Registration) -> Result<Row, Error> {
    let email = said.email.as_ref().map(Email::expose);
    let texts = [
        (NAME, said.name.expose()),
        (PHONE, said.phone.expose()),
        (ID_NUMBER, said.id_number.expose()),
        (EMAIL, email.unwrap_or_default()),
    ];
    let [name, phone, id_number, sealed_email] = vault.seal_all(tx, id, texts).await?;
    Ok(Row {
        name,
        phone,
        phone_index: phone_index(vault, &said.phone),
        id_number,
        id_number_index: id_number_index(vault, &said.id_number),
        email: email.map(|_| sealed_email),
    })
}

/// Adds a person. The unique indexes decide who has a phone or ID number, so
/// of two registrations at one moment one is refused.
pub async fn insert(
    tx: &mut PgConnection,
    vault: &Vault,
    person: &Person,
    said: &Registration,
) -> Result<(), Error> {
    let row = seal(tx, vault, person.id, said).await?;
    let inserted = sqlx::query!(
        r#"
        insert into people (person_id, home_studio_id, name_sealed, phone_sealed, phone_index,
                            id_number_sealed, id_number_index, email_sealed, language, registered_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        person.id as _,
        person.home.map(uuid::Uuid::from),
        row.name as _,
        row.phone as _,
        row.phone_index,
        row.id_number as _,
        row.id_number_index,
        row.email as _,
        person.language.as_str(),
        person.registered_at,
        person.version,
    )
    .execute(tx)
    .await
    .map(|_| ());
    let inserted = refuse(inserted, "people_phone_key")?;
    refuse(inserted, "people_id_number_key")?.map_err(Error::from)
}

/// Writes what a newer file says of a known person. Phone and ID number given
/// for the first time, for staff who become members, are unique as well.
pub async fn update(
    tx: &mut PgConnection,
    vault: &Vault,
    person: &Person,
    said: &Registration,
) -> Result<(), Error> {
    let row = seal(tx, vault, person.id, said).await?;
    let updated = sqlx::query!(
        r#"
        update people
        set home_studio_id = $2, name_sealed = $3, phone_sealed = $4, phone_index = $5, id_number_sealed = $6,
            id_number_index = $7, email_sealed = $8, language = $9, version = $10
        where person_id = $1
        "#,
        person.id as _,
        person.home.map(uuid::Uuid::from),
        row.name as _,
        row.phone as _,
        row.phone_index,
        row.id_number as _,
        row.id_number_index,
        row.email as _,
        person.language.as_str(),
        person.version,
    )
    .execute(tx)
    .await
    .map(|_| ());
    let updated = refuse(updated, "people_phone_key")?;
    refuse(updated, "people_id_number_key")?.map_err(Error::from)
}

/// Takes one constraint's violation out of a result as a refusal.
fn refuse(result: Result<(), sqlx::Error>, constraint: &str) -> Result<Result<(), sqlx::Error>, Error> {
    match on_constraint(result, constraint, || Refusal::AlreadyRegistered) {
        Ok(()) => Ok(Ok(())),
        Err(Error::Database(other)) => Ok(Err(other)),
        Err(refused) => Err(refused),
    }
}
