-- What every service's database has. Nothing here is bound to a studio: who
-- reads these tables is platform itself, never a handler.

-- The acts that callers asked for, so that asking twice moves money once. The
-- row is written in the transaction of the work, so a twin waits for it.
create table claims (
    caller      text        not null,
    request_id  uuid        not null,
    rpc         text        not null,
    fingerprint bytea       not null,  -- HMAC: a plain hash of a phone number can be guessed
    outcome     text        not null default 'open' check (outcome in ('open', 'done', 'refused')),
    reply       bytea,
    created_at  timestamptz not null default now(),
    primary key (caller, request_id),
    check ((outcome = 'open') = (reply is null))
);
create index claims_by_age on claims (created_at);

-- Facts, in the transaction that made them true. A row is inserted after its
-- aggregate's row is locked, so ids of one aggregate are in order.
create table outbox (
    id          bigint      generated always as identity (cache 1) primary key,
    event_id    uuid        not null unique,
    type        text        not null,
    aggregate   uuid        not null,
    version     bigint      not null check (version > 0),
    occurred_at timestamptz not null,
    payload     bytea       not null,
    traceparent text        not null default '',
    recorded_at timestamptz not null default clock_timestamp()
);

-- The dense numbers under which subscribers see committed facts.
create table feed (
    seq       bigint primary key,
    outbox_id bigint not null unique references outbox
);

-- Held by the one sequencer; below low_water every outbox id has its number
-- or belongs to a transaction that can no longer commit.
create table feed_head (
    one       boolean primary key default true check (one),
    low_water bigint  not null default 0
);
insert into feed_head default values;

-- Facts of others that were applied here, each once.
create table inbox (
    source     text        not null,
    event_id   uuid        not null,
    seq        bigint      not null,
    applied_at timestamptz not null default now(),
    primary key (source, event_id)
);
create index inbox_by_position on inbox (source, seq);

-- How far this service has applied each source.
create table cursors (
    source   text   primary key,
    seq      bigint not null default 0,
    event_id text   not null default '',
    state    text   not null default 'running' check (state in ('running', 'diverged')),
    why      text   not null default ''
);

-- Facts that could not be applied, and later ones of the same aggregate behind them.
create table parked_events (
    source    text        not null,
    seq       bigint      not null,
    event_id  uuid        not null,
    aggregate uuid        not null,
    type      text        not null,
    event     bytea       not null,  -- studio.feed.v1.Event
    error     text        not null,
    parked_at timestamptz not null default now(),
    primary key (source, seq)
);
create index parked_events_by_aggregate on parked_events (source, aggregate);

-- Work that waits for its time or for the outside.
create table tasks (
    task_id     uuid        primary key,
    kind        text        not null,
    aggregate   uuid        not null,
    lane        text        not null,  -- one task of a lane runs at a time, in order
    once        text        unique,
    payload     jsonb       not null,
    state       text        not null default 'waiting' check (state in ('waiting', 'done', 'parked')),
    due_at      timestamptz not null,  -- business time
    lease_until timestamptz not null default '-infinity',  -- real time
    lease       uuid,
    attempts    integer     not null default 0,
    last_error  text        not null default '',
    traceparent text        not null default '',
    created_at  timestamptz not null default clock_timestamp(),
    done_at     timestamptz,
    check ((state = 'done') = (done_at is not null))
);
create index tasks_due on tasks (due_at) where state = 'waiting';
create index tasks_by_lane on tasks (lane, created_at, task_id) where state <> 'done';
create index tasks_by_age on tasks (done_at) where state = 'done';

-- Who did what: every write, every look beyond one's own scope.
create table audit (
    audit_id   bigint      generated always as identity (cache 1) primary key,
    at         timestamptz not null,
    actor      text        not null,
    rpc        text        not null,
    request_id uuid,
    fingerprint bytea,
    decision   text        not null,  -- done, refused, looked
    why        text        not null default '',
    trace_id   text        not null default ''
);

-- The organisation as members tells it; members itself keeps its own here too.
create table org_nodes (
    node_id   uuid   primary key,
    parent_id uuid,
    kind      text   not null check (kind in ('operator', 'brand', 'legal_entity', 'region', 'studio')),
    code      text   not null unique,
    name      text   not null,
    zone      text   not null,
    closed    boolean not null default false,
    version   bigint not null
);

-- Settings that move all processes of a service at once, as the clock's offset.
create table settings (
    key   text  primary key,
    value jsonb not null
);

-- Binds a table to the caller's studios, and to their own rows where it has an
-- owner column. Both settings are read without a default, so that a transaction
-- that never set them fails loudly. The subselects make them constants for the
-- planner, so the index on the studio serves.
create function enforce_scope(target regclass, studio_column text, own_column text default null) returns void
language plpgsql as $$
declare
    condition text := format(
        '(select current_setting(''app.studios'')) = ''all'' '
        'or %I = any((select nullif(current_setting(''app.studios''), ''all'')::uuid[])::uuid[])', studio_column);
begin
    if own_column is not null then
        condition := condition || format(' or %I = (select nullif(current_setting(''app.own''), '''')::uuid)', own_column);
    end if;
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy scope on %s using (%s)', target, condition);
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are added, never changed', tg_table_name using errcode = 'restrict_violation';
end $$;

-- Rows of the table are added and never changed or removed.
create table append_only_tables (name text primary key);
create function append_only(target regclass) returns void language plpgsql as $$
begin
    execute format('create trigger append_only before update or delete on %s for each row execute function refuse_change()', target);
    execute format('create trigger append_only_truncate before truncate on %s execute function refuse_change()', target);
    insert into append_only_tables values (target::text);
end $$;

create function check_transition() returns trigger language plpgsql as $$
declare
    before text := to_jsonb(old) ->> tg_argv[0];
    after  text := to_jsonb(new) ->> tg_argv[0];
begin
    if before is distinct from after and not coalesce((tg_argv[1]::jsonb -> before) ? after, false) then
        raise exception '% cannot go from % to %', tg_table_name, before, after using errcode = 'check_violation';
    end if;
    if new.version <> old.version + 1 then
        raise exception '% went from version % to %', tg_table_name, old.version, new.version using errcode = 'check_violation';
    end if;
    return new;
end $$;

-- Lets the state column move only as the map {"from": ["to", …]} says, and the
-- version by one at every change.
create function guard_transitions(target regclass, state_column text, allowed jsonb) returns void
language plpgsql as $$
begin
    execute format('create trigger transitions before update on %s for each row execute function check_transition(%L, %L)',
                   target, state_column, allowed);
end $$;

-- What the runtime role may do: everything with rows, nothing with tables.
create function grant_runtime(runtime text) returns void language plpgsql as $$
declare
    name text;
begin
    execute format('grant usage on schema public to %I', runtime);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', runtime);
    execute format('grant usage on all sequences in schema public to %I', runtime);
    execute format('revoke insert, update, delete on append_only_tables, _sqlx_migrations from %I', runtime);
    for name in select t.name from append_only_tables t loop
        execute format('revoke update, delete, truncate on %s from %I', name, runtime);
    end loop;
end $$;

select append_only('audit');
