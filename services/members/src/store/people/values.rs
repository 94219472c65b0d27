use kernel::PersonId;
use platform::personal::{Email, IdNumber, PersonName, Phone};
use platform::vault::{Sealed, Vault};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

/// The columns for which values are sealed; part of what a sealed value opens for.
pub(super) const NAME: &str = "people.name";
pub(super) const PHONE: &str = "people.phone";
pub(super) const ID_NUMBER: &str = "people.id_number";
pub(super) const EMAIL: &str = "people.email";

/// A person's values in full; none where there is none, all none once erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    pub name: Option<PersonName>,
    pub phone: Option<Phone>,
    pub id_number: Option<IdNumber>,
    pub email: Option<Email>,
}

/// What the phone number is found by.
pub fn phone_index(vault: &Vault, phone: &Phone) -> Vec<u8> {
    vault.blind_index("phone", phone.expose())
}

pub(super) fn id_number_index(vault: &Vault, id_number: &IdNumber) -> Vec<u8> {
    vault.blind_index("id_number", id_number.expose())
}

/// Opens every value of a person.
pub async fn open(tx: &mut PgConnection, vault: &Vault, id: PersonId) -> Result<Values, Error> {
    let Some(row) = sqlx::query!(
        "select name_sealed, phone_sealed, id_number_sealed, email_sealed from people where person_id = $1",
        id as _,
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(Values::default());
    };
    let name = unseal(tx, vault, id, NAME, row.name_sealed).await?;
    let phone = unseal(tx, vault, id, PHONE, row.phone_sealed).await?;
    let id_number = unseal(tx, vault, id, ID_NUMBER, row.id_number_sealed).await?;
    let email = unseal(tx, vault, id, EMAIL, row.email_sealed).await?;
    Ok(Values {
        name: name
            .map(|text| PersonName::parse(NAME, &text))
            .transpose()
            .map_err(|_| broken(NAME))?,
        phone: phone
            .map(|text| Phone::parse(PHONE, &text))
            .transpose()
            .map_err(|_| broken(PHONE))?,
        id_number: id_number
            .map(|text| IdNumber::parse(ID_NUMBER, &text))
            .transpose()
            .map_err(|_| broken(ID_NUMBER))?,
        email: email
            .map(|text| Email::parse(EMAIL, &text))
            .transpose()
            .map_err(|_| broken(EMAIL))?,
    })
}

async fn unseal(
    tx: &mut PgConnection,
    vault: &Vault,
    owner: PersonId,
    column: &'static str,
    sealed: Option<Vec<u8>>,
) -> Result<Option<String>, Error> {
    match sealed {
        Some(bytes) => vault.open(tx, owner, column, &Sealed::from(bytes)).await,
        None => Ok(None),
    }
}

fn broken(column: &'static str) -> Error {
    inconsistent("people", column)
}
