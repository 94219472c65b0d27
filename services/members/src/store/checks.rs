//! What must hold of cards and their benefits whatever happens, and what others
//! must agree with.

use platform::{Check, Invariant, Tally};

pub fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::PaidIsGranted, "one_card_an_order", ONE_CARD_AN_ORDER),
        Check::new(Invariant::PaidIsGranted, "uses_add_up", USES_ADD_UP),
        Check::new(Invariant::NothingStuck, "holds_stuck", HOLDS_STUCK),
        Check::path("members_facts", PATH),
    ]
}

pub fn tallies() -> Vec<Tally> {
    vec![Tally::by_id(
        "cards",
        "select order_id as key, card_id::text as other, price_minor as amount_minor, state from cards",
    )]
}

const ONE_CARD_AN_ORDER: &str = r"
    select order_id::text as key, 'has ' || count(*) || ' cards' as what, 0::bigint as minor
    from cards
    group by order_id
    having count(*) > 1
";

/// A benefit's uses are its visits, what is held is its open holds, what is
/// revoked is what refunds took, and all together are no more than it gave.
const USES_ADD_UP: &str = r"
    select b.benefit_id::text as key,
           'keeps ' || b.used || ' used, ' || b.held || ' held, ' || b.revoked || ' revoked of '
               || coalesce(b.uses_total::text, 'any') || '; there are ' || v.visits || ' visits, ' || h.holds || ' holds, '
               || r.revoked || ' revoked' as what,
           0::bigint as minor
    from benefits b
    cross join lateral (select count(*) as visits from check_ins where benefit_id = b.benefit_id) v
    cross join lateral (select count(*) as holds from holds where benefit_id = b.benefit_id and state = 'held') h
    cross join lateral (
        select coalesce(sum((uses ->> b.benefit_id::text)::int), 0) as revoked from revocations where card_id = b.card_id
    ) r
    where b.used <> v.visits or b.ended_at is null and b.held <> h.holds or b.revoked <> r.revoked
       or b.used + b.held + b.revoked > b.uses_total
";

const HOLDS_STUCK: &str = r"
    select h.hold_id::text as key, 'is held and expired at ' || h.expires_at as what, 0::bigint as minor
    from holds h, terms
    where h.state = 'held' and h.expires_at < terms.overdue
";

const PATH: &str = r#"{
    "":                  ["person_registered", "card_opened", "staff_granted"],
    "person_registered": ["member_erased"],
    "card_opened":       ["card_activated"],
    "staff_granted":     ["staff_grant_revoked"]
}"#;
