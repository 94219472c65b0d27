use kernel::{PersonId, Timestamp, fresh_uuid};
use platform::page::Page;
use platform::personal::{Email, PersonName};
use platform::vault::{Sealed, Vault};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

const NAME: &str = "staff.name";
const ACCOUNT: &str = "accounts.email";

fn account_index(vault: &Vault, account: &Email) -> Vec<u8> {
    vault.blind_index("account", account.expose())
}

/// Makes a person staff. Who is not known as a person yet becomes one without
/// a home studio.
pub async fn add_staff(
    tx: &mut PgConnection,
    vault: &Vault,
    person: PersonId,
    number: &str,
    name: &PersonName,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into people (person_id, registered_at) values ($1, $2) on conflict (person_id) do nothing",
        person as _,
        now,
    )
    .execute(&mut *tx)
    .await?;
    let sealed = vault.seal(tx, person, NAME, name.expose()).await?;
    sqlx::query!(
        "insert into staff (person_id, number, name_sealed) values ($1, $2, $3)",
        person as _,
        number,
        sealed as _,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes another name of somebody on the staff.
pub async fn rename(
    tx: &mut PgConnection,
    vault: &Vault,
    person: PersonId,
    name: &PersonName,
) -> Result<(), Error> {
    let sealed = vault.seal(tx, person, NAME, name.expose()).await?;
    sqlx::query!(
        "update staff set name_sealed = $2, version = version + 1 where person_id = $1",
        person as _,
        sealed as _,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The staff with this employee number, held until the transaction ends.
pub async fn find_by_number(tx: &mut PgConnection, number: &str) -> Result<Option<PersonId>, Error> {
    let found = sqlx::query_scalar!(
        r#"select person_id as "id: PersonId" from staff where number = $1 for no key update"#,
        number,
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

pub async fn is_staff(tx: &mut PgConnection, person: PersonId) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from staff where person_id = $1) as "found!""#,
        person as _,
    )
    .fetch_one(tx)
    .await?;
    Ok(found)
}

/// Whose account it is.
pub async fn find_account(
    tx: &mut PgConnection,
    vault: &Vault,
    account: &Email,
) -> Result<Option<PersonId>, Error> {
    let found = sqlx::query_scalar!(
        r#"select person_id as "id: PersonId" from accounts where email_index = $1"#,
        account_index(vault, account),
    )
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// Gives somebody on the staff an account.
pub async fn add_account(
    tx: &mut PgConnection,
    vault: &Vault,
    person: PersonId,
    account: &Email,
    now: Timestamp,
) -> Result<(), Error> {
    let sealed = vault.seal(tx, person, ACCOUNT, account.expose()).await?;
    sqlx::query!(
        "insert into accounts (account_id, person_id, email_sealed, email_index, added_at) values ($1, $2, $3, $4, $5)",
        fresh_uuid(),
        person as _,
        sealed as _,
        account_index(vault, account),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A page of staff by employee number: those with a role that holds at one of
/// `nodes` (none for anywhere), and with this role, if one is given.
pub async fn list(
    tx: &mut PgConnection,
    nodes: Option<&[Uuid]>,
    role: Option<String>,
    page: &Page<String>,
) -> Result<Vec<(String, PersonId)>, Error> {
    let rows = sqlx::query!(
        r#"
        select s.number, s.person_id as "person: PersonId"
        from staff s
        where ($3::text is null or s.number > $3)
          and exists (
              select from grants g
              where g.person_id = s.person_id and g.revoked_at is null
                and ($1::uuid[] is null or g.node_id = any($1)) and ($2::text is null or g.role = $2)
          )
        order by s.number
        limit $4
        "#,
        nodes,
        role,
        page.after(),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|r| (r.number, r.person)).collect())
}

/// The name of somebody on the staff; none once erased.
pub async fn staff_name(
    tx: &mut PgConnection,
    vault: &Vault,
    person: PersonId,
) -> Result<Option<PersonName>, Error> {
    let sealed = sqlx::query_scalar!(
        r#"select name_sealed as "sealed: Sealed" from staff where person_id = $1"#,
        person as _,
    )
    .fetch_one(&mut *tx)
    .await?;
    let name = vault.open(tx, person, NAME, &sealed).await?;
    name.map(|text| PersonName::parse(NAME, &text))
        .transpose()
        .map_err(|_| inconsistent("staff", "name"))
}

/// Name and accounts in full, for a list of staff.
pub async fn names_and_accounts(
    tx: &mut PgConnection,
    vault: &Vault,
    person: PersonId,
) -> Result<(String, Vec<String>), Error> {
    let name = staff_name(tx, vault, person)
        .await?
        .map(|name| name.expose().to_owned())
        .unwrap_or_default();
    let sealed = sqlx::query_scalar!(
        r#"select email_sealed as "sealed: Sealed" from accounts where person_id = $1 order by added_at, account_id"#,
        person as _,
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut accounts = Vec::with_capacity(sealed.len());
    for account in &sealed {
        accounts.extend(vault.open(tx, person, ACCOUNT, account).await?);
    }
    Ok((name, accounts))
}
