use chrono_tz::Tz;
use kernel::{BenefitId, CardId, NodeId, PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::cards::{Benefit, BenefitTerms, Card};

pub(super) struct Row {
    pub benefit_id: BenefitId,
    pub card_id: CardId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub position: i16,
    pub code: String,
    pub name: String,
    pub uses_total: Option<i32>,
    pub scope_nodes: Vec<Uuid>,
    pub validity_days: i32,
    pub used: i32,
    pub held: i32,
    pub revoked: i32,
    pub valid_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub version: i64,
}

fn count(what: &'static str, count: i32) -> Result<u32, Error> {
    u32::try_from(count).map_err(|_| inconsistent("benefits", what))
}

impl Row {
    pub fn benefit(self) -> Result<Benefit, Error> {
        let terms = BenefitTerms {
            code: self.code,
            name: self.name,
            uses: self
                .uses_total
                .map(|uses| count("uses_total", uses))
                .transpose()?,
            scope: self.scope_nodes.into_iter().map(NodeId).collect(),
            validity_days: count("validity_days", self.validity_days)?,
        };
        Ok(Benefit {
            id: self.benefit_id,
            card: self.card_id,
            person: self.person_id,
            studio: self.studio_id,
            position: self.position,
            terms,
            used: count("used", self.used)?,
            held: count("held", self.held)?,
            revoked: count("revoked", self.revoked)?,
            valid_until: self.valid_until,
            ended_at: self.ended_at,
            version: self.version,
        })
    }
}

pub(super) async fn insert_benefit(tx: &mut PgConnection, benefit: &Benefit) -> Result<(), Error> {
    let terms = &benefit.terms;
    let scope: Vec<Uuid> = terms.scope.iter().map(|node| node.0).collect();
    sqlx::query!(
        r#"
        insert into benefits (benefit_id, card_id, person_id, studio_id, position, code, name, uses_total,
                              scope_nodes, validity_days, valid_until, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        benefit.id as _,
        benefit.card as _,
        benefit.person as _,
        benefit.studio as _,
        benefit.position,
        terms.code,
        terms.name,
        terms.uses.map(|uses| i32::try_from(uses).unwrap_or(i32::MAX)),
        &scope,
        i32::try_from(terms.validity_days).unwrap_or(i32::MAX),
        benefit.valid_until,
        benefit.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The benefits of a card, in the order of the product.
pub async fn benefits_of(tx: &mut PgConnection, card: CardId) -> Result<Vec<Benefit>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select benefit_id as "benefit_id: _", card_id as "card_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", position, code, name, uses_total, scope_nodes, validity_days, used, held,
               revoked, valid_until, ended_at, version
        from benefits where card_id = $1
        order by position
        "#,
        card as _,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::benefit).collect()
}

/// The benefit by exact id, within the transaction's scope.
pub async fn get_benefit(tx: &mut PgConnection, id: BenefitId) -> Result<Option<Benefit>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select benefit_id as "benefit_id: _", card_id as "card_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", position, code, name, uses_total, scope_nodes, validity_days, used, held,
               revoked, valid_until, ended_at, version
        from benefits where benefit_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::benefit).transpose()
}

/// A card's benefit by its code.
pub async fn find_benefit(tx: &mut PgConnection, card: CardId, code: &str) -> Result<Option<Benefit>, Error> {
    let id = sqlx::query_scalar!(
        r#"select benefit_id as "id: BenefitId" from benefits where card_id = $1 and code = $2"#,
        card as _,
        code,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match id {
        Some(id) => get_benefit(tx, id).await,
        None => Ok(None),
    }
}

/// Writes the ends of a card's benefits after its validity began.
pub async fn begin_benefits(tx: &mut PgConnection, card: &Card, zone: Tz) -> Result<(), Error> {
    for benefit in benefits_of(tx, card.id).await? {
        sqlx::query!(
            "update benefits set valid_until = $2, version = version + 1 where benefit_id = $1",
            benefit.id as _,
            benefit.until(card.validity, zone),
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Ends every benefit of a card, with what is held of them.
pub async fn end_benefits(tx: &mut PgConnection, card: CardId, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update benefits set ended_at = $2, held = 0, version = version + 1 where card_id = $1 and ended_at is null",
        card as _,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
