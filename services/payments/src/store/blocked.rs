//! The table `blocked_starts`.

use kernel::{Amount, BlockedStartId, IntentId, LegalEntityId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::limit::Row as LimitRow;
use super::{amount, word};
use crate::domain::Method;
use crate::domain::limit::{Block, Counted, Start, Subject};

const TABLE: &str = "blocked_starts";

pub async fn insert(
    tx: &mut PgConnection,
    start: &Start<'_>,
    method: Method,
    block: &Block,
) -> Result<(), Error> {
    let (claim, terms) = (start.claim, &block.limit.terms);
    sqlx::query!(
        r#"
        insert into blocked_starts (blocked_start_id, intent_id, person_id, studio_id, legal_entity_id, device, method,
                                    amount_minor, limit_id, level, subject, window_s, most_starts, most_minor,
                                    starts, started_minor, retry_at, blocked_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        "#,
        BlockedStartId::fresh() as _,
        start.intent as _,
        claim.person_id as _,
        claim.studio_id as _,
        claim.legal_entity_id as _,
        start.device,
        method.word(),
        claim.amount.minor(),
        block.limit.id as _,
        block.limit.place.word(),
        terms.subject.word(),
        terms.window_s,
        terms.most_starts,
        terms.most.map(Amount::minor),
        block.before.starts,
        block.before.minor,
        block.retry_at,
        start.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    limit: LimitRow,
    blocked_start_id: BlockedStartId,
    intent_id: IntentId,
    person_id: PersonId,
    studio_id: StudioId,
    legal_entity_id: LegalEntityId,
    device: String,
    method: String,
    amount_minor: i64,
    starts: i32,
    started_minor: i64,
    retry_at: Option<Timestamp>,
    blocked_at: Timestamp,
}

/// An attempt that was not let start.
pub struct Listed {
    pub id: BlockedStartId,
    pub intent: IntentId,
    pub person: PersonId,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub device: String,
    pub method: Method,
    pub amount: Amount,
    pub block: Block,
    pub at: Timestamp,
}

impl TryFrom<Row> for Listed {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.blocked_start_id,
            intent: row.intent_id,
            person: row.person_id,
            studio: row.studio_id,
            legal_entity: row.legal_entity_id,
            device: row.device,
            method: word(TABLE, "method", Method::from_word(&row.method))?,
            amount: amount(TABLE, row.amount_minor)?,
            block: Block {
                limit: row.limit.try_into()?,
                before: Counted {
                    starts: row.starts,
                    minor: row.started_minor,
                },
                retry_at: row.retry_at,
            },
            at: row.blocked_at,
        })
    }
}

/// What a list of blocked attempts is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub studio: Option<StudioId>,
    pub person: Option<PersonId>,
    pub subject: Option<Subject>,
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

impl Filter {
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(studio) = self.studio {
            query.push(" and p.studio_id = ").push_bind(studio);
        }
        if let Some(person) = self.person {
            query.push(" and p.person_id = ").push_bind(person);
        }
        if let Some(subject) = self.subject {
            query.push(" and p.subject = ").push_bind(subject.word());
        }
        if let Some(from) = self.from {
            query.push(" and p.blocked_at >= ").push_bind(from);
        }
        if let Some(before) = self.before {
            query.push(" and p.blocked_at < ").push_bind(before);
        }
    }
}

/// One page of blocked attempts, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    filter: &Filter,
    page: &Page<(Timestamp, BlockedStartId)>,
) -> Result<Vec<Listed>, Error> {
    let mut query = QueryBuilder::new(
        "select p.*, case p.level when 'studio' then p.studio_id else p.legal_entity_id end as place
         from blocked_starts p where true",
    );
    super::scope(&mut query, scope, None);
    filter.narrow(&mut query);
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.blocked_at, p.blocked_start_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.blocked_at desc, p.blocked_start_id desc limit ")
        .push_bind(page.limit());
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter().map(Listed::try_from).collect()
}
