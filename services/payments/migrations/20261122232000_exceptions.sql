-- What a member's money met with, one case of an attempt, from being noticed to
-- an answer.
create table exceptions (
    exception_id uuid        primary key,  -- derived from the attempt
    attempt_id   uuid        not null references attempts,
    intent_id    uuid        not null references intents,
    person_id    uuid        not null,
    studio_id    uuid        not null,
    number       text        not null,  -- ours of the attempt, at the channel
    amount_minor bigint      not null check (amount_minor > 0),
    type         text        not null check (type in ('duplicate_charge', 'paid_not_credited')),
    origin       text        not null check (origin in
        ('isolated_money', 'difference', 'unknown_attempt', 'desk', 'member')),
    owner_role   text        not null check (owner_role in ('finance_staff', 'finance_supervisor', 'technician')),
    advised      text        not null check (advised in ('send_back', 'refund', 'credit', 'explain')),
    state        text        not null default 'open' check (state in
        ('open', 'taken', 'proposed', 'decided', 'answered', 'closed')),
    taken_by     uuid,
    remedy       text        check (remedy in ('send_back', 'refund', 'credit', 'explain')),
    checker      uuid,
    proven       boolean     not null default false,  -- by the channel: nobody decided
    opened_by    uuid,       -- null: the system
    opened_at    timestamptz not null,
    due_at       timestamptz not null,
    overdue_at   timestamptz,  -- when it was told that the time went by
    answered_at  timestamptz,
    closed_at    timestamptz,
    reopened     integer     not null default 0 check (reopened >= 0),
    version      bigint      not null default 1,
    constraint exceptions_attempt_key unique (attempt_id),
    constraint exceptions_decided_check check ((state in ('open', 'taken')) = (remedy is null)),
    constraint exceptions_taken_check check (state = 'open' or proven or taken_by is not null),
    constraint exceptions_money_checked check
        (state not in ('decided', 'answered', 'closed') or remedy = 'explain' or proven or checker is not null),
    constraint exceptions_two_persons check (checker <> taken_by),
    constraint exceptions_not_own check (taken_by <> person_id and checker <> person_id),
    constraint exceptions_answered_check check (state not in ('answered', 'closed') or answered_at is not null),
    constraint exceptions_closed_check check ((state = 'closed') = (closed_at is not null))
);
create index exceptions_waiting on exceptions (due_at, exception_id) where state not in ('answered', 'closed');
create index exceptions_by_studio on exceptions (studio_id, due_at, exception_id);
create index exceptions_by_person on exceptions (person_id, due_at, exception_id);
create index exceptions_by_time on exceptions (due_at, exception_id);
select enforce_scope('exceptions', 'studio_id', 'person_id');
select guard_transitions('exceptions', 'state', '{
    "open":     ["taken", "closed"],
    "taken":    ["proposed", "decided", "closed"],
    "proposed": ["taken", "decided", "closed"],
    "decided":  ["answered", "closed"],
    "answered": ["open", "closed"],
    "closed":   ["open"]
}'::jsonb);

-- Every step of a case, for ever. What was said is sealed with the member's key;
-- whose it is and where stands here again, so that scope binds it too.
create table exception_entries (
    entry_id     uuid        primary key,
    exception_id uuid        not null references exceptions,
    position     integer     not null check (position > 0),
    person_id    uuid        not null,
    studio_id    uuid        not null,
    kind         text        not null check (kind in
        ('opened', 'noticed', 'taken', 'proposed', 'decided', 'declined', 'answered', 'closed', 'reopened', 'overdue')),
    author_id    uuid,       -- null: the system
    text         bytea       not null,  -- sealed; empty for none
    at           timestamptz not null,
    constraint exception_entries_position_key unique (exception_id, position)
);
select enforce_scope('exception_entries', 'studio_id', 'person_id');
select append_only('exception_entries');

-- Whether a bill tells of money that an attempt has not.
create index differences_by_subject on differences (subject) where subject is not null and state <> 'resolved';
