use kernel::{Balance, CardId, OrderId, PersonId, ProductId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use super::benefit::insert_benefit;
use crate::domain::cards::{Activation, Benefit, Card, State, Terms, Validity, ValidityStart};
use crate::store::Scope;

pub(super) struct Row {
    card_id: CardId,
    order_id: OrderId,
    person_id: PersonId,
    studio_id: StudioId,
    product_id: ProductId,
    product_version: i64,
    product_name: String,
    price_minor: i64,
    contract_version: String,
    validity_start: String,
    validity_days: i32,
    latest_start_days: i32,
    state: String,
    paid_at: Timestamp,
    opened_at: Timestamp,
    latest_start_at: Timestamp,
    activated_at: Option<Timestamp>,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    version: i64,
}

fn bad(what: &'static str) -> Error {
    inconsistent("cards", what)
}

impl Row {
    fn card(self) -> Result<Card, Error> {
        let state = match (self.state.as_str(), self.activated_at, self.ended_at) {
            ("opened", None, None) => State::Opened,
            ("activated", Some(at), None) => State::Activated { at },
            ("ended", activated_at, Some(at)) => State::Ended { at, activated_at },
            _ => return Err(bad("state")),
        };
        let terms = Terms {
            product: self.product_id,
            product_version: self.product_version,
            product_name: self.product_name,
            price: Balance::from_minor(self.price_minor).ok_or_else(|| bad("price_minor"))?,
            contract_version: self.contract_version,
            start: ValidityStart::parse(&self.validity_start).ok_or_else(|| bad("validity_start"))?,
            validity_days: u32::try_from(self.validity_days).map_err(|_| bad("validity_days"))?,
            latest_start_days: u32::try_from(self.latest_start_days).map_err(|_| bad("latest_start_days"))?,
        };
        Ok(Card {
            id: self.card_id,
            order: self.order_id,
            person: self.person_id,
            studio: self.studio_id,
            terms,
            state,
            paid_at: self.paid_at,
            opened_at: self.opened_at,
            latest_start_at: self.latest_start_at,
            validity: self
                .valid_from
                .zip(self.valid_until)
                .map(|(from, until)| Validity { from, until }),
            version: self.version,
        })
    }
}

/// Adds a card with its benefits. False when the order has a card already.
pub async fn insert(tx: &mut PgConnection, card: &Card, benefits: &[Benefit]) -> Result<bool, Error> {
    let terms = &card.terms;
    let inserted = sqlx::query!(
        r#"
        insert into cards (card_id, order_id, person_id, studio_id, product_id, product_version, product_name,
                           price_minor, contract_version, validity_start, validity_days, latest_start_days, state,
                           paid_at, opened_at, latest_start_at, valid_from, valid_until, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'opened', $13, $14, $15, $16, $17, $18)
        on conflict (order_id) do nothing
        "#,
        card.id as _,
        card.order as _,
        card.person as _,
        card.studio as _,
        terms.product as _,
        terms.product_version,
        terms.product_name,
        terms.price.minor(),
        terms.contract_version,
        terms.start.as_str(),
        i32::try_from(terms.validity_days).unwrap_or(i32::MAX),
        i32::try_from(terms.latest_start_days).unwrap_or(i32::MAX),
        card.paid_at,
        card.opened_at,
        card.latest_start_at,
        card.validity.map(|v| v.from),
        card.validity.map(|v| v.until),
        card.version,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    for benefit in benefits {
        insert_benefit(tx, benefit).await?;
    }
    Ok(true)
}

/// The card by exact id, within the transaction's scope.
pub async fn get(tx: &mut PgConnection, id: CardId) -> Result<Option<Card>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select card_id as "card_id: _", order_id as "order_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", product_id as "product_id: _", product_version, product_name, price_minor,
               contract_version, validity_start, validity_days, latest_start_days, state, paid_at, opened_at,
               latest_start_at, activated_at, valid_from, valid_until, ended_at, version
        from cards where card_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::card).transpose()
}

/// The one card of an order.
pub async fn find_by_order(tx: &mut PgConnection, order: OrderId) -> Result<Option<Card>, Error> {
    let id = sqlx::query_scalar!(
        r#"select card_id as "id: CardId" from cards where order_id = $1"#,
        order as _
    )
    .fetch_optional(&mut *tx)
    .await?;
    match id {
        Some(id) => get(tx, id).await,
        None => Ok(None),
    }
}

/// Reads a card and holds its row until the transaction ends: whatever happens
/// to a card and its benefits happens one after the other.
pub async fn lock(tx: &mut PgConnection, id: CardId) -> Result<Option<Card>, Error> {
    let found = sqlx::query_scalar!(
        "select 1 as one from cards where card_id = $1 for no key update",
        id as _
    )
    .fetch_optional(&mut *tx)
    .await?;
    match found {
        Some(_) => get(tx, id).await,
        None => Ok(None),
    }
}

/// Writes a card's next version, and how it was activated if it just was.
pub async fn save(tx: &mut PgConnection, card: &Card, activation: Option<&Activation>) -> Result<(), Error> {
    let (state, ended_at) = match card.state {
        State::Opened => ("opened", None),
        State::Activated { .. } => ("activated", None),
        State::Ended { at, .. } => ("ended", Some(at)),
    };
    let desk = activation.and_then(|a| a.desk.as_ref());
    sqlx::query!(
        r#"
        update cards
        set state = $2, activated_at = $3, activated_by = coalesce($4, activated_by), proof = coalesce($5, proof),
            proof_number = coalesce($6, proof_number), desk_studio_id = coalesce($7, desk_studio_id),
            valid_from = $8, valid_until = $9, ended_at = $10, version = $11
        where card_id = $1
        "#,
        card.id as _,
        state,
        card.activated_at(),
        activation.map(|a| a.by.as_str()),
        desk.map(|(_, proof, _)| proof.as_str()),
        desk.map(|(_, _, number)| number.as_str()),
        desk.map(|(studio, _, _)| studio.0),
        card.validity.map(|v| v.from),
        card.validity.map(|v| v.until),
        ended_at,
        card.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Which cards a list shows.
#[derive(Debug)]
pub struct Filter {
    pub scope: Scope,
    pub person: Option<Uuid>,
    pub studio: Option<Uuid>,
    pub state: Option<&'static str>,
}

/// A page of cards, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, CardId)>,
) -> Result<Vec<Card>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select card_id as "card_id: _", order_id as "order_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", product_id as "product_id: _", product_version, product_name, price_minor,
               contract_version, validity_start, validity_days, latest_start_days, state, paid_at, opened_at,
               latest_start_at, activated_at, valid_from, valid_until, ended_at, version
        from cards
        where ($1::uuid[] is null or studio_id = any($1) or person_id = $2)
          and ($3::uuid is null or person_id = $3)
          and ($4::uuid is null or studio_id = $4)
          and ($5::text is null or state = $5)
          and ($6::timestamptz is null or (opened_at, card_id) < ($6, $7))
        order by opened_at desc, card_id desc
        limit $8
        "#,
        filter.scope.studios.as_deref(),
        filter.scope.own,
        filter.person,
        filter.studio,
        filter.state,
        page.after().map(|key| key.0),
        page.after().map(|key| key.1.0),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::card).collect()
}
