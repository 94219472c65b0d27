-- The static codes on studios' counters. What a code holds is never kept, only its
-- digest.
create table counter_codes (
    code_id         uuid        primary key,
    studio_id       uuid        not null,
    legal_entity_id uuid        not null,
    channel         text        not null check (channel in ('wechat', 'alipay')),
    place           text        not null check (place <> ''),
    number          integer     not null check (number > 0),
    digest          bytea       not null check (length(digest) = 32),
    state           text        not null default 'up' check (state in ('up', 'replaced', 'down')),
    put_up_by       uuid        not null,
    put_up_at       timestamptz not null,
    checked_at      timestamptz,
    check_by        timestamptz not null,
    suspected_at    timestamptz,
    version         bigint      not null default 1,
    constraint counter_codes_number_key unique (studio_id, channel, place, number)
);
create unique index counter_codes_place_key on counter_codes (studio_id, channel, place) where state = 'up';
create unique index counter_codes_digest_key on counter_codes (digest) where state = 'up';
create index counter_codes_by_time on counter_codes (check_by, code_id);
select enforce_scope('counter_codes', 'studio_id');
select guard_transitions('counter_codes', 'state', '{"up": ["replaced", "down"]}'::jsonb);

-- Every look at one, for ever.
create table counter_code_checks (
    check_id   uuid        primary key,
    code_id    uuid        not null references counter_codes,
    studio_id  uuid        not null,
    found      bytea       not null check (length(found) = 32),
    same       boolean     not null,
    checked_by uuid        not null,
    checked_at timestamptz not null
);
create index counter_code_checks_by_code on counter_code_checks (code_id, checked_at desc);
select enforce_scope('counter_code_checks', 'studio_id');
select append_only('counter_code_checks');

-- What was paid by such a code stands in suspense like money at a bank, under the
-- channel's own number of the order.
alter table suspense_items add column party text not null default 'bank' check (party in ('bank', 'wechat', 'alipay'));
alter table suspense_items add column number text not null default '';
alter table suspense_items drop constraint suspense_items_origin_check;
alter table suspense_items add constraint suspense_items_origin_check check (origin in ('bank_line', 'remainder', 'counter_code'));
alter table suspense_items add constraint suspense_items_number_check check ((party = 'bank') = (number = ''));
drop index suspense_items_line_key;
create unique index suspense_items_line_key on suspense_items (statement_id, line) where origin <> 'remainder';
