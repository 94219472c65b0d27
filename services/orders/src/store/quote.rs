use kernel::{Amount, OrderId, ProductId, QuoteId};
use platform::{Error, inconsistent};
use sqlx::PgConnection;

use super::catalogue;
use crate::domain::order::{Order, Quote};

/// Every quote of an order, the latest first.
pub async fn of_order(tx: &mut PgConnection, id: OrderId) -> Result<Vec<Quote>, Error> {
    let rows = sqlx::query!(
        r#"
        select quote_id as "quote_id: QuoteId", number, product_id as "product_id: ProductId", product_version,
               amount_minor, terms_version, issued_at, valid_until, hash
        from quotes
        where order_id = $1
        order by number desc
        "#,
        id as _,
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut quotes = Vec::with_capacity(rows.len());
    for r in rows {
        let version = catalogue::version(tx, r.product_id, r.product_version).await?;
        quotes.push(Quote {
            id: r.quote_id,
            order: id,
            number: r.number,
            version: version.ok_or_else(|| inconsistent("quotes", "product_version"))?,
            amount: Amount::from_minor(r.amount_minor)
                .ok_or_else(|| inconsistent("quotes", "amount_minor"))?,
            terms_version: r.terms_version,
            issued_at: r.issued_at,
            valid_until: r.valid_until,
            hash: r.hash,
        });
    }
    Ok(quotes)
}

/// The quote that stands for an order.
pub async fn standing(tx: &mut PgConnection, order: &Order) -> Result<Option<Quote>, Error> {
    let Some(standing) = &order.quote else {
        return Ok(None);
    };
    let mut quotes = of_order(tx, order.id).await?;
    let at = quotes.iter().position(|quote| quote.id == standing.id);
    at.map(|at| quotes.swap_remove(at))
        .map(Some)
        .ok_or_else(|| inconsistent("orders", "quote_id"))
}

/// Writes a quote that was issued.
pub async fn insert(tx: &mut PgConnection, order: &Order, quote: &Quote) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into quotes (quote_id, order_id, studio_id, person_id, number, product_id, product_version,
                            amount_minor, terms_version, issued_at, valid_until, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        "#,
        quote.id as _,
        order.id as _,
        order.studio as _,
        order.person as _,
        quote.number,
        quote.version.terms.product as _,
        quote.version.number,
        quote.amount.minor(),
        quote.terms_version,
        quote.issued_at,
        quote.valid_until,
        quote.hash,
    )
    .execute(tx)
    .await?;
    Ok(())
}
