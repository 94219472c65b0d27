-- Complaints and requests. Only the member whose ticket it is closes it, so a
-- closed row without their acceptance cannot be written.
create table tickets (
    ticket_id        uuid        primary key,
    ticket_number    text        not null constraint tickets_number_key unique,
    person_id        uuid        not null,
    studio_id        uuid        not null,
    kind             text        not null check (kind in ('complaint', 'request')),
    topic            text        not null check (topic in
                         ('service', 'facility', 'order', 'payment', 'recharge', 'refund', 'privacy')),
    state            text        not null check (state in
                         ('opened', 'assigned', 'investigating', 'proposed', 'negotiating', 'closed')),
    assignee_id      uuid,
    order_id         uuid,
    opened_by        uuid        not null,
    opened_at        timestamptz not null,
    respond_by       timestamptz not null,
    accepted_by      uuid,
    closed_at        timestamptz,
    declines         integer     not null default 0 check (declines >= 0),
    version          bigint      not null,
    check ((state = 'opened') = (assignee_id is null)),
    check (assignee_id <> person_id),
    check ((state = 'closed') = (accepted_by is not null)),
    check ((state = 'closed') = (closed_at is not null)),
    constraint tickets_accepted_by_member check (accepted_by = person_id)
);
create index tickets_by_person on tickets (person_id, ticket_id desc);
create index tickets_by_studio on tickets (studio_id, ticket_id desc);
create index tickets_open_by_assignee on tickets (assignee_id) where state <> 'closed';

select enforce_scope('tickets', 'studio_id', 'person_id');
select guard_transitions('tickets', 'state',
    '{"opened": ["assigned"], "assigned": ["investigating", "proposed"], "investigating": ["proposed"],
      "proposed": ["closed", "negotiating"], "negotiating": ["proposed"]}'::jsonb);

-- Every step of a ticket, for ever. What was said is sealed with the member's
-- key; where and whose it is stands here again, so that scope binds it too.
create table ticket_entries (
    entry_id   uuid        primary key,
    ticket_id  uuid        not null references tickets,
    position   integer     not null check (position > 0),
    person_id  uuid        not null,
    studio_id  uuid        not null,
    kind       text        not null check (kind in
                   ('opening', 'assignment', 'progress', 'proposal', 'acceptance', 'decline')),
    author_id  uuid,                   -- null when the platform routed it
    text       bytea,                  -- sealed
    at         timestamptz not null,
    unique (ticket_id, position)
);
select enforce_scope('ticket_entries', 'studio_id', 'person_id');
select append_only('ticket_entries');

-- Who may answer for tickets: members' grants of the roles that answer for a
-- topic. Ids only, and looked at for every studio, hence no row level security.
create table supervisors (
    grant_id  uuid primary key,
    person_id uuid not null,
    role      text not null,
    node_id   uuid not null
);
create index supervisors_by_role on supervisors (role, node_id);
-- Grants that ended, so that a grant which is told late is not taken for one that holds.
create table ended_grants (
    grant_id uuid primary key
);
