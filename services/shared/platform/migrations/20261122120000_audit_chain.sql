-- Tamper evidence. Rows of append-only tables get a place in one chain of
-- hashes, given after they are committed by the one who holds chain_head, so
-- that no writer waits for another. What a superuser changes, removes, swaps or
-- slips in afterwards no longer fits its hash, and what is hashed anew no longer
-- fits what the witnesses hold. docs/decisions/0011 says what is hashed and how.

-- Held by the one who chains.
create table chain_head (one boolean primary key default true check (one));
insert into chain_head default values;

-- Tables whose rows are chained. Up to low_water every key has its place or
-- belongs to a transaction that can no longer commit.
create table chain_sources (
    name       text    primary key,
    key_column text    not null,
    layout     integer not null,                -- of rows that are chained now
    hidden     text[]  not null,                -- columns that verifiers see as a digest only
    low_water  bigint  not null default 0
);

-- Which columns are hashed, in which order. A table that gains a column gets
-- another layout; rows that were chained before keep theirs.
create table chain_layouts (
    name    text    not null,
    layout  integer not null,
    columns text[]  not null,
    primary key (name, layout)
);
select append_only('chain_layouts');

create table audit_chain (
    seq        bigint      primary key check (seq > 0),
    source     text        not null,
    row_id     bigint      not null,
    layout     integer     not null,
    prev_hash  bytea       not null check (length(prev_hash) = 32),
    hash       bytea       not null check (length(hash) = 32),
    chained_at timestamptz not null default clock_timestamp(),
    unique (source, row_id)
);
select append_only('audit_chain');

-- From now on the rows of an append-only table are chained, by the column `key`
-- (a bigint that counts up) or by one that is added for it. Say it again after
-- a migration that adds a column.
create function chained(target regclass, key text default null, hide text[] default '{}') returns void
language plpgsql as $$
declare
    number text    := coalesce(key, (select key_column from chain_sources where name = target::text), 'chain_id');
    next   integer := 1 + coalesce((select max(layout) from chain_layouts where name = target::text), 0);
begin
    if not exists (select from append_only_tables where name = target::text) then
        raise exception 'rows of % may change, so they cannot be chained', target;
    end if;
    if not exists (select from pg_attribute where attrelid = target and attname = number and not attisdropped) then
        execute format('alter table %s add column %I bigint generated always as identity (cache 1)', target, number);
        execute format('create unique index on %s (%I)', target, number);
    end if;
    insert into chain_layouts
    select target::text, next, array_agg(attname::text order by attnum)
    from pg_attribute
    where attrelid = target and attnum > 0 and not attisdropped and attname <> number;
    insert into chain_sources (name, key_column, layout, hidden) values (target::text, number, next, hide)
    on conflict (name) do update set layout = excluded.layout, hidden = excluded.hidden;
end $$;

-- Keys above `above`, up to `upto`, of rows that have no place in the chain.
create function unchained(of_source text, above bigint, upto bigint, most bigint) returns setof bigint
language plpgsql stable as $$
begin
    return query execute (
        select format(
            'select t.%1$I from %2$I t where t.%1$I > $1 and t.%1$I <= $2 '
            'and not exists (select from audit_chain c where c.source = %2$L and c.row_id = t.%1$I) '
            'order by t.%1$I limit $3', key_column, name)
        from chain_sources where name = of_source
    ) using above, upto, most;
end $$;

-- Rows as text, column by column, in the order of a layout. The settings make
-- the text the same whoever asks; a column that is gone reads as null.
create function chain_texts(of_source text, of_layout integer, ids bigint[]) returns table (row_id bigint, texts text[])
language plpgsql stable
set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'iso_8601' set bytea_output = 'hex'
as $$
declare
    listed text := (
        select coalesce(string_agg(
            case when a.attname is null then 'null::text' else format('t.%I::text', c.name) end, ', ' order by c.place), '')
        from chain_layouts l
        cross join unnest(l.columns) with ordinality as c(name, place)
        left join pg_attribute a on a.attrelid = of_source::regclass and a.attname = c.name and not a.attisdropped
        where l.name = of_source and l.layout = of_layout);
begin
    return query execute (
        select format('select t.%1$I, array[%2$s]::text[] from %3$I t where t.%1$I = any($1)', key_column, listed, name)
        from chain_sources where name = of_source
    ) using ids;
end $$;

-- What this service signed of its own chain, as it went to witnesses.
create table audit_heads (
    seq       bigint      primary key,
    hash      bytea       not null check (length(hash) = 32),
    from_seq  bigint      not null,
    links     bytea       not null,
    signed_at timestamptz not null,
    key_id    text        not null,
    signature bytea       not null,
    check (from_seq between 1 and seq)
);
select append_only('audit_heads');

-- What this service witnessed of others: their heads as they came. A head that
-- contradicts an earlier one is kept with the reason and takes no place.
create table audit_witnesses (
    witness_id bigint      generated always as identity (cache 1) primary key,
    service    text        not null,
    seq        bigint      not null,
    hash       bytea       not null,
    from_seq   bigint      not null,
    links      bytea       not null,
    signed_at  timestamptz not null,
    key_id     text        not null,
    signature  bytea       not null,
    conflict   text        not null default '',
    seen_at    timestamptz not null default clock_timestamp()
);
create unique index audit_witnesses_key on audit_witnesses (service, seq) where conflict = '';
create unique index audit_conflicts_key on audit_witnesses (service, seq, hash, signed_at) where conflict <> '';
select append_only('audit_witnesses');

-- A person's word that a restore lost what witnesses hold of (common_seq, lost_until].
create table audit_reseals (
    reseal_id  bigint      generated always as identity (cache 1) primary key,
    common_seq bigint      not null,
    lost_until bigint      not null,
    person_id  uuid        not null,
    reason     text        not null,
    at         timestamptz not null,
    check (common_seq < lost_until)
);
select append_only('audit_reseals');

select chained('audit', 'audit_id');
select chained('audit_reseals', 'reseal_id');
