//! That nothing stays unknown for longer than twice the life of a QR.

use std::collections::BTreeSet;

use crate::world::World;

/// Twice the time for which a QR can be paid, in seconds of business time.
const LONGEST_S: f64 = 1_800.0;

const OVERDUE: &str = "
    select channel_number, 'is ' || state from attempts
        where state in ('creating', 'awaiting_payment', 'closing') and created_at < $1 - make_interval(secs => $2)
    union all select p.channel_number, 'refund of it is ' || r.state
        from refunds r join payments p using (payment_id)
        where r.state in ('reserved', 'submitted') and r.created_at < $1 - make_interval(secs => $2)
    union all select channel_number, 'isolated and not back' from isolated_money
        where state = 'held' and isolated_at < $1 - make_interval(secs => $2)";

/// Panics when something is unknown for too long. What goes back of the payments
/// in `held` the channel itself keeps waiting.
pub async fn none(world: &World, held: &BTreeSet<String>) {
    let found: Vec<(String, String)> = sqlx::query_as(OVERDUE)
        .bind(world.it.clock().now())
        .bind(LONGEST_S)
        .fetch_all(world.it.pool())
        .await
        .unwrap();
    let late: Vec<_> = found
        .iter()
        .filter(|(number, what)| what.starts_with("is ") || !held.contains(number))
        .collect();
    assert!(late.is_empty(), "unknown for too long: {late:#?}");
}
