//! Recharges: flat rows, read into the state that they stand in.

mod row;

use kernel::{
    Balance, DueId, IntentId, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId, WalletId,
};
use platform::page::Page;
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use self::row::Row;
use super::wallets::one_row;

use crate::domain::Recharge;
use crate::domain::recharge::{Mark, Rejection, Return, State};

/// Adds an application.
pub async fn insert(tx: &mut PgConnection, recharge: &Recharge) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into recharges (recharge_id, number, wallet_id, person_id, studio_id, legal_entity_id, state, amount_minor,
                               method, due_id, applied_by, applied_at, expire_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        recharge.id as RechargeId,
        recharge.number,
        recharge.wallet as WalletId,
        recharge.person as PersonId,
        recharge.studio as StudioId,
        recharge.legal_entity as LegalEntityId,
        recharge.state.name(),
        recharge.amount.minor(),
        recharge.method.name(),
        recharge.due as DueId,
        recharge.applied.by as PersonId,
        recharge.applied.at,
        recharge.expire_at,
        recharge.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a recharge and holds its row until the transaction ends.
pub async fn lock(tx: &mut PgConnection, id: RechargeId) -> Result<Option<Recharge>, Error> {
    let held = sqlx::query_scalar!(
        "select recharge_id from recharges where recharge_id = $1 for no key update",
        id as RechargeId
    )
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_none() {
        return Ok(None);
    }
    find(tx, id).await
}

/// Reads a recharge as it is.
pub async fn find(tx: &mut PgConnection, id: RechargeId) -> Result<Option<Recharge>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select recharge_id, number, wallet_id, person_id, studio_id, legal_entity_id, state, amount_minor, method, due_id,
               intent_id, payment_id, channel_transaction, received_minor, focus, applied_by, accepted_by, rejected_by,
               audited_by, consultation as "consultation: Sealed", reject_reason, advice,
               explanation as "explanation: Sealed", return_attempt, return_leg_id, stuck_why,
               lot_id, applied_at, accepted_at, received_at, audited_at, expire_at, version
        from recharges
        where recharge_id = $1
        "#,
        id as RechargeId,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::read).transpose()
}

/// The recharge whose due a payment intent pays.
pub async fn by_due(tx: &mut PgConnection, due: DueId) -> Result<Option<RechargeId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select recharge_id as "id: RechargeId" from recharges where due_id = $1"#,
        due as DueId
    )
    .fetch_optional(tx)
    .await?)
}

/// The recharge whose money is sent back as this leg.
pub async fn by_return_leg(tx: &mut PgConnection, leg: Uuid) -> Result<Option<RechargeId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select recharge_id as "id: RechargeId" from recharges where return_leg_id = $1"#,
        leg
    )
    .fetch_optional(tx)
    .await?)
}

/// What has come for a wallet and waits for finance.
pub async fn pending(tx: &mut PgConnection, wallet: WalletId) -> Result<Balance, Error> {
    let minor = sqlx::query_scalar!(
        r#"
        select coalesce(sum(received_minor), 0)::bigint as "minor!"
        from recharges
        where wallet_id = $1 and state = 'received'
        "#,
        wallet as WalletId,
    )
    .fetch_one(tx)
    .await?;
    Balance::from_minor(minor).ok_or_else(|| inconsistent("recharges", "received_minor"))
}

/// What a list is bound by; nothing binds where nothing is given.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<&'static str>,
    pub focus_only: bool,
    pub studio: Option<StudioId>,
    pub person: Option<PersonId>,
    /// The studios within reach, unless all are; a person's own besides.
    pub reach: Option<Vec<Uuid>>,
    pub own: Option<PersonId>,
}

/// A page of recharges, the oldest first. The reach is said here as well as by
/// row level security, so that the index serves.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    page: &Page<RechargeId>,
) -> Result<Vec<Recharge>, Error> {
    let mut query = QueryBuilder::<Postgres>::new("select * from recharges where true");
    if let Some(state) = filter.state {
        query.push(" and state = ").push_bind(state);
    }
    if filter.focus_only {
        query.push(" and focus <> '{}'");
    }
    if let Some(studio) = filter.studio {
        query.push(" and studio_id = ").push_bind(studio.0);
    }
    if let Some(person) = filter.person {
        query.push(" and person_id = ").push_bind(person.0);
    }
    if let Some(reach) = &filter.reach {
        query
            .push(" and (studio_id = any(")
            .push_bind(reach.clone())
            .push(")");
        if let Some(own) = filter.own {
            query.push(" or person_id = ").push_bind(own.0);
        }
        query.push(")");
    }
    if let Some(after) = page.after() {
        query.push(" and recharge_id > ").push_bind(after.0);
    }
    query.push(" order by recharge_id limit ").push_bind(page.limit());
    let rows: Vec<Row> = query.build_query_as().fetch_all(tx).await?;
    rows.into_iter().map(Row::read).collect()
}

/// Writes where a recharge stands, as decided from the version before.
pub async fn save(tx: &mut PgConnection, recharge: &Recharge) -> Result<(), Error> {
    let columns = Columns::of(&recharge.state);
    let received = recharge.state.received();
    let focus: Vec<String> = received
        .iter()
        .flat_map(|r| &r.focus)
        .map(|f| f.name().to_owned())
        .collect();
    let comparison = received.map(|r| {
        if r.amount == recharge.amount {
            "equal"
        } else {
            "different"
        }
    });
    let saved = sqlx::query!(
        r#"
        update recharges
        set state = $3, intent_id = $4, payment_id = $5, channel_transaction = $6, received_minor = $7, comparison = $8,
            focus = $9, accepted_by = $10, accepted_at = $11, rejected_by = $12, audited_by = $13, audited_at = $14,
            consultation = $15, reject_reason = $16, advice = $17, explanation = $18, return_attempt = $19,
            return_leg_id = $20, stuck_why = $21, lot_id = $22, received_at = $23, version = $2::bigint
        where recharge_id = $1 and version = $2::bigint - 1
        "#,
        recharge.id as RechargeId,
        recharge.version,
        recharge.state.name(),
        recharge.intent as Option<IntentId>,
        received.map(|r| r.payment) as Option<PaymentId>,
        received.map(|r| r.channel_transaction.as_str()),
        received.map(|r| r.amount.minor()),
        comparison,
        &focus,
        recharge.accepted.map(|m| m.by) as Option<PersonId>,
        recharge.accepted.map(|m| m.at),
        recharge.declined_by as Option<PersonId>,
        columns.audit.map(|m| m.by) as Option<PersonId>,
        columns.audit.map(|m| m.at),
        columns.consultation,
        columns.rejection.map(|r| r.reason.name()),
        columns.rejection.map(|r| r.advice.name()),
        columns.rejection.map(|r| r.explanation.bytes.as_slice()),
        columns.sent.map_or(0, |s| s.attempt),
        columns.sent.map(|s| s.leg),
        columns.stuck_why,
        columns.lot as Option<LotId>,
        received.map(|r| r.at),
    )
    .execute(tx)
    .await?;
    one_row(saved.rows_affected(), "recharges")
}

/// A state spread over the nullable columns.
#[derive(Default)]
struct Columns<'a> {
    audit: Option<Mark>,
    consultation: Option<&'a [u8]>,
    rejection: Option<&'a Rejection>,
    sent: Option<&'a Return>,
    stuck_why: Option<&'a str>,
    lot: Option<LotId>,
}

impl<'a> Columns<'a> {
    fn of(state: &'a State) -> Self {
        let back = |sent: &'a Return, stuck_why: Option<&'a str>| Self {
            audit: Some(sent.audit),
            rejection: Some(&sent.rejection),
            sent: Some(sent),
            stuck_why,
            ..Self::default()
        };
        match state {
            State::Applied | State::Accepted | State::Received(_) | State::Cancelled | State::Expired => {
                Self::default()
            }
            State::Posted {
                audit,
                consultation,
                lot,
                ..
            } => Self {
                audit: Some(*audit),
                consultation: consultation.as_ref().map(|words| words.bytes.as_slice()),
                lot: Some(*lot),
                ..Self::default()
            },
            State::Rejected(rejection) => Self {
                rejection: Some(rejection),
                ..Self::default()
            },
            State::Returning(sent) | State::Returned(sent) => back(sent, None),
            State::ReturnStuck { sent, why } => back(sent, Some(why)),
        }
    }
}
