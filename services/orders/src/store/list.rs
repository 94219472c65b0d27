use kernel::{OrderId, PersonId, StudioId, Timestamp};
use platform::page::Page;
use platform::{Error, Studios};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

use crate::domain::order::{Order, State};
use crate::store;

/// Which orders are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A queue shows what waits longest first; anything else the latest first.
    pub longest_first: bool,
    /// None of them stands for every state.
    pub states: Vec<State>,
    pub studio: Option<StudioId>,
    pub person: Option<PersonId>,
    /// Only those on which somebody should have acted before this time.
    pub overdue_at: Option<Timestamp>,
}

/// What a page starts after.
pub type Key = (Timestamp, OrderId);

/// What the list is ordered by.
pub fn key(filter: &Filter, order: &Order) -> Key {
    (
        if filter.longest_first {
            order.since
        } else {
            order.created_at
        },
        order.id,
    )
}

/// One page of orders within the caller's reach, and one order more.
pub async fn page(
    tx: &mut PgConnection,
    studios: &Studios,
    own: Option<PersonId>,
    filter: &Filter,
    page: &Page<Key>,
) -> Result<Vec<Order>, Error> {
    let mut query = QueryBuilder::<Postgres>::new("select order_id from orders where true");
    scope(&mut query, studios, own);
    narrow(&mut query, filter);
    let (column, past, direction) = if filter.longest_first {
        ("state_since", ">", "asc")
    } else {
        ("created_at", "<", "desc")
    };
    if let Some((at, id)) = page.after() {
        query
            .push(format!(" and ({column}, order_id) {past} ("))
            .push_bind(*at)
            .push(", ")
            .push_bind(id.0)
            .push(")");
    }
    query
        .push(format!(
            " order by {column} {direction}, order_id {direction} limit "
        ))
        .push_bind(page.limit());
    let rows = query.build().fetch_all(&mut *tx).await?;
    let ids = rows
        .iter()
        .map(|row| row.try_get("order_id").map(OrderId))
        .collect::<Result<Vec<_>, _>>()?;
    store::order::many(tx, &ids).await
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &Filter) {
    if !filter.states.is_empty() {
        let states: Vec<&str> = filter.states.iter().map(|s| s.as_str()).collect();
        query.push(" and state = any(").push_bind(states).push(")");
    }
    if let Some(studio) = filter.studio {
        query.push(" and studio_id = ").push_bind(studio.0);
    }
    if let Some(person) = filter.person {
        query.push(" and person_id = ").push_bind(person.0);
    }
    if let Some(at) = filter.overdue_at {
        query.push(" and act_by < ").push_bind(at);
    }
}

/// Says what row level security says, so that the index on the studio serves.
fn scope(query: &mut QueryBuilder<Postgres>, studios: &Studios, own: Option<PersonId>) {
    match (studios, own) {
        (Studios::All, _) => {}
        (Studios::Some(studios), None) => {
            let ids: Vec<Uuid> = studios.iter().map(|s| s.0).collect();
            query.push(" and studio_id = any(").push_bind(ids).push(")");
        }
        (Studios::Some(_), Some(person)) => {
            query.push(" and person_id = ").push_bind(person.0);
        }
    }
}
