//! What must hold of cases and their legs whatever happens, and what others
//! must agree with.

use platform::{Check, Invariant, Tally};

pub fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::RefundsWithinPaid, "dues_add_up", DUES_ADD_UP),
        Check::new(Invariant::RefundsWithinPaid, "cases_add_up", CASES_ADD_UP),
        Check::new(Invariant::NothingStuck, "cases_stuck", CASES_STUCK),
        Check::path("refunds_facts", PATH),
    ]
}

pub fn tallies() -> Vec<Tally> {
    vec![
        Tally::by_id(
            "legs",
            "select sent_as as key, due_id::text as other, amount_minor, route || ' ' || state as state from legs",
        ),
        Tally::by_id(
            "cases",
            "select case_id as key, order_id::text as other, amount_minor, state from cases",
        ),
    ]
}

/// What of a due is promised or went back is what its legs say, and no more
/// than was paid.
const DUES_ADD_UP: &str = r"
    select d.due_id::text as key,
           'keeps ' || d.reserved_minor || ' promised and ' || d.returned_minor || ' returned of ' || d.paid_minor
               || ', its legs make ' || l.promised || ' and ' || l.returned as what,
           d.reserved_minor + d.returned_minor - l.promised - l.returned as minor
    from due_refunds d
    cross join lateral (
        select coalesce(sum(amount_minor) filter (where state <> 'returned'), 0)::bigint as promised,
               coalesce(sum(amount_minor) filter (where state = 'returned'), 0)::bigint as returned
        from legs where due_id = d.due_id
    ) l
    where d.reserved_minor <> l.promised or d.returned_minor <> l.returned or l.promised + l.returned > d.paid_minor
    union all
    select l.due_id::text, 'has a leg and no ceiling', l.amount_minor
    from legs l
    where not exists (select from due_refunds d where d.due_id = l.due_id)
";

/// The legs of a case that was approved make its amount, and all of them are
/// back when it is settled.
const CASES_ADD_UP: &str = r"
    select c.case_id::text as key,
           'is ' || c.state || ' over ' || c.amount_minor || ', its legs make ' || l.minor || ', back ' || l.returned as what,
           c.amount_minor - l.minor as minor
    from cases c
    cross join lateral (
        select coalesce(sum(amount_minor), 0)::bigint as minor,
               coalesce(sum(amount_minor) filter (where state = 'returned'), 0)::bigint as returned
        from legs where case_id = c.case_id
    ) l
    where l.minor <> case when c.state in ('requested', 'rejected') then 0 else c.amount_minor end
       or c.state in ('settling', 'completed') and l.returned <> c.amount_minor
";

/// A stuck case waits for a person, who has it listed.
const CASES_STUCK: &str = r"
    select c.case_id::text as key, 'is ' || c.state || ', decided at ' || c.decided_at as what, c.amount_minor as minor
    from cases c, terms
    where c.state in ('approved', 'returning', 'settling') and c.decided_at < terms.overdue
";

const PATH: &str = r#"{
    "":                   ["refund_requested", "refund_leg_returned", "refund_leg_bounced"],
    "refund_requested":   ["refund_approved", "refund_rejected"],
    "refund_approved":    ["refund_stuck", "refund_completed"],
    "refund_stuck":       ["refund_resumed"],
    "refund_resumed":     ["refund_stuck", "refund_completed"],
    "refund_leg_bounced": ["refund_leg_bounced", "refund_leg_returned"]
}"#;
