//! What must hold once all is quiet, whatever broke before. Returns every
//! violation that it finds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sqlx::PgPool;
use uuid::Uuid;

use crate::history::{End, History};
use crate::house::{House, SERVICES};
use crate::streams::streams;

/// Everything, read from the databases, the channel and the history.
pub async fn check(house: &House, history: &History) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for service in SERVICES {
        wrong.extend(nothing_waits_for_a_person(service, house.pool(service)?).await?);
        wrong.extend(numbers_are_dense(service, house.pool(service)?).await?);
    }
    for (service, sources) in streams() {
        for source in sources {
            wrong.extend(applied_once(house, service, source).await?);
        }
    }
    wrong.extend(acknowledged_is_kept(house, history).await?);
    wrong.extend(paid_is_granted_once(house).await?);
    wrong.extend(books_balance(house.pool("wallet")?).await?);
    wrong.extend(channel_agrees(house).await?);
    Ok(wrong)
}

async fn nothing_waits_for_a_person(service: &str, pool: &PgPool) -> Result<Vec<String>> {
    let parked: Vec<(String, String)> = sqlx::query_as(
        "select 'the task ' || kind, last_error from tasks where state = 'parked'
         union all select 'the fact ' || type || ' of ' || source, error from parked_events
         union all select 'the stream of ' || source, why from cursors where state <> 'running'",
    )
    .fetch_all(pool)
    .await?;
    Ok(parked
        .into_iter()
        .map(|(what, why)| format!("{service}: {what} waits for a person: {why}"))
        .collect())
}

async fn numbers_are_dense(service: &str, pool: &PgPool) -> Result<Vec<String>> {
    let (facts, numbered, last): (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from outbox), (select count(*) from feed), (select coalesce(max(seq), 0) from feed)",
    )
    .fetch_one(pool)
    .await?;
    let dense = facts == numbered && numbered == last;
    Ok((!dense)
        .then(|| format!("{service}: {facts} facts, {numbered} numbers up to {last}"))
        .into_iter()
        .collect())
}

/// I5: what is in the feed of the one is in the inbox of the other, once.
async fn applied_once(house: &House, service: &str, source: &str) -> Result<Vec<String>> {
    let published: Vec<(i64, Uuid)> = sqlx::query_as(
        "select f.seq, o.event_id from feed f join outbox o on o.id = f.outbox_id order by f.seq",
    )
    .fetch_all(house.pool(source)?)
    .await?;
    let applied: Vec<(i64, Uuid)> =
        sqlx::query_as("select seq, event_id from inbox where source = $1 order by seq")
            .bind(source)
            .fetch_all(house.pool(service)?)
            .await?;
    let differs = published != applied;
    let text = || {
        format!(
            "{service} applied {} facts of {source}, which published {}",
            applied.len(),
            published.len()
        )
    };
    Ok(differs.then(text).into_iter().collect())
}

/// I7: an acknowledged write is there, once; an unknown one at most once.
async fn acknowledged_is_kept(house: &House, history: &History) -> Result<Vec<String>> {
    let mut done: BTreeMap<Uuid, u32> = BTreeMap::new();
    for service in SERVICES {
        let rows: Vec<(Uuid, i64)> = sqlx::query_as(
            "select c.request_id, count(a.audit_id) from claims c
             left join audit a on a.request_id = c.request_id and a.decision = 'done'
             where c.outcome = 'done' group by c.caller, c.request_id",
        )
        .fetch_all(house.pool(service)?)
        .await?;
        for (id, audited) in rows {
            *done.entry(id).or_default() += u32::try_from(audited)?;
        }
    }
    let entries = history.entries();
    let acknowledged: BTreeSet<(&str, &str)> = entries
        .iter()
        .filter(|e| e.end == End::Ok)
        .map(|e| (e.request_id.as_str(), e.step))
        .collect();
    let mut wrong = Vec::new();
    for (id, step) in acknowledged {
        if id.is_empty() {
            continue;
        }
        match done.get(&id.parse()?) {
            Some(1) => {}
            None => wrong.push(format!("{step} {id} was acknowledged and is gone")),
            Some(n) => wrong.push(format!("{step} {id} took effect {n} times")),
        }
    }
    Ok(wrong)
}

/// I2: a paid order has exactly one card, and a card its paid order.
async fn paid_is_granted_once(house: &House) -> Result<Vec<String>> {
    let paid: Vec<(Uuid, String)> =
        sqlx::query_as("select order_id, state from orders where state in ('paid', 'fulfilled')")
            .fetch_all(house.pool("orders")?)
            .await?;
    let cards: Vec<(Uuid, i64)> = sqlx::query_as("select order_id, count(*) from cards group by order_id")
        .fetch_all(house.pool("members")?)
        .await?;
    let cards: BTreeMap<Uuid, i64> = cards.into_iter().collect();
    let orders: BTreeSet<Uuid> = paid.iter().map(|(id, _)| *id).collect();
    let bare = paid
        .iter()
        .filter(|(id, state)| state != "fulfilled" || cards.get(id) != Some(&1))
        .map(|(id, state)| format!("order {id} is {state} and has {:?} cards", cards.get(id)));
    let stray = cards
        .keys()
        .filter(|id| !orders.contains(id))
        .map(|id| format!("a card of order {id}, which is not paid"));
    Ok(bare.chain(stray).collect())
}

/// I1: every kept balance is what its transfers make it.
async fn books_balance(wallet: &PgPool) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(BOOKS).fetch_all(wallet).await?)
}

const BOOKS: &str = "
    select 'account ' || a.account_id || ' keeps ' || a.balance_minor || ', its transfers make ' || m.made
    from accounts a
    join lateral (
        select coalesce(sum(case when t.credit_id = a.account_id then t.amount_minor else -t.amount_minor end), 0)::bigint made
        from transfers t where a.account_id in (t.debit_id, t.credit_id)
    ) m on true
    where a.balance_minor is not null and a.balance_minor <> m.made";

/// I3 and I6: what the channel holds is what payments holds, to the fen.
async fn channel_agrees(house: &House) -> Result<Vec<String>> {
    let payments = house.pool("payments")?;
    let (paid, refunded): (i64, i64) = sqlx::query_as(
        "select coalesce(sum(paid_minor), 0)::bigint, coalesce(sum(refunded_minor), 0)::bigint from payments",
    )
    .fetch_one(payments)
    .await?;
    let channel_paid: i64 = house
        .channel
        .orders()
        .iter()
        .filter(|order| matches!(order["trade_state"].as_str(), Some("SUCCESS" | "REFUND")))
        .filter_map(|order| order["amount_minor"].as_i64())
        .sum();
    let channel_refunded: i64 = house
        .channel
        .refunds()
        .iter()
        .filter(|refund| refund["status"].as_str() == Some("SUCCESS"))
        .filter_map(|refund| refund["amount"]["refund"].as_i64())
        .sum();
    let mut wrong = Vec::new();
    if (paid, refunded) != (channel_paid, channel_refunded) {
        wrong.push(format!(
            "payments holds {paid} paid and {refunded} sent back, the channel {channel_paid} and {channel_refunded}"
        ));
    }
    let over: i64 = sqlx::query_scalar(
        "select count(*) from payments where refund_reserved_minor + refunded_minor > paid_minor",
    )
    .fetch_one(payments)
    .await?;
    if over > 0 {
        wrong.push(format!("{over} payments are refunded beyond what was paid"));
    }
    Ok(wrong)
}
