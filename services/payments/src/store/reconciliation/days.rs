//! The tables `reconciliation_days` and `day_totals`.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kernel::{PersonId, Timestamp};
use platform::Error;
use platform::page::Page;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::day::{Day, State};
use crate::domain::reconciliation::difference::Subject;
use crate::domain::statement::{Deed, Party};
use crate::store::word;

const TABLE: &str = "reconciliation_days";

/// Makes the day of an account. False when it was matched before.
pub async fn insert(tx: &mut PgConnection, book: Uuid, day: NaiveDate, at: Timestamp) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        "insert into reconciliation_days (book_id, day, matched_at) values ($1, $2, $3) on conflict do nothing",
        book,
        day,
        at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Reads a day and holds it: whoever adds a difference and whoever closes it
/// does so one after the other.
pub async fn lock(tx: &mut PgConnection, book: Uuid, day: NaiveDate) -> Result<Option<Day>, Error> {
    sqlx::query!(
        r#"
        select day, state, signed_by as "signed_by: PersonId", closed_by as "closed_by: PersonId", version
        from reconciliation_days where book_id = $1 and day = $2
        for no key update
        "#,
        book,
        day,
    )
    .fetch_optional(tx)
    .await?
    .map(|row| {
        Ok(Day {
            day: row.day,
            state: word(TABLE, "state", State::from_word(&row.state))?,
            signed_by: row.signed_by,
            closed_by: row.closed_by,
            version: row.version,
        })
    })
    .transpose()
}

/// How many days of before nobody closed.
pub async fn overdue(tx: &mut PgConnection, before: NaiveDate) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from reconciliation_days where state <> 'closed' and day < $1"#,
        before
    )
    .fetch_one(tx)
    .await?)
}

/// Nothing of the day can still come.
pub async fn judged(tx: &mut PgConnection, book: Uuid, day: NaiveDate, at: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update reconciliation_days set state = 'judged', judged_at = $3, version = version + 1
        where book_id = $1 and day = $2 and state = 'matched'
        "#,
        book,
        day,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn signed(
    tx: &mut PgConnection,
    book: Uuid,
    day: &Day,
    note: &str,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update reconciliation_days set signed_by = $3, signed_at = $4, signed_note = $5, version = $6
        where book_id = $1 and day = $2
        "#,
        book,
        day.day,
        day.signed_by as _,
        at,
        note,
        day.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn closed(tx: &mut PgConnection, book: Uuid, day: &Day, at: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update reconciliation_days set state = 'closed', closed_by = $3, closed_at = $4, version = $5
        where book_id = $1 and day = $2
        "#,
        book,
        day.day,
        day.closed_by as _,
        at,
        day.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many differences of a day are not resolved.
pub async fn open_differences(tx: &mut PgConnection, book: Uuid, day: NaiveDate) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "open!" from differences where book_id = $1 and day = $2 and state <> 'resolved'"#,
        book,
        day,
    )
    .fetch_one(tx)
    .await?)
}

/// What a bill's lines make for one studio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    pub payments: i64,
    pub paid_minor: i64,
    pub refunds: i64,
    pub refunded_minor: i64,
    /// Of a fen.
    pub fee_thousandths: i64,
    pub agreed: i64,
}

/// By studio and legal entity; nil for lines that are nobody's here.
#[derive(Debug, Default)]
pub struct Totals(BTreeMap<(Uuid, Uuid), Total>);

impl Totals {
    pub fn add(
        &mut self,
        whose: Option<Subject>,
        deed: Deed,
        minor: i64,
        fee_thousandths: i64,
        agreed: bool,
    ) {
        let key = whose.map_or((Uuid::nil(), Uuid::nil()), |s| (s.studio, s.legal_entity));
        let total = self.0.entry(key).or_default();
        match deed {
            Deed::Payment => {
                total.payments += 1;
                total.paid_minor += minor;
            }
            Deed::Refund | Deed::Reversal => {
                total.refunds += 1;
                total.refunded_minor += minor;
            }
            _ => {}
        }
        total.fee_thousandths += fee_thousandths;
        total.agreed += i64::from(agreed);
    }
}

pub async fn keep_totals(
    tx: &mut PgConnection,
    book: Uuid,
    day: NaiveDate,
    totals: &Totals,
) -> Result<(), Error> {
    for ((studio, legal_entity), total) in &totals.0 {
        sqlx::query!(
            r#"
            insert into day_totals (book_id, day, studio, legal_entity, payments, paid_minor, refunds, refunded_minor,
                                    fee_thousandths, agreed)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            "#,
            book,
            day,
            studio,
            legal_entity,
            total.payments,
            total.paid_minor,
            total.refunds,
            total.refunded_minor,
            total.fee_thousandths,
            total.agreed,
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// What a list of days is narrowed to.
#[derive(Debug, Default)]
pub struct Filter {
    pub party: Option<Party>,
    pub account: Option<String>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    pub not_closed: bool,
    /// Only those of before that are not closed.
    pub overdue_before: Option<NaiveDate>,
}

#[derive(Debug, FromRow)]
pub struct Listed {
    pub book_id: Uuid,
    pub party: String,
    pub account: String,
    pub day: NaiveDate,
    pub state: String,
    pub signed_by: Option<PersonId>,
    pub signed_at: Option<Timestamp>,
    pub signed_note: String,
    pub closed_by: Option<PersonId>,
    pub closed_at: Option<Timestamp>,
    pub differences: i64,
    pub open: i64,
    pub version: i64,
}

/// One page of days, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<(NaiveDate, Uuid)>,
) -> Result<Vec<Listed>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select d.*, b.party, b.account,
                (select count(*) from differences x where x.book_id = d.book_id and x.day = d.day) as differences,
                (select count(*) from differences x
                 where x.book_id = d.book_id and x.day = d.day and x.state <> 'resolved') as open
         from reconciliation_days d join books b using (book_id) where true",
    );
    if let Some(party) = filter.party {
        query.push(" and b.party = ").push_bind(party.word());
    }
    if let Some(account) = &filter.account {
        query.push(" and b.account = ").push_bind(account.clone());
    }
    if let Some(from) = filter.from {
        query.push(" and d.day >= ").push_bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" and d.day <= ").push_bind(to);
    }
    if filter.not_closed {
        query.push(" and d.state <> 'closed'");
    }
    if let Some(before) = filter.overdue_before {
        query
            .push(" and d.state <> 'closed' and d.day < ")
            .push_bind(before);
    }
    if let Some((day, book)) = page.after() {
        query
            .push(" and (d.day, d.book_id) < (")
            .push_bind(*day)
            .push(", ")
            .push_bind(*book)
            .push(")");
    }
    query
        .push(" order by d.day desc, d.book_id desc limit ")
        .push_bind(page.limit());
    Ok(query.build_query_as().fetch_all(tx).await?)
}

/// One studio's line of a day's report.
#[derive(Debug, FromRow)]
pub struct Reported {
    pub studio: Uuid,
    pub legal_entity: Uuid,
    pub payments: i64,
    pub paid_minor: i64,
    pub refunds: i64,
    pub refunded_minor: i64,
    pub fee_thousandths: i64,
    pub agreed: i64,
}

pub async fn report(
    tx: &mut PgConnection,
    book: Uuid,
    day: NaiveDate,
    studio: Option<Uuid>,
    legal_entity: Option<Uuid>,
) -> Result<Vec<Reported>, Error> {
    Ok(sqlx::query_as!(
        Reported,
        r#"
        select studio, legal_entity, payments, paid_minor, refunds, refunded_minor, fee_thousandths, agreed
        from day_totals
        where book_id = $1 and day = $2 and ($3::uuid is null or studio = $3) and ($4::uuid is null or legal_entity = $4)
        order by legal_entity, studio
        "#,
        book,
        day,
        studio,
        legal_entity,
    )
    .fetch_all(tx)
    .await?)
}

/// One day with its counts.
pub async fn get(tx: &mut PgConnection, book: &Book, day: NaiveDate) -> Result<Option<Listed>, Error> {
    let filter = Filter {
        party: Some(book.party),
        account: Some(book.account.clone()),
        from: Some(day),
        to: Some(day),
        not_closed: false,
        overdue_before: None,
    };
    let page = Page::parse(1, "")?;
    Ok(list(tx, &filter, &page).await?.into_iter().next())
}

/// The last day up to which every one of these accounts is matched.
pub async fn matched_through(tx: &mut PgConnection, books: &[Uuid]) -> Result<Option<NaiveDate>, Error> {
    let last = sqlx::query!(
        "select max(day) as last from reconciliation_days where book_id = any($1) group by book_id",
        books
    )
    .fetch_all(tx)
    .await?;
    if last.len() < books.len() {
        return Ok(None);
    }
    Ok(last.into_iter().filter_map(|row| row.last).min())
}
