-- A request for money back, with what the system calculated when it was opened.
-- Who decides is neither who opened it nor who gets the money, whatever the
-- code says.
create table cases (
    case_id       uuid        primary key,
    number        text        not null constraint cases_number_key unique,
    order_id      uuid        not null,
    part          text        not null,  -- 'whole', or the due
    person_id     uuid        not null,
    studio_id     uuid        not null,
    state         text        not null check (state in ('requested', 'approved', 'returning', 'stuck', 'settling',
                                                        'completed', 'rejected')),
    reason        text        not null check (reason in ('service_not_as_expected', 'personal', 'not_delivered', 'other')),
    explanation   text        not null,
    policy_id     uuid        references policies,  -- null: money for what was never delivered needs none
    quote         jsonb       not null,
    amount_minor  bigint      not null check (amount_minor > 0),
    subject_hash  text        not null check (length(subject_hash) = 64),
    opened_by     uuid,                             -- null: the system
    owner_id      uuid,                             -- who answers for it now
    decided_by    uuid,
    decided_at    timestamptz,
    decision_note text,
    reject_reason text        check (reject_reason in ('conditions_not_met', 'not_proven', 'duplicate', 'other')),
    stuck_why     text,
    opened_at     timestamptz not null,
    completed_at  timestamptz,
    version       bigint      not null default 1 check (version > 0),
    constraint cases_decided_by_another check (decided_by <> person_id and decided_by <> opened_by),
    check ((state = 'requested') = (decided_by is null)),
    check ((decided_by is null) = (decided_at is null)),
    check ((decided_by is null) = (decision_note is null)),
    check ((state = 'rejected') = (reject_reason is not null)),
    check ((state = 'stuck') = (stuck_why is not null)),
    check ((state = 'completed') = (completed_at is not null))
);
-- One open case a part of an order.
create unique index cases_one_open_a_part on cases (order_id, part) where state not in ('completed', 'rejected');
create index cases_queue on cases (state, studio_id, case_id);
create index cases_by_person on cases (person_id, case_id);
create index cases_by_order on cases (order_id, case_id);
select enforce_scope('cases', 'studio_id', 'person_id');
select guard_transitions('cases', 'state', '{
    "requested": ["approved", "rejected"],
    "approved":  ["returning"],
    "returning": ["stuck", "settling"],
    "stuck":     ["returning"],
    "settling":  ["stuck", "completed"]
}');

-- One way back for a part of a case. The other side knows a try by sent_as,
-- which follows from leg and attempt, so a retry finds the first.
create table legs (
    leg_id       uuid     primary key,
    case_id      uuid     not null references cases,
    person_id    uuid     not null,
    studio_id    uuid     not null,
    position     smallint not null check (position >= 0),
    due_id       uuid     not null,
    route        text     not null check (route in ('wallet', 'channel')),
    payment_id   uuid,
    amount_minor bigint   not null check (amount_minor > 0),
    state        text     not null default 'planned' check (state in ('planned', 'sent', 'returned', 'bounced')),
    attempt      integer  not null default 1 check (attempt > 0),
    sent_as      uuid     not null unique,
    why          text,
    version      bigint   not null default 1 check (version > 0),
    unique (case_id, position),
    check ((route = 'channel') = (payment_id is not null)),
    check ((state = 'bounced') = (why is not null))
);
select enforce_scope('legs', 'studio_id', 'person_id');
select guard_transitions('legs', 'state', '{
    "planned": ["sent", "returned", "bounced"],
    "sent":    ["returned", "bounced"],
    "bounced": ["planned"]
}');

-- The ceiling of every due: what is promised and what went back never pass
-- what was paid, however many cases there are and however they race.
create table due_refunds (
    due_id         uuid   primary key,
    order_id       uuid   not null,
    person_id      uuid   not null,
    studio_id      uuid   not null,
    paid_minor     bigint not null check (paid_minor > 0),
    reserved_minor bigint not null check (reserved_minor >= 0),
    returned_minor bigint not null default 0 check (returned_minor >= 0),
    constraint due_refunds_within_what_was_paid check (reserved_minor + returned_minor <= paid_minor)
);
create index due_refunds_by_order on due_refunds (order_id);
select enforce_scope('due_refunds', 'studio_id', 'person_id');
