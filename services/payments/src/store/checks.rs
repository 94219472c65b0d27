//! What must hold of payments and refunds whatever happens, and what others
//! must agree with.

use platform::{Check, Invariant, Tally};

pub fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::RefundsWithinPaid, "refunds_add_up", REFUNDS_ADD_UP),
        Check::new(Invariant::ChannelAgrees, "intents_paid_once", INTENTS_PAID_ONCE),
        Check::new(Invariant::ChannelAgrees, "payments_proven", PAYMENTS_PROVEN),
        Check::new(Invariant::ChannelAgrees, "isolated_accounted", ISOLATED_ACCOUNTED),
        Check::new(Invariant::NothingStuck, "attempts_stuck", ATTEMPTS_STUCK),
        Check::new(Invariant::NothingStuck, "intents_stuck", INTENTS_STUCK),
        Check::new(Invariant::NothingStuck, "refunds_stuck", REFUNDS_STUCK),
        Check::new(Invariant::NothingStuck, "isolated_stuck", ISOLATED_STUCK),
        Check::new(Invariant::BooksBalance, "drawers_add_up", DRAWERS_ADD_UP),
        Check::new(Invariant::ChannelAgrees, "takings_proven", TAKINGS_PROVEN),
        Check::new(Invariant::ChannelAgrees, "transfers_proven", TRANSFERS_PROVEN),
        Check::path("payments_facts", PATH),
    ]
}

pub fn tallies() -> Vec<Tally> {
    vec![
        Tally::by_id(
            "captured",
            "select payment_id as key, due_id::text as other, paid_minor as amount_minor, purpose as state from payments",
        ),
        Tally::by_id(
            "refunds",
            "select leg_id as key, payment_id::text as other, amount_minor, state from refunds",
        ),
        Tally::by_number("attempts", ATTEMPTS),
        Tally::by_number("channel_refunds", CHANNEL_REFUNDS),
    ]
}

/// An attempt about which the channel contradicted us is a person's until then.
const ATTEMPTS: &str = r"
    select a.channel_number as key, coalesce(p.channel_transaction, i.channel_transaction, '') as other,
           coalesce(p.paid_minor, i.amount_minor, a.amount_minor) as amount_minor,
           case when a.state not in ('paid', 'isolated')
                     and exists (select from quarantine q where q.channel_number = a.channel_number)
                then 'quarantined' else a.state end as state
    from attempts a
    left join payments p on p.attempt_id = a.attempt_id
    left join isolated_money i on i.attempt_id = a.attempt_id
    where a.method not in ('cash', 'card_terminal', 'transfer')
";

/// Everything that was sent back to a payer, refund or money that no intent could take.
const CHANNEL_REFUNDS: &str = r"
    select r.refund_number as key, p.channel_number as other, r.amount_minor, r.state
    from refunds r join payments p using (payment_id)
    where p.method not in ('cash', 'card_terminal', 'transfer')
    union all
    select i.return_number, i.channel_number, i.amount_minor,
           case i.state when 'returned' then 'succeeded' else 'submitted' end
    from isolated_money i
";

const REFUNDS_ADD_UP: &str = r"
    select p.payment_id::text as key,
           'keeps ' || p.refund_reserved_minor || ' reserved and ' || p.refunded_minor || ' refunded of ' || p.paid_minor
               || ', its refunds make ' || r.reserved || ' and ' || r.refunded as what,
           p.refund_reserved_minor + p.refunded_minor - r.reserved - r.refunded as minor
    from payments p
    cross join lateral (
        select coalesce(sum(amount_minor) filter (where state in ('reserved', 'submitted', 'abnormal')), 0)::bigint as reserved,
               coalesce(sum(amount_minor) filter (where state = 'succeeded'), 0)::bigint as refunded
        from refunds where payment_id = p.payment_id
    ) r
    where p.refund_reserved_minor <> r.reserved or p.refunded_minor <> r.refunded
       or r.reserved + r.refunded > p.paid_minor
";

/// A paid intent has one paid attempt and one payment; others have none.
const INTENTS_PAID_ONCE: &str = r"
    select i.intent_id::text as key,
           'is ' || i.state || ' with ' || a.paid || ' paid attempts and ' || p.paid || ' payments of ' || p.minor as what,
           0::bigint as minor
    from intents i
    cross join lateral (
        select count(*) as paid from attempts where intent_id = i.intent_id and state = 'paid'
    ) a
    cross join lateral (
        select count(*) as paid, coalesce(sum(paid_minor), 0)::bigint as minor from payments where intent_id = i.intent_id
    ) p
    where a.paid <> (i.state = 'paid')::int or p.paid <> (i.state = 'paid')::int
       or p.minor <> case when i.state = 'paid' then i.amount_minor else 0 end
";

/// A payment is its attempt, number for number, and has its receipt.
const PAYMENTS_PROVEN: &str = r"
    select p.payment_id::text as key,
           'of ' || p.paid_minor || ' by ' || p.channel_number || ': attempt ' || coalesce(a.state, 'missing')
               || ' of ' || coalesce(a.amount_minor, 0) || ', receipt of ' || coalesce(r.amount_minor, 0) as what,
           p.paid_minor - coalesce(a.amount_minor, 0) as minor
    from payments p
    left join attempts a on a.attempt_id = p.attempt_id
    left join receipts r on r.payment_id = p.payment_id
    where a.state is distinct from 'paid' or a.channel_number <> p.channel_number or a.amount_minor <> p.paid_minor
       or a.intent_id <> p.intent_id or r.amount_minor is distinct from p.paid_minor
";

const ISOLATED_ACCOUNTED: &str = r"
    select coalesce(a.attempt_id, i.attempt_id)::text as key,
           'attempt ' || coalesce(a.state, 'missing') || ' with ' || coalesce(i.amount_minor, 0) || ' isolated' as what,
           coalesce(i.amount_minor, 0) as minor
    from attempts a
    full join isolated_money i on i.attempt_id = a.attempt_id
    where (a.state is not distinct from 'isolated') <> (i.isolated_id is not null)
";

const ATTEMPTS_STUCK: &str = r"
    select a.attempt_id::text as key, 'is ' || a.state || ', to end at ' || a.expire_at as what, 0::bigint as minor
    from attempts a, terms
    where a.state = 'creating' and a.created_at < terms.overdue
       or a.state in ('awaiting_payment', 'closing') and a.expire_at < terms.overdue
";

const INTENTS_STUCK: &str = r"
    select i.intent_id::text as key, 'is open and ended at ' || i.expire_at as what, 0::bigint as minor
    from intents i, terms
    where i.state = 'open' and i.expire_at < terms.overdue
";

/// An abnormal refund waits for a person at the channel and is listed there; one
/// at a drawer waits for who fetches it, one by bank for who sends it.
const REFUNDS_STUCK: &str = r"
    select r.refund_id::text as key, 'is ' || r.state || ' since ' || r.created_at as what, r.amount_minor as minor
    from terms, refunds r join payments p using (payment_id)
    where r.state in ('reserved', 'submitted') and r.created_at < terms.overdue
      and p.method not in ('cash', 'card_terminal', 'transfer')
";

const ISOLATED_STUCK: &str = r"
    select i.isolated_id::text as key, 'is held since ' || i.isolated_at as what, i.amount_minor as minor
    from isolated_money i, terms
    where i.state = 'held' and i.isolated_at < terms.overdue
";

/// A drawer holds what it was opened with and what went through it, and a counted
/// one was counted piece by piece.
const DRAWERS_ADD_UP: &str = r"
    select d.drawer_id::text as key,
           'keeps ' || d.cash_minor || ', its entries make ' || e.made || ', its pieces ' || c.made as what,
           d.cash_minor - e.made as minor
    from drawers d
    cross join lateral (
        select d.opening_minor + coalesce(sum(case when kind in ('cash_taken', 'paid_in') then amount_minor
                                                   when kind in ('paid_out', 'cash_refunded') then -amount_minor
                                                   else 0 end), 0)::bigint as made
        from drawer_entries where drawer_id = d.drawer_id
    ) e
    cross join lateral (
        select coalesce(sum(denomination_minor::bigint * pieces), 0)::bigint as made
        from drawer_pieces where drawer_id = d.drawer_id
    ) c
    where d.cash_minor <> e.made or d.state = 'counted' and d.counted_minor <> c.made
";

/// What was taken at a drawer is a payment, and the other way round.
const TAKINGS_PROVEN: &str = r"
    select coalesce(p.attempt_id, e.attempt_id)::text as key,
           'paid ' || coalesce(p.paid_minor, 0) || ' at a drawer that took ' || coalesce(e.amount_minor, 0) as what,
           coalesce(p.paid_minor, 0) - coalesce(e.amount_minor, 0) as minor
    from (select * from payments where method in ('cash', 'card_terminal')) p
    full join (select * from drawer_entries where kind in ('cash_taken', 'card_taken')) e using (attempt_id)
    where p.paid_minor is distinct from e.amount_minor
";

/// A transfer is money of a line that two persons assigned to it; what was
/// more than the due is an item again.
const TRANSFERS_PROVEN: &str = r"
    select coalesce(p.attempt_id, s.attempt_id)::text as key,
           'paid ' || coalesce(p.paid_minor, 0) || ' of ' || coalesce(s.amount_minor, 0) || ' that came, of which '
               || coalesce(s.rest, 0) || ' are left' as what,
           coalesce(p.paid_minor, 0) + coalesce(s.rest, 0) - coalesce(s.amount_minor, 0) as minor
    from (
        select * from payments
        where method = 'transfer' or attempt_id in (select attempt_id from suspense_items where state = 'assigned')
    ) p
    full join (
        select i.attempt_id, i.amount_minor, coalesce(r.amount_minor, 0) as rest
        from suspense_items i
        left join suspense_items r on r.remains_of = i.suspense_id
        where i.state = 'assigned'
    ) s using (attempt_id)
    where p.paid_minor is null or s.amount_minor is null or p.paid_minor + s.rest <> s.amount_minor
";

const PATH: &str = r#"{
    "":                ["attempt_opened", "payment_captured", "receipt_issued", "intent_expired", "intent_cancelled",
                        "refund_succeeded", "refund_bounced", "refund_abnormal", "money_isolated",
                        "difference_found", "settlement_seen", "bank_balance_seen", "reconciliation_day_closed",
                        "exception_opened",
                        "drawer_counted", "drawer_day_confirmed", "suspense_found",
                        "counter_code_mismatched"],
    "payment_captured": ["payment_anomaly_found"],
    "counter_code_mismatched": ["counter_code_mismatched"],
    "suspense_found":  ["suspense_ended"],
    "refund_abnormal": ["refund_succeeded", "refund_bounced"],
    "money_isolated":  ["money_returned"],
    "difference_found": ["difference_resolved"],
    "exception_opened": ["exception_answered", "exception_overdue"],
    "exception_overdue": ["exception_answered"],
    "exception_answered": ["exception_closed", "exception_opened"],
    "exception_closed": ["exception_opened"]
}"#;
