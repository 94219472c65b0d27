//! The table `refunds`.

use kernel::{PaymentId, PersonId, RefundId, RefundLegId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios, inconsistent};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use super::amount;
use crate::channel::ChannelNumber;
use crate::domain::Method;
use crate::domain::refund::{Refund, State};

const TABLE: &str = "refunds";

#[derive(FromRow)]
struct Row {
    refund_id: RefundId,
    payment_id: PaymentId,
    leg_id: RefundLegId,
    person_id: PersonId,
    studio_id: StudioId,
    amount_minor: i64,
    reason: String,
    refund_number: String,
    channel_refund: Option<String>,
    state: String,
    bounced_why: Option<String>,
    waiting_since: Option<Timestamp>,
    created_at: Timestamp,
    succeeded_at: Option<Timestamp>,
    traceparent: String,
    version: i64,
}

impl Row {
    fn state(&self) -> Result<State, Error> {
        let channel_refund = self.channel_refund.clone();
        Ok(
            match (
                self.state.as_str(),
                channel_refund,
                self.succeeded_at,
                &self.bounced_why,
            ) {
                ("reserved", None, None, None) => State::Reserved,
                ("submitted", None, None, None) => State::Submitted,
                ("abnormal", None, None, None) => State::Abnormal,
                ("succeeded", Some(channel_refund), Some(at), None) => {
                    State::Succeeded { at, channel_refund }
                }
                ("bounced", None, None, Some(why)) => State::Bounced { why: why.clone() },
                _ => return Err(inconsistent(TABLE, format!("refund {}", self.refund_id))),
            },
        )
    }
}

impl TryFrom<Row> for Refund {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            state: row.state()?,
            id: row.refund_id,
            payment_id: row.payment_id,
            leg_id: row.leg_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            amount: amount(TABLE, row.amount_minor)?,
            reason: row.reason,
            number: ChannelNumber::from_text(row.refund_number),
            waiting_since: row.waiting_since,
            created_at: row.created_at,
            traceparent: row.traceparent,
            version: row.version,
        })
    }
}

/// False when the leg has a refund already.
pub async fn insert(tx: &mut PgConnection, refund: &Refund) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into refunds (refund_id, payment_id, leg_id, person_id, studio_id, amount_minor, reason,
                             refund_number, created_at, traceparent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (leg_id) do nothing
        "#,
        refund.id as _,
        refund.payment_id as _,
        refund.leg_id as _,
        refund.person_id as _,
        refund.studio_id as _,
        refund.amount.minor(),
        refund.reason,
        refund.number.as_str(),
        refund.created_at,
        refund.traceparent,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn get(tx: &mut PgConnection, id: RefundId) -> Result<Option<Refund>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select refund_id as "refund_id: _", payment_id as "payment_id: _", leg_id as "leg_id: _",
               person_id as "person_id: _", studio_id as "studio_id: _", amount_minor, reason, refund_number,
               channel_refund, state, bounced_why, waiting_since, created_at, succeeded_at, traceparent, version
        from refunds
        where refund_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Refund::try_from)
    .transpose()
}

/// Reads a refund and holds its row, so that its end is recorded once.
pub async fn lock(tx: &mut PgConnection, id: RefundId) -> Result<Option<Refund>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select refund_id as "refund_id: _", payment_id as "payment_id: _", leg_id as "leg_id: _",
               person_id as "person_id: _", studio_id as "studio_id: _", amount_minor, reason, refund_number,
               channel_refund, state, bounced_why, waiting_since, created_at, succeeded_at, traceparent, version
        from refunds
        where refund_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Refund::try_from)
    .transpose()
}

/// What a list of refunds is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub payment: Option<PaymentId>,
    pub studio: Option<StudioId>,
    pub state: Option<&'static str>,
    pub method: Option<Method>,
}

/// One page of refunds in the order in which they were asked for, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    own: Option<PersonId>,
    filter: &Filter,
    page: &Page<(Timestamp, RefundId)>,
) -> Result<Vec<Refund>, Error> {
    let mut query = QueryBuilder::new("select p.* from refunds p where true");
    super::scope(&mut query, scope, own);
    if let Some(payment) = filter.payment {
        query.push(" and p.payment_id = ").push_bind(payment);
    }
    if let Some(studio) = filter.studio {
        query.push(" and p.studio_id = ").push_bind(studio);
    }
    if let Some(state) = filter.state {
        query.push(" and p.state = ").push_bind(state);
    }
    if let Some(method) = filter.method {
        query
            .push(" and exists (select from payments q where q.payment_id = p.payment_id and q.method = ")
            .push_bind(method.word())
            .push(")");
    }
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.created_at, p.refund_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.created_at desc, p.refund_id desc limit ")
        .push_bind(page.limit());
    query
        .build_query_as::<Row>()
        .fetch_all(tx)
        .await?
        .into_iter()
        .map(Refund::try_from)
        .collect()
}

pub async fn of_number(tx: &mut PgConnection, number: &ChannelNumber) -> Result<Option<RefundId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select refund_id as "id: RefundId" from refunds where refund_number = $1"#,
        number.as_str()
    )
    .fetch_optional(tx)
    .await?)
}

/// Saves the state; the trigger checks the step and the version.
pub async fn save_state(tx: &mut PgConnection, refund: &Refund) -> Result<(), Error> {
    let (channel_refund, succeeded_at, bounced_why) = match &refund.state {
        State::Reserved | State::Submitted | State::Abnormal => (None, None, None),
        State::Succeeded { at, channel_refund } => (Some(channel_refund.as_str()), Some(*at), None),
        State::Bounced { why } => (None, None, Some(why.as_str())),
    };
    sqlx::query!(
        r#"
        update refunds
        set state = $2, version = $3, channel_refund = $4, succeeded_at = $5, bounced_why = $6, waiting_since = $7
        where refund_id = $1
        "#,
        refund.id as _,
        refund.state.word(),
        refund.version,
        channel_refund,
        succeeded_at,
        bounced_why,
        refund.waiting_since,
    )
    .execute(tx)
    .await?;
    Ok(())
}
