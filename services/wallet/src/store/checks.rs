//! What must hold in the ledger whatever happens, and what others must agree with.

use platform::{Check, Invariant, Tally};

pub fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::BooksBalance, "balances", BALANCES),
        Check::new(Invariant::BooksBalance, "statement", STATEMENT),
        Check::new(Invariant::BooksBalance, "lots", LOTS),
        Check::new(Invariant::BooksBalance, "references", REFERENCES),
        Check::new(Invariant::BooksBalance, "purses", PURSES),
        Check::new(Invariant::BooksBalance, "spends", SPENDS),
        Check::new(Invariant::BooksBalance, "holds", HOLDS),
        Check::new(Invariant::BooksBalance, "captures", CAPTURES),
        Check::new(Invariant::BooksBalance, "sum", SUM),
        Check::new(Invariant::BooksBalance, "overdrawn", OVERDRAWN),
        Check::new(Invariant::RefundsWithinPaid, "returns", RETURNS),
        Check::new(Invariant::ChannelAgrees, "recharges_booked", RECHARGES_BOOKED),
        Check::new(Invariant::NothingStuck, "recharges_stuck", RECHARGES_STUCK),
        Check::new(Invariant::NothingStuck, "holds_stuck", HOLDS_STUCK),
        Check::path("wallet_facts", PATH),
    ]
}

pub fn tallies() -> Vec<Tally> {
    vec![
        Tally::by_id(
            "spends",
            "select t.cause_id as key, coalesce(t.order_id, s.order_id)::text as other, l.amount_minor, '' as state
             from transfers t
             left join spends s on s.due_id = t.cause_id
             cross join lateral (
                 select sum(amount_minor)::bigint as amount_minor from transfers
                 where journal_id = t.journal_id and wallet_id is not null
             ) l
             where t.cause = 'spend' and t.leg = 0",
        ),
        Tally::by_id(
            "spend_returns",
            "select leg_id as key, due_id::text as other, amount_minor, '' as state from spend_returns",
        ),
        Tally::by_id(
            "recharges",
            "select due_id as key, payment_id::text as other, received_minor as amount_minor, state
             from recharges where received_at is not null",
        ),
        Tally::by_id(
            "recharge_returns",
            "select return_leg_id as key, payment_id::text as other, received_minor as amount_minor, state
             from recharges where return_leg_id is not null",
        ),
    ]
}

/// A member's kept balance is the sum of its transfers.
const BALANCES: &str = r"
    select a.account_id::text as key, 'keeps ' || a.balance_minor || ' and its transfers make ' || coalesce(m.minor, 0) as what,
           a.balance_minor - coalesce(m.minor, 0) as minor
    from purses a
    left join (
        select account_id, sum(minor)::bigint as minor
        from (
            select credit_id as account_id, amount_minor as minor from transfers
            union all
            select debit_id, -amount_minor from transfers
        ) sides
        group by account_id
    ) m using (account_id)
    where a.balance_minor <> coalesce(m.minor, 0)
";

/// Every line of a member's statement shows the sum of the lines up to it.
const STATEMENT: &str = r"
    select s.transfer_id::text as key, 'shows ' || s.shown || ' and the lines up to it make ' || s.made as what,
           s.shown - s.made as minor
    from (
        select t.transfer_id, t.shown, (sum(t.minor) over (partition by t.account_id order by t.transfer_id))::bigint as made
        from (
            select transfer_id, credit_id as account_id, balance_after_minor as shown, amount_minor as minor from transfers
            union all
            select transfer_id, debit_id, balance_after_minor, -amount_minor from transfers
        ) t
        join accounts a using (account_id)
        where a.wallet_id is not null
    ) s
    where s.shown is distinct from s.made
";

/// What is left of a lot is what its transfers left.
const LOTS: &str = r"
    select l.lot_id::text as key, 'keeps ' || l.remaining_minor || ' and its transfers make ' || coalesce(m.minor, 0) as what,
           l.remaining_minor - coalesce(m.minor, 0) as minor
    from lots l
    left join (
        select lot_id, sum(case when t.credit_id = o.account_id then t.amount_minor else -t.amount_minor end)::bigint as minor
        from transfers t join lots o using (lot_id)
        where o.account_id in (t.credit_id, t.debit_id)
        group by lot_id
    ) m using (lot_id)
    where l.remaining_minor <> coalesce(m.minor, 0)
";

/// What a movement names is there.
const REFERENCES: &str = r"
    select t.transfer_id::text as key, 'names what is not there' as what, t.amount_minor as minor
    from transfers t
    left join accounts d on d.account_id = t.debit_id
    left join accounts c on c.account_id = t.credit_id
    left join lots l on l.lot_id = t.lot_id
    left join wallets w on w.wallet_id = t.wallet_id
    left join transfers r on r.transfer_id = t.reverses_id
    where d.account_id is null or c.account_id is null
       or (t.lot_id is null) <> (l.lot_id is null)
       or (t.wallet_id is null) <> (w.wallet_id is null)
       or (t.reverses_id is null) <> (r.transfer_id is null)
    union all
    select u.due_id::text, 'names what is not there', u.amount_minor
    from spend_uses u
    left join spends s using (due_id)
    left join transfers t on t.transfer_id = u.transfer_id and t.lot_id = u.lot_id and t.wallet_id = s.wallet_id
    where t.transfer_id is null
    union all
    select p.account_id::text, 'names what is not there', p.balance_minor
    from purses p
    left join accounts a using (account_id)
    where a.wallet_id is distinct from p.wallet_id or a.kind is distinct from p.kind
    union all
    select s.due_id::text, 'names what is not there', s.amount_minor
    from spends s
    where not exists (select from transfers t where t.journal_id = s.journal_id)
       or not exists (select from spend_uses u where u.due_id = s.due_id)
";

/// An account holds what its lots hold.
const PURSES: &str = r"
    select a.account_id::text as key, 'keeps ' || a.balance_minor || ' and its lots hold ' || l.minor as what,
           a.balance_minor - l.minor as minor
    from purses a
    cross join lateral (
        select coalesce(sum(remaining_minor), 0)::bigint as minor
        from lots where wallet_id = a.wallet_id and account_id = a.account_id
    ) l
    where a.balance_minor <> l.minor
";

/// A spend took what its transfers took, less what came back of it.
const SPENDS: &str = r"
    select s.due_id::text as key,
           'keeps ' || (s.amount_minor - s.returned_minor) || ' and its transfers make ' || m.minor as what,
           s.amount_minor - s.returned_minor - m.minor as minor
    from spends s
    cross join lateral (
        select coalesce(sum(case t.cause when 'spend' then t.amount_minor else -t.amount_minor end), 0)::bigint as minor
        from transfers t
        where t.wallet_id = s.wallet_id
          and (t.cause = 'spend' and t.cause_id = s.due_id
               or t.cause = 'spend_returned'
                  and t.cause_id in (select r.leg_id from spend_returns r where r.due_id = s.due_id))
    ) m
    where s.amount_minor - s.returned_minor <> m.minor
";

/// What an account holds back is what its active holds reserve.
const HOLDS: &str = r"
    select a.account_id::text as key, 'holds ' || a.held_minor || ' and its holds reserve ' || h.minor as what,
           a.held_minor - h.minor as minor
    from purses a
    cross join lateral (
        select coalesce(sum(case a.kind when 'member_gift' then gift_minor else principal_minor end), 0)::bigint as minor
        from holds where wallet_id = a.wallet_id and state = 'active'
    ) h
    where a.held_minor <> h.minor
";

/// What was captured paid its due.
const CAPTURES: &str = r"
    select h.hold_id::text as key, 'captured ' || h.captured_minor || ' and its due took ' || coalesce(s.amount_minor, 0)
               as what,
           h.captured_minor - coalesce(s.amount_minor, 0) as minor
    from holds h
    left join (
        select cause_id as due_id, wallet_id, sum(amount_minor) as amount_minor from transfers
        where cause = 'spend' and wallet_id is not null
        group by cause_id, wallet_id
    ) s on s.due_id = h.due_id and s.wallet_id = h.wallet_id
    where h.state = 'captured' and h.captured_minor is distinct from s.amount_minor
";

/// What members own is what the house's accounts owe: all balances sum to zero.
const SUM: &str = r"
    select 'all' as key, 'members own ' || s.kept || ' and the house owes ' || s.owed as what, s.kept - s.owed as minor
    from (
        select (select coalesce(sum(balance_minor), 0) from purses)::bigint as kept,
               (select coalesce(sum(t.amount_minor * ((d.wallet_id is null)::int - (c.wallet_id is null)::int)), 0)
                from transfers t
                join accounts d on d.account_id = t.debit_id
                join accounts c on c.account_id = t.credit_id)::bigint as owed
    ) s
    where s.kept <> s.owed
";

const OVERDRAWN: &str = r"
    select account_id::text as key, 'has ' || balance_minor || ' of which ' || held_minor || ' are held' as what,
           least(balance_minor - held_minor, held_minor) as minor
    from purses
    where balance_minor < held_minor or held_minor < 0
";

/// What came back of a spend is what its returns and its uses say, and no more
/// than it took.
const RETURNS: &str = r"
    select s.due_id::text as key,
           'gave back ' || s.returned_minor || ' of ' || s.amount_minor || ', by its returns ' || r.minor
               || ', by its uses ' || u.minor as what,
           s.returned_minor - r.minor as minor
    from spends s
    cross join lateral (
        select coalesce(sum(amount_minor), 0)::bigint as minor from spend_returns where due_id = s.due_id
    ) r
    cross join lateral (
        select coalesce(sum(returned_minor), 0)::bigint as minor from spend_uses where due_id = s.due_id
    ) u
    where s.returned_minor <> r.minor or s.returned_minor <> u.minor or s.returned_minor > s.amount_minor
";

/// A recharge's money is in the books: received once, posted once if it is
/// posted, sent back once if it is returned.
const RECHARGES_BOOKED: &str = r"
    select r.recharge_id::text as key,
           'is ' || r.state || ' with ' || coalesce(r.received_minor, 0) || ', and its transfers received ' || b.received
               || ', posted ' || b.posted || ', sent back ' || b.returned as what,
           coalesce(r.received_minor, 0) - b.received as minor
    from recharges r
    cross join lateral (
        select coalesce(sum(t.amount_minor) filter (where t.cause = 'recharge_received'), 0)::bigint as received,
               coalesce(sum(t.amount_minor) filter (where t.cause = 'recharge_posted' and t.wallet_id is not null), 0)::bigint
                   as posted,
               coalesce(sum(t.amount_minor) filter (where t.cause = 'recharge_returned'), 0)::bigint as returned
        from transfers t
        where t.cause in ('recharge_received', 'recharge_posted', 'recharge_returned') and t.cause_id = r.recharge_id
    ) b
    where b.received <> coalesce(r.received_minor, 0)
       or b.posted <> case when r.state = 'posted' then r.received_minor else 0 end
       or b.returned <> case when r.state = 'returned' then r.received_minor else 0 end
";

const RECHARGES_STUCK: &str = r"
    select r.recharge_id::text as key, 'is ' || r.state || ' since ' || coalesce(r.audited_at, r.expire_at) as what,
           0::bigint as minor
    from recharges r, terms
    where r.state = 'returning' and r.audited_at < terms.overdue
       or r.state in ('applied', 'accepted') and r.expire_at < terms.overdue
";

const HOLDS_STUCK: &str = r"
    select h.hold_id::text as key, 'is ' || h.state || ' since ' || h.expire_at as what, 0::bigint as minor
    from holds h, terms
    where h.state = 'active' and h.expire_at < terms.overdue
";

const PATH: &str = r#"{
    "":                      ["wallet_opened", "recharge_applied", "hold_placed"],
    "hold_placed":           ["hold_captured", "hold_released", "hold_expired"],
    "wallet_opened":         ["wallet_frozen"],
    "wallet_frozen":         ["wallet_unfrozen"],
    "wallet_unfrozen":       ["wallet_frozen"],
    "recharge_applied":      ["recharge_accepted", "recharge_rejected", "recharge_cancelled", "recharge_expired"],
    "recharge_accepted":     ["recharge_received", "recharge_rejected", "recharge_cancelled", "recharge_expired"],
    "recharge_cancelled":    ["recharge_received"],
    "recharge_expired":      ["recharge_received"],
    "recharge_rejected":     ["recharge_received", "recharge_returned", "recharge_return_stuck"],
    "recharge_received":     ["recharge_posted", "recharge_rejected"],
    "recharge_return_stuck": ["recharge_returned", "recharge_return_stuck"]
}"#;
