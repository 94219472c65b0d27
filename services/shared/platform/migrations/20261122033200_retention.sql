-- Up to where the feed was pruned. The fact there is remembered by its id, so
-- that a subscriber that stands right at it is still compared.
create table feed_retention (
    one             boolean primary key default true check (one),
    pruned_seq      bigint  not null default 0,
    pruned_event_id text    not null default ''
);
insert into feed_retention default values;

-- What is left of pruned facts: of every aggregate the last one of each type.
create table compacted_facts (
    aggregate   uuid        not null,
    type        text        not null,
    seq         bigint      not null unique,
    event_id    uuid        not null unique,
    version     bigint      not null,
    occurred_at timestamptz not null,
    payload     bytea       not null,
    primary key (aggregate, type)
);

-- Who pulls this service's facts, and how far they came when that was last
-- written down. Nothing is pruned past the slowest of them.
create table feed_consumers (
    service   text        primary key,
    after_seq bigint      not null,
    pulled_at timestamptz not null default now()
);
