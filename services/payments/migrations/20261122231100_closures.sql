-- Cashiers at which nothing new is started, with the reason that payers read. A
-- row is one time that a studio or a legal entity was closed, whole or for one
-- channel. Nothing of a person lies here, hence no row level security.
create table cashier_closures (
    closure_id  uuid        primary key,
    level       text        not null check (level in ('studio', 'legal_entity')),
    place       uuid        not null,  -- the studio, or the legal entity
    channel     text        not null check (channel in ('all', 'wechat', 'alipay')),
    reason      text        not null check (reason <> ''),
    state       text        not null default 'closed' check (state in ('closed', 'reopened')),
    closed_by   uuid,                  -- null: a service
    closed_at   timestamptz not null,
    reopened_by uuid,
    reopened_at timestamptz,
    version     bigint      not null default 1,
    constraint cashier_closures_reopened_check check ((state = 'reopened') = (reopened_at is not null)),
    constraint cashier_closures_reopener_check check (reopened_by is null or state = 'reopened')
);
create unique index cashier_closures_open_key on cashier_closures (place, channel) where state = 'closed';
create index cashier_closures_by_time on cashier_closures (closed_at desc, closure_id desc);
select guard_transitions('cashier_closures', 'state', '{"closed": ["reopened"]}'::jsonb);
