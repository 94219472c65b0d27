use std::collections::BTreeMap;

use kernel::{OrderId, PersonId, Timestamp};
use platform::vault::Sealed;
use platform::{Caller, Error};
use sqlx::PgConnection;

use super::word;
use crate::domain::order::{Change, State, Step};

/// Who takes a step.
#[derive(Debug, Clone)]
pub struct Actor {
    pub name: String,
    pub person: Option<PersonId>,
}

impl Actor {
    /// The house itself, by a fact or a task.
    pub fn system() -> Self {
        Self {
            name: "service:orders".to_owned(),
            person: None,
        }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        Self {
            name: caller.actor(),
            person: caller.person(),
        }
    }
}

/// One step as it was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub number: i32,
    pub step: Step,
    pub from: Option<State>,
    pub to: State,
    pub actor: Actor,
    pub occurred_at: Timestamp,
    pub stood_ms: i64,
    pub evidence: BTreeMap<String, String>,
    pub words: Sealed,
}

/// Adds the steps of an act. The order's row is locked, so numbers are dense.
pub(super) async fn record(tx: &mut PgConnection, change: &Change, actor: &Actor) -> Result<(), Error> {
    let order = &change.order;
    for taken in &change.steps {
        let evidence: BTreeMap<&str, &String> =
            taken.evidence.iter().map(|(key, value)| (*key, value)).collect();
        let evidence = serde_json::to_value(evidence).map_err(|e| Error::Internal(e.to_string()))?;
        sqlx::query!(
            r#"
            insert into order_steps (order_id, number, studio_id, person_id, kind, from_state, to_state, actor,
                                     actor_person, occurred_at, stood_ms, evidence, words)
            select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
            from order_steps where order_id = $1
            "#,
            order.id as _,
            order.studio as _,
            order.person as _,
            taken.step.as_str(),
            taken.from.map(State::as_str),
            taken.to.as_str(),
            actor.name,
            actor.person as _,
            taken.at,
            taken.stood_ms,
            evidence,
            taken.words.bytes,
        )
        .execute(&mut *tx)
        .await?;
        crate::meters::took(taken);
    }
    Ok(())
}

/// Everything that happened to an order, the first first.
pub async fn of_order(tx: &mut PgConnection, id: OrderId) -> Result<Vec<Kept>, Error> {
    let rows = sqlx::query!(
        r#"
        select number, kind, from_state, to_state, actor, actor_person as "actor_person: PersonId", occurred_at,
               stood_ms, evidence as "evidence: sqlx::types::Json<BTreeMap<String, String>>",
               words as "words: Sealed"
        from order_steps
        where order_id = $1
        order by number
        "#,
        id as _,
    )
    .fetch_all(tx)
    .await?;
    let state = |text: &String| word("order_steps", "state", State::parse, text);
    rows.into_iter()
        .map(|r| {
            Ok(Kept {
                number: r.number,
                step: word("order_steps", "kind", Step::parse, &r.kind)?,
                from: r.from_state.as_ref().map(state).transpose()?,
                to: state(&r.to_state)?,
                actor: Actor {
                    name: r.actor,
                    person: r.actor_person,
                },
                occurred_at: r.occurred_at,
                stood_ms: r.stood_ms,
                evidence: r.evidence.0,
                words: r.words,
            })
        })
        .collect()
}
