//! The table `notices`.

use kernel::{NoticeId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, on_constraint};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::{amount, word};
use crate::domain::Refusal;
use crate::domain::notice::{Before, Notice, Offered, Price, Way};

const TABLE: &str = "notices";

/// A way to pay as the column `methods` has it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptWay {
    method: String,
    steps: Vec<String>,
}

/// A line of the price list as the column `prices` has it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptPrice {
    name: String,
    unit: String,
    price_minor: i64,
}

fn read_ways(kept: Vec<KeptWay>) -> Result<Vec<Way>, Error> {
    let read = |way: KeptWay| {
        let method = word(TABLE, "methods", Offered::from_word(&way.method))?;
        Ok(Way {
            method,
            steps: way.steps,
        })
    };
    kept.into_iter().map(read).collect()
}

fn read_prices(kept: Vec<KeptPrice>) -> Result<Vec<Price>, Error> {
    let read = |line: KeptPrice| {
        let price = amount(TABLE, line.price_minor)?;
        Ok(Price {
            name: line.name,
            unit: line.unit,
            price,
        })
    };
    kept.into_iter().map(read).collect()
}

struct Row {
    notice_id: NoticeId,
    studio_id: StudioId,
    number: i64,
    methods: Json<Vec<KeptWay>>,
    prices: Json<Vec<KeptPrice>>,
    refund_policy: String,
    after_sales: String,
    effective_from: Timestamp,
    published_by: PersonId,
    published_at: Timestamp,
}

impl TryFrom<Row> for Notice {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.notice_id,
            studio: row.studio_id,
            number: row.number,
            ways: read_ways(row.methods.0)?,
            prices: read_prices(row.prices.0)?,
            refund_policy: row.refund_policy,
            after_sales: row.after_sales,
            effective_from: row.effective_from,
            published_by: row.published_by,
            published_at: row.published_at,
        })
    }
}

/// The last version of a studio.
pub async fn last(tx: &mut PgConnection, studio: StudioId) -> Result<Option<Before>, Error> {
    let row = sqlx::query_as!(
        Before,
        "select number, effective_from from notices where studio_id = $1 order by number desc limit 1",
        studio as _,
    );
    Ok(row.fetch_optional(tx).await?)
}

/// Adds a version. Two who publish at once take the same number, and one of
/// them learns of the other.
pub async fn insert(tx: &mut PgConnection, notice: &Notice) -> Result<(), Error> {
    let kept_way = |way: &Way| KeptWay {
        method: way.method.word().to_owned(),
        steps: way.steps.clone(),
    };
    let kept_price = |line: &Price| KeptPrice {
        name: line.name.clone(),
        unit: line.unit.clone(),
        price_minor: line.price.minor(),
    };
    let ways: Vec<KeptWay> = notice.ways.iter().map(kept_way).collect();
    let prices: Vec<KeptPrice> = notice.prices.iter().map(kept_price).collect();
    let inserted = sqlx::query!(
        r#"
        insert into notices (notice_id, studio_id, number, methods, prices, refund_policy, after_sales,
                             effective_from, published_by, published_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        notice.id as _,
        notice.studio as _,
        notice.number,
        Json(&ways) as _,
        Json(&prices) as _,
        notice.refund_policy,
        notice.after_sales,
        notice.effective_from,
        notice.published_by as _,
        notice.published_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "notices_number_key", || Refusal::NoticeRaced)?;
    Ok(())
}

pub async fn find(tx: &mut PgConnection, id: NoticeId) -> Result<Option<Notice>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select notice_id as "notice_id: _", studio_id as "studio_id: _", number, methods as "methods: _",
               prices as "prices: _", refund_policy, after_sales, effective_from,
               published_by as "published_by: _", published_at
        from notices
        where notice_id = $1
        "#,
        id as _,
    );
    row.fetch_optional(tx).await?.map(Notice::try_from).transpose()
}

/// The version of a studio in force at a time.
pub async fn in_force(
    tx: &mut PgConnection,
    studio: StudioId,
    at: Timestamp,
) -> Result<Option<Notice>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select notice_id as "notice_id: _", studio_id as "studio_id: _", number, methods as "methods: _",
               prices as "prices: _", refund_policy, after_sales, effective_from,
               published_by as "published_by: _", published_at
        from notices
        where studio_id = $1 and effective_from <= $2
        order by effective_from desc
        limit 1
        "#,
        studio as _,
        at,
    );
    row.fetch_optional(tx).await?.map(Notice::try_from).transpose()
}

/// One page of a studio's versions, the latest first.
pub async fn list(tx: &mut PgConnection, studio: StudioId, page: &Page<i64>) -> Result<Vec<Notice>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select notice_id as "notice_id: _", studio_id as "studio_id: _", number, methods as "methods: _",
               prices as "prices: _", refund_policy, after_sales, effective_from,
               published_by as "published_by: _", published_at
        from notices
        where studio_id = $1 and ($2::bigint is null or number < $2)
        order by number desc
        limit $3
        "#,
        studio as _,
        page.after(),
        page.limit(),
    );
    rows.fetch_all(tx)
        .await?
        .into_iter()
        .map(Notice::try_from)
        .collect()
}

/// What a studio offers.
pub struct Choice {
    pub studio: StudioId,
    /// None when it has published nothing.
    pub notice: Option<NoticeId>,
    pub ways: Vec<Way>,
}

impl Choice {
    /// Whether a payer has to take the one method there is.
    pub fn is_none(&self) -> bool {
        self.ways.len() < 2
    }
}

/// What each of these studios offers at a time, in their order.
pub async fn choices(
    tx: &mut PgConnection,
    studios: &[StudioId],
    at: Timestamp,
) -> Result<Vec<Choice>, Error> {
    let studios: Vec<_> = studios.iter().map(|studio| studio.0).collect();
    let rows = sqlx::query!(
        r#"
        select s.studio_id as "studio_id!: StudioId", n.notice_id as "notice_id?: NoticeId",
               n.methods as "methods?: Json<Vec<KeptWay>>"
        from unnest($1::uuid[]) with ordinality s (studio_id, place)
        left join lateral (
            select notice_id, methods from notices
            where studio_id = s.studio_id and effective_from <= $2
            order by effective_from desc
            limit 1
        ) n on true
        order by s.place
        "#,
        &studios,
        at,
    )
    .fetch_all(tx)
    .await?;
    let choice = |(studio, notice, kept): (_, _, Option<Json<_>>)| {
        let kept = kept.map(|kept| kept.0).unwrap_or_default();
        Ok(Choice {
            studio,
            notice,
            ways: read_ways(kept)?,
        })
    };
    rows.into_iter()
        .map(|row| choice((row.studio_id, row.notice_id, row.methods)))
        .collect()
}
