-- The desk's look at what was paid through a channel, one a payment (信息核对).
-- What is said about an anomaly stands sealed in the case.
create table verifications (
    payment_id  uuid        primary key references payments,
    attempt_id  uuid        not null references attempts,  -- whose case it opens
    person_id   uuid        not null,
    studio_id   uuid        not null,
    state       text        not null default 'awaiting' check (state in ('awaiting', 'verified', 'anomaly')),
    due_at      timestamptz not null,
    verified_by uuid,
    verified_at timestamptz,
    anomaly     text        check (anomaly in ('wrong_amount', 'wrong_person', 'other')),
    reported_by uuid,
    reported_at timestamptz,
    version     bigint      not null default 1,
    constraint verifications_verified_whole check ((verified_by is null) = (verified_at is null)),
    constraint verifications_reported_whole check ((reported_by is null) = (reported_at is null)),
    constraint verifications_reported_what check ((state = 'anomaly') = (anomaly is not null)),
    constraint verifications_reporter_check check ((state = 'anomaly') = (reported_by is not null)),
    constraint verifications_awaiting_check check (state <> 'awaiting' or verified_by is null),
    constraint verifications_verifier_check check (state <> 'verified' or verified_by is not null),
    constraint verifications_not_own check (verified_by <> person_id and reported_by <> person_id)
);
create index verifications_waiting on verifications (due_at, payment_id) where state = 'awaiting';
create index verifications_by_studio on verifications (studio_id, due_at, payment_id);
create index verifications_by_time on verifications (due_at, payment_id);
select enforce_scope('verifications', 'studio_id', 'person_id');
select guard_transitions('verifications', 'state', '{
    "awaiting": ["verified", "anomaly"],
    "verified": ["anomaly"]
}'::jsonb);

-- A case may begin with the desk, and its history tells of talks with the member.
alter table exceptions drop constraint exceptions_type_check;
alter table exceptions add constraint exceptions_type_check
    check (type in ('duplicate_charge', 'paid_not_credited', 'mismatch'));
alter table exception_entries drop constraint exception_entries_kind_check;
alter table exception_entries add constraint exception_entries_kind_check check (kind in
    ('opened', 'noticed', 'taken', 'proposed', 'decided', 'declined', 'answered', 'closed', 'reopened', 'overdue', 'contacted'));
