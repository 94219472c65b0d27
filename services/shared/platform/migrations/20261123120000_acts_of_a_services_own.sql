-- A service may have rows of its own that are at once the claim, the audit entry
-- and the fact of an act, where a row for each would cost more than the act. Its
-- migrations then replace these views by ones that tell of those rows too;
-- what platform reads of facts, it reads here. `body` has what is told of such a
-- row, for the service to put into words. Whoever asks is held to their own scope.
create view facts with (security_invoker = true) as
select id, event_id, type, aggregate, version, occurred_at, recorded_at, traceparent, payload, null::jsonb as body,
       false as own, xmin as written_by
from outbox;

create view own_acts with (security_invoker = true) as
select null::text as actor, null::uuid as request_id, null::text as rpc, null::bytea as fingerprint, null::jsonb as body
where false;
