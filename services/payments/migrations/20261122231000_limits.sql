-- How much may be started at cashiers, and what was not let start.

-- Added and never changed: for a place, a subject and a window the latest in
-- force counts. Nothing of a person lies here.
create table limits (
    limit_id          uuid        primary key,
    level             text        not null check (level in ('studio', 'legal_entity')),
    place             uuid        not null,  -- the studio, or the legal entity
    subject           text        not null check (subject in ('member', 'device', 'studio')),
    window_s          integer     not null check (window_s > 0),
    most_starts       integer     check (most_starts > 0),
    most_minor        bigint      check (most_minor > 0),
    note              text        not null check (note <> ''),
    effective_from    timestamptz not null,
    set_by            uuid        not null,
    set_at            timestamptz not null,
    constraint limits_never_back_dated check (effective_from >= set_at),
    constraint limits_key unique (place, subject, window_s, effective_from)
);
create index limits_by_time on limits (set_at desc, limit_id desc);
select append_only('limits');

-- What was started in a window, counted where a limit asks: in a studio, in a
-- legal entity or everywhere, whoever starts it; so no scope hides a count.
-- The row is the lock under which two starts are weighed one after the other.
create table start_counts (
    place         uuid        not null,  -- nil: everywhere
    subject       text        not null,
    counted       text        not null,  -- whose
    window_s      integer     not null,
    began_at      timestamptz not null,
    starts        integer     not null check (starts >= 0),
    started_minor bigint      not null check (started_minor >= 0),
    primary key (place, subject, counted, window_s, began_at)
);
create index start_counts_by_age on start_counts (began_at);

-- Attempts that were not let start, with the limit as it stood.
create table blocked_starts (
    blocked_start_id uuid        primary key,
    intent_id        uuid        not null references intents,
    person_id        uuid        not null,
    studio_id        uuid        not null,
    legal_entity_id  uuid        not null,
    device           text        not null,
    method           text        not null,
    amount_minor     bigint      not null check (amount_minor > 0),
    limit_id         uuid        references limits,  -- null: a configured one
    level            text        not null check (level in ('studio', 'legal_entity', 'everywhere')),
    subject          text        not null check (subject in ('member', 'device', 'studio')),
    window_s         integer     not null check (window_s > 0),
    most_starts      integer,
    most_minor       bigint,
    starts           integer     not null,  -- without this one
    started_minor    bigint      not null,
    retry_at         timestamptz,
    blocked_at       timestamptz not null,
    constraint blocked_starts_set_limit check ((limit_id is null) = (level = 'everywhere'))
);
create index blocked_starts_by_studio on blocked_starts (studio_id, blocked_at desc, blocked_start_id desc);
create index blocked_starts_by_person on blocked_starts (person_id, blocked_at desc);
select enforce_scope('blocked_starts', 'studio_id', 'person_id');
select append_only('blocked_starts');
