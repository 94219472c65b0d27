//! What must hold of messages whatever happens.

use platform::{Check, Invariant};

pub fn checks() -> Vec<Check> {
    vec![Check::new(
        Invariant::NothingStuck,
        "messages_stuck",
        MESSAGES_STUCK,
    )]
}

const MESSAGES_STUCK: &str = r"
    select m.message_id::text as key, m.template || ' is ' || m.state || ' since ' || m.created_at as what, 0::bigint as minor
    from messages m, terms
    where m.state in ('queued', 'sending') and m.created_at < terms.overdue
";
