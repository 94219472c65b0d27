//! The table `intents`.

use kernel::{AttemptId, DueId, IntentId, LegalEntityId, PaymentId, PersonId, StudioId, Timestamp};
use platform::Error;
use sqlx::PgConnection;

use super::{amount, word};
use crate::domain::Purpose;
use crate::domain::intent::{Claim, Intent, State};

const TABLE: &str = "intents";

struct Row {
    intent_id: IntentId,
    purpose: String,
    due_id: DueId,
    person_id: PersonId,
    studio_id: StudioId,
    legal_entity_id: LegalEntityId,
    amount_minor: i64,
    description: String,
    state: String,
    expire_at: Timestamp,
    created_at: Timestamp,
    version: i64,
}

impl TryFrom<Row> for Intent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.intent_id,
            claim: Claim {
                purpose: word(TABLE, "purpose", Purpose::from_word(&row.purpose))?,
                due_id: row.due_id,
                person_id: row.person_id,
                studio_id: row.studio_id,
                legal_entity_id: row.legal_entity_id,
                amount: amount(TABLE, row.amount_minor)?,
                description: row.description,
                expire_at: row.expire_at,
            },
            state: word(TABLE, "state", State::from_word(&row.state))?,
            created_at: row.created_at,
            version: row.version,
        })
    }
}

/// An intent with the attempt that is open or was paid, and its payment.
#[derive(Debug, Clone)]
pub struct View {
    pub intent: Intent,
    pub attempt: Option<AttemptId>,
    pub payment: Option<PaymentId>,
}

/// False when the due has an intent already.
pub async fn insert(tx: &mut PgConnection, intent: &Intent) -> Result<bool, Error> {
    let claim = &intent.claim;
    let inserted = sqlx::query!(
        r#"
        insert into intents (intent_id, purpose, due_id, person_id, studio_id, legal_entity_id,
                             amount_minor, description, expire_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (purpose, due_id) do nothing
        "#,
        intent.id as _,
        claim.purpose.word(),
        claim.due_id as _,
        claim.person_id as _,
        claim.studio_id as _,
        claim.legal_entity_id as _,
        claim.amount.minor(),
        claim.description,
        claim.expire_at,
        intent.created_at,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn of_due(tx: &mut PgConnection, purpose: Purpose, due: DueId) -> Result<Option<IntentId>, Error> {
    Ok(sqlx::query_scalar!(
        r#"select intent_id as "id: IntentId" from intents where purpose = $1 and due_id = $2"#,
        purpose.word(),
        due as _,
    )
    .fetch_optional(tx)
    .await?)
}

/// Reads an intent and holds its row, so that whatever ends it or starts an
/// attempt of it happens one after the other. Lock it before its attempts.
pub async fn lock(tx: &mut PgConnection, id: IntentId) -> Result<Option<Intent>, Error> {
    sqlx::query_as!(
        Row,
        r#"
        select intent_id as "intent_id: _", purpose, due_id as "due_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", legal_entity_id as "legal_entity_id: _", amount_minor,
               description, state, expire_at, created_at, version
        from intents
        where intent_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?
    .map(Intent::try_from)
    .transpose()
}

pub async fn view(tx: &mut PgConnection, id: IntentId) -> Result<Option<View>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select intent_id as "intent_id: _", purpose, due_id as "due_id: _", person_id as "person_id: _",
               studio_id as "studio_id: _", legal_entity_id as "legal_entity_id: _", amount_minor,
               description, state, expire_at, created_at, version
        from intents
        where intent_id = $1
        "#,
        id as _,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attempt = sqlx::query_scalar!(
        r#"
        select attempt_id as "id: AttemptId" from attempts
        where intent_id = $1 and state in ('creating', 'awaiting_payment', 'closing', 'paid')
        order by attempt_id desc
        limit 1
        "#,
        id as _,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let payment = sqlx::query_scalar!(
        r#"select payment_id as "id: PaymentId" from payments where intent_id = $1"#,
        id as _,
    )
    .fetch_optional(&mut *tx)
    .await?;
    Ok(Some(View {
        intent: row.try_into()?,
        attempt,
        payment,
    }))
}

pub async fn save_state(tx: &mut PgConnection, intent: &Intent) -> Result<(), Error> {
    sqlx::query!(
        "update intents set state = $2, version = $3 where intent_id = $1",
        intent.id as _,
        intent.state.word(),
        intent.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}
