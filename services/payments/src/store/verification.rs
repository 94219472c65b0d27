//! The table `verifications`.

use kernel::{AttemptId, PaymentId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};

use super::{amount, word};
use crate::domain::Method;
use crate::domain::verification::{Act, Anomaly, State, Verification};

const TABLE: &str = "verifications";

/// A verification with what of its payment people know it by.
pub struct Looked {
    pub look: Verification,
    pub method: Method,
    pub transaction: String,
    pub paid_at: Timestamp,
    pub captured_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    payment_id: PaymentId,
    attempt_id: AttemptId,
    person_id: PersonId,
    studio_id: StudioId,
    state: String,
    due_at: Timestamp,
    verified_by: Option<PersonId>,
    verified_at: Option<Timestamp>,
    anomaly: Option<String>,
    reported_by: Option<PersonId>,
    reported_at: Option<Timestamp>,
    version: i64,
    paid_minor: i64,
    method: String,
    channel_transaction: String,
    paid_at: Timestamp,
    captured_at: Timestamp,
}

impl Row {
    fn state(&self) -> Result<State, Error> {
        let act = |by: Option<PersonId>, at: Option<Timestamp>| by.zip(at).map(|(by, at)| Act { by, at });
        let verified = act(self.verified_by, self.verified_at);
        let reported = act(self.reported_by, self.reported_at);
        let kind = match &self.anomaly {
            Some(kept) => Some(word(TABLE, "anomaly", Anomaly::from_word(kept))?),
            None => None,
        };
        match (self.state.as_str(), verified, kind, reported) {
            ("awaiting", None, None, None) => Ok(State::Awaiting),
            ("verified", Some(act), None, None) => Ok(State::Verified(act)),
            ("anomaly", verified, Some(kind), Some(reported)) => Ok(State::Anomaly {
                kind,
                reported,
                verified,
            }),
            _ => Err(platform::inconsistent(
                TABLE,
                format!("state of {}", self.payment_id),
            )),
        }
    }
}

impl TryFrom<Row> for Looked {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            look: Verification {
                state: row.state()?,
                payment_id: row.payment_id,
                attempt_id: row.attempt_id,
                person_id: row.person_id,
                studio_id: row.studio_id,
                amount: amount("payments", row.paid_minor)?,
                due_at: row.due_at,
                version: row.version,
            },
            method: word("payments", "method", Method::from_word(&row.method))?,
            transaction: row.channel_transaction,
            paid_at: row.paid_at,
            captured_at: row.captured_at,
        })
    }
}

pub async fn insert(tx: &mut PgConnection, look: &Verification) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into verifications (payment_id, attempt_id, person_id, studio_id, due_at)
        values ($1, $2, $3, $4, $5)
        "#,
        look.payment_id as _,
        look.attempt_id as _,
        look.person_id as _,
        look.studio_id as _,
        look.due_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

const SELECT: &str = "select p.*, q.paid_minor, q.method, q.channel_transaction, q.paid_at, q.captured_at \
                      from verifications p join payments q on q.payment_id = p.payment_id where true";

/// Reads a verification and holds its row, so that two persons look one after the
/// other.
pub async fn lock(tx: &mut PgConnection, id: PaymentId) -> Result<Option<Looked>, Error> {
    let mut query = QueryBuilder::<Postgres>::new(SELECT);
    query
        .push(" and p.payment_id = ")
        .push_bind(id)
        .push(" for no key update of p");
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(Looked::try_from).transpose()
}

/// Keeps what a person saw of a locked one; the trigger checks the step.
pub async fn save(tx: &mut PgConnection, look: &Verification) -> Result<(), Error> {
    let verified = look.state.verified();
    let reported = look.state.reported();
    sqlx::query!(
        r#"
        update verifications
        set state = $2, verified_by = $3, verified_at = $4, anomaly = $5, reported_by = $6, reported_at = $7,
            version = $8
        where payment_id = $1
        "#,
        look.payment_id as _,
        look.state.word(),
        verified.map(|act| act.by) as _,
        verified.map(|act| act.at),
        reported.map(|(kind, _)| kind.word()),
        reported.map(|(_, act)| act.by) as _,
        reported.map(|(_, act)| act.at),
        look.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// At how many nobody looked in time.
pub async fn overdue(tx: &mut PgConnection, now: Timestamp) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "count!" from verifications where state = 'awaiting' and due_at <= $1"#,
        now,
    )
    .fetch_one(tx)
    .await?)
}

/// What a list is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub studio: Option<StudioId>,
    pub payment: Option<PaymentId>,
    pub state: Option<&'static str>,
    pub overdue_at: Option<Timestamp>,
}

/// One page, those due first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    own: Option<PersonId>,
    filter: &Filter,
    page: &Page<(Timestamp, PaymentId)>,
) -> Result<Vec<Looked>, Error> {
    let mut query = QueryBuilder::new(SELECT);
    super::scope(&mut query, scope, own);
    if let Some(studio) = filter.studio {
        query.push(" and p.studio_id = ").push_bind(studio);
    }
    if let Some(payment) = filter.payment {
        query.push(" and p.payment_id = ").push_bind(payment);
    }
    if let Some(state) = filter.state {
        query.push(" and p.state = ").push_bind(state);
    }
    if let Some(now) = filter.overdue_at {
        query
            .push(" and p.state = 'awaiting' and p.due_at <= ")
            .push_bind(now);
    }
    if let Some((due, id)) = page.after() {
        query
            .push(" and (p.due_at, p.payment_id) > (")
            .push_bind(*due)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.due_at, p.payment_id limit ")
        .push_bind(page.limit());
    let rows = query.build_query_as::<Row>().fetch_all(tx).await?;
    rows.into_iter().map(Looked::try_from).collect()
}
