//! The checks that every service has, over platform's own tables.

use super::{Check, Invariant};

/// The facts of one aggregate in the order in which they became true, each
/// with the one before it.
pub(super) const PATH: &str = r"
    select f.aggregate::text as key, coalesce(f.before, 'nothing') || ' is followed by ' || f.type as what, 0::bigint as minor
    from (
        select o.aggregate, o.type, o.id,
               lag(o.type) over (partition by o.aggregate order by o.id) as before
        from facts o
        where o.type in (
            select next from terms, jsonb_each(argument::jsonb) known, jsonb_array_elements_text(known.value) next)
    ) f, terms
    where not coalesce((argument::jsonb -> coalesce(f.before, '')) ? f.type, false)
      -- the beginning may have been pruned with the oldest facts
      and (f.before is not null or (select min(id) from facts) = 1)
";

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new(Invariant::NothingStuck, "tasks_overdue", TASKS_OVERDUE),
        Check::new(Invariant::NothingStuck, "tasks_parked", TASKS_PARKED),
        Check::new(Invariant::FactsOnce, "facts_numbered", FACTS_NUMBERED),
        Check::new(Invariant::FactsOnce, "feed_dense", FEED_DENSE),
        Check::new(Invariant::FactsOnce, "inbox_complete", INBOX_COMPLETE),
        Check::new(Invariant::FactsOnce, "facts_parked", FACTS_PARKED),
        Check::new(Invariant::FactsOnce, "streams_diverged", STREAMS_DIVERGED),
        Check::new(Invariant::StatesLegal, "versions_grow", VERSIONS_GROW),
        Check::new(Invariant::WritesAudited, "writes_audited", WRITES_AUDITED),
    ]
}

/// A task behind an earlier one of its lane waits for that one, which is
/// named. The task that runs these checks is the one that may be late.
const TASKS_OVERDUE: &str = r"
    select t.task_id::text as key,
           t.kind || ' of ' || t.aggregate || ' is due since ' || t.due_at || ', tried ' || t.attempts || ' times' as what,
           0::bigint as minor
    from tasks t, terms
    where t.state = 'waiting' and t.due_at < terms.overdue and t.created_at < terms.overdue_real
      and t.kind <> 'run_checks'
      and not exists (
          select from tasks e
          where e.lane = t.lane and e.state <> 'done' and (e.created_at, e.task_id) < (t.created_at, t.task_id))
";

const TASKS_PARKED: &str = r"
    select task_id::text as key, kind || ' of ' || aggregate || ' waits for a person' as what, 0::bigint as minor
    from tasks
    where state = 'parked'
";

const FACTS_NUMBERED: &str = r"
    select o.event_id::text as key, o.type || ' of ' || o.aggregate || ' has no number' as what, 0::bigint as minor
    from terms cross join facts o left join lateral feed_place(o.id) p on true
    where o.recorded_at < terms.overdue_real and p.seq is null
      -- rows of a service's own stay when their number was pruned
      and (not o.own or o.recorded_at >= (
          select k.recorded_at from feed_retention r
          cross join lateral feed_between(r.pruned_seq + 1, r.pruned_seq + 1) f
          cross join lateral fact(f.outbox_id) k))
";

const FEED_DENSE: &str = r"
    select s.first_seq::text as key, 'follows ' || s.before as what, 0::bigint as minor
    from (select first_seq, lag(first_seq + facts - 1) over (order by first_seq) as before from feed_runs) s
    where s.first_seq <> s.before + 1
    union all
    select s.first_seq::text, 'numbers again what has a number', 0
    from (select first_seq, first_id, lag(first_id + facts - 1) over (order by first_id) as before from feed_runs) s
    where s.first_id <= s.before
";

/// Of every source: each position up to the cursor once, and none above it.
/// What came by an export has gaps; what the source lost, or numbered anew, has
/// no position any more.
const INBOX_COMPLETE: &str = r"
    select c.source as key,
           'at ' || c.seq || ' with ' || i.facts || ' facts at ' || i.positions || ' positions from '
               || coalesce(i.lowest, 0) || ' to ' || coalesce(i.highest, 0) as what,
           0::bigint as minor
    from cursors c
    cross join lateral (
        select count(*) as facts, count(distinct seq) as positions, min(seq) as lowest, max(seq) as highest
        from inbox where source = c.source and seq > c.exported_seq and divergence_id is null
    ) i
    where c.state <> 'exporting'
      and (i.facts <> i.positions or coalesce(i.highest, c.exported_seq) <> c.seq
           or i.facts <> coalesce(i.highest - i.lowest + 1, 0))
    union all
    select i.source, 'took facts and has no cursor', 0
    from (select distinct source from inbox) i
    where not exists (select from cursors c where c.source = i.source)
";

const FACTS_PARKED: &str = r"
    select source || ' ' || seq as key, type || ' of ' || aggregate || ' waits for a person' as what, 0::bigint as minor
    from parked_events
";

const STREAMS_DIVERGED: &str = r"
    select source as key, 'its history parted from what was taken here' as what, 0::bigint as minor
    from cursors
    where state = 'diverged'
";

/// An aggregate's facts are written under its lock, so its versions never go back.
const VERSIONS_GROW: &str = r"
    select f.aggregate::text as key, f.type || ' has version ' || f.version || ' after ' || f.before as what, 0::bigint as minor
    from (
        select aggregate, type, version, lag(version) over (partition by aggregate order by id) as before from facts
    ) f
    where f.version < f.before
";

/// A claim and its audit row are one transaction, so neither is seen without
/// the other, and no claim is seen open.
const WRITES_AUDITED: &str = r"
    select c.request_id::text as key,
           c.rpc || ' is ' || c.outcome || ' with ' || coalesce(a.entries, 0) || ' audit entries' as what,
           0::bigint as minor
    from claims c
    left join (
        select request_id, rpc, fingerprint, decision, count(*) as entries
        from audit where request_id is not null
        group by request_id, rpc, fingerprint, decision
    ) a on a.request_id = c.request_id and a.rpc = c.rpc and a.fingerprint = c.fingerprint and a.decision = c.outcome
    where c.outcome = 'open' or a.entries is null
";
