//! The table `differences`.

use chrono::NaiveDate;
use kernel::{PersonId, Timestamp};
use platform::Error;
use platform::page::Page;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Finding, Resolution, State, Type};
use crate::domain::statement::Party;
use crate::store::word;

const TABLE: &str = "differences";

/// Keeps a difference; one that was found before stays as it is. True when new.
pub async fn insert(
    tx: &mut PgConnection,
    book: Uuid,
    day: NaiveDate,
    finding: &Finding,
    found_at: Timestamp,
    due_at: Timestamp,
) -> Result<bool, Error> {
    let (statement, line) = finding
        .line
        .map_or((None, None), |(id, line)| (Some(id), i32::try_from(line).ok()));
    let inserted = sqlx::query!(
        r#"
        insert into differences (difference_id, book_id, day, type, key, statement_id, line, subject, studio,
                                 legal_entity, ours_minor, theirs_minor, owner_role, found_at, due_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (difference_id) do nothing
        "#,
        finding.kind.id(book, &finding.key),
        book,
        day,
        finding.kind.word(),
        finding.key,
        statement,
        line,
        finding.ours.map(|s| s.id),
        finding.ours.map(|s| s.studio),
        finding.ours.map(|s| s.legal_entity),
        finding.ours_minor,
        finding.theirs_minor,
        finding.kind.terms().owner.word(),
        found_at,
        due_at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

#[derive(Debug, Clone, FromRow)]
pub struct Difference {
    #[sqlx(rename = "difference_id")]
    pub id: Uuid,
    pub party: String,
    pub account: String,
    pub book_id: Uuid,
    pub day: NaiveDate,
    pub r#type: String,
    pub key: String,
    pub subject: Option<Uuid>,
    pub studio: Option<Uuid>,
    pub legal_entity: Option<Uuid>,
    pub ours_minor: Option<i64>,
    pub theirs_minor: Option<i64>,
    pub owner_role: String,
    pub due_at: Timestamp,
    pub state: String,
    pub resolution: Option<String>,
    pub note: String,
    pub maker: Option<PersonId>,
    pub checker: Option<PersonId>,
    pub found_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub version: i64,
}

impl Difference {
    pub fn kind(&self) -> Result<Type, Error> {
        word(TABLE, "type", Type::from_word(&self.r#type))
    }

    pub fn resolution(&self) -> Result<Option<Resolution>, Error> {
        let read = |kept: &String| word(TABLE, "resolution", Resolution::from_word(kept));
        self.resolution.as_ref().map(read).transpose()
    }

    pub fn book(&self) -> Result<Book, Error> {
        Ok(Book {
            id: self.book_id,
            party: word("books", "party", Party::from_word(&self.party))?,
            account: self.account.clone(),
        })
    }

    pub fn state(&self) -> Result<State, Error> {
        match (self.state.as_str(), self.resolution()?, self.maker) {
            ("open", None, _) => Ok(State::Open),
            ("proposed", Some(resolution), Some(maker)) => Ok(State::Proposed { resolution, maker }),
            ("resolved", Some(resolution), _) => Ok(State::Resolved { resolution }),
            _ => Err(platform::inconsistent(
                TABLE,
                "state, resolution and maker do not fit",
            )),
        }
    }
}

const SELECT: &str =
    "select x.*, b.party, b.account from differences x join books b using (book_id) where true";

/// Reads a difference and holds its row.
pub async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Difference>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query
        .push(" and x.difference_id = ")
        .push_bind(id)
        .push(" for no key update of x");
    Ok(query.build_query_as().fetch_optional(tx).await?)
}

/// What changes with a step.
pub struct Change<'a> {
    pub state: &'a State,
    pub note: &'a str,
    pub maker: Option<PersonId>,
    pub checker: Option<PersonId>,
    pub at: Timestamp,
}

pub async fn save(tx: &mut PgConnection, id: Uuid, change: &Change<'_>) -> Result<(), Error> {
    let (resolution, resolved_at) = match change.state {
        State::Open => (None, None),
        State::Proposed { resolution, .. } => (Some(resolution.word()), None),
        State::Resolved { resolution } => (Some(resolution.word()), Some(change.at)),
    };
    sqlx::query!(
        r#"
        update differences
        set state = $2, resolution = $3, note = $4, maker = $5, made_at = case when $5::uuid is null then null else $6::timestamptz end,
            checker = $7, resolved_at = $8, version = version + 1
        where difference_id = $1
        "#,
        id,
        change.state.word(),
        resolution,
        change.note,
        change.maker as _,
        change.at,
        change.checker as _,
        resolved_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a list of differences is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub party: Option<Party>,
    pub account: Option<String>,
    pub day: Option<NaiveDate>,
    pub kind: Option<Type>,
    pub studio: Option<Uuid>,
    pub legal_entity: Option<Uuid>,
    pub not_resolved: bool,
    pub overdue_at: Option<Timestamp>,
}

impl Filter {
    fn narrow(&self, query: &mut QueryBuilder<Postgres>) {
        if let Some(party) = self.party {
            query.push(" and b.party = ").push_bind(party.word());
        }
        if let Some(account) = &self.account {
            query.push(" and b.account = ").push_bind(account.clone());
        }
        if let Some(day) = self.day {
            query.push(" and x.day = ").push_bind(day);
        }
        if let Some(kind) = self.kind {
            query.push(" and x.type = ").push_bind(kind.word());
        }
        if let Some(studio) = self.studio {
            query.push(" and x.studio = ").push_bind(studio);
        }
        if let Some(entity) = self.legal_entity {
            query.push(" and x.legal_entity = ").push_bind(entity);
        }
        if self.not_resolved || self.overdue_at.is_some() {
            query.push(" and x.state <> 'resolved'");
        }
        if let Some(now) = self.overdue_at {
            query.push(" and x.due_at < ").push_bind(now);
        }
    }
}

/// One page of differences, those due first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Difference>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    filter.narrow(&mut query);
    if let Some((due, id)) = page.after() {
        query
            .push(" and (x.due_at, x.difference_id) > (")
            .push_bind(*due)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by x.due_at, x.difference_id limit ")
        .push_bind(page.limit());
    Ok(query.build_query_as().fetch_all(tx).await?)
}

/// Money that we had on a day and no bill of that day or the next tells of.
#[derive(Debug, FromRow)]
pub struct Missing {
    pub number: String,
    pub refund: bool,
    pub subject: Uuid,
    pub studio: Uuid,
    pub legal_entity: Uuid,
    pub amount_minor: i64,
}

/// The next of them, by number, after `last`.
pub async fn missing(
    tx: &mut PgConnection,
    book: &Book,
    from: Timestamp,
    before: Timestamp,
    last: &str,
) -> Result<Vec<Missing>, Error> {
    Ok(sqlx::query_as!(
        Missing,
        r#"
        with ours as (
            select a.channel_number as number, false as refund, a.attempt_id as subject, a.studio_id as studio,
                   n.legal_entity_id as legal_entity, a.amount_minor
            from attempts a join intents n using (intent_id)
            where a.merchant = $1 and split_part(a.method, '_', 1) = $2 and a.state in ('paid', 'isolated')
              and a.paid_at >= $3 and a.paid_at < $4
            union all
            select r.refund_number, true, r.refund_id, r.studio_id, p.legal_entity_id, r.amount_minor
            from refunds r join payments p using (payment_id)
            where p.merchant = $1 and split_part(p.method, '_', 1) = $2 and r.state = 'succeeded'
              and r.succeeded_at >= $3 and r.succeeded_at < $4
            union all
            select i.return_number, true, i.isolated_id, i.studio_id, n.legal_entity_id, i.amount_minor
            from isolated_money i join intents n using (intent_id)
            where i.merchant = $1 and split_part(i.method, '_', 1) = $2 and i.state = 'returned' and not i.reversed
              and i.returned_at >= $3 and i.returned_at < $4
        )
        select number as "number!", refund as "refund!", subject as "subject!", studio as "studio!",
               legal_entity as "legal_entity!", amount_minor as "amount_minor!"
        from ours
        where number > $5 and not exists (
            select from statement_lines l join statements s using (statement_id)
            where l.number = ours.number and l.book_id = $6 and l.kind = 'trades' and s.state = 'taken'
        )
        order by number limit 1000
        "#,
        book.account,
        book.party.word(),
        from,
        before,
        last,
        book.id,
    )
    .fetch_all(tx)
    .await?)
}

/// Lines of a day's fund bill that no comparison takes in: of a business that
/// nobody knows, and those that stand twice. The next after `last`.
#[derive(Debug, FromRow)]
pub struct Odd {
    pub line: i32,
    pub transaction: String,
    pub twice: bool,
    pub amount_minor: i64,
}

pub async fn odd_funds(tx: &mut PgConnection, statement: Uuid, last: i32) -> Result<Vec<Odd>, Error> {
    Ok(sqlx::query_as!(
        Odd,
        r#"
        select line, transaction, twice as "twice!", amount_minor
        from (
            select line, transaction, deed, amount_minor,
                   row_number() over (partition by transaction, deed order by line) > 1 as twice
            from statement_lines where statement_id = $1
        ) l
        where line > $2 and (twice or deed = 'other')
        order by line limit 1000
        "#,
        statement,
        last,
    )
    .fetch_all(tx)
    .await?)
}

/// How many wait longer than they may.
pub async fn overdue(tx: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "overdue!" from differences where state <> 'resolved' and due_at < $1"#,
        now
    )
    .fetch_one(tx)
    .await?)
}
