use kernel::{Amount, NodeId, PersonId, ProductId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::word;
use crate::domain::catalogue::{Activation, Benefit, Kind, Terms, ValidityStart, Version};

struct Row {
    product_id: ProductId,
    code: String,
    number: i32,
    effective_from: Timestamp,
    name: String,
    kind: String,
    price_minor: i64,
    valid_days: i32,
    validity_start: String,
    start_within_days: i32,
    activation: String,
    benefits: Json<Vec<Benefit>>,
    sold_at: Vec<Uuid>,
    created_at: Timestamp,
    created_by: PersonId,
}

impl Row {
    fn version(self) -> Result<Version, Error> {
        let table = "product_versions";
        Ok(Version {
            number: self.number,
            terms: Terms {
                product: self.product_id,
                code: self.code,
                name: self.name,
                kind: word(table, "kind", Kind::parse, &self.kind)?,
                price: Amount::from_minor(self.price_minor)
                    .ok_or_else(|| inconsistent(table, "price_minor"))?,
                valid_days: self.valid_days,
                validity_start: word(
                    table,
                    "validity_start",
                    ValidityStart::parse,
                    &self.validity_start,
                )?,
                start_within_days: self.start_within_days,
                activation: word(table, "activation", Activation::parse, &self.activation)?,
                benefits: self.benefits.0,
            },
            effective_from: self.effective_from,
            sold_at: self.sold_at.into_iter().map(NodeId).collect(),
            created_at: self.created_at,
            created_by: self.created_by,
        })
    }
}

/// One version of a product.
pub async fn version(
    tx: &mut PgConnection,
    product: ProductId,
    number: i32,
) -> Result<Option<Version>, Error> {
    let versions = versions(tx, &[product]).await?;
    Ok(versions.into_iter().find(|v| v.number == number))
}

/// Every version of the products, by product, the latest first.
pub async fn versions(tx: &mut PgConnection, products: &[ProductId]) -> Result<Vec<Version>, Error> {
    let ids: Vec<Uuid> = products.iter().map(|p| p.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select v.product_id as "product_id: ProductId", p.code, v.number, v.effective_from, v.name, v.kind,
               v.price_minor, v.valid_days, v.validity_start, v.start_within_days, v.activation,
               v.benefits as "benefits: Json<Vec<Benefit>>", v.sold_at, v.created_at,
               v.created_by as "created_by: PersonId"
        from product_versions v join products p using (product_id)
        where v.product_id = any($1)
        order by v.product_id, v.number desc
        "#,
        &ids,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Row::version).collect()
}

/// Products by code, starting after one.
pub async fn codes_after(
    tx: &mut PgConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<(ProductId, String)>, Error> {
    let rows = sqlx::query!(
        r#"select product_id as "product_id: ProductId", code from products where code > $1 order by code limit $2"#,
        after,
        limit,
    );
    Ok(rows
        .fetch_all(tx)
        .await?
        .into_iter()
        .map(|r| (r.product_id, r.code))
        .collect())
}

/// The product of a code.
pub async fn by_code(tx: &mut PgConnection, code: &str) -> Result<Option<ProductId>, Error> {
    let id = sqlx::query_scalar!(
        r#"select product_id as "product_id: ProductId" from products where code = $1"#,
        code
    );
    Ok(id.fetch_optional(tx).await?)
}

pub async fn exists(tx: &mut PgConnection, product: ProductId) -> Result<bool, Error> {
    let known = sqlx::query_scalar!(
        r#"select exists (select from products where product_id = $1) as "known!""#,
        product as _
    );
    Ok(known.fetch_one(tx).await?)
}

/// Lets imports happen one after the other, so that what one checked still
/// holds when it writes.
pub async fn lock_imports(tx: &mut PgConnection) -> Result<(), Error> {
    sqlx::query!("lock table products in share row exclusive mode")
        .execute(tx)
        .await?;
    Ok(())
}

/// Adds a version, and the product with its first.
pub async fn add_version(tx: &mut PgConnection, version: &Version) -> Result<(), Error> {
    let terms = &version.terms;
    sqlx::query!(
        r#"
        insert into products (product_id, code, latest, created_at, version) values ($1, $2, $3, $4, 1)
        on conflict (product_id) do update set latest = excluded.latest, version = products.version + 1
        "#,
        terms.product as _,
        terms.code,
        version.number,
        version.created_at,
    )
    .execute(&mut *tx)
    .await?;
    let benefits = serde_json::to_value(&terms.benefits).map_err(|e| Error::Internal(e.to_string()))?;
    let sold_at: Vec<Uuid> = version.sold_at.iter().map(|node| node.0).collect();
    sqlx::query!(
        r#"
        insert into product_versions (product_id, number, effective_from, name, kind, price_minor, valid_days,
                                      validity_start, start_within_days, activation, benefits, sold_at, created_at,
                                      created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        terms.product as _,
        version.number,
        version.effective_from,
        terms.name,
        terms.kind.as_str(),
        terms.price.minor(),
        terms.valid_days,
        terms.validity_start.as_str(),
        terms.start_within_days,
        terms.activation.as_str(),
        benefits,
        &sold_at,
        version.created_at,
        version.created_by as _,
    )
    .execute(tx)
    .await?;
    Ok(())
}
