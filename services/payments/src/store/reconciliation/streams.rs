//! Both sides of a comparison in one order, read through a cursor, so that a
//! million lines take no more room than a thousand.

use chrono::NaiveDate;
use kernel::Timestamp;
use platform::Error;
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::domain::reconciliation::difference::Subject;
use crate::domain::reconciliation::funds::{self, Moved};
use crate::domain::reconciliation::trades::{self, Ours, Thing, Traded};
use crate::domain::statement::{Deed, Progress};
use crate::store::word;

const TABLE: &str = "statement_lines";

/// Lines of a bill by number, each number's earlier lines, and what is ours
/// under it. The bill is $1, the account's book $2.
const BY_NUMBER: &str = r#"
    declare by_number no scroll cursor for
    with bill as (select * from statement_lines where statement_id = $1),
         numbers as (select distinct number from bill)
    select number collate "C" as number, 0::smallint as side, statement_id, line, deed, progress, transaction, merchant, app, amount_minor,
           settle_minor, fee_thousandths, rate, at, null::uuid as studio, null::uuid as legal_entity, 0::bigint as due_minor
    from bill
    union all
    select l.number, 1::smallint, l.statement_id, l.line, l.deed, l.progress, l.transaction, l.merchant, l.app, l.amount_minor,
           l.settle_minor, l.fee_thousandths, l.rate, l.at, null, null, 0
    from numbers join statement_lines l using (number)
    join statements s on s.statement_id = l.statement_id and s.state = 'taken'
    where l.kind = 'trades' and l.book_id = $2 and l.statement_id <> $1 and l.day < (select day from statements where statement_id = $1)
    union all
    select a.channel_number, 2::smallint, a.attempt_id, 0, '', case when a.state in ('paid', 'isolated') then a.state else 'unpaid' end,
           coalesce(p.channel_transaction, i.channel_transaction, ''), a.merchant, split_part(a.method, '_', 1), a.amount_minor,
           0, 0, null, a.created_at, a.studio_id, n.legal_entity_id, n.amount_minor
    from numbers join attempts a on a.channel_number = numbers.number
    join intents n using (intent_id)
    left join payments p using (attempt_id)
    left join isolated_money i using (attempt_id)
    union all
    select r.refund_number, 2::smallint, r.refund_id, 0, '',
           case r.state when 'succeeded' then 'returned' when 'bounced' then 'bounced' else 'returning' end,
           coalesce(r.channel_refund, ''), p.merchant, split_part(p.method, '_', 1), r.amount_minor, 0, 0, null, r.created_at,
           r.studio_id, p.legal_entity_id, r.amount_minor
    from numbers join refunds r on r.refund_number = numbers.number
    join payments p using (payment_id)
    union all
    select i.return_number, 2::smallint, i.isolated_id, 0, '', case i.state when 'returned' then 'returned' else 'returning' end,
           '', i.merchant, split_part(i.method, '_', 1), i.amount_minor, 0, 0, null, i.isolated_at, i.studio_id, n.legal_entity_id,
           i.amount_minor
    from numbers join isolated_money i on i.return_number = numbers.number
    join intents n using (intent_id)
    order by number, side, statement_id, line
"#;

#[derive(FromRow)]
struct NumberRow {
    number: String,
    side: i16,
    statement_id: Uuid,
    line: i32,
    deed: String,
    progress: String,
    transaction: String,
    merchant: String,
    app: String,
    amount_minor: i64,
    settle_minor: i64,
    fee_thousandths: i64,
    rate: Option<Decimal>,
    at: Timestamp,
    studio: Option<Uuid>,
    legal_entity: Option<Uuid>,
    due_minor: i64,
}

impl NumberRow {
    fn add_to(self, group: &mut trades::Group, party: &str) -> Result<(), Error> {
        if self.side < 2 {
            group.traded.push(self.traded()?);
        } else {
            group.ours = Some(self.ours(party)?);
        }
        Ok(())
    }

    fn traded(self) -> Result<Traded, Error> {
        Ok(Traded {
            statement: self.statement_id,
            line: line_number(self.line),
            earlier: self.side == 1,
            deed: word(TABLE, "deed", Deed::from_word(&self.deed))?,
            progress: word(TABLE, "progress", Progress::from_word(&self.progress))?,
            transaction: self.transaction,
            merchant: self.merchant,
            app: self.app,
            amount_minor: self.amount_minor,
            settle_minor: self.settle_minor,
            fee_thousandths: self.fee_thousandths,
            rate: self.rate,
            at: self.at,
        })
    }

    fn ours(self, party: &str) -> Result<Ours, Error> {
        let thing = match self.progress.as_str() {
            "paid" => Thing::Paid,
            "isolated" => Thing::Isolated,
            "unpaid" => Thing::Unpaid,
            "returning" => Thing::Returning,
            "returned" => Thing::Returned,
            "bounced" => Thing::Bounced,
            _ => return Err(platform::inconsistent("attempts", "a state that nobody knows")),
        };
        Ok(Ours {
            subject: Subject {
                id: self.statement_id,
                studio: self.studio.unwrap_or_default(),
                legal_entity: self.legal_entity.unwrap_or_default(),
            },
            thing,
            // by another channel it went through another account, whatever its name
            account: if self.app == party {
                self.merchant
            } else {
                format!("{} {}", self.app, self.merchant)
            },
            amount_minor: self.amount_minor,
            due_minor: self.due_minor,
            transaction: self.transaction,
        })
    }
}

fn line_number(line: i32) -> u32 {
    u32::try_from(line).unwrap_or_default()
}

/// Opens the stream of a trade bill against ours.
pub async fn open_by_number(tx: &mut PgConnection, statement: Uuid, book: Uuid) -> Result<(), Error> {
    patient(tx).await?;
    sqlx::query(BY_NUMBER)
        .bind(statement)
        .bind(book)
        .execute(tx)
        .await?;
    Ok(())
}

/// What is in hand of a stream: whole groups, and the one that may go on.
pub struct Stream<G> {
    open: Option<G>,
}

impl<G> Default for Stream<G> {
    fn default() -> Self {
        Self { open: None }
    }
}

impl<G> Stream<G> {
    /// The groups that are whole once these rows came; without any, the last
    /// one, and then nothing more.
    fn whole<R>(
        &mut self,
        rows: Vec<R>,
        begin: impl Fn(&R) -> G,
        holds: impl Fn(&G, &R) -> bool,
        add: impl Fn(&mut G, R) -> Result<(), Error>,
    ) -> Result<Option<Vec<G>>, Error> {
        if rows.is_empty() {
            return Ok(self.open.take().map(|last| vec![last]));
        }
        let mut whole = Vec::new();
        for row in rows {
            if !self.open.as_ref().is_some_and(|group| holds(group, &row)) {
                whole.extend(self.open.replace(begin(&row)));
            }
            if let Some(group) = &mut self.open {
                add(group, row)?;
            }
        }
        Ok(Some(whole))
    }
}

impl Stream<trades::Group> {
    /// The next groups that are whole, which may be none yet; nothing at the end.
    pub async fn next(
        &mut self,
        tx: &mut PgConnection,
        party: &str,
    ) -> Result<Option<Vec<trades::Group>>, Error> {
        let rows: Vec<NumberRow> = sqlx::query_as("fetch 2000 from by_number").fetch_all(tx).await?;
        let begin = |row: &NumberRow| trades::Group {
            number: row.number.clone(),
            ..Default::default()
        };
        let holds = |group: &trades::Group, row: &NumberRow| group.number == row.number;
        self.whole(rows, begin, holds, |group, row| row.add_to(group, party))
    }
}

/// Lines of both bills about the movements of a day, by what they have in common.
/// The book is $1, the day $2; the day after may explain it.
const BY_KEY: &str = r"
    declare by_key no scroll cursor for
    with keys as (
        select distinct l.settle_key from statement_lines l join statements s using (statement_id)
        where l.book_id = $1 and l.day = $2 and l.kind <> 'bank' and s.state = 'taken' and l.settle_key <> ''
          and l.deed in ('payment', 'refund', 'reversal', 'fee')
    )
    select l.settle_key, l.statement_id, l.line, l.kind = 'trades' as traded, l.day <= $2 as must, l.deed, l.progress,
           case when l.kind = 'trades' and l.deed = 'refund' then l.number else l.transaction end as own,
           abs(l.settle_minor) as minor,
           case when l.kind = 'trades' then l.fee_thousandths else -l.settle_minor * 1000 end as fee_thousandths
    from keys join statement_lines l on l.book_id = $1 and l.settle_key = keys.settle_key and l.kind <> 'bank'
    join statements s on s.statement_id = l.statement_id and s.state = 'taken'
    where l.day <= $2 + 1 and l.deed in ('payment', 'refund', 'reversal', 'fee')
    order by l.settle_key, l.kind, l.day, l.line
";

#[derive(FromRow)]
struct KeyRow {
    settle_key: String,
    statement_id: Uuid,
    line: i32,
    traded: bool,
    must: bool,
    deed: String,
    progress: String,
    own: String,
    minor: i64,
    fee_thousandths: i64,
}

impl KeyRow {
    fn moved(self) -> Result<Moved, Error> {
        Ok(Moved {
            statement: self.statement_id,
            line: line_number(self.line),
            traded: self.traded,
            must: self.must,
            deed: word(TABLE, "deed", Deed::from_word(&self.deed))?,
            progress: word(TABLE, "progress", Progress::from_word(&self.progress))?,
            own: self.own,
            minor: self.minor,
            fee_thousandths: self.fee_thousandths,
        })
    }
}

/// Opens the stream of a day's trade bill against its fund bill.
pub async fn open_by_key(tx: &mut PgConnection, book: Uuid, day: NaiveDate) -> Result<(), Error> {
    patient(tx).await?;
    sqlx::query(BY_KEY).bind(book).bind(day).execute(tx).await?;
    Ok(())
}

impl Stream<funds::Group> {
    /// As the other stream's.
    pub async fn next(&mut self, tx: &mut PgConnection) -> Result<Option<Vec<funds::Group>>, Error> {
        let rows: Vec<KeyRow> = sqlx::query_as("fetch 2000 from by_key").fetch_all(tx).await?;
        let begin = |row: &KeyRow| funds::Group {
            key: row.settle_key.clone(),
            moved: Vec::new(),
        };
        let holds = |group: &funds::Group, row: &KeyRow| group.key == row.settle_key;
        self.whole(rows, begin, holds, |group, row| {
            group.moved.push(row.moved()?);
            Ok(())
        })
    }
}

/// A day is sorted and joined before its first line comes out, which may take longer
/// than any other statement may; and all of it will be read.
pub async fn patient(tx: &mut PgConnection) -> Result<(), Error> {
    sqlx::query(
        "select set_config('statement_timeout', '10min', true), set_config('cursor_tuple_fraction', '1', true),
                set_config('work_mem', '64MB', true)",
    )
        .execute(tx)
        .await?;
    Ok(())
}
