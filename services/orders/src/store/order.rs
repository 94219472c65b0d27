use kernel::{
    Balance, CardId, DueId, LegalEntityId, OrderId, PersonId, ProductId, QuoteId, StudioId, Timestamp,
};
use platform::vault::Sealed;
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{due, step, word};
use crate::domain::Refusal;
use crate::domain::order::{
    Acceptance, Change, Channel, Decided, Ending, Order, OrderNumber, QuoteRef, State,
};

pub(super) struct Row {
    pub order_id: OrderId,
    pub order_number: Option<String>,
    pub state: String,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub legal_entity_id: LegalEntityId,
    pub product_id: Option<ProductId>,
    pub channel: String,
    pub entered_by: PersonId,
    pub first_reviewer: Option<PersonId>,
    pub submitted_by: Option<PersonId>,
    pub approver: Option<PersonId>,
    pub policy_version: String,
    pub quote_id: Option<QuoteId>,
    pub quote_hash: Option<String>,
    pub approved_quote_hash: Option<String>,
    pub accepted_at: Option<Timestamp>,
    pub accepted_terms_version: Option<String>,
    pub accept_by: Option<Timestamp>,
    pub pay_by: Option<Timestamp>,
    pub paid_minor: i64,
    pub refunded_minor: i64,
    pub card_id: Option<CardId>,
    pub reason: String,
    pub words: Sealed,
    pub ends_as: Option<String>,
    pub created_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub state_since: Timestamp,
    pub act_by: Option<Timestamp>,
    pub version: i64,
}

impl Row {
    pub(super) fn order(self) -> Result<Order, Error> {
        let bad = |column: &str| inconsistent("orders", format!("{column} of {}", self.order_id));
        let number = |text: &String| OrderNumber::parse(text).ok_or_else(|| bad("order_number"));
        let ending = |text: &String| Ending::parse(text).ok_or_else(|| bad("ends_as"));
        Ok(Order {
            number: self.order_number.as_ref().map(number).transpose()?,
            state: word("orders", "state", State::parse, &self.state)?,
            channel: word("orders", "channel", Channel::parse, &self.channel)?,
            ends_as: self.ends_as.as_ref().map(ending).transpose()?,
            paid: Balance::from_minor(self.paid_minor).ok_or_else(|| bad("paid_minor"))?,
            refunded: Balance::from_minor(self.refunded_minor).ok_or_else(|| bad("refunded_minor"))?,
            id: self.order_id,
            person: self.person_id,
            studio: self.studio_id,
            legal_entity: self.legal_entity_id,
            product: self.product_id,
            entered_by: self.entered_by,
            first_reviewer: self.first_reviewer,
            submitted_by: self.submitted_by,
            approver: self.approver,
            policy_version: self.policy_version,
            quote: self
                .quote_id
                .zip(self.quote_hash)
                .map(|(id, hash)| QuoteRef { id, hash }),
            approved_hash: self.approved_quote_hash,
            acceptance: self
                .accepted_at
                .zip(self.accepted_terms_version)
                .map(|(at, terms_version)| Acceptance { at, terms_version }),
            accept_by: self.accept_by,
            pay_by: self.pay_by,
            card: self.card_id,
            reason: self.reason,
            words: self.words,
            created_at: self.created_at,
            submitted_at: self.submitted_at,
            since: self.state_since,
            act_by: self.act_by,
            version: self.version,
        })
    }
}

/// Reads an order within the transaction's scope.
pub async fn find(tx: &mut PgConnection, id: OrderId) -> Result<Option<Order>, Error> {
    Ok(many(tx, &[id]).await?.pop())
}

/// Reads orders within the transaction's scope, in the order of their ids.
pub async fn many(tx: &mut PgConnection, ids: &[OrderId]) -> Result<Vec<Order>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select order_id as "order_id: OrderId", order_number, state, person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", legal_entity_id as "legal_entity_id: LegalEntityId",
               product_id as "product_id: ProductId", channel, entered_by as "entered_by: PersonId",
               first_reviewer as "first_reviewer: PersonId", submitted_by as "submitted_by: PersonId",
               approver as "approver: PersonId", policy_version, quote_id as "quote_id: QuoteId", quote_hash,
               approved_quote_hash, accepted_at, accepted_terms_version, accept_by, pay_by, paid_minor,
               refunded_minor, card_id as "card_id: CardId", reason, words as "words: Sealed", ends_as, created_at,
               submitted_at, state_since, act_by, version
        from orders
        where order_id = any($1)
        order by array_position($1, order_id)
        "#,
        &ids,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::order).collect()
}

/// Reads an order and holds its row until the transaction ends, so that two
/// steps of one order happen one after the other.
pub async fn lock(tx: &mut PgConnection, id: OrderId) -> Result<Option<Order>, Error> {
    let held = sqlx::query_scalar!(
        "select version from orders where order_id = $1 for no key update",
        id as _
    )
    .fetch_optional(&mut *tx)
    .await?;
    // read after the lock is held, so that what a twin committed is seen
    if held.is_none() {
        Ok(None)
    } else {
        find(tx, id).await
    }
}

/// The order of a number, wherever it was made.
pub async fn by_number(tx: &mut PgConnection, number: &OrderNumber) -> Result<Option<OrderId>, Error> {
    let id = sqlx::query_scalar!(
        r#"select order_id as "order_id: OrderId" from orders where order_number = $1"#,
        number.as_str()
    );
    Ok(id.fetch_optional(tx).await?)
}

/// The order to which a due belongs.
pub async fn of_due(tx: &mut PgConnection, due: DueId) -> Result<Option<OrderId>, Error> {
    let id = sqlx::query_scalar!(
        r#"select order_id as "order_id: OrderId" from dues where due_id = $1"#,
        due as _
    );
    Ok(id.fetch_optional(tx).await?)
}

/// Writes an order that begins, with its first step.
pub async fn insert(
    tx: &mut PgConnection,
    change: &Change,
    needs: Option<&Sealed>,
    actor: &step::Actor,
) -> Result<(), Error> {
    let order = &change.order;
    sqlx::query!(
        r#"
        insert into orders (order_id, state, person_id, studio_id, legal_entity_id, product_id, channel, entered_by,
                            needs, created_at, state_since, act_by, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        "#,
        order.id as _,
        order.state.as_str(),
        order.person as _,
        order.studio as _,
        order.legal_entity as _,
        order.product as _,
        order.channel.as_str(),
        order.entered_by as _,
        needs.map(|n| n.bytes.as_slice()),
        order.created_at,
        order.since,
        order.act_by,
        order.version,
    )
    .execute(&mut *tx)
    .await?;
    step::record(tx, change, actor).await
}

/// Writes what an act changed of an order, with its steps. The row is locked,
/// so the version cannot have moved.
pub async fn save(tx: &mut PgConnection, change: &Change, actor: &step::Actor) -> Result<(), Error> {
    save_with_needs(tx, change, None, actor).await
}

/// As [`save`], with what the applicant wrote anew.
pub async fn save_with_needs(
    tx: &mut PgConnection,
    change: &Change,
    needs: Option<&Sealed>,
    actor: &step::Actor,
) -> Result<(), Error> {
    let order = &change.order;
    let saved = sqlx::query!(
        r#"
        update orders
        set order_number = $2, state = $3, product_id = $4, first_reviewer = $5, submitted_by = $6, approver = $7,
            policy_version = $8, quote_id = $9, quote_hash = $10, approved_quote_hash = $11, accepted_at = $12,
            accepted_terms_version = $13, accept_by = $14, pay_by = $15, paid_minor = $16, refunded_minor = $17,
            card_id = $18, reason = $19, ends_as = $20, submitted_at = $21, state_since = $22, act_by = $23,
            version = $24, needs = coalesce($25, needs), words = $26
        where order_id = $1
        "#,
        order.id as _,
        order.number.as_ref().map(OrderNumber::as_str),
        order.state.as_str(),
        order.product as _,
        order.first_reviewer as _,
        order.submitted_by as _,
        order.approver as _,
        order.policy_version,
        order.quote.as_ref().map(|q| q.id) as _,
        order.quote.as_ref().map(|q| q.hash.as_str()),
        order.approved_hash,
        order.acceptance.as_ref().map(|a| a.at),
        order.acceptance.as_ref().map(|a| a.terms_version.as_str()),
        order.accept_by,
        order.pay_by,
        order.paid.minor(),
        order.refunded.minor(),
        order.card as _,
        order.reason,
        order.ends_as.map(Ending::as_str),
        order.submitted_at,
        order.since,
        order.act_by,
        order.version,
        needs.map(|n| n.bytes.as_slice()),
        order.words.bytes,
    )
    .execute(&mut *tx)
    .await;
    on_constraint(saved, "orders_open_application", || Refusal::DuplicateApplication)?;
    step::record(tx, change, actor).await
}

/// Writes what a decision changes of an order and its dues.
pub async fn keep(tx: &mut PgConnection, decided: &Decided, actor: &step::Actor) -> Result<(), Error> {
    for kept in &decided.dues {
        if kept.fresh {
            due::insert(tx, &decided.order, &kept.due).await?;
        } else {
            due::save(tx, &kept.due).await?;
        }
    }
    match &decided.change {
        Some(change) => save(tx, change, actor).await,
        None => Ok(()),
    }
}

/// What the applicant wrote, as it is sealed.
pub async fn needs(tx: &mut PgConnection, id: OrderId) -> Result<Option<Sealed>, Error> {
    let needs = sqlx::query_scalar!("select needs from orders where order_id = $1", id as _)
        .fetch_optional(tx)
        .await?;
    Ok(needs.flatten().map(Sealed::from))
}
