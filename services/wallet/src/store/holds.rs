//! Reservations.

use kernel::{
    Amount, Balance, DueId, HoldId, LegalEntityId, OrderId, PersonId, StudioId, Timestamp, WalletId,
};
use platform::page::Page;
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;

use super::wallets::one_row;
use crate::domain::hold::{End, Reserved, State};
use crate::domain::{Hold, Refusal};

/// Adds an active hold.
pub async fn insert(tx: &mut PgConnection, hold: &Hold) -> Result<(), Error> {
    let inserted = sqlx::query!(
        r#"
        insert into holds (hold_id, wallet_id, person_id, studio_id, legal_entity_id, due_id, order_id, acting_person_id,
                           principal_minor, gift_minor, placed_at, expire_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        hold.id as HoldId,
        hold.wallet as WalletId,
        hold.person as PersonId,
        hold.studio as StudioId,
        hold.seller as LegalEntityId,
        hold.due as DueId,
        hold.order as Option<OrderId>,
        hold.acting as PersonId,
        hold.reserved.principal.minor(),
        hold.reserved.gift.minor(),
        hold.placed_at,
        hold.expire_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "holds_one_of_a_due", || Refusal::DueAlreadyHeld)?;
    Ok(())
}

/// Writes how a hold ended, as decided from the version before.
pub async fn save_end(tx: &mut PgConnection, hold: &Hold) -> Result<(), Error> {
    let end = hold.state.end();
    let saved = sqlx::query!(
        r#"
        update holds set state = $3, captured_minor = $4, ended_at = $5, ended_by = $6, version = $2::bigint
        where hold_id = $1 and version = $2::bigint - 1
        "#,
        hold.id as HoldId,
        hold.version,
        hold.state.name(),
        hold.state.captured().map(Amount::minor),
        end.map(|end| end.at),
        end.map(|end| end.by.as_str()),
    )
    .execute(tx)
    .await?;
    one_row(saved.rows_affected(), "holds")
}

struct Row {
    id: HoldId,
    wallet: WalletId,
    person: PersonId,
    studio: StudioId,
    seller: LegalEntityId,
    due: DueId,
    order: Option<OrderId>,
    acting: PersonId,
    state: String,
    principal_minor: i64,
    gift_minor: i64,
    captured_minor: Option<i64>,
    placed_at: Timestamp,
    expire_at: Timestamp,
    ended_at: Option<Timestamp>,
    ended_by: Option<String>,
    version: i64,
}

impl Row {
    fn read(self) -> Result<Hold, Error> {
        let part =
            |minor| Balance::from_minor(minor).ok_or_else(|| inconsistent("holds", "a sum below zero"));
        let reserved = Reserved {
            principal: part(self.principal_minor)?,
            gift: part(self.gift_minor)?,
        };
        let amount = Amount::from_minor(self.principal_minor + self.gift_minor);
        let end = self.ended_at.zip(self.ended_by).map(|(at, by)| End { at, by });
        let captured = self.captured_minor.and_then(Amount::from_minor);
        let state = match (self.state.as_str(), end, captured) {
            ("active", None, None) => State::Active,
            ("captured", Some(end), Some(amount)) => State::Captured { amount, end },
            ("released", Some(end), None) => State::Released(end),
            ("expired", Some(end), None) => State::Expired(end),
            _ => return Err(inconsistent("holds", "state")),
        };
        Ok(Hold {
            id: self.id,
            wallet: self.wallet,
            person: self.person,
            studio: self.studio,
            seller: self.seller,
            due: self.due,
            order: self.order,
            acting: self.acting,
            amount: amount.ok_or_else(|| inconsistent("holds", "principal_minor"))?,
            reserved,
            placed_at: self.placed_at,
            expire_at: self.expire_at,
            state,
            version: self.version,
        })
    }
}

/// Whose hold it is; the wallet is locked before the hold.
pub async fn owner(tx: &mut PgConnection, id: HoldId) -> Result<Option<PersonId>, Error> {
    let owner = sqlx::query_scalar!(
        r#"select person_id as "person: PersonId" from holds where hold_id = $1"#,
        id as HoldId,
    );
    Ok(owner.fetch_optional(tx).await?)
}

/// Reads a hold. Who changes it has locked its wallet first.
pub async fn find(tx: &mut PgConnection, id: HoldId) -> Result<Option<Hold>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select hold_id as "id: HoldId", wallet_id as "wallet: WalletId", person_id as "person: PersonId",
               studio_id as "studio: StudioId", legal_entity_id as "seller: LegalEntityId", due_id as "due: DueId",
               order_id as "order: OrderId", acting_person_id as "acting: PersonId", state, principal_minor, gift_minor,
               captured_minor, placed_at, expire_at, ended_at, ended_by, version
        from holds
        where hold_id = $1
        "#,
        id as HoldId,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::read).transpose()
}

/// A page of a person's holds, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    person: PersonId,
    active_only: bool,
    page: &Page<HoldId>,
) -> Result<Vec<Hold>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select hold_id as "id: HoldId", wallet_id as "wallet: WalletId", person_id as "person: PersonId",
               studio_id as "studio: StudioId", legal_entity_id as "seller: LegalEntityId", due_id as "due: DueId",
               order_id as "order: OrderId", acting_person_id as "acting: PersonId", state, principal_minor, gift_minor,
               captured_minor, placed_at, expire_at, ended_at, ended_by, version
        from holds
        where person_id = $1 and ($2 or state = 'active') and ($3::uuid is null or hold_id < $3)
        order by hold_id desc
        limit $4
        "#,
        person as PersonId,
        !active_only,
        page.after().copied() as Option<HoldId>,
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}
