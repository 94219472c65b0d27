//! What must hold of orders and their dues whatever happens, and what others
//! must agree with.

use platform::{Check, Invariant, Tally};

pub fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::PaidIsGranted, "paid_is_granted", PAID_IS_GRANTED),
        Check::new(Invariant::PaidIsGranted, "dues_add_up", DUES_ADD_UP),
        Check::new(Invariant::RefundsWithinPaid, "refunds_add_up", REFUNDS_ADD_UP),
        Check::new(Invariant::NothingStuck, "orders_stuck", ORDERS_STUCK),
        Check::new(Invariant::StatesLegal, "order_steps", ORDER_STEPS),
        Check::new(Invariant::StatesLegal, "order_states", ORDER_STATES),
    ]
}

pub fn tallies() -> Vec<Tally> {
    vec![
        Tally::by_id(
            "order_cards",
            "select order_id as key, coalesce(card_id::text, '') as other, paid_minor - refunded_minor as amount_minor, state
             from orders where paid_minor > 0 or card_id is not null",
        ),
        Tally::by_id(
            "paid_dues",
            "select due_id as key, coalesce(payment_id, order_id)::text as other, amount_minor, method as state
             from dues where state = 'paid'",
        ),
        Tally::by_id(
            "refund_records",
            "select case_id as key, order_id::text as other, amount_minor, 'recorded' as state from refund_records",
        ),
    ]
}

/// An order whose dues are paid has its card, waits for it, or is one whose
/// money goes back; and none has a card or waits for one unpaid. Surplus buys nothing.
const PAID_IS_GRANTED: &str = r"
    select o.order_id::text as key,
           'is ' || o.state || case when o.card_id is null then ' without' else ' with' end || ' a card, '
               || d.paid || ' of ' || d.dues || ' dues paid' as what,
           0::bigint as minor
    from orders o
    cross join lateral (
        select count(*) filter (where state = 'paid') as paid, count(*) filter (where state <> 'cancelled') as dues
        from dues where order_id = o.order_id and not surplus
    ) d
    where (o.state = 'fulfilled') <> (o.card_id is not null)
       or o.state in ('paid', 'fulfilled') and (d.paid = 0 or d.paid <> d.dues)
       or d.paid > 0 and d.paid = d.dues and o.state not in ('paid', 'fulfilled', 'unfulfillable')
";

const DUES_ADD_UP: &str = r"
    select o.order_id::text as key, 'keeps ' || o.paid_minor || ' paid, its dues make ' || d.minor as what,
           o.paid_minor - d.minor as minor
    from orders o
    cross join lateral (
        select coalesce(sum(amount_minor), 0)::bigint as minor from dues where order_id = o.order_id and state = 'paid'
    ) d
    where o.paid_minor <> d.minor
";

const REFUNDS_ADD_UP: &str = r"
    select o.order_id::text as key,
           'keeps ' || o.refunded_minor || ' refunded of ' || o.paid_minor || ', its dues make ' || d.minor
               || ', its records ' || r.minor as what,
           o.refunded_minor - r.minor as minor
    from orders o
    cross join lateral (
        select coalesce(sum(refunded_minor), 0)::bigint as minor from dues where order_id = o.order_id
    ) d
    cross join lateral (
        select coalesce(sum(amount_minor), 0)::bigint as minor from refund_records where order_id = o.order_id
    ) r
    where o.refunded_minor <> d.minor or o.refunded_minor <> r.minor or o.refunded_minor > o.paid_minor
";

/// What moves by itself: the card of a paid order, the end of one that is being
/// cancelled, a spend that was started, a deadline.
const ORDERS_STUCK: &str = r"
    select o.order_id::text as key, 'is ' || o.state || ' since ' || o.state_since as what, 0::bigint as minor
    from orders o, terms
    where o.state in ('paid', 'cancelling') and o.state_since < terms.overdue
       or o.state in ('draft', 'information_needed', 'approved', 'confirmed') and o.act_by < terms.overdue
    union all
    select d.due_id::text, 'is paying from the wallet of order ' || d.order_id || ' since ' || o.state_since, d.amount_minor
    from dues d join orders o using (order_id), terms
    where d.state = 'paying' and d.method = 'wallet' and d.pay_by < terms.overdue
";

/// Every step begins where the one before it ended, and goes where the table
/// of transitions that guards the orders lets it go.
const ORDER_STEPS: &str = r"
    select s.order_id || ' ' || s.number as key,
           s.kind || ' from ' || coalesce(s.from_state, 'nothing') || ' to ' || s.to_state || ' after '
               || coalesce(s.stood, 'nothing') || ' at number ' || coalesce(s.before, 0) as what,
           0::bigint as minor
    from (
        select order_id, number, kind, from_state, to_state,
               lag(to_state) over steps as stood, lag(number) over steps as before
        from order_steps
        window steps as (partition by order_id order by number)
    ) s
    cross join (
        select split_part(encode(tgargs, 'escape'), '\000', 2)::jsonb as transitions
        from (select) nothing
        left join pg_trigger on tgrelid = 'orders'::regclass and tgname = 'transitions'
    ) t
    where s.number <> coalesce(s.before, 0) + 1
       or s.from_state is distinct from s.stood
       or s.from_state is not null and s.from_state <> s.to_state
          and not coalesce((t.transitions -> s.from_state) ? s.to_state, false)
";

/// An order is where its last step brought it.
const ORDER_STATES: &str = r"
    select o.order_id::text as key, 'is ' || o.state || ', its last step led to ' || coalesce(s.to_state, 'nothing') as what,
           0::bigint as minor
    from orders o
    left join lateral (
        select to_state from order_steps where order_id = o.order_id order by number desc limit 1
    ) s on true
    where o.state is distinct from s.to_state
";
