//! What was taken and sent back, summed up over `payments`, `refunds` and
//! `isolated_money`.

use chrono::NaiveDate;
use kernel::{LegalEntityId, StudioId};
use platform::Error;
use platform::page::Page;
use sqlx::PgConnection;

use super::word;
use crate::domain::Method;
use crate::domain::statement::figures;

/// Which takings: days in China's time, both of them in.
#[derive(Debug, Clone)]
pub struct Filter {
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub studio: Option<StudioId>,
    pub legal_entity: Option<LegalEntityId>,
    pub method: Option<Method>,
}

/// What orders them; the word is a method's.
pub type Key = (NaiveDate, StudioId, String, LegalEntityId);

#[derive(Debug, Clone)]
pub struct Takings {
    pub day: NaiveDate,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub method: Method,
    pub payments: i64,
    pub paid_minor: i64,
    pub refunds: i64,
    pub refunded_minor: i64,
    pub isolated_minor: i64,
    pub returned_minor: i64,
}

impl Takings {
    pub fn key(&self) -> Key {
        (
            self.day,
            self.studio,
            self.method.word().to_owned(),
            self.legal_entity,
        )
    }

    /// Everything that came less everything that went.
    pub fn net_minor(&self) -> i64 {
        self.paid_minor + self.isolated_minor - self.refunded_minor - self.returned_minor
    }
}

pub async fn list(tx: &mut PgConnection, filter: &Filter, page: &Page<Key>) -> Result<Vec<Takings>, Error> {
    let after = page.after();
    let rows = sqlx::query!(
        r#"
        with moved as (
            select paid_at as at, studio_id, legal_entity_id, method, 1 as payments, paid_minor as paid,
                   0 as refunds, 0 as refunded, 0 as isolated, 0 as returned
            from payments where paid_at >= $1 and paid_at < $2
            union all
            select r.succeeded_at, p.studio_id, p.legal_entity_id, p.method, 0, 0, 1, r.amount_minor, 0, 0
            from refunds r join payments p using (payment_id) where r.succeeded_at >= $1 and r.succeeded_at < $2
            union all
            select m.paid_at, m.studio_id, i.legal_entity_id, m.method, 0, 0, 0, 0, m.amount_minor, 0
            from isolated_money m join intents i using (intent_id) where m.paid_at >= $1 and m.paid_at < $2
            union all
            select m.returned_at, m.studio_id, i.legal_entity_id, m.method, 0, 0, 0, 0, 0, m.amount_minor
            from isolated_money m join intents i using (intent_id) where m.returned_at >= $1 and m.returned_at < $2
        )
        select (at at time zone 'Asia/Shanghai')::date as "day!", studio_id as "studio_id!: StudioId",
               legal_entity_id as "legal_entity_id!: LegalEntityId", method as "method!",
               sum(payments)::bigint as "payments!", sum(paid)::bigint as "paid!", sum(refunds)::bigint as "refunds!",
               sum(refunded)::bigint as "refunded!", sum(isolated)::bigint as "isolated!",
               sum(returned)::bigint as "returned!"
        from moved
        where ($3::uuid is null or studio_id = $3) and ($4::uuid is null or legal_entity_id = $4)
          and ($5::text is null or method = $5)
        group by 1, 2, 3, 4
        having $6::date is null
            or ((at at time zone 'Asia/Shanghai')::date, studio_id, method, legal_entity_id)
                > ($6::date, $7::uuid, $8::text, $9::uuid)
        order by 1, 2, 4, 3
        limit $10
        "#,
        figures::start(filter.from),
        figures::start(filter.to + chrono::Days::new(1)),
        filter.studio.map(|id| id.0),
        filter.legal_entity.map(|id| id.0),
        filter.method.map(Method::word),
        after.map(|key| key.0),
        after.map(|key| key.1.0),
        after.map(|key| key.2.as_str()),
        after.map(|key| key.3.0),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Takings {
                day: r.day,
                studio: r.studio_id,
                legal_entity: r.legal_entity_id,
                method: word("payments", "method", Method::from_word(&r.method))?,
                payments: r.payments,
                paid_minor: r.paid,
                refunds: r.refunds,
                refunded_minor: r.refunded,
                isolated_minor: r.isolated,
                returned_minor: r.returned,
            })
        })
        .collect()
}
