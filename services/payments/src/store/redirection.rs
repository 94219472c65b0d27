//! The table `redirections`.

use kernel::{PersonId, RefundId, StudioId, Timestamp};
use platform::page::Page;
use platform::vault::Sealed;
use platform::{Error, Studios};
use sqlx::{FromRow, PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::domain::redirection::{Redirection, State};

const TABLE: &str = "redirections";

#[derive(FromRow)]
struct Row {
    redirection_id: Uuid,
    refund_id: RefundId,
    person_id: PersonId,
    studio_id: StudioId,
    bank: String,
    number_end: String,
    state: String,
    maker: PersonId,
    proposed_at: Timestamp,
    checker: Option<PersonId>,
    ended_at: Option<Timestamp>,
    refused_why: Option<String>,
    traceparent: String,
    version: i64,
}

impl TryFrom<Row> for Redirection {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = match (row.state.as_str(), row.checker, row.ended_at, row.refused_why) {
            ("proposed", None, None, None) => State::Proposed,
            ("declined", Some(checker), Some(at), None) => State::Declined { checker, at },
            ("confirmed", Some(checker), None, None) => State::Confirmed { checker },
            ("accepted", Some(checker), Some(at), None) => State::Accepted { checker, at },
            ("refused", Some(checker), Some(at), Some(why)) => State::Refused { checker, at, why },
            _ => {
                let what = format!("state of {}", row.redirection_id);
                return Err(platform::inconsistent(TABLE, what));
            }
        };
        Ok(Self {
            id: row.redirection_id,
            refund_id: row.refund_id,
            person_id: row.person_id,
            studio_id: row.studio_id,
            bank: row.bank,
            number_end: row.number_end,
            maker: row.maker,
            proposed_at: row.proposed_at,
            state,
            traceparent: row.traceparent,
            version: row.version,
        })
    }
}

/// A card, as it is kept while it is needed.
pub struct Card {
    pub number: Sealed,
    pub holder: Sealed,
}

/// False when another one of the refund waits for its end.
pub async fn insert(tx: &mut PgConnection, redirection: &Redirection, card: &Card) -> Result<bool, Error> {
    let inserted = sqlx::query!(
        r#"
        insert into redirections (redirection_id, refund_id, person_id, studio_id, bank, number_end, number, holder,
                                  maker, proposed_at, traceparent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (refund_id) where ended_at is null do nothing
        "#,
        redirection.id,
        redirection.refund_id as _,
        redirection.person_id as _,
        redirection.studio_id as _,
        redirection.bank,
        redirection.number_end,
        card.number.bytes,
        card.holder.bytes,
        redirection.maker as _,
        redirection.proposed_at,
        redirection.traceparent,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

const SELECT: &str = "select p.redirection_id, p.refund_id, p.person_id, p.studio_id, p.bank, p.number_end, p.state, p.maker, \
                      p.proposed_at, p.checker, p.ended_at, p.refused_why, p.traceparent, p.version \
                      from redirections p where true";

/// Reads a redirection and holds its row, so that it is decided and ended once.
pub async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Redirection>, Error> {
    let mut query = QueryBuilder::new(SELECT);
    query
        .push(" and p.redirection_id = ")
        .push_bind(id)
        .push(" for no key update");
    let row = query.build_query_as::<Row>().fetch_optional(tx).await?;
    row.map(Redirection::try_from).transpose()
}

/// The card of one that has no end.
pub async fn card(tx: &mut PgConnection, id: Uuid) -> Result<Card, Error> {
    let row = sqlx::query!(
        r#"select number as "number!", holder as "holder!" from redirections where redirection_id = $1 and ended_at is null"#,
        id,
    )
    .fetch_one(tx)
    .await?;
    Ok(Card {
        number: Sealed::from(row.number),
        holder: Sealed::from(row.holder),
    })
}

/// Saves the state of a locked redirection; the trigger checks the step. The card
/// is forgotten with the end.
pub async fn save_state(tx: &mut PgConnection, redirection: &Redirection) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update redirections
        set state = $2, checker = $3, ended_at = $4, refused_why = $5, version = $6,
            number = case when $4::timestamptz is null then number end,
            holder = case when $4::timestamptz is null then holder end
        where redirection_id = $1
        "#,
        redirection.id,
        redirection.state.word(),
        redirection.state.checker() as _,
        redirection.state.ended_at(),
        redirection.state.refused_why(),
        redirection.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What a list of redirections is narrowed to; nothing leaves all in.
#[derive(Debug, Default)]
pub struct Filter {
    pub refund: Option<RefundId>,
    pub state: Option<&'static str>,
}

/// One page of redirections, the latest first.
pub async fn list(
    tx: &mut PgConnection,
    scope: &Studios,
    filter: &Filter,
    page: &Page<(Timestamp, Uuid)>,
) -> Result<Vec<Redirection>, Error> {
    let mut query = QueryBuilder::new(SELECT);
    super::scope(&mut query, scope, None);
    if let Some(refund) = filter.refund {
        query.push(" and p.refund_id = ").push_bind(refund);
    }
    if let Some(state) = filter.state {
        query.push(" and p.state = ").push_bind(state);
    }
    if let Some((at, id)) = page.after() {
        query
            .push(" and (p.proposed_at, p.redirection_id) < (")
            .push_bind(*at)
            .push(", ")
            .push_bind(*id)
            .push(")");
    }
    query
        .push(" order by p.proposed_at desc, p.redirection_id desc limit ")
        .push_bind(page.limit());
    let rows = query.build_query_as::<Row>().fetch_all(tx).await?;
    rows.into_iter().map(Redirection::try_from).collect()
}
